//! A server that runs on a thread of its own until it is dropped.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Arc, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::runtime;
use tokio::sync::watch;

use crate::gate::Gate;
use crate::server::{self, Answering, Shared};
use crate::tls::Certificate;

/// How long a test waits for an answer to be held before it fails.
const PATIENCE: Duration = Duration::from_secs(120);

/// Where a server is.
pub(crate) struct Place {
    /// An address of this machine.
    pub(crate) address: Ipv4Addr,
    /// The TCP port; 0 takes any that is free.
    pub(crate) port: u16,
    /// The name in its URL, where that is not the address.
    pub(crate) host: Option<String>,
    /// Whether it speaks HTTPS.
    pub(crate) https: bool,
    /// The certificate of HTTPS; one that no authority has signed if none.
    pub(crate) certificate: Option<Certificate>,
}

/// A running server.
pub(crate) struct Running<S> {
    /// Where it is: `http://127.0.0.1:PORT`, or `https://…`; with the name of its place, if that has one.
    pub(crate) url: String,
    /// Its TCP port.
    pub(crate) port: u16,
    /// The certificate of an HTTPS server as PEM text.
    pub(crate) certificate: Option<String>,
    name: &'static str,
    shared: Arc<Shared<S>>,
    stop: Option<watch::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl<S: Answering> Running<S> {
    /// Starts a server; `state` gets its URL. It is listening when this returns.
    ///
    /// # Errors
    ///
    /// If the port is in use, or the system cannot create a socket, a thread or a certificate.
    pub(crate) fn start(
        name: &'static str,
        place: Place,
        state: impl FnOnce(&str) -> S,
    ) -> Result<Self> {
        let (address, port) = (place.address, place.port);
        let listener = TcpListener::bind((address, port))
            .with_context(|| format!("port {port} of {address} cannot be listened on"))?;
        listener
            .set_nonblocking(true)
            .context("the socket cannot be made non-blocking")?;
        let port = listener
            .local_addr()
            .context("the socket has no address")?
            .port();
        let certificate = match (place.https, place.certificate) {
            (false, _) => None,
            (true, None) => Some(Certificate::self_signed(&["127.0.0.1", "localhost"])?),
            (true, certificate) => certificate,
        };
        let scheme = if place.https { "https" } else { "http" };
        let host = place.host.unwrap_or_else(|| address.to_string());
        let url = format!("{scheme}://{host}:{port}");

        let shared = Arc::new(Shared {
            state: state(&url).into(),
            gate: Gate::new(),
        });
        let (stop, stopped) = watch::channel(());
        let runtime = runtime::Builder::new_current_thread()
            .enable_io()
            .build()
            .context("no runtime")?;
        let for_thread = Arc::clone(&shared);
        let (acceptor, certificate) = certificate
            .map(|certificate| (certificate.acceptor.clone(), certificate.pem().to_owned()))
            .unzip();
        let listener = {
            let _inside = runtime.enter();
            tokio::net::TcpListener::from_std(listener).context("the socket cannot be used")?
        };
        let thread = thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || runtime.block_on(server::run(listener, acceptor, for_thread, stopped)))
            .context("the system gives no thread")?;
        Ok(Running {
            url,
            port,
            certificate,
            name,
            shared,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Returns the state that decides on its answers.
    pub(crate) fn lock(&self) -> MutexGuard<'_, S> {
        self.shared.lock()
    }

    /// Returns the gate at which its answers are held.
    pub(crate) fn gate(&self) -> &Gate {
        &self.shared.gate
    }

    /// Blocks until an answer is held or stalled, or `stop` returns true. Returns whether an answer is held.
    ///
    /// # Panics
    ///
    /// If neither has happened within two minutes.
    #[allow(
        clippy::panic,
        reason = "a test that waits in vain must stop and say so"
    )]
    pub(crate) fn wait_until_held_or(&self, mut stop: impl FnMut() -> bool) -> bool {
        let mut stopped = false;
        let held = self.gate().block_until_waiting(PATIENCE, || {
            stopped = stop();
            stopped
        });
        if !held && !stopped {
            let (name, count) = (self.name, self.lock().recorded());
            panic!(
                "the {name} holds no answer after {PATIENCE:?}, nor did its client end; it has recorded {count} requests"
            );
        }
        held
    }

    /// Serves until the process is killed.
    pub(crate) fn serve(mut self) {
        if let Some(thread) = self.thread.take() {
            // It ends only by a panic, which it has reported itself.
            let _ = thread.join();
        }
    }
}

impl<S> Drop for Running<S> {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the server was reported when it happened; the test fails by its own assertions.
            let _ = thread.join();
        }
    }
}
