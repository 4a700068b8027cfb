//! `kill -9` at every step: nothing is missing, and at most one page is repeated.
//!
//! The program has no crash hooks: the simulator holds its n-th answer, or the reader of standard output
//! stops after the n-th line, the process is killed there, and n runs through all.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod support;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use sophos_central_simulator::{Fleet, Options};
use support::Workplace;

const ENDPOINTS: u64 = 5_000;
const PAGE: usize = 500;

/// Asserts that every device is there, and at most a page of them more than once.
#[track_caller]
fn assert_complete(work: &Workplace, deliveries: &BTreeMap<String, usize>, step: usize) {
    let all = work.simulator.fleet(|fleet| fleet.ids());
    assert_eq!(
        deliveries.keys().collect::<Vec<_>>(),
        all.iter().collect::<Vec<_>>(),
        "step {step}"
    );
    let repeated: usize = deliveries.values().map(|times| times - 1).sum();
    assert!(repeated <= PAGE, "step {step}: {repeated} repeated");
}

#[test]
fn a_run_killed_at_any_answer_of_the_api_loses_nothing() {
    let mut step = 1;
    loop {
        let work = Workplace::new(Options::new(Fleet::new(1, ENDPOINTS)));
        work.simulator.hold(step);
        let mut host = work.start(&["collect"]);
        let held = work
            .simulator
            .wait_until_held_or(|| host.try_wait().unwrap().is_some());
        if !held {
            // All answers have been given: token, whoami, ten pages.
            assert_eq!(step, 13);
            break;
        }
        host.kill().unwrap();
        host.wait().unwrap();
        work.simulator.clear_holds();
        work.simulator.release();

        work.collect(0);
        assert_complete(&work, &work.deliveries(), usize::try_from(step).unwrap());
        work.collect(0).says(&["events 0"]);
        step += 1;
    }
}

#[test]
fn a_run_killed_at_any_page_of_the_destination_loses_nothing() {
    for lines in (0..=usize::try_from(ENDPOINTS).unwrap()).step_by(PAGE / 2) {
        let work = Workplace::new(Options::new(Fleet::new(1, ENDPOINTS)));
        work.edit_config("to = \"file\"\npath = \"events.ndjson\"", "to = \"stdout\"");
        let mut host = work
            .command(&["collect"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut received = BufReader::new(host.stdout.take().unwrap());
        let mut deliveries = BTreeMap::<String, usize>::new();
        let mut count = |line: &str| {
            // A torn line does not count; it is sent again.
            if let Ok(event) = serde_json::from_str::<serde_json::Value>(line) {
                *deliveries
                    .entry(event["device"]["uid"].as_str().unwrap().to_owned())
                    .or_default() += 1;
            }
        };
        let mut line = String::new();
        for _ in 0..lines {
            line.clear();
            received.read_line(&mut line).unwrap();
            count(&line);
        }
        host.kill().unwrap();
        host.wait().unwrap();
        // The reader has what the killed process had written.
        for line in received.lines() {
            count(&line.unwrap());
        }
        for line in work.collect(0).stdout.lines() {
            count(line);
        }
        assert_complete(&work, &deliveries, lines);
    }
}

#[test]
fn a_line_torn_by_a_kill_is_repaired() {
    let work = Workplace::new(Options::new(Fleet::new(1, 600)));
    work.simulator.hold(4);
    let mut host = work.start(&["collect"]);
    work.simulator.wait_until_held();
    // A torn first line is not cut off, so the first page is there.
    while work.lines() < PAGE {
        std::thread::yield_now();
    }
    host.kill().unwrap();
    host.wait().unwrap();
    work.simulator.clear_holds();
    work.simulator.release();
    let torn =
        std::fs::read_to_string(work.path("events.ndjson")).unwrap() + "{\"activity_id\":2,\"acti";
    work.write("events.ndjson", &torn);

    work.collect(0);
    // The first page may have been stored by then, or not.
    assert_complete(&work, &work.deliveries(), 4);
}
