//! What the state tells of devices that have changed, and how much room it takes for it.

use proptest::prelude::*;

use super::*;
use crate::contract::bindings::inventory::connector::types::Event;

/// The devices that a page holds, with their fingerprints.
pub(super) type Page<'a> = [(&'a str, u64)];

pub(super) fn events(page: &Page<'_>) -> Vec<Event> {
    page.iter()
        .map(|(device, fingerprint)| Event {
            device: (*device).to_owned(),
            json: "{}".to_owned(),
            fingerprint: *fingerprint,
        })
        .collect()
}

pub(super) fn changed(state: &State, page: &Page<'_>) -> Vec<bool> {
    state.changed("acme", "t1", &events(page)).unwrap()
}

pub(super) fn confirm(state: &mut State, page: &Page<'_>) {
    let confirmed = StoredBatch {
        fingerprints: Fingerprints::Confirmed(page),
        ..batch("c")
    };
    state.store_batch(&confirmed, at(0)).unwrap();
}

/// A page of a full walk.
fn full<'a>(page: &'a Page<'a>, first: bool) -> StoredBatch<'a> {
    StoredBatch {
        full: true,
        first,
        more: true,
        fingerprints: Fingerprints::Confirmed(page),
        ..batch("c")
    }
}

#[test]
fn a_device_is_news_until_it_is_confirmed_as_it_is() {
    let folder = Folder::new();
    let mut state = folder.open();
    let uuid = "00112233-4455-6677-8899-aabbccddeeff";
    let page = [
        (uuid, u64::MAX),
        ("7", 0),
        ("a longer id than a UUID's text, by far", 1),
    ];
    assert_eq!(changed(&state, &page), [true; 3]);
    confirm(&mut state, &page);
    assert_eq!(changed(&state, &page), [false; 3]);

    let later = [(uuid, 5), ("7", 0), ("8", 0)];
    assert_eq!(changed(&state, &later), [true, false, true]);
    // Asking stores nothing, so what is not confirmed is asked for again.
    assert_eq!(changed(&state, &later), [true, false, true]);
    confirm(&mut state, &later);
    assert_eq!(changed(&state, &later), [false; 3]);
    drop(state);
    assert_eq!(changed(&folder.open(), &later), [false; 3]);
    assert_eq!(
        changed(&State::open_to_read(&folder.path()).unwrap(), &later),
        [false; 3]
    );
}

#[test]
fn a_device_that_comes_twice_is_compared_to_itself() {
    let folder = Folder::new();
    let mut state = folder.open();
    let page = [("a", 1), ("a", 1), ("a", 2), ("a", 1)];
    assert_eq!(changed(&state, &page), [true, false, true, true]);
    confirm(&mut state, &page);
    assert_eq!(changed(&state, &[("a", 1)]), [false]);
    assert_eq!(changed(&state, &[("a", 2), ("a", 1)]), [true, true]);
}

#[test]
fn sources_of_any_account_are_kept_apart() {
    let folder = Folder::new();
    let mut state = folder.open();
    confirm(&mut state, &[("a", 1)]);
    for (account, source) in [("acme", "t2"), ("beta", "t1")] {
        let known = state
            .changed(account, source, &events(&[("a", 1)]))
            .unwrap();
        assert_eq!(known, [true]);
    }
}

#[test]
fn a_full_walk_drops_the_devices_that_it_does_not_find() {
    let folder = Folder::new();
    let mut state = folder.open();
    confirm(&mut state, &[("a", 1), ("b", 1), ("gone", 1)]);
    state.store_batch(&full(&[("a", 1)], true), at(0)).unwrap();
    assert_eq!(
        changed(&state, &[("a", 1), ("b", 1), ("gone", 1)]),
        [false, true, true]
    );
    state.store_batch(&full(&[("b", 1)], false), at(1)).unwrap();
    assert_eq!(
        changed(&state, &[("a", 1), ("b", 1), ("gone", 1)]),
        [false, false, true]
    );
}

