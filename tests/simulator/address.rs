//! Addresses on loopback that never answer.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use socket2::{Domain, Socket, Type};

/// An address at which connecting fails, for as long as this value lives.
pub struct DeadAddress {
    url: String,
    _sockets: Vec<Socket>,
}

impl DeadAddress {
    /// Returns an address at which connecting is refused. The port is bound but not listened on, so nobody else can
    /// take it.
    ///
    /// # Panics
    ///
    /// If the system cannot create a socket.
    pub fn refusing() -> DeadAddress {
        made(DeadAddress::try_refusing())
    }

    /// Returns an address at which connecting neither succeeds nor fails, so that it times out: it is listened on,
    /// nobody accepts, and the queue of connections that wait to be accepted is full. (Linux.)
    ///
    /// # Panics
    ///
    /// If the system cannot create a socket.
    pub fn silent() -> DeadAddress {
        made(DeadAddress::try_silent())
    }

    /// Returns the address as `http://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        &self.url
    }

    fn try_refusing() -> io::Result<DeadAddress> {
        let (socket, address) = bound()?;
        Ok(DeadAddress {
            url: format!("http://{address}"),
            _sockets: vec![socket],
        })
    }

    fn try_silent() -> io::Result<DeadAddress> {
        let (socket, address) = bound()?;
        socket.listen(0)?;
        let mut sockets = vec![socket];
        // A queue of length 0 takes one connection; the others make sure that it is full.
        for _ in 0..4 {
            let filler = Socket::new(Domain::IPV4, Type::STREAM, None)?;
            filler.set_nonblocking(true)?;
            // It fails with "in progress": the handshake is done, or not, without anybody waiting for it.
            let _ = filler.connect(&address.into());
            sockets.push(filler);
        }
        Ok(DeadAddress {
            url: format!("http://{address}"),
            _sockets: sockets,
        })
    }
}

#[allow(clippy::panic, reason = "a test that gets no socket cannot go on")]
fn made(address: io::Result<DeadAddress>) -> DeadAddress {
    address.unwrap_or_else(|error| panic!("no socket for a dead address: {error}"))
}

fn bound() -> io::Result<(Socket, SocketAddr)> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    let address = socket
        .local_addr()?
        .as_socket()
        .ok_or_else(|| io::Error::other("the socket has no address"))?;
    Ok((socket, address))
}
