//! Rounds of faults: devices check in, something fails while they are collected, and everything must arrive.

use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use rustix::process::Signal;

use crate::accounts::PAGE;
use crate::cursors::Watch;
use crate::place::{LEASE, Needs, Place};
use crate::replica::Replica;
use crate::times::Times;

/// What fails in a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A replica is killed, as `kill -9` does, and started again once all is collected.
    KillReplica,
    /// A replica is stopped for twice its lease, and woken.
    StopReplica,
    /// A replica does not reach the servers for twice its lease, and then does.
    CutReplica,
    /// A server is killed, and started again once all is collected.
    KillServer,
    /// Two servers are killed and started again, so that the cluster has no majority meanwhile.
    KillTwoServers,
}

impl Fault {
    const ALL: [Fault; 5] = [
        Fault::KillReplica,
        Fault::StopReplica,
        Fault::CutReplica,
        Fault::KillServer,
        Fault::KillTwoServers,
    ];

    /// Returns whether it concerns the servers.
    fn is_of_servers(self) -> bool {
        matches!(self, Fault::KillServer | Fault::KillTwoServers)
    }

    /// Returns how many times each source may repeat a page: once for each process that fails.
    fn repeats(self) -> usize {
        match self {
            Fault::KillTwoServers => 2,
            _ => 1,
        }
    }
}

/// What many rounds have shown.
#[derive(Default)]
pub struct Report {
    /// How long an account whose replica failed was without deliveries from another one.
    pub taken_over: Times,
    /// How long an account at work was without deliveries after servers failed.
    pub resumed: Times,
    /// How many events were repeats.
    pub repeats: usize,
    /// How many requests for a page a replica sent after another one had begun with the account.
    pub late_requests: usize,
}

/// Runs rounds of faults, which follow from the seed, and asserts after each one what must hold.
#[track_caller]
pub fn run_rounds(seed: u64, rounds: u32) -> Report {
    let mut rng = Rng::with_seed(seed);
    let mut place = Place::start(Needs::default());
    place.wait_until_all_arrived();
    let mut report = Report::default();
    let mut order = Vec::new();
    let mut allowed = 0;
    for round in 1..=rounds {
        // Each fault comes before one comes twice.
        if order.is_empty() {
            order = Fault::ALL.to_vec();
            rng.shuffle(&mut order);
        }
        let fault = order.pop().unwrap();
        allowed += PAGE * fault.repeats();
        run_round(&mut place, &mut rng, fault, &mut report);

        let repeats: Vec<_> = place
            .accounts
            .iter()
            .map(|account| place.arrivals.repeats(&account.name))
            .collect();
        println!("round {round} of seed {seed}: {fault:?}, repeats so far {repeats:?}");
        for (account, repeats) in place.accounts.iter().zip(&repeats) {
            let allowed = account.sources * allowed;
            assert!(
                *repeats <= allowed,
                "{} repeats more than a page of each source a fault: {repeats}, not {allowed}",
                account.name
            );
        }
        report.repeats = repeats.iter().sum();
    }
    report
}

fn run_round(place: &mut Place, rng: &mut Rng, fault: Fault, report: &mut Report) {
    place.arrivals.receive();
    let since = place.arrivals.deliveries.len();
    let watch = Watch::start(place.replica("watch", &place.servers.urls()));
    for account in &mut place.accounts {
        account.check_in(rng);
    }
    place.wait_for_deliveries(since, rng.usize(1..12));

    // The replica that has delivered last has something to lose.
    let last = &place.arrivals.deliveries.last().unwrap().replica;
    let replica = place
        .replicas
        .iter()
        .position(|one| one.name == *last)
        .unwrap();
    let server = rng.usize(..3);
    let begin = Instant::now();
    let mut wake = begin;
    match fault {
        Fault::KillReplica => place.replicas[replica].kill(),
        Fault::StopReplica => {
            place.replicas[replica].signal(Signal::STOP);
            wake += 2 * LEASE;
        }
        Fault::CutReplica => {
            place.proxies[replica].cut();
            wake += 2 * LEASE;
        }
        Fault::KillServer => place.servers.kill(server),
        Fault::KillTwoServers => {
            place.servers.kill(server);
            place.servers.kill((server + 1) % 3);
            wake += Duration::from_millis(rng.u64(100..4000));
        }
    }
    place.arrivals.receive();
    let at_work = place.at_work(since, (!fault.is_of_servers()).then_some(replica));
    thread::sleep(wake.saturating_duration_since(Instant::now()));
    match fault {
        Fault::StopReplica => place.replicas[replica].signal(Signal::CONT),
        Fault::CutReplica => place.proxies[replica].heal(),
        Fault::KillTwoServers => {
            place.servers.restart(server).unwrap();
            place.servers.restart((server + 1) % 3).unwrap();
        }
        Fault::KillReplica | Fault::KillServer => {}
    }
    place.wait_until_all_arrived();
    match fault {
        Fault::KillReplica => place.start_replica(replica),
        Fault::KillServer => place.servers.restart(server).unwrap(),
        _ => {}
    }
    place.servers.wait_until_ready().unwrap();
    place.replicas.iter_mut().for_each(Replica::assert_runs);
    watch.end();

    match fault.is_of_servers() {
        true => report
            .resumed
            .0
            .extend(place.continued(&at_work, begin, "")),
        false => {
            let name = &place.replicas[replica].name;
            report
                .taken_over
                .0
                .extend(place.continued(&at_work, begin, name));
        }
    }
    for account in &place.accounts {
        report.late_requests += account.late_requests();
    }
}
