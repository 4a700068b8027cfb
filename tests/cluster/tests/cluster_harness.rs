//! The harness itself: servers are killed and come back, and a network that is cut keeps what is sent for later.
#![allow(clippy::unwrap_used)]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use sophos_central_simulator::nats::{Proxy, Servers, Settings};

#[test]
fn a_cluster_of_three_elects_another_leader_when_one_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let mut servers = Servers::start(folder.path(), 3, Settings::default()).unwrap();
    let leader = servers.leader().unwrap();
    servers.kill(leader);
    let end = Instant::now() + Duration::from_secs(120);
    while servers.leader().is_none_or(|next| next == leader) {
        assert!(Instant::now() < end, "no other leader\n{}", servers.logs());
    }
    servers.restart(leader).unwrap();
    servers.wait_until_ready().unwrap();
    assert_eq!(servers.memory().len(), 3);
}

#[test]
fn a_network_that_is_cut_delivers_once_it_is_healed() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = Proxy::start(&[listener.local_addr().unwrap()]).unwrap();
    let url = proxy.urls().remove(0);
    let mut client = TcpStream::connect(url.strip_prefix("nats://").unwrap()).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    let mut bytes = [0; 4];
    for back in [false, true] {
        let (from, to) = match back {
            false => (&mut client, &mut server),
            true => (&mut server, &mut client),
        };
        from.write_all(b"ping").unwrap();
        to.read_exact(&mut bytes).unwrap();
        assert_eq!(&bytes, b"ping");
        proxy.cut();
        from.write_all(b"late").unwrap();
        to.set_read_timeout(Some(Duration::from_millis(100)))
            .unwrap();
        to.read_exact(&mut bytes).unwrap_err();
        proxy.heal();
        to.set_read_timeout(None).unwrap();
        to.read_exact(&mut bytes).unwrap();
        assert_eq!(&bytes, b"late");
    }
}
