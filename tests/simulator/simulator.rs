//! The handle by which a test starts, watches and steers a simulator.

use std::net::Ipv4Addr;

use anyhow::Result;

use crate::fault::Fault;
use crate::fleet::Fleet;
use crate::options::Options;
use crate::request::{Request, Route};
use crate::running::{Place, Running};
use crate::state::State;

/// A simulated Sophos Central that runs on a thread of its own until it is dropped.
///
/// All methods may be called while it serves requests. Everything that counts requests or answers counts from the
/// moment of the call: 1 is the next.
pub struct Simulator {
    running: Running<State>,
}

impl Simulator {
    /// Starts a simulator on 127.0.0.1. It is listening when this returns.
    ///
    /// # Panics
    ///
    /// If it cannot be started; [`Simulator::try_start`] returns the error instead.
    #[allow(clippy::panic, reason = "a test without its simulator cannot go on")]
    pub fn start(options: Options) -> Simulator {
        Simulator::try_start(options)
            .unwrap_or_else(|error| panic!("the simulator does not start: {error:#}"))
    }

    /// Starts a simulator on 127.0.0.1.
    ///
    /// # Errors
    ///
    /// If the port of the options is in use, or the system cannot create a socket, a thread or a certificate.
    pub fn try_start(options: Options) -> Result<Simulator> {
        let place = Place {
            address: Ipv4Addr::LOCALHOST,
            port: options.port,
            host: options.host.clone(),
            https: options.https,
            certificate: options.certificate.clone(),
        };
        let running = Running::start("simulator", place, |url| {
            State::new(options, url.to_owned())
        })?;
        Ok(Simulator { running })
    }

    /// Returns where it is: `http://127.0.0.1:PORT`, or `https://…`; with [`Options::host`] instead of the address.
    pub fn url(&self) -> &str {
        &self.running.url
    }

    /// Its TCP port.
    pub fn port(&self) -> u16 {
        self.running.port
    }

    /// Returns the certificate of an HTTPS simulator as PEM text: a client that trusts it can connect.
    pub fn certificate(&self) -> Option<&str> {
        self.running.certificate.as_deref()
    }

    /// Changes the options; what they say holds from the next request on. The closure must not call the simulator.
    pub fn configure<T>(&self, change: impl FnOnce(&mut Options) -> T) -> T {
        change(&mut self.running.lock().options)
    }

    /// Reads or changes the fleet of the first tenant. The closure must not call the simulator.
    ///
    /// # Panics
    ///
    /// If there is no tenant.
    pub fn fleet<T>(&self, change: impl FnOnce(&mut Fleet) -> T) -> T {
        self.fleet_of(0, change)
    }

    /// Reads or changes the fleet of the tenant at this place of [`Options::tenants`]. The closure must not call the
    /// simulator.
    ///
    /// # Panics
    ///
    /// If the tenant does not exist.
    #[allow(clippy::panic, reason = "a wrong place in a test must stop that test")]
    pub fn fleet_of<T>(&self, tenant: usize, change: impl FnOnce(&mut Fleet) -> T) -> T {
        match self.running.lock().options.tenants.get_mut(tenant) {
            Some(tenant) => change(&mut tenant.fleet),
            None => panic!("the simulator has no tenant at place {tenant}"),
        }
    }

    /// Changes the fleet just before the `nth` endpoints request is answered. The closure gets the fleet of the
    /// tenant that the request names (else of the first) and must not call the simulator.
    pub fn before(&self, nth: u64, change: impl FnOnce(&mut Fleet) + Send + 'static) {
        self.running.lock().once_hooks.push((nth, Box::new(change)));
    }

    /// Changes the fleet just before every endpoints request is answered, as [`Simulator::before`] does once.
    pub fn before_each(&self, change: impl FnMut(&mut Fleet) + Send + 'static) {
        self.running.lock().each_hooks.push(Box::new(change));
    }

    /// Makes the `nth` request of the route go wrong. Where several faults meet, the one set first is used.
    pub fn fault(&self, route: Route, nth: u64, fault: Fault) {
        self.running.lock().script.once(route, nth, fault);
    }

    /// Makes every request of the route go wrong, except where [`Simulator::fault`] says otherwise.
    pub fn fault_always(&self, route: Route, fault: Fault) {
        self.fault_when(route, |_| true, fault);
    }

    /// Makes every request of the route that fits the condition go wrong: those of one tenant, those with a page key…
    pub fn fault_when(
        &self,
        route: Route,
        condition: impl Fn(&Request) -> bool + Send + Sync + 'static,
        fault: Fault,
    ) {
        self.running.lock().script.always(route, condition, fault);
    }

    /// Forgets all faults, those to come too.
    pub fn clear_faults(&self) {
        self.running.lock().script.clear();
    }

    /// Makes all tokens issued so far invalid: 401.
    pub fn expire_tokens(&self) {
        self.running.lock().tokens.clear();
    }

    /// Returns every token issued so far, oldest first: to look for them where they must not be.
    pub fn issued_tokens(&self) -> Vec<String> {
        self.running.lock().issued.clone()
    }

    /// Holds the `nth` answer over all routes: it is computed, and what the request changes is changed, but nothing
    /// is sent until [`Simulator::release`].
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

    /// Sends the answers that are held or stalled now; [`Simulator::held`] is 0 when this returns. Those to be held
    /// later stay to be held. Call it after a client was killed, too, so that what was held for it is not taken for
    /// what the next client waits for.
    pub fn release(&self) {
        self.running.gate().open();
    }

    /// Forgets the answers that were to be held and are not yet.
    pub fn clear_holds(&self) {
        self.running.lock().holds.clear();
    }

    /// Returns the requests received so far, oldest first.
    pub fn requests(&self) -> Vec<Request> {
        self.running.lock().requests.clone()
    }

    /// Returns the requests of one route received so far, oldest first.
    pub fn requests_of(&self, route: Route) -> Vec<Request> {
        self.running
            .lock()
            .requests
            .iter()
            .filter(|request| request.route == Some(route))
            .cloned()
            .collect()
    }

    /// Forgets the requests received so far.
    pub fn clear_requests(&self) {
        self.running.lock().requests.clear();
    }

    /// Returns how many connections were accepted so far.
    pub fn connections(&self) -> u64 {
        self.running.lock().connections
    }

    /// Serves until the process is killed.
    pub fn serve(self) {
        self.running.serve();
    }
}
