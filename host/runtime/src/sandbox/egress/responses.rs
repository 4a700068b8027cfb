//! What a component gets of a response: the body, without secrets where one may be, or an error.

use std::sync::Arc;
use std::time::Duration;

use http::Response;
use http_body::Body;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};
use wasmtime_wasi_http::{Error, WasiBody};

use crate::contract::limits::{Limit, MAX_RESPONSE_HEADER_BYTES};
use crate::network;
use crate::network::error::HttpError;
use crate::sandbox::cpu::thread_time;
use crate::sandbox::egress::Egress;
use crate::sandbox::egress::ahead::Ahead;
use crate::sandbox::egress::denials::Rule;
use crate::sandbox::memory::{Charge, Held};
use crate::sandbox::secrets::{Withheld, is_gzip};
use crate::text::printable::quote;

impl Egress {
    /// Collects a body of at most `max` bytes, charged as memory of the component. Trailers are left out. It is one
    /// growing buffer: pieces of one byte take no more memory than large ones.
    pub(super) async fn collect<B>(&self, mut body: B, max: usize) -> Result<(Bytes, Charge), Error>
    where
        B: Body<Data = Bytes, Error = Error> + Unpin,
    {
        let mut charge = self.memory.charge();
        let mut bytes = Vec::new();
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame?.into_data() else {
                continue;
            };
            if data.len() > max.saturating_sub(bytes.len()) {
                return Err(Error::HttpRequestBodySize(Some(max as u64)));
            }
            if !charge.try_add(data.len()) {
                self.call.withhold(Limit::MemoryBytes);
                return Err(Error::InternalError(None));
            }
            bytes.extend_from_slice(&data);
        }
        Ok((bytes.into(), charge))
    }

    /// Returns a response from an origin where a secret may go, complete and without the secret.
    ///
    /// All responses of such an origin, not only those to the requests that carried the secret: a server may keep what it
    /// was sent and return it later. They are in the host's memory until the component has read them, so there are few at
    /// a time.
    pub(super) async fn masked<B>(
        &self,
        origin: &str,
        response: Response<B>,
    ) -> Result<Response<WasiBody>, Error>
    where
        B: Body<Data = Bytes, Error = HttpError> + Unpin,
    {
        let (mut head, body) = response.into_parts();
        // Not to collect what cannot be searched.
        is_gzip(&head.headers).map_err(|withheld| self.withhold_unsearched(origin, withheld))?;
        // Nobody closes the semaphore.
        let kept = Arc::clone(&self.kept_responses).acquire_owned().await.ok();
        let body = body.map_err(|error| self.withhold(origin, &error));
        let (body, charge) = self.collect(body, usize::MAX).await?;
        // A thread cannot be aborted; it ends by itself when the request is dropped.
        let dropped = CancellationToken::new();
        let _when_dropped = dropped.clone().drop_guard();
        let (rights, call) = (Arc::clone(&self.rights), self.call.clone());
        // On a thread of its own: the search would hold up the threads on which everything else runs.
        let masked = tokio::task::spawn_blocking(move || {
            let mut charged = thread_time();
            let mut goes_on = || {
                let now = thread_time();
                let computed = call.add_host_time(now.saturating_sub(charged));
                charged = now;
                computed <= rights.limits.cpu && !dropped.is_cancelled()
            };
            let max = rights.limits.response_bytes;
            let masked = rights.secrets.mask(&mut head, body, max, &mut goes_on);
            goes_on();
            // Held until here, also if the component has dropped the request: the thread still has the body.
            (head, masked, (charge, kept))
        });
        let (head, masked, (charge, kept)) =
            masked.await.map_err(|_| Error::InternalError(None))?;
        let body = masked.map_err(|withheld| self.withhold_unsearched(origin, withheld))?;
        // What was made of the body is there already, so it is charged also where there is no room for it.
        drop(charge);
        let mut charge = self.memory.charge();
        charge.add(body.len());
        let body = Full::new(Bytes::from_owner(Held(body, (charge, kept))));
        let body = body.map_err(|never| match never {}).boxed_unsync();
        Ok(Response::from_parts(head, body))
    }

    /// Returns the error that the component gets for a response that was not searched to its end.
    fn withhold_unsearched(&self, origin: &str, withheld: Withheld) -> Error {
        match withheld {
            Withheld::Unreadable => {
                if self.call.admit_warning() {
                    warn!(
                        origin = quote(origin),
                        "a response is withheld from the component: {withheld}"
                    );
                }
                Error::HttpResponseContentCoding(None)
            }
            Withheld::TooLarge => self.withhold(origin, &HttpError::BodyTooLarge),
            Withheld::Damaged => Error::HttpResponseIncomplete,
            Withheld::GivenUp => {
                self.call.withhold(Limit::Cpu);
                Error::InternalError(None)
            }
        }
    }

    /// Returns the body of a response in which no secret can be. A part is read before the component asks for it.
    pub(super) fn read_ahead(
        &self,
        origin: String,
        body: network::body::Body,
        timeout: Duration,
    ) -> WasiBody {
        let egress = self.clone();
        let body = Ahead::new(body, &self.memory, timeout);
        // The component reads it in a call, which ends where the body exceeds a limit.
        body.map_err(move |error| {
            if matches!(error, HttpError::BodyTooLarge) {
                egress.call.exceed(Limit::ResponseBytes);
            }
            egress.report(&origin, &error)
        })
        .boxed_unsync()
    }

    /// Does the same as [`Self::report`] before the component has the response.
    pub(super) fn withhold(&self, origin: &str, error: &HttpError) -> Error {
        match error {
            HttpError::BodyTooLarge => self.call.withhold(Limit::ResponseBytes),
            HttpError::HeadersTooLarge => self.call.withhold(Limit::ResponseHeaderBytes),
            _ => {}
        }
        self.report(origin, error)
    }

    /// Logs why a request failed, and returns the error that the component gets for it.
    fn report(&self, origin: &str, error: &HttpError) -> Error {
        match for_operator(error) {
            Some(why) if self.call.admit_warning() => {
                warn!(
                    origin = quote(origin),
                    "a request of the component failed: {why}"
                );
            }
            _ => debug!(origin, "a request of the component failed: {error}"),
        }
        if let HttpError::Prohibited { address, .. } = error {
            let why = format!(
                "{error}; if that is right, `allow_addresses = [\"{address}\"]` in the account allows it"
            );
            self.refuse(Some(origin), Rule::Address, &why);
        }
        self.for_component(error)
    }

    /// Returns the error of `wasi:http` that means the same, of the kind that a component may act on.
    fn for_component(&self, error: &HttpError) -> Error {
        match error {
            HttpError::Unresolved(_) => Error::DnsError {
                rcode: None,
                info_code: None,
            },
            HttpError::Prohibited { .. } => Error::DestinationIpProhibited,
            HttpError::Refused => Error::ConnectionRefused,
            HttpError::Unreachable(_) | HttpError::Proxy(_) => Error::DestinationUnavailable,
            HttpError::ConnectTimeout(_) | HttpError::TlsTimeout(_) => Error::ConnectionTimeout,
            HttpError::FirstByteTimeout(_) | HttpError::RequestTimeout(_) => {
                Error::HttpResponseTimeout
            }
            HttpError::BetweenBytesTimeout(_) => Error::ConnectionReadTimeout,
            HttpError::Untrusted(_) => Error::TlsCertificateError,
            HttpError::Tls(_) => Error::TlsProtocolError,
            HttpError::Broken(_) => Error::ConnectionTerminated,
            HttpError::ConnectionLimit { .. } => Error::ConnectionLimitReached,
            HttpError::Malformed(_) => Error::HttpProtocolError,
            HttpError::HeadersTooLarge => {
                Error::HttpResponseHeaderSectionSize(u32::try_from(MAX_RESPONSE_HEADER_BYTES).ok())
            }
            HttpError::BodyTooLarge => {
                Error::HttpResponseBodySize(Some(self.rights.limits.response_bytes))
            }
        }
    }
}

