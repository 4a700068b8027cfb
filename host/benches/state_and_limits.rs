//! What the host does for each device and each request, measured: `make bench`.
//!
//! A fleet of 100,000 devices is compared to the state and stored in it, in pages of 500 as a run does it,
//! with a synchronised disk; a request asks the rate limiter. Nothing here judges how long that takes.

// A benchmark may stop at the first surprise, as a test may.
#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use asset_host::state::{AccountState, Fingerprints, Store, StoredBatch, Writes};
use connector_runtime::contract::bindings::inventory::connector::types::Event;
use connector_runtime::contract::manifest::RateLimit;
use connector_runtime::sandbox::rate_limit::RateLimiter;
use divan::Bencher;
use divan::counter::ItemsCount;
use tempfile::TempDir;
use time::OffsetDateTime;
use tokio::runtime::Runtime;

const DEVICES: usize = 100_000;
const PAGE: usize = 500;

/// How many of a hundred devices have changed.
const CHANGED: [u8; 2] = [0, 3];

fn main() {
    println!("{:.1} bytes a device on the disk", bytes_a_device());
    divan::main();
}

/// Asks of each device whether it has changed.
#[divan::bench(args = CHANGED, sample_count = 20)]
fn compare(bencher: Bencher<'_, '_>, changed: u8) {
    let stored = Stored::with(&fleet(0));
    let fleet = fleet(changed);
    bencher.counter(ItemsCount::new(DEVICES)).bench_local(|| {
        fleet
            .chunks(PAGE)
            .map(|page| stored.news(page).len())
            .sum::<usize>()
    });
}

/// Stores a whole fleet, as a full walk does.
#[divan::bench(sample_count = 10)]
fn store(bencher: Bencher<'_, '_>) {
    let fleet = fleet(0);
    bencher
        .counter(ItemsCount::new(DEVICES))
        .with_inputs(Stored::empty)
        .bench_local_values(|mut stored| {
            stored.store_all(&fleet);
            stored
        });
}

/// All that a run does with its state where 3 % of the devices have changed: asks, forgets what it is about to
/// send, and stores what was sent.
#[divan::bench(sample_count = 10)]
fn run_with_3_percent_changed(bencher: Bencher<'_, '_>) {
    let (before, after) = (fleet(0), fleet(3));
    bencher
        .counter(ItemsCount::new(DEVICES))
        .with_inputs(|| Stored::with(&before))
        .bench_local_values(|mut stored| {
            for page in after.chunks(PAGE) {
                let news = stored.news(page);
                let sending = news.iter().map(|(device, _)| *device);
                let forgotten = stored.state.forget_fingerprints("t1", sending);
                stored.runtime.block_on(forgotten).unwrap();
                stored.store(&news, false);
            }
            stored
        });
}

/// Gives one request its moment, with three limits and a queue as long as they make it.
#[divan::bench]
fn reserve(bencher: Bencher<'_, '_>) {
    let limits = [(10, 1), (100, 60), (200_000, 86_400)]
        .map(|(requests, seconds)| RateLimit { requests, seconds });
    let mut limiter = RateLimiter::new(&limits);
    let begin = Instant::now();
    // One request a second: a day's worth of moments is remembered.
    let mut moments = (0..).map(|second| begin + Duration::from_secs(second));
    for moment in moments.by_ref().take(100_000) {
        limiter.reserve(moment);
    }
    bencher.counter(ItemsCount::new(1_usize)).bench_local(|| {
        let now = moments.next().unwrap_or(begin);
        limiter.reserve(now)
    });
}

/// A fleet with random ids and fingerprints, always the same one but for so many of a hundred fingerprints.
fn fleet(changed: u8) -> Vec<Event> {
    let mut random = fastrand::Rng::with_seed(1);
    (0..DEVICES)
        .map(|_| {
            let device = uuid::Uuid::from_u128(random.u128(..)).to_string();
            let fingerprint = random.u64(..);
            let changes = random.u8(..100) < changed;
            Event {
                device,
                json: String::new(),
                fingerprint: fingerprint ^ u64::from(changes),
            }
        })
        .collect()
}

/// The state of an account in a folder of its own.
struct Stored {
    runtime: Runtime,
    state: AccountState,
    folder: TempDir,
}

impl Stored {
    fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let runtime = Runtime::new().unwrap();
        let store = Store::file(&folder.path().join("state.db"));
        let state = runtime.block_on(store.claim("acme", Writes::Everything));
        Self {
            state: state.unwrap(),
            runtime,
            folder,
        }
    }

    fn with(fleet: &[Event]) -> Self {
        let mut stored = Self::empty();
        stored.store_all(fleet);
        stored
    }

    /// The ids and fingerprints of what has changed.
    fn news<'a>(&self, page: &'a [Event]) -> Vec<(&'a str, u64)> {
        let news = self.runtime.block_on(self.state.changed("t1", page));
        let news = news.unwrap();
        prints(page)
            .zip(news)
            .filter_map(|(device, news)| news.then_some(device))
            .collect()
    }

    fn store_all(&mut self, fleet: &[Event]) {
        for (number, page) in fleet.chunks(PAGE).enumerate() {
            let page: Vec<_> = prints(page).collect();
            self.store(&page, number == 0);
        }
    }

    fn store(&mut self, confirmed: &[(&str, u64)], first: bool) {
        let batch = StoredBatch {
            source: "t1",
            name: "Tenant One",
            cursor: "{\"v\":1}",
            mark: None,
            more: true,
            full: true,
            first,
            fingerprints: Fingerprints::Confirmed(confirmed),
        };
        let stored = self.state.store_batch(&batch, OffsetDateTime::UNIX_EPOCH);
        self.runtime.block_on(stored).unwrap();
    }
}

/// The ids and fingerprints of a page.
fn prints(page: &[Event]) -> impl Iterator<Item = (&str, u64)> {
    page.iter()
        .map(|event| (event.device.as_str(), event.fingerprint))
}

/// How much longer the state file is for each device.
fn bytes_a_device() -> f64 {
    let length = |fleet: &[Event]| {
        let Stored { state, folder, .. } = Stored::with(fleet);
        let path = folder.path().join("state.db");
        // The log is written back when the state is closed.
        drop(state);
        let length = std::fs::metadata(path).unwrap().len();
        drop(folder);
        length
    };
    let fleet = fleet(0);
    (length(&fleet) - length(&[])) as f64 / DEVICES as f64
}
