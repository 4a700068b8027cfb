//! Which events are found to be refused, and when a destination is no longer believed.

use std::collections::BTreeSet;
use std::iter;

use proptest::prelude::*;

use super::*;

/// Refuses every batch that holds one of the bad events, at once or only later, and every batch while it is broken.
struct Scripted {
    bad: BTreeSet<usize>,
    /// Whether it tells which events of a batch are bad, and takes the others.
    tells: bool,
    /// Whether the outcome is known only once it is waited for.
    later: bool,
    /// The numbers of the batches, counted from 0 in the order in which they are judged, during which it is broken.
    broken: Vec<Range<usize>>,
    judged: Mutex<usize>,
    /// The batches that were sent, and `None` for each one whose outcome was waited for.
    log: Mutex<Vec<Option<Vec<usize>>>>,
    taken: Mutex<Vec<usize>>,
    refusals: Refusals,
}

impl Scripted {
    fn new(bad: impl IntoIterator<Item = usize>) -> Self {
        Self {
            bad: bad.into_iter().collect(),
            tells: false,
            later: false,
            broken: Vec::new(),
            judged: Mutex::default(),
            log: Mutex::default(),
            taken: Mutex::default(),
            refusals: Refusals::new(false),
        }
    }

    /// One that has taken the event 1000 of an earlier page.
    fn proven(bad: impl IntoIterator<Item = usize>) -> Self {
        let scripted = Self::new(bad);
        *scripted.refusals.last_taken() = Some(event(1000));
        scripted
    }

    fn judge(&self, numbers: Vec<usize>) -> Outcome {
        let mut judged = self.judged.lock().unwrap();
        let broken = self.broken.iter().any(|range| range.contains(&judged));
        *judged += 1;
        if broken {
            return Err("broken".into());
        }
        let (bad, good): (Vec<_>, Vec<_>) = numbers
            .iter()
            .enumerate()
            .partition(|(_, number)| self.bad.contains(number));
        if good.is_empty() || !bad.is_empty() && !self.tells {
            return Err("bad".into());
        }
        let mut taken = self.taken.lock().unwrap();
        taken.extend(good.into_iter().map(|(_, number)| number));
        let refused = bad.into_iter().rev().map(|(index, _)| Refused {
            index,
            reason: "bad".into(),
        });
        Ok(refused.collect())
    }

    /// What was taken of the page, in its order, without repetitions.
    fn taken(&self) -> Vec<usize> {
        let taken = self.taken.lock().unwrap();
        let taken: BTreeSet<_> = taken.iter().copied().filter(|one| *one < 1000).collect();
        taken.into_iter().collect()
    }

    fn requests(&self) -> usize {
        self.log.lock().unwrap().iter().flatten().count()
    }

    /// Delivers a page, and returns the numbers of the events that were refused.
    fn deliver(&self, count: usize, size: usize) -> Result<Vec<usize>, DeliverError> {
        let events: Vec<Event> = (0..count).map(event).collect();
        let batches = (0..count)
            .step_by(size)
            .map(|start| start..(start + size).min(count))
            .collect();
        let before = self.requests() as u64;
        let delivery = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
            .block_on(deliver(self, &self.refusals, &events, batches));
        assert_eq!(delivery.retries, self.requests() as u64 - before);
        let refused = delivery.result?;
        Ok(refused.iter().map(|refused| refused.index).collect())
    }
}

impl Intake for Scripted {
    async fn send(&self, events: &[Event], retries: &mut u64) -> Result<Sent, DeliverError> {
        *retries += 1;
        let numbers = numbers(events);
        self.log.lock().unwrap().push(Some(numbers.clone()));
        Ok(match self.later {
            false => Sent::Settled(self.judge(numbers)),
            true => Sent::Pending(Task {
                id: String::new(),
                accepted_at: Instant::now(),
            }),
        })
    }

    async fn task_outcome(&self, _: Task, events: &[Event]) -> Result<Outcome, DeliverError> {
        self.log.lock().unwrap().push(None);
        Ok(self.judge(numbers(events)))
    }

    fn place(&self) -> &str {
        "here"
    }
}

fn event(number: usize) -> Event {
    Event {
        device: String::new(),
        json: number.to_string(),
        fingerprint: 0,
    }
}

fn numbers(events: &[Event]) -> Vec<usize> {
    let numbers = events.iter().map(|event| event.json.parse().unwrap());
    numbers.collect()
}

/// A batch in the log.
fn batch(numbers: &[usize]) -> Option<Vec<usize>> {
    Some(numbers.to_vec())
}

