//! How long a call computes.
//!
//! The engine makes a component give way many times a second, so a call is many short polls; what each of them
//! costs is told by the clock of the thread that does it. Waiting costs nothing, whoever else computes meanwhile.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::limits::{Limit, Passed};

/// Runs `call` until it ends or a limit is told as passed, by whoever it is; more than `most` of computing is
/// told here. What passed a limit comes to nothing, also where it ended by itself.
///
/// # Errors
///
/// The limit that was passed.
pub async fn metered<F: Future>(
    call: F,
    most: Duration,
    passed: &Passed,
) -> Result<F::Output, Limit> {
    let mut call = pin!(call);
    let mut computed = Duration::ZERO;
    poll_fn(|context| {
        let before = thread_time();
        let polled = call.as_mut().poll(context);
        computed += thread_time().saturating_sub(before);
        if computed > most {
            passed.tell(Limit::Cpu);
        }
        match passed.take() {
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
        let ended = metered(run.call_async(&mut store, ()), MOST, &Passed::default()).await;
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
        let ended = metered(elsewhere, MOST, &Passed::default()).await;
        assert_eq!(ended.map(Result::unwrap), Ok(7));
    }

    #[tokio::test]
    async fn what_passed_another_limit_comes_to_nothing() {
        let passed = Passed::default();
        let call = async { passed.tell(Limit::Requests) };
        assert_eq!(metered(call, MOST, &passed).await, Err(Limit::Requests));
    }
}