/// Returns what the component cannot tell the operator of a failed request: what is wrong with the network, the proxy or a
/// certificate, and which key gives more time. `None` where the component's own error, or that of its source, says it.
fn for_operator(error: &HttpError) -> Option<String> {
    let key = match error {
        HttpError::Prohibited { .. }
        | HttpError::HeadersTooLarge
        | HttpError::BodyTooLarge
        | HttpError::Refused
        | HttpError::Broken(_) => return None,
        HttpError::ConnectTimeout(_) => "connect",
        HttpError::TlsTimeout(_) => "tls",
        HttpError::FirstByteTimeout(_) => "first_byte",
        HttpError::BetweenBytesTimeout(_) => "between_bytes",
        HttpError::RequestTimeout(_) => "request",
        other => return Some(other.to_string()),
    };
    Some(format!(
        "{error}; `timeouts.{key}` in the account gives more time, where the component asks for no less"
    ))
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::Pin;
    use std::task::Poll;

    use super::*;
    use crate::sandbox::egress::hooks::MAX_KEPT_RESPONSES;
    use crate::sandbox::rights::Rights;

    /// Polls a future once, and returns whether it is pending.
    async fn is_pending<F: Future>(mut future: Pin<&mut F>) -> bool {
        poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_pending())).await
    }

    #[tokio::test]
    async fn a_collected_body_is_charged_until_it_is_dropped_and_fails_without_room() {
        let mut rights = Rights::none();
        rights.limits.memory_bytes = 10;
        let egress = Egress::new(rights.into());
        let body = |length: usize| {
            Full::new(Bytes::from(vec![b'x'; length])).map_err(|never| match never {})
        };
        let (first, charge) = egress.collect(body(6), 100).await.unwrap();
        assert_eq!(first.len(), 6);
        assert_eq!(egress.memory.room(), 4);

        assert!(egress.collect(body(5), 100).await.is_err());
        assert_eq!(egress.call.take_withheld(), Some(Limit::MemoryBytes));
        assert_eq!(egress.memory.room(), 4);

        let held = Bytes::from_owner(Held(first, charge));
        let rest = held.slice(3..);
        drop(held);
        assert_eq!(egress.memory.room(), 4);
        drop(rest);
        assert_eq!(egress.memory.room(), 10);
    }

    #[test]
    fn a_dropped_request_is_charged_until_the_search_of_its_response_ends() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .max_blocking_threads(1)
            .build()
            .unwrap();
        runtime.block_on(async {
            let egress = Egress::new(Rights::none().into());
            let room = egress.memory.room();
            // The only thread for searches is busy until the sender is dropped.
            let (busy, released) = std::sync::mpsc::channel::<()>();
            let other = tokio::task::spawn_blocking(move || released.recv().is_err());

            let body = Full::new(Bytes::from_static(b"answer"));
            let response = Response::new(body.map_err(|never| match never {}));
            let mut masked = Box::pin(egress.masked("https://api.example", response));
            assert!(is_pending(masked.as_mut()).await);
            drop(masked);
            assert_eq!(egress.memory.room(), room - 6);
            assert_eq!(
                egress.kept_responses.available_permits(),
                MAX_KEPT_RESPONSES - 1
            );

            drop(busy);
            assert!(other.await.unwrap());
            let all = u32::try_from(MAX_KEPT_RESPONSES).unwrap();
            let _all = egress.kept_responses.acquire_many(all).await.unwrap();
            assert_eq!(egress.memory.room(), room);
        });
    }

    #[tokio::test]
    async fn a_response_that_cannot_be_searched_is_not_collected() {
        let mut rights = Rights::none();
        rights.limits.memory_bytes = 1;
        let egress = Egress::new(rights.into());
        let body = Full::new(Bytes::from_static(b"answer")).map_err(|never| match never {});
        let response = Response::builder()
            .header("content-encoding", "br")
            .body(body);
        let masked = egress
            .masked("https://api.example", response.unwrap())
            .await;
        assert!(matches!(masked, Err(Error::HttpResponseContentCoding(_))));
        assert_eq!(egress.call.take_withheld(), None);
    }
}
