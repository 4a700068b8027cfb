//! The handle by which a test starts, watches and steers an intake.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::delivery::{self, Delivery, Route};
use super::failure::Failure;
use super::options::{Options, TaskStatus};
use super::state::State;
use crate::running::{Place, Running};

/// A recording intake that runs on a thread of its own until it is dropped.
///
/// All methods may be called while it serves requests. Everything that counts requests or answers counts from the
/// moment of the call: 1 is the next.
pub struct Intake {
    running: Running<State>,
}

impl Intake {
    /// Starts an intake on a free port. It is listening when this returns.
    ///
    /// # Panics
    ///
    /// If the system cannot create a socket, a thread or a certificate.
    #[allow(clippy::panic, reason = "a test without its intake cannot go on")]
    pub fn start(options: Options) -> Intake {
        let place = Place {
            address: options.address,
            port: 0,
            host: None,
            https: options.https,
            certificate: options.certificate.clone(),
        };
        match Running::start("intake", place, |_| State::new(options)) {
            Ok(running) => Intake { running },
            Err(error) => panic!("the intake does not start: {error:#}"),
        }
    }

    /// Returns where it is: `http://127.0.0.1:PORT`, or `https://…`; also the base of Sekoia's routes.
    pub fn url(&self) -> &str {
        &self.running.url
    }

    /// Its TCP port.
    pub fn port(&self) -> u16 {
        self.running.port
    }

    /// Returns the certificate of an HTTPS intake as PEM text: a client that trusts it can connect.
    pub fn certificate(&self) -> Option<&str> {
        self.running.certificate.as_deref()
    }

    /// Changes the options; what they say holds from the next request on. The closure must not call the intake.
    pub fn configure<T>(&self, change: impl FnOnce(&mut Options) -> T) -> T {
        change(&mut self.running.lock().options)
    }

    /// Makes the `nth` request of the route go wrong. Where several faults meet, the one set first is used.
    pub fn fault(&self, route: Route, nth: u64, failure: impl Into<Failure>) {
        self.running.lock().script.once(route, nth, failure.into());
    }

    /// Makes every request of the route go wrong, except where [`Intake::fault`] says otherwise.
    pub fn fault_always(&self, route: Route, failure: impl Into<Failure>) {
        self.fault_when(route, |_| true, failure);
    }

    /// Makes every request of the route that fits the condition go wrong: those that hold one device, those that are
    /// too large… What [`Delivery::accepted`] will be is not known yet.
    pub fn fault_when(
        &self,
        route: Route,
        condition: impl Fn(&Delivery) -> bool + Send + Sync + 'static,
        failure: impl Into<Failure>,
    ) {
        let mut state = self.running.lock();
        state.script.always(route, condition, failure.into());
    }

    /// Forgets all faults, those to come too. Special tasks stay.
    pub fn clear_faults(&self) {
        self.running.lock().script.clear();
    }

    /// Lets the tasks of the batches that fit the condition go like this, in place of
    /// [`Options::task`](super::Options::task). The first condition that fits counts.
    pub fn task_when(
        &self,
        condition: impl Fn(&Delivery) -> bool + Send + Sync + 'static,
        task: Vec<TaskStatus>,
    ) {
        let mut state = self.running.lock();
        state.special_tasks.push((Arc::new(condition), task));
    }

    /// Gives each event that fits the condition this status and error type in the answers of the bulk API, so many times
    /// in all; the collector calls the first of them in a request invalid. The first condition that fits counts.
    pub fn item_when(
        &self,
        condition: impl Fn(&Value) -> bool + Send + Sync + 'static,
        times: u64,
        status: u16,
        error: &str,
    ) {
        let fate = (status, error.to_owned());
        let mut state = self.running.lock();
        state.item_rules.push((Arc::new(condition), times, fate));
    }

    /// Forgets what [`Intake::item_when`] said.
    pub fn clear_items(&self) {
        self.running.lock().item_rules.clear();
    }

