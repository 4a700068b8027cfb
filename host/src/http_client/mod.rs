//! Requests of the host itself: to destinations, not those of a component.
//!
//! No redirect is followed, because nobody but the operator says where events and keys go. Connections are
//! kept and used again. The proxy that the environment names is used (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY,
//! NO_PROXY), but never for this very machine.

use std::error::Error;
use std::io;
use std::sync::Arc;

use http::{HeaderMap, Method, StatusCode};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder};
use rustls::ClientConfig;
use rustls_platform_verifier::BuilderVerifierExt;
use url::Url;

use crate::config::RequestTimeouts;
use crate::duration;
use crate::egress::is_loopback;

/// How much of an answer's body is read; the rest is left where it is.
const MOST_BODY: usize = 64 * 1024;

/// Makes requests; cheap to keep, and to be used by all who talk to one place.
#[derive(Debug, Clone)]
pub struct HttpClient {
    /// To this very machine.
    direct: Client,
    /// To everywhere else.
    proxied: Client,
    timeouts: RequestTimeouts,
}

/// A whole answer.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, or its first 64 KiB.
    pub body: Vec<u8>,
}

/// Why there is no client. The system is not as it must be; another try does not help.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// There is nothing to trust a server by.
    #[error(
        "cannot use the certificate authorities of this system ({0}): install them (the package is \
         ca-certificates on most systems), or name a file of them in SSL_CERT_FILE"
    )]
    Authorities(rustls::Error),
    /// TLS cannot be set up.
    #[error("cannot set up TLS: {0}")]
    Tls(rustls::Error),
    /// The client cannot be made.
    #[error("cannot set up HTTP: {0}")]
    Http(reqwest::Error),
}

/// Why there is no answer. No message holds a URL, a header or a body.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The server is not who it should be, or does not speak TLS that can be trusted.
    #[error("the TLS connection is not to be trusted: {0}")]
    Untrusted(String),
    /// It took too long; holds what did.
    #[error("{0}")]
    Timeout(String),
    /// The network, or what came over it, is broken.
    #[error("no answer: {0}")]
    Broken(String),
}

impl HttpClient {
    /// Makes a client. `https` tells whether it will be asked for https at all: only then the system must
    /// have certificate authorities.
    ///
    /// # Errors
    ///
    /// When it has none, or TLS cannot be set up.
    pub fn new(timeouts: RequestTimeouts, https: bool) -> Result<Self, ClientError> {
        let tls = tls(https)?;
        let builder = || {
            Client::builder()
                .tls_backend_preconfigured(tls.clone())
                .redirect(Policy::none())
                .referer(false)
                .connect_timeout(timeouts.connect)
                .timeout(timeouts.answer)
        };
        Ok(Self {
            direct: builder().no_proxy().build().map_err(ClientError::Http)?,
            proxied: builder().build().map_err(ClientError::Http)?,
            timeouts,
        })
    }

    /// Begins a request.
    pub fn request(&self, method: Method, url: &Url) -> RequestBuilder {
        let client = if is_loopback(url) {
            &self.direct
        } else {
            &self.proxied
        };
        client.request(method, url.clone())
    }

