//! `cluster-demo`: three NATS servers and three replicas on loopback collect 200 accounts of the simulated Sophos
//! Central, while a replica and a server are killed.
#![allow(clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::time::Instant;

use cluster_tests::accounts::{ENDPOINTS, PAGE};
use cluster_tests::place::{LEASE, Needs, ONCE, Place};
use cluster_tests::times::Times;

const ACCOUNTS: usize = 200;

fn main() {
    println!("Three NATS servers and three replicas are starting; the lease is {LEASE:?}.");
    let begin = Instant::now();
    let mut place = Place::start(Needs {
        flags: &ONCE,
        accounts: ACCOUNTS as u64,
        ..Needs::default()
    });
    let pages = ACCOUNTS * (ENDPOINTS as usize).div_ceil(PAGE);

    place.wait_for_deliveries(0, pages / 4);
    let replica = place
        .arrivals
        .deliveries
        .last()
        .map(|last| last.replica.clone());
    let replica = place
        .replicas
        .iter()
        .position(|one| Some(&one.name) == replica.as_ref());
    let replica = replica.unwrap_or_default();
    let name = place.replicas[replica].name.clone();
    println!(
        "{:6.1} s  {name} is killed (kill -9)",
        begin.elapsed().as_secs_f64()
    );
    let at_work = place.at_work(0, Some(replica));
    let killed = Instant::now();
    place.replicas[replica].kill();

    place.wait_for_deliveries(0, pages / 2);
    println!(
        "{:6.1} s  a NATS server is killed (kill -9)",
        begin.elapsed().as_secs_f64()
    );
    let server = place.servers.leader().unwrap_or_default();
    place.servers.kill(server);

    place.wait_until_all_arrived();
    println!("{:6.1} s  all has arrived\n", begin.elapsed().as_secs_f64());

    let mut waited = BTreeMap::new();
    let mut by_replica: BTreeMap<_, usize> = BTreeMap::new();
    let mut events = 0;
    let first = place
        .arrivals
        .deliveries
        .iter()
        .map(|delivery| delivery.at)
        .min();
    for delivery in &place.arrivals.deliveries {
        events += delivery.events;
        *by_replica.entry(&delivery.replica).or_default() += delivery.events;
        let since = first.map_or(begin, |first| first);
        waited.insert(
            &delivery.account,
            delivery.at.saturating_duration_since(since),
        );
    }
    let repeats: usize = place
        .accounts
        .iter()
        .map(|account| place.arrivals.repeats(&account.name))
        .sum();
    let devices = ACCOUNTS as u64 * ENDPOINTS;
    println!(
        "{} of {devices} devices of {ACCOUNTS} accounts arrived, {repeats} of them twice.",
        events - repeats
    );
    for (replica, events) in by_replica {
        println!("  {replica} delivered {events}");
    }
    let waited = Times(waited.into_values().collect());
    println!("Accounts were complete, since the first event: {waited}.");
    let continued = Times(place.continued(&at_work, killed, &name));
    println!("Another replica continued with the accounts of {name}: {continued}.");
}
