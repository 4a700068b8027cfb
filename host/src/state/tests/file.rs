//! How much room a state takes in a file, and what a write leaves of it.

use super::fingerprints::{changed, confirm, full};
use super::*;
use crate::state::sqlite::schema;

/// The lengths of the file and its log: what is written makes one of them longer.
fn lengths(folder: &Folder) -> [u64; 2] {
    ["state.db", "state.db-wal"].map(|name| {
        std::fs::metadata(folder.path().with_file_name(name))
            .unwrap()
            .len()
    })
}
#[test]
fn what_is_already_so_writes_nothing() {
    let folder = Folder::file();
    let state = folder.open();
    state.set_destination("acme", "t1", "one").unwrap();
    confirm(&state, &[("a", 1)]);
    let before = lengths(&folder);
    let devices: Vec<String> = (0..500).map(|device| device.to_string()).collect();
    let devices = || devices.iter().map(String::as_str);
    state.forget_fingerprints("acme", "t1", devices()).unwrap();
    state.forget_fingerprints("beta", "t1", devices()).unwrap();
    assert!(!state.set_destination("acme", "t1", "one").unwrap());
    assert_eq!(lengths(&folder), before);
    state.forget_fingerprints("acme", "t1", ["a"]).unwrap();
    assert_ne!(lengths(&folder), before);
}
#[test]
fn fingerprints_and_cursor_are_stored_both_or_neither() {
    let folder = Folder::file();
    let state = folder.open();
    confirm(&state, &[("a", 1), ("b", 1)]);
    let before = t1(&state);
    state.execute("PRAGMA max_page_count = 6");
    let fleet = Fleet::new(1, 1000);
    // The first page of a full walk, so that what is deleted has to come back as well.
    let error = state
        .store_batch(&full(&fleet.page(0, 1000), true), at(1))
        .unwrap_err();
    assert!(matches!(error.problem, StateProblem::Full), "{error:?}");
    assert!(error.to_string().contains("free some space"), "{error}");
    let reader = folder.open_to_read();
    for state in [&state, &reader] {
        assert_eq!(t1(state), before);
        assert_eq!(
            changed(state, &[("a", 1), ("b", 1), ("b", 2)]),
            [false, false, true]
        );
        assert_eq!(changed(state, &fleet.page(0, 1)), [true]);
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
    fn collect(&self, state: &State, full_walk: bool) -> usize {
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
        state.execute("PRAGMA synchronous = OFF");
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
    let folder = Folder::file();
    folder.open().store_batch(&batch("c"), at(0)).unwrap();
    folder.length()
}
#[test]
fn a_device_costs_64_bytes_at_most() {
    const DEVICES: usize = 100_000;
    let folder = Folder::file();
    let state = folder.open_hasty();
    let mut fleet = Fleet::new(2, DEVICES);
    assert_eq!(fleet.collect(&state, true), DEVICES);
    assert_eq!(fleet.collect(&state, false), 0);
    drop(state);
    let most = length_without_devices() + 64 * DEVICES;
    assert!(folder.length() <= most, "{} > {most}", folder.length());

    for _ in 0..10 {
        fleet.change();
        let state = folder.open_hasty();
        let sent = fleet.collect(&state, false);
        assert!((DEVICES / 50..DEVICES / 25).contains(&sent), "{sent}");
    }
    assert!(folder.length() <= most, "{} > {most}", folder.length());
}
#[test]
fn a_device_with_a_long_id_costs_no_more() {
    const DEVICES: usize = 10_000;
    let folder = Folder::file();
    let mut fleet = Fleet::new(3, DEVICES);
    for (device, _) in &mut fleet.devices {
        *device = format!("urn:example:{device}:{}", "x".repeat(200));
    }
    assert_eq!(fleet.collect(&folder.open_hasty(), true), DEVICES);
    assert_eq!(fleet.collect(&folder.open_hasty(), false), 0);
    let most = length_without_devices() + 64 * DEVICES;
    assert!(folder.length() <= most, "{} > {most}", folder.length());
}
#[test]
fn the_file_stays_in_its_bound_over_a_week_of_runs_after_another() {
    const DEVICES: usize = 10_000;
    let folder = Folder::file();
    let mut fleet = Fleet::new(4, DEVICES);
    let most = length_without_devices() + 64 * DEVICES;
    for run in 0..56 {
        let full_walk = run % 8 == 0;
        if full_walk {
            fleet.replace();
        }
        fleet.change();
        let state = folder.open_hasty();
        fleet.collect(&state, full_walk);
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
    let folder = Folder::file();
    let state = folder.open_hasty();
    let log = || {
        let name = folder.path().with_file_name("state.db-wal");
        std::fs::metadata(name).unwrap().len()
    };
    let fleet = Fleet::new(5, 200_000);
    confirm(&state, &fleet.page(0, fleet.devices.len()));
    assert!(log() > schema::KEPT_LOG, "{}", log());
    state.store_success("acme", "t1", at(1)).unwrap();
    assert!(log() <= schema::KEPT_LOG, "{}", log());
}
