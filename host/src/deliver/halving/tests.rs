//! Which events are found to be refused, and when a destination is no longer believed.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::Ordering;

use proptest::prelude::*;

use super::*;

/// Refuses every batch that holds one of the bad events, at once or only later, and notes what happens.
struct Picky {
    bad: BTreeSet<usize>,
    /// Whether the fate is known only when it is waited for.
    later: bool,
    /// The batches that were handed over, and none for each wait.
    log: Mutex<Vec<Option<Vec<usize>>>>,
    taken: Mutex<Vec<usize>>,
    record: Record,
}

impl Picky {
    fn new(bad: impl IntoIterator<Item = usize>) -> Self {
        Self {
            bad: bad.into_iter().collect(),
            later: false,
            log: Mutex::default(),
            taken: Mutex::default(),
            record: Record::default(),
        }
    }

    fn judge(&self, numbers: Vec<usize>) -> Sent {
        if numbers.iter().any(|number| self.bad.contains(number)) {
            return Sent::Refused("bad".into());
        }
        self.taken.lock().unwrap().extend(numbers);
        Sent::Accepted
    }

    /// What was taken, in the order of the page.
    fn taken(&self) -> Vec<usize> {
        let mut taken = self.taken.lock().unwrap().clone();
        taken.sort_unstable();
        taken
    }

    /// The events that were sent alone, in the order in which they were.
    fn alone(&self) -> Vec<usize> {
        let log = self.log.lock().unwrap();
        let sent = log.iter().flatten().filter(|batch| batch.len() == 1);
        sent.map(|batch| batch[0]).collect()
    }

    fn deliver(&self, count: usize, size: usize) -> Result<Delivered, DeliverError> {
        let event = |number: usize| Event {
            device: String::new(),
            json: number.to_string(),
            fingerprint: 0,
        };
        let events: Vec<Event> = (0..count).map(event).collect();
        let batches = (0..count)
            .step_by(size)
            .map(|start| start..(start + size).min(count))
            .collect();
        let handed_over = || self.log.lock().unwrap().iter().flatten().count() as u64;
        let before = handed_over();
        let retries = AtomicU64::new(0);
        let delivered = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
            .block_on(deliver(self, &self.record, &events, batches, &retries));
        assert_eq!(retries.into_inner(), handed_over() - before);
        delivered
    }
}

#[async_trait]
impl Intake for Picky {
    type Handed = Option<Sent>;

    async fn hand_over(
        &self,
        events: &[Event],
        retries: &AtomicU64,
    ) -> Result<Option<Sent>, DeliverError> {
        retries.fetch_add(1, Ordering::Relaxed);
        let numbers = numbers(events);
        self.log.lock().unwrap().push(Some(numbers.clone()));
        Ok((!self.later).then(|| self.judge(numbers)))
    }

    async fn fate(&self, handed: Option<Sent>, events: &[Event]) -> Result<Sent, DeliverError> {
        self.log.lock().unwrap().push(None);
        Ok(handed.unwrap_or_else(|| self.judge(numbers(events))))
    }

    fn place(&self) -> &str {
        "here"
    }
}

fn numbers(events: &[Event]) -> Vec<usize> {
    let numbers = events.iter().map(|event| event.json.parse().unwrap());
    numbers.collect()
}

fn indexes(delivered: &Delivered) -> Vec<usize> {
    let indexes = delivered.refused.iter().map(|refused| refused.index);
    indexes.collect()
}

