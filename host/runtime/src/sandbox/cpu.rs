//! How long a call computes.
//!
//! The engine makes a component give way many times a second, so a call is many short polls; what each of them
//! costs is read from the clock of its thread. Waiting costs nothing, whoever else computes meanwhile, but for
//! what the host computes on another thread because of what the component asked for: it charges that as [`HostTime`].

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::contract::counts::LimitExceeded;
use crate::contract::limits::Limit;

/// What the host computes for a component on other threads than that of its call: charged to the call that is under way.
#[derive(Debug, Clone, Default)]
pub struct HostTime(Arc<AtomicU64>);

impl HostTime {
    /// Counts from zero again.
    pub fn begin_call(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// Begins to charge what the current thread computes.
    pub fn start(&self) -> Stopwatch {
        Stopwatch {
            host_time: self.clone(),
            charged: thread_time(),
        }
    }

    fn total(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }
}

/// Charges what one thread computes. Not to be moved to another thread.
pub struct Stopwatch {
    host_time: HostTime,
    /// Up to which time of the thread.
    charged: Duration,
}

impl Stopwatch {
    /// Charges what the thread has computed since it was charged last; gives what the call has been charged in all.
    pub fn charge(&mut self) -> Duration {
        let now = thread_time();
        let more = now.saturating_sub(self.charged).as_nanos();
        self.charged = now;
        let more = u64::try_from(more).unwrap_or(u64::MAX);
        self.host_time.0.fetch_add(more, Ordering::Relaxed);
        self.host_time.total()
    }
}

/// Runs `call` until it ends or a limit is exceeded. More than `most` of computing, `host_time` included, is noticed here.
/// A call that exceeded a limit fails, even if it ended by itself.
///
/// # Errors
///
/// The limit that was passed.
pub async fn metered<F: Future>(
    call: F,
    most: Duration,
    host_time: &HostTime,
    exceeded: &LimitExceeded,
) -> Result<F::Output, Limit> {
    let mut call = pin!(call);
    let mut computed = Duration::ZERO;
    poll_fn(|context| {
        let before = thread_time();
        let polled = call.as_mut().poll(context);
        computed += thread_time().saturating_sub(before);
        if computed + host_time.total() > most {
            exceeded.report(Limit::Cpu);
        }
        match exceeded.take() {
            Some(limit) => Poll::Ready(Err(limit)),
            None => polled.map(Ok),
        }
    })
    .await
}

/// How long the current thread has been computing.
fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    let nanoseconds = u32::try_from(time.tv_nsec).unwrap_or_default();
    Duration::new(seconds, nanoseconds)
}

#[cfg(test)]
mod tests {
    use wasmtime::{Config, Engine, Instance, Module, Store};

    use super::*;

    const MOST: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn a_loop_without_end_comes_to_its_end() {
        let mut config = Config::new();
        config.epoch_interruption(true);
        let engine = Engine::new(&config).unwrap();
        let text = "(module (func (export \"run\") (loop $l (br $l))))";
        let module = Module::new(&engine, wat::parse_str(text).unwrap()).unwrap();
        let mut store = Store::new(&engine, ());
        // Each check of the epoch is past its deadline, so that no clock has to tick.
        store.epoch_deadline_async_yield_and_update(0);
        let instance = Instance::new_async(&mut store, &module, &[]).await.unwrap();
        let run = instance
            .get_typed_func::<(), ()>(&mut store, "run")
            .unwrap();
        let call = run.call_async(&mut store, ());
        let ended = metered(call, MOST, &HostTime::default(), &LimitExceeded::default()).await;
        assert_eq!(ended.map(|called| called.is_ok()), Err(Limit::Cpu));
    }

    #[tokio::test]
    async fn waiting_costs_nothing() {
        let elsewhere = tokio::task::spawn_blocking(|| {
            let began = thread_time();
            while thread_time() - began < 3 * MOST {
                std::hint::spin_loop();
            }
            7
        });
        let ended = metered(
            elsewhere,
            MOST,
            &HostTime::default(),
            &LimitExceeded::default(),
        )
        .await;
        assert_eq!(ended.map(Result::unwrap), Ok(7));
    }

    #[tokio::test]
    async fn what_the_host_computes_elsewhere_counts_until_the_next_call() {
        let host_time = HostTime::default();
        let charged = host_time.clone();
        let elsewhere = tokio::task::spawn_blocking(move || {
            let mut stopwatch = charged.start();
            while stopwatch.charge() <= MOST {
                std::hint::spin_loop();
            }
        });
        let exceeded = LimitExceeded::default();
        let ended = metered(elsewhere, MOST, &host_time, &exceeded).await;
        assert_eq!(ended.map(|_| ()), Err(Limit::Cpu));
        host_time.begin_call();
        let ended = metered(async { 7 }, MOST, &host_time, &exceeded).await;
        assert_eq!(ended, Ok(7));
    }

    #[tokio::test]
    async fn what_passed_another_limit_comes_to_nothing() {
        let exceeded = LimitExceeded::default();
        let call = async { exceeded.report(Limit::Requests) };
        assert_eq!(
            metered(call, MOST, &HostTime::default(), &exceeded).await,
            Err(Limit::Requests)
        );
    }
}