    /// Returns the documents that the bulk API holds, by id.
    pub fn documents(&self) -> BTreeMap<String, Value> {
        self.running.lock().documents.clone()
    }

    /// Forgets what [`Intake::task_when`] said, for the batches to come.
    pub fn clear_tasks(&self) {
        self.running.lock().special_tasks.clear();
    }

    /// Holds the `nth` answer over all routes: the events are accepted and recorded, but nothing is sent until
    /// [`Intake::release`].
    pub fn hold(&self, nth: u64) {
        self.running.lock().holds.add(nth);
    }

    /// Blocks until an answer is held or stalled.
    ///
    /// # Panics
    ///
    /// If this has not happened within two minutes.
    pub fn wait_until_held(&self) {
        self.running.wait_until_held_or(|| false);
    }

    /// Blocks until an answer is held or stalled, or `stop` returns true (it is asked every few milliseconds): for a
    /// client that may end before it gets so far. Returns whether an answer is held.
    ///
    /// # Panics
    ///
    /// If neither has happened within two minutes.
    pub fn wait_until_held_or(&self, stop: impl FnMut() -> bool) -> bool {
        self.running.wait_until_held_or(stop)
    }

    /// Returns how many answers are held or stalled now. One whose client has closed the connection is dropped.
    pub fn held(&self) -> usize {
        self.running.gate().waiting()
    }

    /// Sends the answers that are held or stalled now; [`Intake::held`] is 0 when this returns. Those to be held later
    /// stay to be held. Call it after a client was killed, too.
    pub fn release(&self) {
        self.running.gate().open();
    }

    /// Forgets the answers that were to be held and are not yet.
    pub fn clear_holds(&self) {
        self.running.lock().holds.clear();
    }

    /// Returns the events accepted so far, oldest first. Those of a batch whose task fails are not accepted.
    pub fn events(&self) -> Vec<Value> {
        self.running.lock().events.clone()
    }

    /// Returns how often an event of each device was accepted, by its id (`device.uid`).
    pub fn deliveries(&self) -> BTreeMap<String, usize> {
        let mut deliveries = BTreeMap::new();
        let state = self.running.lock();
        for device in state.events.iter().filter_map(delivery::device) {
            *deliveries.entry(device.to_owned()).or_default() += 1;
        }
        deliveries
    }

    /// Returns the ids of the devices accepted so far, in order; each may be there once only.
    ///
    /// # Panics
    ///
    /// If one was accepted more than once.
    #[track_caller]
    pub fn ids(&self) -> Vec<String> {
        let deliveries = self.deliveries();
        let twice: Vec<_> = deliveries.iter().filter(|(_, times)| **times > 1).collect();
        assert!(twice.is_empty(), "accepted more than once: {twice:?}");
        deliveries.into_keys().collect()
    }

    /// Returns the requests received so far, oldest first.
    pub fn requests(&self) -> Vec<Delivery> {
        self.running.lock().deliveries.clone()
    }

    /// Returns the requests of one route received so far, oldest first.
    pub fn requests_of(&self, route: Route) -> Vec<Delivery> {
        let mut requests = self.requests();
        requests.retain(|delivery| delivery.route == route);
        requests
    }

    /// Forgets the requests and the events so far.
    pub fn clear(&self) {
        let mut state = self.running.lock();
        state.deliveries.clear();
        state.events.clear();
    }

    /// Returns the events accepted since they were last taken or cleared, oldest first. They and the requests are
    /// forgotten, so that a long test stays quick.
    pub fn take(&self) -> Vec<Value> {
        let mut state = self.running.lock();
        state.deliveries.clear();
        std::mem::take(&mut state.events)
    }

    /// Returns the requests received since they were last taken or cleared, oldest first. They and the events are
    /// forgotten.
    pub fn take_requests(&self) -> Vec<Delivery> {
        let mut state = self.running.lock();
        state.events.clear();
        std::mem::take(&mut state.deliveries)
    }

    /// Returns how many connections were accepted so far.
    pub fn connections(&self) -> u64 {
        self.running.lock().connections
    }
}