#[test]
fn nothing_is_trusted_once_it_is_forgotten() {
    type Forget = fn(&mut State);
    let forgets: [(&str, Forget); 4] = [
        ("emit is seen", |state| {
            state.store_batch(&batch("d"), at(1)).unwrap()
        }),
        ("set", |state| {
            state.set_cursor("acme", "t1", "c", "m", at(1)).unwrap()
        }),
        ("reset", |state| {
            assert_eq!(state.reset("acme", None).unwrap(), 1)
        }),
        ("prune", |state| {
            assert_eq!(state.prune(&BTreeSet::new()).unwrap().len(), 2)
        }),
    ];
    for (case, forget) in forgets {
        let folder = Folder::new();
        let mut state = folder.open();
        let other = StoredBatch {
            account: "beta",
            fingerprints: Fingerprints::Confirmed(&[("a", 1)]),
            ..batch("c")
        };
        state.store_batch(&other, at(0)).unwrap();
        confirm(&mut state, &[("a", 1)]);
        forget(&mut state);
        // A source that comes back may get the number that it had.
        let nothing = StoredBatch {
            fingerprints: Fingerprints::Confirmed(&[]),
            ..batch("e")
        };
        state.store_batch(&nothing, at(2)).unwrap();
        assert_eq!(changed(&state, &[("a", 1)]), [true], "{case}");
        let beta = state.changed("beta", "t1", &events(&[("a", 1)])).unwrap();
        assert_eq!(beta, [case == "prune"], "{case}");
    }
}

#[test]
fn fingerprints_and_cursor_are_stored_both_or_neither() {
    let folder = Folder::new();
    let mut state = folder.open();
    confirm(&mut state, &[("a", 1), ("b", 1)]);
    let before = t1(&state);
    let pages = "PRAGMA max_page_count = 6";
    state.connection.query_row(pages, [], |_| Ok(())).unwrap();
    let fleet = Fleet::new(1, 1000);
    // The first page of a full walk, so that what is deleted has to come back as well.
    let error = state
        .store_batch(&full(&fleet.page(0, 1000), true), at(1))
        .unwrap_err();
    assert!(matches!(error.problem, StateProblem::Full), "{error:?}");
    assert!(error.to_string().contains("free some space"), "{error}");
    for state in [state, State::open_to_read(&folder.path()).unwrap()] {
        assert_eq!(t1(&state), before);
        assert_eq!(
            changed(&state, &[("a", 1), ("b", 1), ("b", 2)]),
            [false, false, true]
        );
        assert_eq!(changed(&state, &fleet.page(0, 1)), [true]);
    }
}

/// Devices with random UUIDs, in pages that are in order within themselves, as if each came from another
/// index: the worst order for a tree.
struct Fleet {
    devices: Vec<(String, u64)>,
    random: fastrand::Rng,
}

const PAGE: usize = 500;

impl Fleet {
    fn new(seed: u64, devices: usize) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let devices = (0..devices)
            .map(|_| {
                (
                    uuid::Uuid::from_u128(random.u128(..)).to_string(),
                    random.u64(..),
                )
            })
            .collect();
        let mut fleet = Self { devices, random };
        fleet.sort();
        fleet
    }

    fn sort(&mut self) {
        self.devices.chunks_mut(PAGE).for_each(<[_]>::sort_unstable);
    }

    fn page(&self, from: usize, count: usize) -> Vec<(&str, u64)> {
        self.devices[from..from + count]
            .iter()
            .map(|(device, fingerprint)| (device.as_str(), *fingerprint))
            .collect()
    }

    /// Gives 3 % of the devices another fingerprint.
    fn change(&mut self) {
        for (_, fingerprint) in &mut self.devices {
            if self.random.u8(..100) < 3 {
                *fingerprint = self.random.u64(..);
            }
        }
    }

    /// Puts a new device in the place of 5 % of them.
    fn replace(&mut self) {
        for (device, _) in &mut self.devices {
            if self.random.u8(..100) < 5 {
                *device = uuid::Uuid::from_u128(self.random.u128(..)).to_string();
            }
        }
        self.sort();
    }

    /// Collects the fleet page by page: all of it in a full walk, else what has changed. Returns how many
    /// events that is.
    fn collect(&self, state: &mut State, full_walk: bool) -> usize {
        let mut sent = 0;
        for from in (0..self.devices.len()).step_by(PAGE) {
            let page = self.page(from, PAGE.min(self.devices.len() - from));
            let news = changed(state, &page);
            let confirmed: Vec<_> = page
                .into_iter()
                .zip(news)
                .filter_map(|(device, news)| (full_walk || news).then_some(device))
                .collect();
            sent += confirmed.len();
            let sending = confirmed.iter().map(|(device, _)| *device);
            state.forget_fingerprints("acme", "t1", sending).unwrap();
            let stored = StoredBatch {
                full: full_walk,
                first: full_walk && from == 0,
                more: from + PAGE < self.devices.len(),
                fingerprints: Fingerprints::Confirmed(&confirmed),
                ..batch("c")
            };
            state.store_batch(&stored, at(0)).unwrap();
        }
        sent
    }
}

impl Folder {
    /// Opens the state for a run that does not wait for the disk. What it writes is the same.
    pub(super) fn open_hasty(&self) -> State {
        let state = self.open();
        let pragma = "PRAGMA synchronous = OFF";
        state.connection.execute_batch(pragma).unwrap();
        state
    }

