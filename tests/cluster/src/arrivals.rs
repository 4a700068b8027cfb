//! What has arrived at the destination that all replicas share, from which of them, and when.

use std::collections::BTreeMap;
use std::time::Instant;

use sophos_central_simulator::intake::{Intake, Options};

use crate::accounts::{Account, Seen};

/// One delivery.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The name of the account.
    pub account: String,
    /// The name of the replica.
    pub replica: String,
    /// When it arrived.
    pub at: Instant,
    /// How many events it held.
    pub events: usize,
}

/// The destination.
pub struct Arrivals {
    intake: Intake,
    /// The deliveries, oldest first.
    pub deliveries: Vec<Arrival>,
    /// How often each state of each device of each account was received.
    received: BTreeMap<String, BTreeMap<Seen, usize>>,
}

impl Default for Arrivals {
    fn default() -> Self {
        Self {
            intake: Intake::start(Options::new()),
            deliveries: Vec::new(),
            received: BTreeMap::new(),
        }
    }
}

impl Arrivals {
    /// Returns where it is.
    pub fn url(&self) -> &str {
        self.intake.url()
    }

    /// Adds what has arrived since the last call.
    pub fn receive(&mut self) {
        for delivery in self.intake.take_requests() {
            let request = &delivery.request;
            let account = request.path.trim_start_matches('/').to_owned();
            let received = self.received.entry(account.clone()).or_default();
            for event in &delivery.events {
                let id = event["device"]["uid"].as_str().unwrap().to_owned();
                let time = event["time"].as_i64().unwrap();
                *received.entry((id, time)).or_default() += 1;
            }
            self.deliveries.push(Arrival {
                account,
                replica: request.header("x-replica").unwrap_or_default().to_owned(),
                at: request.received,
                events: delivery.events.len(),
            });
        }
    }

    /// Returns how many states of an account's devices have not arrived.
    pub fn missing(&self, account: &Account) -> usize {
        let received = self.received.get(&account.name);
        let has = |seen| received.is_some_and(|received| received.contains_key(seen));
        account.fleet().iter().filter(|seen| !has(*seen)).count()
    }

    /// Returns how many events of an account were repeats of another.
    pub fn repeats(&self, account: &str) -> usize {
        let received = self.received.get(account);
        received.map_or(0, |received| received.values().map(|times| times - 1).sum())
    }

    /// Returns how many accounts have had an event, and the most times that one event of them came.
    pub fn accounts(&self) -> (usize, usize) {
        let times = self
            .received
            .values()
            .flat_map(|received| received.values());
        (self.received.len(), times.copied().max().unwrap_or(0))
    }
}
