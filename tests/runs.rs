//! A week of runs: each starts where the previous one ended, whatever went wrong there.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod support;

use std::collections::BTreeMap;

use sophos_central_simulator::{Fault, Fleet, Options, Route};
use support::Workplace;
use time::OffsetDateTime;

const ENDPOINTS: u64 = 400;
/// A week of runs every three hours.
const RUNS: u64 = 56;
/// The most that the state of an account may take on disk, fingerprints of 400 devices included.
const LARGEST_STATE: u64 = 256 << 10;

#[test]
fn a_week_of_runs_with_faults_leaves_no_gap() {
    let work = Workplace::new(Options::new(Fleet::new(1, ENDPOINTS)));
    work.configure("page_size = 50", support::QUICK);
    work.edit_config("rate_limits = []", "rate_limits = []\nemit = \"changed\"");
    let mut random = fastrand::Rng::with_seed(56);
    let mut expected = BTreeMap::new();
    let mut failed = 0;
    for run in 0..RUNS {
        work.simulator.clear_faults();
        work.simulator.fleet(|fleet| {
            for _ in 0..random.u64(0..40) {
                let index = random.u64(0..ENDPOINTS);
                let name = format!("run-{run}");
                fleet.edit(index, |record| record["hostname"] = name.clone().into());
                fleet.check_in(index, OffsetDateTime::now_utc());
                expected.insert(fleet.id(index), name);
            }
        });
        let fault = match random.u8(0..8) {
            0 => Some(Fault::status(500)),
            1 => Some(Fault::garbage()),
            2 => Some(Fault::Reset),
            3 => Some(Fault::Truncate),
            4 => Some(Fault::rate_limited(Some(0))),
            _ => None,
        };
        if let Some(fault) = fault {
            work.simulator
                .fault(Route::Endpoints, random.u64(1..4), fault);
        }
        if run % 7 == 3 {
            // Nothing can be read at all.
            work.simulator
                .fault_always(Route::Endpoints, Fault::status(404));
        }
        let ran = work.host(&["collect"]);
        assert!(
            matches!(ran.code, Some(0 | 1)),
            "run {run}:\n{}",
            ran.stderr
        );
        failed += u64::from(ran.code == Some(1));
    }
    assert!((8..RUNS).contains(&failed), "{failed} runs failed");
    work.simulator.clear_faults();
    work.collect(0);

    let mut last = BTreeMap::new();
    for event in work.events() {
        let device = &event["device"];
        let name = device["hostname"].as_str().unwrap().to_owned();
        last.insert(device["uid"].as_str().unwrap().to_owned(), name);
    }
    assert_eq!(last.len() as u64, ENDPOINTS);
    for (device, name) in expected {
        assert_eq!(last[&device], name, "{device}");
    }
    work.collect(0).says(&["events 0"]);
    let size: u64 = ["state.db", "state.db-wal"]
        .iter()
        .filter_map(|name| std::fs::metadata(work.path(name)).ok())
        .map(|file| file.len())
        .sum();
    assert!(size <= LARGEST_STATE, "the state takes {size} bytes");
}
