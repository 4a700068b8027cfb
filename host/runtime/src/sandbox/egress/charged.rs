//! A body that is charged as memory of the component.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Bytes;
use wasmtime_wasi_http::{Error, WasiBody};

use crate::contract::limits::Limit;
use crate::sandbox::budget::{Budget, Charge};
use crate::sandbox::egress::reasons::Reasons;

/// A body whose bytes are charged as they come. It fails where the memory has no room for more.
struct Charged {
    body: WasiBody,
    charge: Held,
    reasons: Reasons,
}

/// What a body takes of the component's memory until this and the body are dropped.
#[derive(Clone)]
pub(super) struct Held(Arc<Mutex<Charge>>);

/// Charges what comes of a body to `memory`. Where there is no room, the limit is added to `reasons`.
pub(super) fn charged(body: WasiBody, memory: &Budget, reasons: &Reasons) -> (WasiBody, Held) {
    let held = Held(Arc::new(Mutex::new(memory.charge())));
    let charged = Charged {
        body,
        charge: held.clone(),
        reasons: reasons.clone(),
    };
    (charged.boxed_unsync(), held)
}

impl Held {
    /// Replaces what was charged: the body was made into another one, which is there already.
    pub(super) fn replace(&self, bytes: usize) {
        let mut charge = self.lock();
        drop(charge.take());
        charge.add(bytes);
    }

    fn lock(&self) -> MutexGuard<'_, Charge> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Body for Charged {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(data) = frame.data_ref()
            && !self.charge.lock().try_add(data.len())
        {
            self.reasons.passed(Limit::MemoryBytes);
            return Poll::Ready(Some(Err(Error::InternalError(None))));
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::Full;

    use super::*;

    #[tokio::test]
    async fn a_body_is_charged_until_it_is_let_go_and_fails_without_room() {
        let memory = Budget::new(10);
        let reasons = Reasons::default();
        let body = |length: usize| {
            let body = Full::new(Bytes::from(vec![b'x'; length]));
            body.map_err(|never| match never {}).boxed_unsync()
        };
        let (first, held) = charged(body(6), &memory, &reasons);
        assert_eq!(first.collect().await.unwrap().to_bytes().len(), 6);
        assert_eq!(memory.room(), 4);

        let (second, _) = charged(body(5), &memory, &reasons);
        assert!(second.collect().await.is_err());
        assert_eq!(reasons.take_passed(), Some(Limit::MemoryBytes));
        assert_eq!(memory.room(), 4);

        held.replace(3);
        assert_eq!(memory.room(), 7);
        drop(held);
        assert_eq!(memory.room(), 10);
    }
}