    /// Sends a request and reads the answer, whatever its status is.
    ///
    /// # Errors
    ///
    /// When there is no whole answer.
    pub async fn send(&self, request: RequestBuilder) -> Result<Answer, Fault> {
        let fault = |error| self.fault(&error);
        let mut response = request.send().await.map_err(fault)?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(fault)? {
            let room = MOST_BODY - body.len();
            if chunk.len() > room {
                body.extend(chunk.into_iter().take(room));
                break;
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer {
            status: response.status(),
            headers: std::mem::take(response.headers_mut()),
            body,
        })
    }

    /// Sorts what went wrong by what to do about it.
    fn fault(&self, error: &reqwest::Error) -> Fault {
        // Later the request is on its way, and what breaks is the network's matter.
        if error.is_connect()
            && let Some(untrusted) = untrusted(error)
        {
            return Fault::Untrusted(untrusted.to_string());
        }
        if error.is_timeout() {
            return Fault::Timeout(if error.is_connect() {
                format!(
                    "no connection within {}",
                    duration::format(self.timeouts.connect)
                )
            } else {
                format!(
                    "no whole answer within {}",
                    duration::format(self.timeouts.answer)
                )
            });
        }
        // The error itself may hold the URL; the reason at its root says what happened.
        let mut root = error.source();
        while let Some(deeper) = root.and_then(Error::source) {
            root = Some(deeper);
        }
        Fault::Broken(root.map_or_else(
            || "the request could not be sent".to_owned(),
            ToString::to_string,
        ))
    }
}

/// What TLS trusts: the system's certificate authorities, or nobody where https is not asked for.
fn tls(https: bool) -> Result<ClientConfig, ClientError> {
    // Named here, so that nothing depends on a provider that some other part of the process installs.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(ClientError::Tls)?;
    let builder = if https {
        builder
            .with_platform_verifier()
            .map_err(ClientError::Authorities)?
    } else {
        builder.with_root_certificates(rustls::RootCertStore::empty())
    };
    Ok(builder.with_no_client_auth())
}

/// What TLS does not accept of the server. What the server does not accept of us may pass.
fn untrusted<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    if let Some(error) = error.downcast_ref() {
        return Some(error).filter(|error| !matches!(error, rustls::Error::AlertReceived(_)));
    }
    // An error of input and output does not give what it holds as its source, but the source of that.
    let inner: Option<&(dyn Error + 'static)> = match error.downcast_ref::<io::Error>() {
        Some(error) => error.get_ref().map(|inner| inner as _),
        None => error.source(),
    };
    inner.and_then(untrusted)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    const TIMEOUTS: RequestTimeouts = RequestTimeouts {
        connect: Duration::from_secs(10),
        answer: Duration::from_secs(10),
    };

    /// Answers one connection with these bytes and closes it; gives the URL.
    async fn server(answer: Vec<u8>) -> Url {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = [0; 1024];
            let _ = stream.read(&mut head).await.unwrap();
            // The client may have read all that it wants.
            let _ = stream.write_all(&answer).await;
        });
        format!("http://{address}/path?token=canary-7f3a")
            .parse()
            .unwrap()
    }

    async fn get(url: &Url) -> Result<Answer, Fault> {
        let client = HttpClient::new(TIMEOUTS, false).unwrap();
        client.send(client.request(Method::GET, url)).await
    }

    #[tokio::test]
    async fn no_redirect_is_followed() {
        let answer =
            "HTTP/1.1 302 Found\r\nlocation: http://192.0.2.1/\r\ncontent-length: 2\r\n\r\nno";
        let answer = get(&server(answer.into()).await).await.unwrap();
        assert_eq!(answer.status, StatusCode::FOUND);
        assert_eq!(answer.headers["location"], "http://192.0.2.1/");
        assert_eq!(answer.body, b"no");
    }

    #[tokio::test]
    async fn no_more_of_a_body_is_read_than_is_kept() {
        let mut answer = b"HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n".to_vec();
        answer.resize(answer.len() + MOST_BODY + 1, b'x');
        let answer = get(&server(answer).await).await.unwrap();
        assert_eq!(answer.body.len(), MOST_BODY);
    }

    #[tokio::test]
    async fn an_answer_that_breaks_off_is_none_and_its_fault_holds_no_url() {
        for answer in [
            "",
            "HTTP/1.1 200",
            "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nwhole\r\n",
            "not HTTP at all\r\n\r\n",
        ] {
            let fault = get(&server(answer.into()).await).await.unwrap_err();
            assert!(matches!(fault, Fault::Broken(_)), "{answer}: {fault:?}");
            assert!(
                !format!("{fault} {fault:?}").contains("canary"),
                "{fault:?}"
            );
        }
    }

    #[tokio::test]
    async fn nobody_there_is_a_fault() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let fault = get(&format!("http://{address}/").parse().unwrap())
            .await
            .unwrap_err();
        assert!(matches!(fault, Fault::Broken(_)), "{fault:?}");
    }

    #[tokio::test]
    async fn a_server_that_is_silent_is_left() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap())
            .parse()
            .unwrap();
        let timeouts = RequestTimeouts {
            answer: Duration::from_millis(50),
            ..TIMEOUTS
        };
        let client = HttpClient::new(timeouts, false).unwrap();
        let fault = client
            .send(client.request(Method::GET, &url))
            .await
            .unwrap_err();
        assert_eq!(fault.to_string(), "no whole answer within 50ms");
    }

    #[tokio::test]
    async fn a_server_without_tls_is_not_trusted() {
        let url = server(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec()).await;
        let url = url.as_str().replace("http:", "https:").parse().unwrap();
        let fault = get(&url).await.unwrap_err();
        assert!(matches!(fault, Fault::Untrusted(_)), "{fault:?}");
    }
}
