//! The events that a destination refuses, found among those that it takes.
//!
//! A batch that is refused is sent again in halves, down to the single events, so that one that is refused does
//! not keep the others, and everything behind them, from being delivered for ever.
//!
//! There is a guard: a destination that refuses [`MOST_REFUSED`] events in a row, one by one, without taking any
//! in between, is more likely set up for something else (another format, another index) or out of order than
//! right about all of them. Then the source stops and its page is not confirmed, instead of a whole fleet
//! becoming rejects.

use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;

use super::{DeliverError, Delivered, Refused};
use crate::bindings::inventory::connector::types::Event;

/// How many events in a row are one by one refused before the destination is no longer believed.
pub(super) const MOST_REFUSED: u32 = 20;

/// Takes events, one batch at a time.
#[async_trait]
pub(super) trait Intake: Send + Sync {
    /// Sends a batch until its fate is known, and adds to `retries` each request that was made again.
    async fn send(&self, events: &[Event], retries: &mut u64) -> Result<Sent, DeliverError>;

    /// What messages call it.
    fn place(&self) -> &str;
}

/// The fate of a batch.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// All of it was taken.
    Accepted,
    /// It is refused as it is, for this reason.
    Refused(String),
}

/// How many events a destination has refused since it last took one; all sources that deliver to it share it.
#[derive(Debug, Default)]
pub(super) struct Guard(AtomicU32);

impl Guard {
    fn accepted(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// Notes an event that was refused; gives how many that makes if they are too many.
    fn refused(&self) -> Option<u32> {
        let count = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        (count >= MOST_REFUSED).then_some(count)
    }
}

/// Delivers events in these batches, in their order.
///
/// # Errors
///
/// When the fate of a batch is not known, or one event after the other is refused.
pub(super) async fn deliver(
    intake: &dyn Intake,
    guard: &Guard,
    events: &[Event],
    batches: Vec<Range<usize>>,
) -> Result<Delivered, DeliverError> {
    let mut delivered = Delivered::default();
    // The next one is the last.
    let mut rest: Vec<Range<usize>> = batches.into_iter().rev().collect();
    while let Some(batch) = rest.pop() {
        let some = events.get(batch.clone()).unwrap_or_default();
        match intake.send(some, &mut delivered.retries).await? {
            Sent::Accepted => guard.accepted(),
            Sent::Refused(reason) if some.len() > 1 => {
                tracing::debug!(
                    destination = intake.place(),
                    "a batch of {} is refused ({reason}); sending its halves",
                    some.len()
                );
                let middle = batch.start + some.len() / 2;
                rest.push(middle..batch.end);
                rest.push(batch.start..middle);
            }
            Sent::Refused(reason) => {
                if let Some(count) = guard.refused() {
                    return Err(DeliverError::RefusesAll {
                        place: intake.place().to_owned(),
                        count,
                        reason,
                    });
                }
                delivered.refused.push(Refused {
                    index: batch.start,
                    reason,
                });
            }
        }
    }
    Ok(delivered)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Mutex;

    use proptest::prelude::*;

    use super::*;

    /// Refuses every batch that holds one of the bad events, and notes what it took.
    struct Picky {
        bad: BTreeSet<usize>,
        taken: Mutex<Vec<usize>>,
    }

    #[async_trait]
    impl Intake for Picky {
        async fn send(&self, events: &[Event], _: &mut u64) -> Result<Sent, DeliverError> {
            let numbers = events.iter().map(|event| event.json.parse().unwrap());
            let numbers: Vec<usize> = numbers.collect();
            if numbers.iter().any(|number| self.bad.contains(number)) {
                return Ok(Sent::Refused("bad".into()));
            }
            self.taken.lock().unwrap().extend(numbers);
            Ok(Sent::Accepted)
        }

        fn place(&self) -> &str {
            "here"
        }
    }

    fn events(count: usize) -> Vec<Event> {
        let event = |number: usize| Event {
            device: String::new(),
            json: number.to_string(),
            fingerprint: 0,
        };
        (0..count).map(event).collect()
    }

    async fn run(
        bad: BTreeSet<usize>,
        guard: &Guard,
        count: usize,
        size: usize,
    ) -> (Result<Delivered, DeliverError>, Vec<usize>) {
        let picky = Picky {
            bad,
            taken: Mutex::default(),
        };
        let batches = (0..count)
            .step_by(size)
            .map(|start| start..(start + size).min(count))
            .collect();
        let delivered = deliver(&picky, guard, &events(count), batches).await;
        (delivered, picky.taken.into_inner().unwrap())
    }

    fn wait<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
            .block_on(future)
    }

    proptest! {
        #[test]
        fn exactly_the_bad_ones_are_refused_and_the_others_taken_once_in_order(
            bad in prop::collection::btree_set(0_usize..60, 0..20),
            count in 0_usize..60,
            size in 1_usize..30,
        ) {
            let guard = Guard::default();
            let (delivered, taken) = wait(run(bad.clone(), &guard, count, size));
            let refused: Vec<usize> = delivered.unwrap().refused.iter().map(|refused| refused.index).collect();
            prop_assert_eq!(refused, bad.iter().copied().filter(|bad| *bad < count).collect::<Vec<_>>());
            prop_assert_eq!(taken, (0..count).filter(|number| !bad.contains(number)).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_destination_that_takes_nothing_is_not_believed() {
        let guard = Guard::default();
        let (delivered, _) = wait(run((0..19).collect(), &guard, 19, 100));
        assert_eq!(delivered.unwrap().refused.len(), 19);
        // The next page is the twentieth in a row.
        let (delivered, _) = wait(run((0..100).collect(), &guard, 100, 100));
        let error = delivered.unwrap_err();
        let message = error.to_string();
        assert!(
            matches!(error, DeliverError::RefusesAll { .. }),
            "{message}"
        );
        for part in ["here refused 20 events", "the last: bad", "deliver"] {
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn what_was_taken_in_between_starts_the_count_anew() {
        let guard = Guard::default();
        let bad = || (0..40).filter(|number| *number != 19).collect();
        let (delivered, _) = wait(run(bad(), &guard, 39, 100));
        assert_eq!(delivered.unwrap().refused.len(), 38);
        let (delivered, _) = wait(run(bad(), &guard, 1, 100));
        assert!(matches!(delivered, Err(DeliverError::RefusesAll { .. })));
    }
}