/// The longest run of bad events without a good one in between.
fn longest_run(bad: &BTreeSet<usize>, count: usize) -> usize {
    let flags: Vec<bool> = (0..count).map(|number| bad.contains(&number)).collect();
    let runs = flags.split(|bad| !bad).map(<[bool]>::len);
    runs.max().unwrap_or(0)
}

proptest! {
    #[test]
    fn exactly_the_bad_events_are_rejected_and_the_others_are_taken(
        bad in prop::collection::btree_set(0_usize..60, 0..60),
        count in 0_usize..60,
        size in 1_usize..30,
        later in any::<bool>(),
        tells in any::<bool>(),
        proven in any::<bool>(),
    ) {
        let scripted = match proven {
            true => Scripted::proven(bad.clone()),
            false => Scripted::new(bad.clone()),
        };
        let scripted = Scripted { later, tells, ..scripted };
        let longest = longest_run(&bad, count);
        let (bad, good): (Vec<_>, Vec<_>) = (0..count).partition(|number| bad.contains(number));
        match scripted.deliver(count, size) {
            Ok(delivered) => {
                prop_assert_eq!(delivered, bad);
                prop_assert_eq!(scripted.taken(), good);
            }
            Err(error) => {
                let message = error.to_string();
                if message.contains("took none in between") {
                    // Batches whose outcome is known later may all be taken before the first suspect is found.
                    let run = if later { bad.len() } else { longest };
                    prop_assert!(run >= MAX_SUSPECTS);
                } else {
                    prop_assert!(message.contains("none in this run to compare"), "{}", message);
                    prop_assert!(!proven && good.is_empty());
                }
            }
        }
    }

    #[test]
    fn a_destination_that_breaks_makes_no_reject_of_a_good_event(
        bad in prop::collection::btree_set(0_usize..60, 0..10),
        count in 0_usize..60,
        size in 1_usize..30,
        later in any::<bool>(),
        tells in any::<bool>(),
        breaks in 0_usize..80,
        works_again in 0_usize..40,
        breaks_again in 0_usize..40,
    ) {
        let works_again = breaks + works_again;
        let broken = vec![breaks..works_again, works_again + breaks_again..usize::MAX];
        let scripted = Scripted { later, tells, broken, ..Scripted::proven(bad.clone()) };
        if let Ok(delivered) = scripted.deliver(count, size) {
            let bad: Vec<_> = bad.into_iter().filter(|number| *number < count).collect();
            prop_assert_eq!(delivered, bad);
        }
    }
}

#[test]
fn a_refused_event_is_rejected_after_a_second_refusal_between_two_acceptances() {
    let scripted = Scripted::new([1]);
    let delivered = scripted.deliver(8, 4).unwrap();
    assert_eq!(delivered, [1]);
    let expected = [
        batch(&[0, 1, 2, 3]),
        batch(&[0, 1]),
        batch(&[0]),
        batch(&[1]),
        batch(&[2, 3]),
        batch(&[1]),
        batch(&[4, 5, 6, 7]),
    ];
    assert_eq!(*scripted.log.lock().unwrap(), expected);
}

#[test]
fn at_the_end_of_a_page_the_last_event_that_was_taken_is_sent_again() {
    for (scripted, count, expected) in [
        (
            Scripted::new([3]),
            4,
            vec![
                batch(&[0, 1, 2, 3]),
                batch(&[0, 1]),
                batch(&[2, 3]),
                batch(&[2]),
                batch(&[3]),
                batch(&[2]),
                batch(&[3]),
                batch(&[2]),
            ],
        ),
        (
            Scripted::proven([0]),
            1,
            vec![batch(&[0]), batch(&[1000]), batch(&[0]), batch(&[1000])],
        ),
    ] {
        let delivered = scripted.deliver(count, 4).unwrap();
        assert_eq!(delivered, [count - 1]);
        assert_eq!(*scripted.log.lock().unwrap(), expected);
    }
}

#[test]
fn a_suspect_that_is_taken_at_the_second_attempt_is_delivered() {
    let scripted = Scripted {
        broken: iter::once(1..2).collect(),
        ..Scripted::new([])
    };
    assert_eq!(scripted.deliver(3, 1).unwrap(), Vec::<usize>::new());
    assert_eq!(scripted.taken(), [0, 1, 2]);
    assert_eq!(scripted.requests(), 4);
}

#[test]
fn a_destination_that_refuses_what_it_took_fails_the_page() {
    // The suspects are fewer than twenty, and the comparison is refused: the first one, or the second one.
    for broken in [10..usize::MAX, 20..usize::MAX] {
        let scripted = Scripted {
            broken: vec![broken],
            ..Scripted::new(10..19)
        };
        let error = scripted.deliver(19, 1).unwrap_err();
        let message = error.to_string();
        for part in [
            "here now refuses an event that it took",
            "(broken)",
            "not rejected",
        ] {
            assert!(message.contains(part), "{part}: {message}");
        }
    }
}

