//! The lease of an account: the delivery of its tick, for as long as it is renewed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_nats::Client;
use async_nats::connection::State;
use async_nats::jetstream::AckKind;
use async_nats::jetstream::message::Acker;
use rustix::time::{ClockId, clock_gettime};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::state::cluster::error::ClusterError;

/// How often the delay of a tick that cannot be worked on doubles: with a lease of 5 s, up to ten minutes.
const MAX_DOUBLINGS: u32 = 7;

/// A pause after a renewal that failed.
const PAUSE: Duration = Duration::from_millis(100);

/// The lease of an account. It renews itself until it is given back or dropped. It ends at the latest a tenth before the
/// servers deliver the tick again, counted from the last renewal that they confirmed: from when it was sent, by a clock
/// that goes on while the process is stopped and while the machine sleeps.
pub(crate) struct Lease {
    client: Client,
    term: Arc<Term>,
    /// How often the tick was delivered.
    deliveries: u32,
    _renewals: AbortOnDropHandle<()>,
}

/// Until when the lease is held.
pub(crate) struct Term {
    acker: Acker,
    length: Duration,
    /// Until when it is held, in milliseconds of the clock.
    until: AtomicU64,
    lost: CancellationToken,
}

impl Lease {
    /// Returns the lease of a tick that was asked for at `asked`. `deliveries` counts how often it was delivered.
    pub(super) fn new(
        client: Client,
        acker: Acker,
        deliveries: u32,
        asked: Duration,
        length: Duration,
    ) -> Self {
        let term = Arc::new(Term {
            acker,
            length,
            until: AtomicU64::new(u64::MAX),
            lost: CancellationToken::new(),
        });
        term.extend(asked);
        let renewals = tokio::spawn(term.clone().keep(asked));
        Self {
            client,
            term,
            deliveries,
            _renewals: AbortOnDropHandle::new(renewals),
        }
    }

    /// Returns until when the lease is held.
    pub(crate) fn term(&self) -> Arc<Term> {
        Arc::clone(&self.term)
    }

    /// Acknowledges the tick: the work is done.
    pub(crate) async fn done(self) -> Result<(), ClusterError> {
        self.end(AckKind::Ack).await
    }

    /// Asks for the tick to be delivered again after a delay.
    pub(crate) async fn hand_back(self, delay: Duration) -> Result<(), ClusterError> {
        self.end(AckKind::Nak(Some(delay))).await
    }

    /// Asks for the tick to be delivered again, as another replica may be able to do the work: after the length of a lease,
    /// which doubles with each delivery.
    pub(crate) async fn retry_later(self) -> Result<(), ClusterError> {
        let doublings = self.deliveries.saturating_sub(1).min(MAX_DOUBLINGS);
        let delay = self.term.length * (1 << doublings);
        self.hand_back(delay).await
    }

    /// Removes the tick without its work being done.
    pub(crate) async fn terminate(self) -> Result<(), ClusterError> {
        self.end(AckKind::Term).await
    }

    /// Ends the lease, unless it may be somebody else's already: it would end theirs.
    async fn end(self, kind: AckKind) -> Result<(), ClusterError> {
        let Self {
            client,
            term,
            _renewals,
            ..
        } = self;
        drop(_renewals);
        // Without a connection it would be sent once there is one again.
        if !term.is_held() || client.connection_state() != State::Connected {
            return Err(ClusterError::Lost);
        }
        Ok(term.acker.double_ack_with(kind).await?)
    }
}

impl Term {
    /// Waits until the lease ends, other than by giving it back.
    pub(crate) async fn ended(&self) {
        self.lost.cancelled().await;
    }

    /// Returns whether the lease is held, by the clock.
    pub(crate) fn is_held(&self) -> bool {
        !self.lost.is_cancelled() && milliseconds(now()) < self.until.load(Ordering::Acquire)
    }

    /// Extends the term by a renewal that was sent at `sent`. A term that has ended remains so.
    fn extend(&self, sent: Duration) {
        if self.is_held() {
            let until = milliseconds(sent + self.length - self.length / 10);
            self.until.store(until, Ordering::Release);
        }
    }

    /// Renews the lease every third of it, until it ends.
    async fn keep(self: Arc<Self>, asked: Duration) {
        let third = self.length / 3;
        let renew = async {
            let mut due = asked + third;
            loop {
                sleep(due.saturating_sub(now())).await;
                let sent = now();
                if !self.is_held() {
                    return;
                }
                // The servers confirm it for a tick that somebody else has, too: only the clock tells whose it is.
                let renewal = self.acker.double_ack_with(AckKind::Progress);
                due = now() + PAUSE.min(third);
                if let Ok(Ok(())) = timeout(third, renewal).await {
                    self.extend(sent);
                    due = sent + third;
                }
            }
        };
        let end = async {
            while self.is_held() {
                sleep(self.length / 20).await;
            }
        };
        tokio::select! {
            () = renew => {}
            () = end => {}
        }
        self.lost.cancel();
    }
}

/// Returns the time since the machine started, with the time that it slept.
pub(super) fn now() -> Duration {
    let time = clock_gettime(ClockId::Boottime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or_default(),
        u32::try_from(time.tv_nsec).unwrap_or_default(),
    )
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
