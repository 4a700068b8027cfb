//! A listener that must see nobody.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener, TcpStream};

/// Listens and never answers; a connection stays with the system until it is asked about.
pub struct Listener(TcpListener);

impl Listener {
    /// On any free port of 127.0.0.1.
    pub fn start() -> Self {
        Self::on(Ipv4Addr::LOCALHOST, 0)
    }

    /// On this port of an address of this machine.
    pub fn on(address: Ipv4Addr, port: u16) -> Self {
        let listener = TcpListener::bind((address, port)).unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.0.local_addr().unwrap().port()
    }

    /// Asserts that nobody has connected.
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
fn it_sees_who_has_gone_again() {
    let listener = Listener::start();
    listener.saw_nobody();
    drop(TcpStream::connect(("127.0.0.1", listener.port())).unwrap());
    listener.saw_nobody();
}