#[test]
fn without_an_event_that_was_taken_there_is_nothing_to_compare_with() {
    for count in [1, 19] {
        let scripted = Scripted::new(0..count);
        let error = scripted.deliver(count, 100).unwrap_err();
        let message = error.to_string();
        for part in [
            &format!("here refused {count} events"),
            "to compare them with",
            "the last: bad",
            "--accept-rejects",
        ] {
            assert!(message.contains(part), "{part}: {message}");
        }
        assert!(scripted.taken().is_empty());
    }
}

#[test]
fn twenty_refused_events_without_an_acceptance_in_between_fail_the_page() {
    for (count, size) in [(20, 100), (23, 100), (500, 500), (500, 100), (500, 1)] {
        for (later, scripted) in [
            (false, Scripted::new(0..count)),
            (false, Scripted::proven(0..count)),
            (true, Scripted::new(0..count)),
        ] {
            let scripted = Scripted { later, ..scripted };
            let error = scripted.deliver(count, size).unwrap_err();
            let message = error.to_string();
            for part in [
                "here refused 20 events, one by one, and took none in between",
                "the last: bad",
                "account.NAME.deliver",
                "--accept-rejects",
            ] {
                assert!(message.contains(part), "{part}: {message}");
            }
            // Tasks of single events are begun for the whole page at once.
            let most = if later && size == 1 { 500 } else { 60 };
            assert!(scripted.requests() <= most, "{}", scripted.requests());
        }
    }
}

#[test]
fn nineteen_bad_neighbours_stop_nothing_wherever_they_are() {
    for start in [0, 90, 1000, 1981] {
        for size in [25, 100, 2000] {
            let scripted = Scripted::new(start..start + 19);
            let delivered = scripted.deliver(2000, size).unwrap();
            assert_eq!(delivered, (start..start + 19).collect::<Vec<_>>());
        }
    }
}

#[test]
fn with_accept_rejects_every_event_that_is_refused_alone_is_a_reject() {
    let scripted = Scripted {
        refusals: Refusals::new(true),
        ..Scripted::new(0..100)
    };
    let delivered = scripted.deliver(100, 100).unwrap();
    assert_eq!(delivered.len(), 100);
    let once = scripted.requests();
    assert_eq!(once, 199, "no event is sent alone twice");
}

#[test]
fn all_batches_are_sent_before_any_outcome_is_waited_for() {
    let scripted = Scripted {
        later: true,
        ..Scripted::new([3])
    };
    scripted.deliver(6, 2).unwrap();
    let expected = [
        batch(&[0, 1]),
        batch(&[2, 3]),
        batch(&[4, 5]),
        None,
        None,
        None,
        batch(&[2]),
        None,
        batch(&[3]),
        None,
        // Compared with the last event that was taken.
        batch(&[2]),
        None,
        batch(&[3]),
        None,
        batch(&[2]),
        None,
    ];
    assert_eq!(*scripted.log.lock().unwrap(), expected);
}

#[test]
fn after_a_batch_that_is_refused_at_once_no_other_is_sent_before_it_is_searched() {
    let scripted = Scripted::new([0]);
    scripted.deliver(6, 2).unwrap();
    let expected = [
        batch(&[0, 1]),
        batch(&[0]),
        batch(&[1]),
        batch(&[0]),
        batch(&[2, 3]),
        batch(&[4, 5]),
    ];
    assert_eq!(*scripted.log.lock().unwrap(), expected);
}

#[test]
fn events_refused_while_others_of_their_batch_are_taken_are_rejects_at_once() {
    let bad = [0, 1, 2, 7, 99];
    let scripted = Scripted {
        tells: true,
        ..Scripted::new(bad)
    };
    assert_eq!(scripted.deliver(100, 50).unwrap(), bad);
    assert_eq!(scripted.requests(), 2);
    let last = scripted.refusals.last_taken().clone().unwrap();
    assert_eq!(last.json, "98");
}

#[test]
fn twenty_events_refused_in_a_row_in_one_batch_fail_the_page() {
    for (row, accept, fails) in [(19, false, false), (20, false, true), (20, true, false)] {
        let scripted = Scripted {
            tells: true,
            refusals: Refusals::new(accept),
            ..Scripted::new(5..5 + row)
        };
        match scripted.deliver(100, 100) {
            Ok(delivered) => assert_eq!(delivered, (5..5 + row).collect::<Vec<_>>()),
            Err(error) => {
                let message = error.to_string();
                let part = "here refused 20 events, one by one, and took none in between";
                assert!(fails && message.contains(part), "{message}");
            }
        }
    }
}
