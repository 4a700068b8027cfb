//! A network between one replica and the servers, which can be cut and healed.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use anyhow::Result;

/// Forwards connections to servers. While it is cut, it forwards nothing and closes nothing; what was sent meanwhile
/// arrives once it is healed, as TCP would have sent it again.
pub struct Proxy {
    addresses: Vec<SocketAddr>,
    link: Arc<Link>,
}

#[derive(Default)]
struct Link {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    is_cut: bool,
    is_closed: bool,
    /// One end of each connection.
    streams: Vec<TcpStream>,
}

impl Link {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_cut(&self, is_cut: bool) {
        self.lock().is_cut = is_cut;
        self.changed.notify_all();
    }

    /// Waits while the network is cut. Returns false once the proxy is dropped.
    fn pass(&self) -> bool {
        let state = self.lock();
        let state = self
            .changed
            .wait_while(state, |state| state.is_cut && !state.is_closed)
            .unwrap_or_else(PoisonError::into_inner);
        !state.is_closed
    }
}

impl Proxy {
    /// Starts a proxy for these servers.
    ///
    /// # Errors
    ///
    /// If the system creates no socket.
    pub fn start(servers: &[SocketAddr]) -> Result<Self> {
        let link = Arc::new(Link::default());
        let mut addresses = Vec::new();
        for server in servers {
            let listener = TcpListener::bind("127.0.0.1:0")?;
            addresses.push(listener.local_addr()?);
            let (link, server) = (Arc::clone(&link), *server);
            thread::spawn(move || accept(&listener, server, &link));
        }
        Ok(Self { addresses, link })
    }

    /// Returns the URLs at which the replica reaches the servers, in their order.
    pub fn urls(&self) -> Vec<String> {
        let urls = self.addresses.iter();
        urls.map(|address| format!("nats://{address}")).collect()
    }

    /// Cuts the network, in both directions.
    pub fn cut(&self) {
        self.link.set_cut(true);
    }

    /// Heals the network.
    pub fn heal(&self) {
        self.link.set_cut(false);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let mut state = self.link.lock();
        state.is_closed = true;
        for stream in &state.streams {
            // The other side may have closed it.
            let _ = stream.shutdown(Shutdown::Both);
        }
        drop(state);
        self.link.changed.notify_all();
        for address in &self.addresses {
            // It wakes the thread that accepts.
            let _ = TcpStream::connect(address);
        }
    }
}

fn accept(listener: &TcpListener, server: SocketAddr, link: &Arc<Link>) {
    while let Ok((client, _)) = listener.accept() {
        if link.lock().is_closed {
            return;
        }
        let link = Arc::clone(link);
        // A connection that fails is the client's to see.
        thread::spawn(move || forward(client, server, &link));
    }
}

fn forward(client: TcpStream, server: SocketAddr, link: &Arc<Link>) -> io::Result<()> {
    if !link.pass() {
        return Ok(());
    }
    let server = TcpStream::connect(server)?;
    for stream in [&client, &server] {
        stream.set_nodelay(true)?;
    }
    link.lock().streams.push(client.try_clone()?);
    let (from, to, back) = (client.try_clone()?, server.try_clone()?, Arc::clone(link));
    thread::spawn(move || copy(from, to, &back));
    copy(server, client, link);
    Ok(())
}

fn copy(mut from: TcpStream, mut to: TcpStream, link: &Link) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        let sent = buffer
            .get(..count)
            .map(|bytes| link.pass() && to.write_all(bytes).is_ok());
        if sent != Some(true) {
            break;
        }
    }
    // An end, too, arrives only over a network that is not cut.
    link.pass();
    for stream in [from, to] {
        // The other direction may have closed both.
        let _ = stream.shutdown(Shutdown::Both);
    }
}
