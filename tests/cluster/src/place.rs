//! Servers, accounts and replicas of one test.

use std::thread;
use std::time::{Duration, Instant};

use sophos_central_simulator::nats::{Proxy, Servers, Settings};
use tempfile::TempDir;

use crate::PATIENCE;
use crate::accounts::Account;
use crate::arrivals::Arrivals;
use crate::replica::Replica;

/// How long a replica may be silent.
pub const LEASE: Duration = Duration::from_secs(2);

/// The flags of replicas that collect all accounts every two seconds.
pub const OFTEN: [&str; 6] = ["--every", "2s", "--jitter", "0s", "--jobs", "2"];

/// The flags of replicas that collect each account once, as soon as they can.
pub const ONCE: [&str; 4] = ["--every", "5000h", "--jobs", "4"];

/// What a test needs.
pub struct Needs {
    /// How many servers.
    pub servers: usize,
    /// What their configuration says.
    pub settings: Settings<'static>,
    /// How many replicas.
    pub replicas: usize,
    /// The flags of the replicas.
    pub flags: &'static [&'static str],
    /// More lines of `[cluster]`.
    pub cluster: &'static str,
    /// How many accounts.
    pub accounts: u64,
}

impl Default for Needs {
    fn default() -> Self {
        Self {
            servers: 3,
            settings: Settings::default(),
            replicas: 3,
            flags: &OFTEN,
            cluster: "",
            accounts: 6,
        }
    }
}

/// Servers, replicas each of which reaches them over a proxy of its own, and their accounts.
pub struct Place {
    /// The replicas.
    pub replicas: Vec<Replica>,
    /// The network between each replica and the servers.
    pub proxies: Vec<Proxy>,
    /// The servers.
    pub servers: Servers,
    /// The accounts.
    pub accounts: Vec<Account>,
    /// The destination.
    pub arrivals: Arrivals,
    needs: Needs,
    folder: TempDir,
}

/// Returns the part of the configuration for the cluster.
pub fn cluster(urls: &[String], copies: usize, more: &str) -> String {
    let lease = LEASE.as_secs();
    format!(
        "[cluster]\nservers = {urls:?}\nreplicas = {copies}\nallow_fewer_replicas = {}\nlease = \"{lease}s\"\n{more}\n",
        copies < 3
    )
}

impl Place {
    /// Starts the servers; the replicas are yet to be started.
    pub fn new(needs: Needs) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let servers = Servers::start(folder.path(), needs.servers, needs.settings).unwrap();
        let mut place = Self {
            replicas: Vec::new(),
            proxies: Vec::new(),
            servers,
            accounts: (1..=needs.accounts).map(Account::new).collect(),
            arrivals: Arrivals::default(),
            needs,
            folder,
        };
        for number in 1..=place.needs.replicas {
            let proxy = Proxy::start(&place.servers.addresses()).unwrap();
            let replica = place.replica(&format!("replica-{number}"), &proxy.urls());
            place.replicas.push(replica);
            place.proxies.push(proxy);
        }
        place
    }

    /// Starts the servers and all replicas.
    pub fn start(needs: Needs) -> Self {
        let mut place = Self::new(needs);
        for index in 0..place.replicas.len() {
            place.start_replica(index);
        }
        place
    }

    /// Returns a replica that reaches the servers at these URLs, yet to be started.
    pub fn replica(&self, name: &str, urls: &[String]) -> Replica {
        let intake = self.arrivals.url();
        let accounts = self.accounts.iter();
        let accounts: String = accounts.map(|account| account.config(intake)).collect();
        let cluster = cluster(urls, self.needs.servers.min(3), self.needs.cluster);
        Replica::new(self.folder.path(), name, &format!("{cluster}{accounts}"))
    }

    /// Starts a replica that does not run.
    pub fn start_replica(&mut self, index: usize) {
        self.replicas[index].start(self.needs.flags);
    }

    /// Receives what has arrived until `is_done`; no replica may end meanwhile.
    #[track_caller]
    fn receive_until(&mut self, is_done: impl Fn(&Self) -> bool) {
        let end = Instant::now() + PATIENCE;
        loop {
            self.arrivals.receive();
            if is_done(self) {
                return;
            }
            self.replicas.iter_mut().for_each(Replica::assert_runs);
            let logs = || describe(&self.replicas, &self.servers);
            assert!(
                Instant::now() < end,
                "events are missing after {PATIENCE:?}\n{}",
                logs()
            );
            thread::sleep(Duration::from_millis(30));
        }
    }

    /// Waits for so many deliveries after the one of this number.
    #[track_caller]
    pub fn wait_for_deliveries(&mut self, since: usize, count: usize) {
        self.receive_until(|place| place.arrivals.deliveries.len() >= since + count);
    }

    /// Waits until the state of every device has arrived.
    #[track_caller]
    pub fn wait_until_all_arrived(&mut self) {
        self.receive_until(|place| {
            let mut accounts = place.accounts.iter();
            accounts.all(|account| place.arrivals.missing(account) == 0)
        });
    }

    /// Waits until the log of a replica says this.
    #[track_caller]
    pub fn wait_for_log(&mut self, replica: usize, text: &str) {
        self.receive_until(|place| place.replicas[replica].log().contains(text));
    }

    /// Returns how long after a moment each of these accounts was delivered by a replica other than this one.
    pub fn continued(
        &self,
        accounts: &[String],
        after: Instant,
        other_than: &str,
    ) -> Vec<Duration> {
        let first = |account: &String| {
            let mut deliveries = self.arrivals.deliveries.iter();
            let next = deliveries.find(|delivery| {
                delivery.at > after
                    && delivery.account == *account
                    && delivery.replica != other_than
            })?;
            Some(next.at - after)
        };
        accounts.iter().filter_map(first).collect()
    }

    /// Returns the accounts of which some deliveries have come since the one of this number, and some are missing; with
    /// `replica`, those that it was the last one to deliver.
    pub fn at_work(&self, since: usize, replica: Option<usize>) -> Vec<String> {
        let names = self.accounts.iter().filter(|account| {
            let mut deliveries = self.arrivals.deliveries[since..].iter().rev();
            let last = deliveries.find(|delivery| delivery.account == account.name);
            let is_its =
                |last: &str| replica.is_none_or(|replica| self.replicas[replica].name == last);
            last.is_some_and(|last| is_its(&last.replica)) && self.arrivals.missing(account) > 0
        });
        names.map(|account| account.name.clone()).collect()
    }
}

/// Returns the ends of all logs, for the message of a failure.
pub fn describe(replicas: &[Replica], servers: &Servers) -> String {
    let end = |replica: &Replica| {
        let log = replica.log();
        let lines: Vec<_> = log.lines().rev().take(15).collect();
        let lines: Vec<_> = lines.into_iter().rev().collect();
        format!("{}:\n{}\n", replica.name, lines.join("\n"))
    };
    replicas.iter().map(end).chain([servers.logs()]).collect()
}
