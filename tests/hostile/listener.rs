//! A listener that must get no connection.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener, TcpStream};

/// Listens and never answers; the system keeps a connection until it is accepted.
pub struct Listener(TcpListener);

impl Listener {
    /// Listens on any free port of 127.0.0.1.
    pub fn start() -> Self {
        Self::on(Ipv4Addr::LOCALHOST, 0)
    }

    /// Listens on this port of an address of this machine.
    pub fn on(address: Ipv4Addr, port: u16) -> Self {
        let listener = TcpListener::bind((address, port)).unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    /// Returns its port.
    pub fn port(&self) -> u16 {
        self.0.local_addr().unwrap().port()
    }

    /// Asserts that there was no connection.
    #[track_caller]
    pub fn saw_nobody(&self) {
        match self.0.accept() {
            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}"),
            Ok((_, from)) => panic!("{from} has connected"),
        }
    }
}

#[test]
#[should_panic(expected = "has connected")]
fn the_listener_notices_clients_that_have_left() {
    let listener = Listener::start();
    listener.saw_nobody();
    drop(TcpStream::connect(("127.0.0.1", listener.port())).unwrap());
    listener.saw_nobody();
}
