//! Ten thousand accounts that are due at once, and two replicas.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use cluster_tests::accounts::config;
use cluster_tests::arrivals::Arrivals;
use cluster_tests::place::cluster;
use cluster_tests::replica::Replica;
use cluster_tests::times::Times;
use sophos_central_simulator::nats::{Servers, Settings};
use sophos_central_simulator::{Fault, Fleet, Options, Route, Simulator};

const ACCOUNTS: usize = 10_000;

/// How long all of them may take.
const LIMIT: Duration = Duration::from_secs(30 * 60);

const FLAGS: [&str; 6] = ["--every", "5000h", "--jitter", "0s", "--jobs", "16"];

/// Returns an API with one device for any number of accounts.
fn api() -> Simulator {
    Simulator::start(Options {
        record_requests: false,
        ..Options::new(Fleet::new(1, 1))
    })
}

/// Collects the accounts, whose APIs `api_of` says, until this many have been delivered. Each may be only once.
fn collect(what: &str, api_of: impl Fn(usize) -> String, healthy: usize) {
    let folder = tempfile::tempdir().unwrap();
    let mut servers = Servers::start(folder.path(), 3, Settings::default()).unwrap();
    let mut arrivals = Arrivals::default();
    let accounts: String = (0..ACCOUNTS)
        .map(|number| {
            config(
                &format!("account-{number}"),
                &api_of(number),
                arrivals.url(),
                50,
            )
        })
        .collect();
    let text = format!("{}{accounts}", cluster(&servers.urls(), 3, ""));
    let mut replicas =
        ["replica-1", "replica-2"].map(|name| Replica::new(folder.path(), name, &text));
    let begin = Instant::now();
    for replica in &mut replicas {
        replica.start(&FLAGS);
    }
    while arrivals.accounts().0 < healthy {
        arrivals.receive();
        for replica in &mut replicas {
            replica.assert_runs();
        }
        let arrived = arrivals.accounts().0;
        assert!(
            begin.elapsed() < LIMIT,
            "{arrived} accounts of {healthy} after {LIMIT:?}"
        );
        thread::sleep(Duration::from_millis(100));
    }
    arrivals.receive();
    assert_eq!(
        arrivals.accounts(),
        (healthy, 1),
        "each account is collected once"
    );
    servers.wait_until_ready().unwrap();

    let first = arrivals.deliveries.iter().map(|one| one.at).min().unwrap();
    let last = arrivals.deliveries.iter().map(|one| one.at).max().unwrap();
    let mut of: BTreeMap<_, usize> = BTreeMap::new();
    for delivery in &arrivals.deliveries {
        *of.entry(&delivery.replica).or_default() += 1;
    }
    println!(
        "{what}: {healthy} accounts in {:.1} s, {:.1} s after the start; {of:?}",
        (last - first).as_secs_f64(),
        (last - begin).as_secs_f64()
    );
    let waits = Times(
        arrivals
            .deliveries
            .iter()
            .map(|one| one.at - first)
            .collect(),
    );
    println!("{what}: accounts were delivered after the first one, {waits}");
    for replica in &replicas {
        let (now, most) = replica.memory().unwrap();
        println!(
            "{what}: {} has {} MiB, at most {} MiB",
            replica.name,
            now >> 20,
            most >> 20
        );
    }
    for (number, (now, most)) in servers.memory().into_iter().enumerate() {
        println!(
            "{what}: server {} has {} MiB, at most {} MiB",
            number + 1,
            now >> 20,
            most >> 20
        );
    }
}

#[test]
fn ten_thousand_accounts_that_are_due_at_once_are_collected_once_each() {
    let api = api();
    collect("all healthy", |_| api.url().to_owned(), ACCOUNTS);
}

#[test]
fn accounts_that_fail_or_must_wait_do_not_delay_the_others() {
    let [healthy, failing, waiting] = [(); 3].map(|()| api());
    failing.fault_always(Route::Token, Fault::status(401));
    waiting.fault_always(Route::Endpoints, Fault::rate_limited(Some(3_600)));
    let api_of = |number: usize| match number % 20 {
        0 => failing.url().to_owned(),
        1 => waiting.url().to_owned(),
        _ => healthy.url().to_owned(),
    };
    collect("1,000 fail or wait", api_of, ACCOUNTS * 18 / 20);
}