    /// The length of the state file in bytes, with no run under way.
    fn length(&self) -> usize {
        let name = self.path().with_file_name("state.db-wal");
        assert!(!name.exists(), "the log is still there");
        usize::try_from(std::fs::metadata(self.path()).unwrap().len()).unwrap()
    }
}

/// The length of a state without any device, in bytes.
fn length_without_devices() -> usize {
    let folder = Folder::new();
    folder.open().store_batch(&batch("c"), at(0)).unwrap();
    folder.length()
}

#[test]
fn a_device_costs_64_bytes_at_most() {
    const DEVICES: usize = 100_000;
    let folder = Folder::new();
    let mut state = folder.open_hasty();
    let mut fleet = Fleet::new(2, DEVICES);
    assert_eq!(fleet.collect(&mut state, true), DEVICES);
    assert_eq!(fleet.collect(&mut state, false), 0);
    drop(state);
    let most = length_without_devices() + 64 * DEVICES;
    assert!(folder.length() <= most, "{} > {most}", folder.length());

    for _ in 0..10 {
        fleet.change();
        let mut state = folder.open_hasty();
        let sent = fleet.collect(&mut state, false);
        assert!((DEVICES / 50..DEVICES / 25).contains(&sent), "{sent}");
    }
    assert!(folder.length() <= most, "{} > {most}", folder.length());
}

#[test]
fn a_device_with_a_long_id_costs_no_more() {
    const DEVICES: usize = 10_000;
    let folder = Folder::new();
    let mut fleet = Fleet::new(3, DEVICES);
    for (device, _) in &mut fleet.devices {
        *device = format!("urn:example:{device}:{}", "x".repeat(200));
    }
    assert_eq!(fleet.collect(&mut folder.open_hasty(), true), DEVICES);
    assert_eq!(fleet.collect(&mut folder.open_hasty(), false), 0);
    let most = length_without_devices() + 64 * DEVICES;
    assert!(folder.length() <= most, "{} > {most}", folder.length());
}

#[test]
fn the_file_stays_in_its_bound_over_a_week_of_runs_after_another() {
    const DEVICES: usize = 10_000;
    let folder = Folder::new();
    let mut fleet = Fleet::new(4, DEVICES);
    let most = length_without_devices() + 64 * DEVICES;
    for run in 0..56 {
        let full_walk = run % 8 == 0;
        if full_walk {
            fleet.replace();
        }
        fleet.change();
        let mut state = folder.open_hasty();
        fleet.collect(&mut state, full_walk);
        state.store_success("acme", "t1", at(run)).unwrap();
        drop(state);
        assert!(
            folder.length() <= most,
            "run {run}: {} > {most}",
            folder.length()
        );
    }
    // What is pruned goes from the disk.
    folder.open().prune(&BTreeSet::new()).unwrap();
    assert!(folder.length() <= length_without_devices());
}

#[test]
fn the_log_of_a_large_batch_does_not_stay() {
    let folder = Folder::new();
    let mut state = folder.open_hasty();
    let log = || {
        let name = folder.path().with_file_name("state.db-wal");
        std::fs::metadata(name).unwrap().len()
    };
    let fleet = Fleet::new(5, 200_000);
    confirm(&mut state, &fleet.page(0, fleet.devices.len()));
    assert!(log() > schema::KEPT_LOG, "{}", log());
    state.store_success("acme", "t1", at(1)).unwrap();
    assert!(log() <= schema::KEPT_LOG, "{}", log());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is delivered in whatever batches: the receiver ends up with what the fleet looks like.
    #[test]
    fn a_receiver_of_what_has_changed_knows_what_the_fleet_looks_like(
        pages in proptest::collection::vec(
            (proptest::collection::vec((0_usize..4, 0_u64..3), 0..6), any::<bool>()),
            1..12,
        ),
    ) {
        let names = ["a", "b", "00112233-4455-6677-8899-aabbccddeeff", "a longer id than a UUID's text, by far"];
        let folder = Folder::new();
        let mut state = folder.open_hasty();
        let mut fleet = std::collections::BTreeMap::new();
        let mut receiver = std::collections::BTreeMap::new();
        for (page, delivered) in pages {
            let page: Vec<_> = page.into_iter().map(|(name, print)| (names[name], print)).collect();
            let news = changed(&state, &page);
            if !delivered {
                continue;
            }
            let sent: Vec<_> = page
                .iter()
                .zip(news)
                .filter_map(|(device, news)| news.then_some(*device))
                .collect();
            confirm(&mut state, &sent);
            fleet.extend(page);
            receiver.extend(sent);
            prop_assert_eq!(&receiver, &fleet);
        }
    }
}
