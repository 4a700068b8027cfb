//! A way through a proxy: `CONNECT` (RFC 9110, section 9.3.6).

use http::header::{HOST, PROXY_AUTHORIZATION};
use http::{HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::Empty;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;

use crate::network::client::Fault;
use crate::network::connect::{Io, port};

/// How many bytes the head of the proxy's answer may have.
const MOST_HEAD: usize = 16 * 1024;

/// Asks a proxy on this connection for the way to a URL's host.
///
/// # Errors
///
/// When the proxy gives none.
pub(super) async fn open(
    io: Box<dyn Io>,
    url: &Uri,
    authorization: Option<&HeaderValue>,
) -> Result<Box<dyn Io>, Fault> {
    let broken = |error: hyper::Error| Fault::Proxy(Fault::of_http(&error).to_string());
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
        .map_err(|error| Fault::Proxy(error.to_string()))?;
    let (mut proxy, connection) = http1::Builder::new()
        .max_buf_size(MOST_HEAD)
        .handshake(TokioIo::new(io))
        .await
        .map_err(broken)?;
    // Ends when the way is open, or with this request.
    tokio::spawn(connection.with_upgrades());
    let answer = proxy.send_request(request).await.map_err(broken)?;
    match answer.status() {
        status if status.is_success() => {
            let way = hyper::upgrade::on(answer).await.map_err(broken)?;
            Ok(Box::new(TokioIo::new(way)))
        }
        StatusCode::PROXY_AUTHENTICATION_REQUIRED => Err(Fault::Proxy(
            "it asks for a name and a password that it accepts (407), as in \
             HTTPS_PROXY=http://NAME:PASSWORD@proxy.example.com:3128"
                .to_owned(),
        )),
        status => Err(Fault::Proxy(format!("it answered {}", status.as_u16()))),
    }
}
