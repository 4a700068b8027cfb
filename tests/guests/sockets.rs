//! Opens sockets of its own, and asks for names.

use std::net::{TcpListener, TcpStream, ToSocketAddrs, UdpSocket};

use hostile_guests::{Batch, Config, Error, Hostile, batch, event, hostile, other};

struct Guest;

impl Hostile for Guest {
    fn collect(config: &Config, _cursor: Option<&str>) -> Result<Batch, Error> {
        let here = format!("127.0.0.1:{}", config.port());
        let mut reached = Vec::new();
        for address in [&here, "192.0.2.1:443", "[::1]:443"] {
            if TcpStream::connect(address).is_ok() {
                reached.push(event(&format!("TCP to {address}")));
            }
            let sent = UdpSocket::bind("0.0.0.0:0").and_then(|socket| {
                socket.connect(address)?;
                socket.send(b"guest")
            });
            if sent.is_ok() {
                reached.push(event(&format!("UDP to {address}")));
            }
        }
        for address in ["127.0.0.1:0", "0.0.0.0:0", "[::]:0"] {
            if TcpListener::bind(address).is_ok() || UdpSocket::bind(address).is_ok() {
                reached.push(event(&format!("listens on {address}")));
            }
        }
        for name in [
            "api.guest.example:443",
            "secret.other.example:53",
            "localhost:80",
        ] {
            if name
                .to_socket_addrs()
                .is_ok_and(|mut found| found.next().is_some())
            {
                reached.push(event(&format!("the address of {name}")));
            }
        }
        match reached.is_empty() {
            true => Err(other("no socket was opened")),
            false => Ok(batch(reached)),
        }
    }
}

hostile!(Guest);