proptest! {
    #[test]
    fn exactly_the_bad_ones_are_refused_and_the_others_taken_once(
        bad in prop::collection::btree_set(0_usize..60, 0..60),
        count in 0_usize..60,
        size in 1_usize..30,
        later in any::<bool>(),
    ) {
        let picky = Picky { later, ..Picky::new(bad.clone()) };
        let (bad, good): (Vec<_>, Vec<_>) = (0..count).partition(|number| bad.contains(number));
        match picky.deliver(count, size) {
            Ok(delivered) => {
                prop_assert_eq!(indexes(&delivered), bad);
                prop_assert_eq!(picky.taken(), good);
            }
            Err(error) => {
                let all = matches!(error, DeliverError::RefusesAll { .. });
                prop_assert!(all, "{}", error);
                prop_assert_eq!(picky.taken(), Vec::<usize>::new());
                prop_assert!(bad.len() >= MOST_REFUSED);
            }
        }
        // None is asked about a second time.
        let mut alone = picky.alone();
        let sent = alone.len();
        alone.sort_unstable();
        alone.dedup();
        prop_assert_eq!(alone.len(), sent);
    }

    #[test]
    fn bad_neighbours_stop_nothing_wherever_they_are(
        count in 100_usize..300,
        size in 1_usize..300,
        start in 0_usize..300,
        // One of five probes is always outside of so many.
        length in 0_usize..60,
    ) {
        let bad = start.min(count - length)..(start.min(count - length) + length);
        let picky = Picky::new(bad.clone());
        let delivered = picky.deliver(count, size).unwrap();
        prop_assert_eq!(indexes(&delivered), bad.clone().collect::<Vec<_>>());
        prop_assert_eq!(picky.taken().len(), count - bad.len());
    }
}

#[test]
fn twenty_five_bad_neighbours_at_the_beginning_do_not_block_two_thousand() {
    for size in [25, 100, 2000] {
        let picky = Picky::new(0..25);
        let delivered = picky.deliver(2000, size).unwrap();
        assert_eq!(indexes(&delivered), (0..25).collect::<Vec<_>>());
        assert_eq!(picky.taken(), (25..2000).collect::<Vec<_>>());
    }
}

#[test]
fn a_destination_that_takes_nothing_is_not_believed() {
    let delivered = Picky::new(0..19).deliver(19, 100).unwrap();
    assert_eq!(delivered.refused.len(), 19);
    for (count, size, refused) in [
        (20, 100, 20),
        (23, 100, 23),
        (2000, 500, 25),
        // Each event is in a batch of its own: all were handed over before any was judged.
        (30, 1, 30),
    ] {
        let error = Picky::new(0..count).deliver(count, size).unwrap_err();
        let message = error.to_string();
        assert!(
            matches!(error, DeliverError::RefusesAll { .. }),
            "{message}"
        );
        for part in [
            &format!("here refused {refused} events"),
            "the last: bad",
            "deliver",
        ] {
            assert!(message.contains(part), "{part}: {message}");
        }
    }
}

#[test]
fn probes_come_from_all_over_the_rest() {
    let picky = Picky::new(0..2000);
    picky.deliver(2000, 2000).unwrap_err();
    let alone = picky.alone();
    assert_eq!(alone[..20], (0..20).collect::<Vec<_>>());
    assert_eq!(alone[20..], [218, 614, 1010, 1406, 1802]);
}

#[test]
fn a_page_of_which_anything_was_taken_is_never_stopped() {
    let picky = Picky::new(1..200);
    let delivered = picky.deliver(200, 1).unwrap();
    assert_eq!(delivered.refused.len(), 199);
    // The one good event is in the last batch, and is known before any batch is halved.
    let picky = Picky::new(0..199);
    let delivered = picky.deliver(200, 199).unwrap();
    assert_eq!(delivered.refused.len(), 199);
}

#[test]
fn small_pages_of_which_nothing_is_taken_count_together() {
    let picky = Picky::new(0..5);
    for _ in 0..3 {
        assert_eq!(picky.deliver(5, 5).unwrap().refused.len(), 5);
    }
    let error = picky.deliver(5, 5).unwrap_err();
    assert!(
        error.to_string().contains("here refused 20 events"),
        "{error}"
    );
    // One that was taken in the run tells that it is the right destination.
    let picky = Picky::new(0..5);
    picky.deliver(6, 6).unwrap();
    for _ in 0..30 {
        assert_eq!(picky.deliver(5, 5).unwrap().refused.len(), 5);
    }
}

#[test]
fn all_batches_are_handed_over_before_any_is_waited_for() {
    let picky = Picky {
        later: true,
        ..Picky::new([3])
    };
    picky.deliver(6, 2).unwrap();
    let batch = |numbers: &[usize]| Some(numbers.to_vec());
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
    ];
    assert_eq!(*picky.log.lock().unwrap(), expected);
}
