//! How long a call computes.
//!
//! The engine makes a component give way many times a second, so a call is many short polls; what each of them
//! costs is read from the clock of its thread. Waiting costs nothing, whoever else computes meanwhile, but for
//! what the host computes on another thread because of what the component asked for.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::contract::limits::Limit;
use crate::sandbox::call::CallState;

/// Runs `call` until it ends or a limit is exceeded; computing for longer than `max` is noticed here. A call that exceeds a
/// limit fails, even if it ends by itself.
///
/// # Errors
///
/// The limit that was exceeded.
pub async fn metered<F: Future>(
    call: F,
    max: Duration,
    state: &CallState,
) -> Result<F::Output, Limit> {
    let mut call = pin!(call);
    let mut computed = Duration::ZERO;
    poll_fn(|context| {
        let before = thread_time();
        let polled = call.as_mut().poll(context);
        computed += thread_time().saturating_sub(before);
        if computed + state.add_host_time(Duration::ZERO) > max {
            state.exceed(Limit::Cpu);
        }
        match state.take_exceeded() {
            Some(limit) => Poll::Ready(Err(limit)),
            None => polled.map(Ok),
        }
    })
    .await
}

/// Returns how long the current thread has been computing.
pub fn thread_time() -> Duration {
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
        let ended = metered(call, MOST, &CallState::default()).await;
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
        let ended = metered(elsewhere, MOST, &CallState::default()).await;
        assert_eq!(ended.map(Result::unwrap), Ok(7));
    }

    #[tokio::test]
    async fn what_the_host_computes_elsewhere_counts_until_the_next_call() {
        let state = CallState::default();
        let charged = state.clone();
        let elsewhere = async move {
            while charged.add_host_time(MOST / 3) <= MOST {
                tokio::task::yield_now().await;
            }
        };
        let ended = metered(elsewhere, MOST, &state).await;
        assert_eq!(ended, Err(Limit::Cpu));
        state.begin();
        let ended = metered(async { 7 }, MOST, &state).await;
        assert_eq!(ended, Ok(7));
    }

    #[tokio::test]
    async fn a_call_that_exceeds_another_limit_fails() {
        let state = CallState::default();
        let call = async { state.exceed(Limit::Requests) };
        assert_eq!(metered(call, MOST, &state).await, Err(Limit::Requests));
    }
}
