//! A tunnel through a proxy: `CONNECT` (RFC 9110, section 9.3.6).

use http::header::{HOST, PROXY_AUTHORIZATION};
use http::{HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::Empty;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;

use crate::network::error::HttpError;
use crate::network::stream::Io;
use crate::network::uri::port;

/// The most bytes in the head of the proxy's response.
const MAX_HEAD: usize = 16 * 1024;

/// Asks the proxy on this connection for a tunnel to a URL's host.
///
/// # Errors
///
/// When the proxy does not open one.
pub(super) async fn open(
    io: Box<dyn Io>,
    url: &Uri,
    authorization: Option<&HeaderValue>,
) -> Result<Box<dyn Io>, HttpError> {
    let failed = |error: hyper::Error| HttpError::Proxy(HttpError::from_hyper(&error).to_string());
    let place = format!("{}:{}", url.host().unwrap_or_default(), port(url));
    let mut request = Request::builder()
        .method(Method::CONNECT)
        .uri(&place)
        .header(HOST, &place);
    if let Some(authorization) = authorization {
        request = request.header(PROXY_AUTHORIZATION, authorization);
    }
    let request = request
        .body(Empty::<Bytes>::new())
        .map_err(|error| HttpError::Proxy(error.to_string()))?;
    let (mut proxy, connection) = http1::Builder::new()
        .max_buf_size(MAX_HEAD)
        .handshake(TokioIo::new(io))
        .await
        .map_err(failed)?;
    // Ends when the tunnel is open, or with this request.
    tokio::spawn(connection.with_upgrades());
    let response = proxy.send_request(request).await.map_err(failed)?;
    match response.status() {
        status if status.is_success() => {
            let tunnel = hyper::upgrade::on(response).await.map_err(failed)?;
            Ok(Box::new(TokioIo::new(tunnel)))
        }
        StatusCode::PROXY_AUTHENTICATION_REQUIRED => Err(HttpError::Proxy(
            "it requires a name and password that it accepts (407), as in \
             HTTPS_PROXY=http://NAME:PASSWORD@proxy.example.com:3128"
                .to_owned(),
        )),
        status => Err(HttpError::Proxy(format!(
            "it answered with status {}",
            status.as_u16()
        ))),
    }
}
