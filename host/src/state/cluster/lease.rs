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

/// A pause after a renewal that failed.
const PAUSE: Duration = Duration::from_millis(100);

/// The lease of an account. It renews itself until it is given back or dropped. It ends at the latest a tenth before the
/// servers deliver the tick again, counted from the last renewal that they confirmed: from when it was sent, by a clock
/// that goes on while the process is stopped and while the machine sleeps.
pub(crate) struct Lease {
    client: Client,
    acker: Arc<Acker>,
    term: Arc<Term>,
    _renewals: AbortOnDropHandle<()>,
}

/// Until when the lease is held.
pub(crate) struct Term {
    /// In nanoseconds of the clock.
    until: AtomicU64,
    length: Duration,
    lost: CancellationToken,
}

impl Lease {
    /// Begins with a tick that was asked for at `asked` and delivered later.
    pub(super) fn new(client: Client, acker: Acker, asked: Duration, length: Duration) -> Self {
        let acker = Arc::new(acker);
        let term = Arc::new(Term {
            until: AtomicU64::new(u64::MAX),
            length,
            lost: CancellationToken::new(),
        });
        term.renewed(asked);
        let renewals = tokio::spawn(keep(acker.clone(), term.clone(), asked));
        Self {
            client,
            acker,
            term,
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

    /// Has the tick delivered again after a delay.
    pub(crate) async fn hand_back(self, delay: Duration) -> Result<(), ClusterError> {
        self.end(AckKind::Nak(Some(delay))).await
    }

    /// Has the tick delivered again after as long as a lease: another replica may be able to do the work.
    pub(crate) async fn retry_later(self) -> Result<(), ClusterError> {
        let delay = self.term.length;
        self.hand_back(delay).await
    }

    /// Removes the tick without its work being done.
    pub(crate) async fn terminate(self) -> Result<(), ClusterError> {
        self.end(AckKind::Term).await
    }

    /// Sends the last word on the tick, unless it may be somebody else's already: it would end their lease.
    async fn end(self, word: AckKind) -> Result<(), ClusterError> {
        let Self {
            client,
            acker,
            term,
            _renewals,
        } = self;
        drop(_renewals);
        // Without a connection the word would be sent after the next one is made.
        if !term.is_held() || client.connection_state() != State::Connected {
            return Err(ClusterError::Lost);
        }
        acker
            .double_ack_with(word)
            .await
            .map_err(ClusterError::unreachable)
    }
}

impl Term {
    /// Waits until the lease ends, other than by giving it back.
    pub(crate) async fn ended(&self) {
        self.lost.cancelled().await;
    }

    /// Returns whether the lease is held, by the clock.
    pub(crate) fn is_held(&self) -> bool {
        !self.lost.is_cancelled() && nanoseconds(now()) < self.until.load(Ordering::Acquire)
    }

    /// Extends the term after a renewal that was sent at `sent`. A term that has ended remains so.
    fn renewed(&self, sent: Duration) {
        if self.is_held() {
            let until = sent + self.length - self.length / 10;
            self.until.store(nanoseconds(until), Ordering::Release);
        }
    }
}

/// Renews the lease every third of it, until it ends.
async fn keep(acker: Arc<Acker>, term: Arc<Term>, asked: Duration) {
    let third = term.length / 3;
    let renew = async {
        sleep((asked + third).saturating_sub(now())).await;
        while term.is_held() {
            let sent = now();
            // The servers confirm a renewal of a tick that they have delivered to somebody else, too: only the clock
            // tells whose it is.
            match timeout(third, acker.double_ack_with(AckKind::Progress)).await {
                Ok(Ok(())) => {
                    term.renewed(sent);
                    sleep((sent + third).saturating_sub(now())).await;
                }
                _ => sleep(PAUSE.min(third)).await,
            }
        }
    };
    let watch = async {
        while term.is_held() {
            sleep(term.length / 20).await;
        }
    };
    tokio::select! {
        () = renew => {}
        () = watch => {}
    }
    term.lost.cancel();
}

/// Returns the time since the machine started, with the time that it slept.
pub(super) fn now() -> Duration {
    let time = clock_gettime(ClockId::Boottime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or_default(),
        u32::try_from(time.tv_nsec).unwrap_or_default(),
    )
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
