//! Replicas and servers fail while accounts are collected: everything arrives, no cursor goes back, and at most a page
//! of each source is repeated a fault.

#![allow(clippy::panic)]

use cluster_tests::faults::run_rounds;

/// Returns a number from the environment.
fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("{name}={text:?} is not a number"))
    })
}

#[test]
fn nothing_is_lost_whatever_fails() {
    let rounds = number("CLUSTER_ROUNDS", 5) as u32;
    let report = run_rounds(number("CLUSTER_SEED", 1), rounds);
    println!("another replica went on after, {}", report.taken_over);
    println!(
        "the replicas went on after servers failed, {}",
        report.resumed
    );
    println!("{} events were repeats in {rounds} rounds", report.repeats);
    println!(
        "{} requests were sent after another replica had begun",
        report.late_requests
    );
}
