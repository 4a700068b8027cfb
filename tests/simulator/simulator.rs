//! The handle by which a test starts, watches and steers a simulator.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::runtime;
use tokio::sync::watch;

use crate::fault::Fault;
use crate::fleet::Fleet;
use crate::gate::Gate;
use crate::options::Options;
use crate::request::{Request, Route};
use crate::server::{self, Shared};
use crate::state::State;
use crate::tls;

/// How long a test waits for the simulator to hold an answer before it fails.
const PATIENCE: Duration = Duration::from_secs(120);

/// A simulated Sophos Central that runs on a thread of its own until it is dropped.
///
/// All methods may be called while it serves requests. Everything that counts requests or answers counts from the
/// moment of the call: 1 is the next.
pub struct Simulator {
    url: String,
    port: u16,
    certificate: Option<String>,
    shared: Arc<Shared>,
    stop: Option<watch::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Simulator {
    /// Starts a simulator on 127.0.0.1. It is listening when this returns.
    ///
    /// # Panics
    ///
    /// When it cannot be started; [`Simulator::try_start`] returns the error instead.
    #[allow(clippy::panic, reason = "a test without its simulator cannot go on")]
    pub fn start(options: Options) -> Simulator {
        Simulator::try_start(options)
            .unwrap_or_else(|error| panic!("the simulator does not start: {error:#}"))
    }

    /// Starts a simulator on 127.0.0.1.
    ///
    /// # Errors
    ///
    /// When the port of the options is taken, or the system gives no socket, thread or certificate.
    pub fn try_start(options: Options) -> Result<Simulator> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port))
            .with_context(|| format!("port {} of 127.0.0.1 cannot be listened on", options.port))?;
        listener
            .set_nonblocking(true)
            .context("the socket cannot be made non-blocking")?;
        let port = listener
            .local_addr()
            .context("the socket has no address")?
            .port();
        let (acceptor, certificate) = if options.https {
            Some(tls::self_signed()?)
        } else {
            None
        }
        .unzip();
        let scheme = if options.https { "https" } else { "http" };
        let url = format!("{scheme}://127.0.0.1:{port}");

        let shared = Arc::new(Shared {
            state: State::new(options, url.clone()).into(),
            gate: Gate::new(),
        });
        let (stop, stopped) = watch::channel(());
        let runtime = runtime::Builder::new_current_thread()
            .enable_io()
            .build()
            .context("no runtime")?;
        let for_thread = Arc::clone(&shared);
        let listener = {
            let _inside = runtime.enter();
            tokio::net::TcpListener::from_std(listener).context("the socket cannot be used")?
        };
        let thread = thread::Builder::new()
            .name("simulator".to_owned())
            .spawn(move || runtime.block_on(server::run(listener, acceptor, for_thread, stopped)))
            .context("the system gives no thread")?;
        Ok(Simulator {
            url,
            port,
            certificate,
            shared,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Where it is: `http://127.0.0.1:PORT`, or `https://…`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its TCP port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The certificate of an HTTPS simulator as PEM text: a client that trusts it can connect.
    pub fn certificate(&self) -> Option<&str> {
        self.certificate.as_deref()
    }

    /// Changes the options; what they say holds from the next request on. The closure must not call the simulator.
    pub fn configure<T>(&self, change: impl FnOnce(&mut Options) -> T) -> T {
        change(&mut self.shared.lock().options)
    }

    /// Reads or changes the fleet of the first tenant. The closure must not call the simulator.
    ///
    /// # Panics
    ///
    /// When there is no tenant.
    pub fn fleet<T>(&self, change: impl FnOnce(&mut Fleet) -> T) -> T {
        self.fleet_of(0, change)
    }

    /// Reads or changes the fleet of the tenant at this place of [`Options::tenants`]. The closure must not call the
    /// simulator.
    ///
    /// # Panics
    ///
    /// When there is no such tenant.
    #[allow(clippy::panic, reason = "a wrong place in a test must stop that test")]
    pub fn fleet_of<T>(&self, tenant: usize, change: impl FnOnce(&mut Fleet) -> T) -> T {
        match self.shared.lock().options.tenants.get_mut(tenant) {
            Some(tenant) => change(&mut tenant.fleet),
            None => panic!("the simulator has no tenant at place {tenant}"),
        }
    }

    /// Changes the fleet just before the `nth` endpoints request is answered. The closure gets the fleet of the
    /// tenant that the request names (else of the first) and must not call the simulator.
    pub fn before(&self, nth: u64, change: impl FnOnce(&mut Fleet) + Send + 'static) {
        self.shared.lock().once_hooks.push((nth, Box::new(change)));
    }

    /// Changes the fleet just before every endpoints request is answered, as [`Simulator::before`] does once.
    pub fn before_each(&self, change: impl FnMut(&mut Fleet) + Send + 'static) {
        self.shared.lock().each_hooks.push(Box::new(change));
    }

    /// Makes the `nth` request of the route go wrong. Where several faults meet, the one set first is used.
    pub fn fault(&self, route: Route, nth: u64, fault: Fault) {
        self.shared.lock().script.once(route, nth, fault);
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
        self.shared
            .lock()
            .script
            .always(route, Arc::new(condition), fault);
    }

    /// Forgets all faults, those to come too.
    pub fn clear_faults(&self) {
        self.shared.lock().script.clear();
    }

    /// Makes all tokens issued so far invalid: 401.
    pub fn expire_tokens(&self) {
        self.shared.lock().tokens.clear();
    }

    /// Every token issued so far, oldest first: to look for them where they must not be.
    pub fn issued_tokens(&self) -> Vec<String> {
        self.shared.lock().issued.clone()
    }

    /// Holds the `nth` answer over all routes: it is computed, and what the request changes is changed, but nothing
    /// is sent until [`Simulator::release`].
    pub fn hold(&self, nth: u64) {
        self.shared.lock().holds.push(nth);
    }

    /// Blocks until an answer is held or stalled.
    ///
    /// # Panics
    ///
    /// When that has not come about within two minutes.
    #[allow(
        clippy::panic,
        reason = "a test that waits in vain must stop and say so"
    )]
    pub fn wait_until_held(&self) {
        if !self.shared.gate.block_until_waiting(PATIENCE, || false) {
            let count = self.shared.lock().requests.len();
            panic!(
                "the simulator holds no answer after {PATIENCE:?}; it has recorded {count} requests"
            );
        }
    }

    /// Blocks until an answer is held or stalled, or `stop` returns true (it is asked every few milliseconds): for a
    /// client that may end before it gets so far. Returns whether an answer is held.
    ///
    /// # Panics
    ///
    /// When neither has come about within two minutes.
    #[allow(
        clippy::panic,
        reason = "a test that waits in vain must stop and say so"
    )]
    pub fn wait_until_held_or(&self, mut stop: impl FnMut() -> bool) -> bool {
        let mut stopped = false;
        let held = self.shared.gate.block_until_waiting(PATIENCE, || {
            stopped = stop();
            stopped
        });
        if !held && !stopped {
            let count = self.shared.lock().requests.len();
            panic!(
                "neither an answer held nor the client ended after {PATIENCE:?}; {count} requests were recorded"
            );
        }
        held
    }

    /// How many answers are held or stalled now. One whose client has closed the connection is dropped.
    pub fn held(&self) -> usize {
        self.shared.gate.waiting()
    }

    /// Sends the answers that are held or stalled now; [`Simulator::held`] is 0 when this returns. Those to be held
    /// later stay to be held. Call it after a client was killed, too, so that what was held for it is not taken for
    /// what the next client waits for.
    pub fn release(&self) {
        self.shared.gate.open();
    }

    /// Forgets the answers that were to be held and are not yet.
    pub fn clear_holds(&self) {
        self.shared.lock().holds.clear();
    }

    /// The requests received so far, oldest first.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.lock().requests.clone()
    }

    /// The requests of one route received so far, oldest first.
    pub fn requests_of(&self, route: Route) -> Vec<Request> {
        self.shared
            .lock()
            .requests
            .iter()
            .filter(|request| request.route == Some(route))
            .cloned()
            .collect()
    }

    /// Forgets the requests received so far.
    pub fn clear_requests(&self) {
        self.shared.lock().requests.clear();
    }

    /// How many connections were accepted so far.
    pub fn connections(&self) -> u64 {
        self.shared.lock().connections
    }

    /// Serves until the process is killed.
    pub fn serve(mut self) {
        if let Some(thread) = self.thread.take() {
            // It ends only by a panic, which it has reported itself.
            let _ = thread.join();
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the server was reported when it came about; the test fails by what it sees.
            let _ = thread.join();
        }
    }
}
