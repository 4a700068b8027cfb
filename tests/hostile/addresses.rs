//! Where a guest may go, by address: the host connects to exactly the address that it has checked, or not at all.

use std::net::Ipv4Addr;

use sophos_central_simulator::intake::{Failure, Intake, Options, Route};
use sophos_central_simulator::{Authority, Fault};

use crate::listener::Listener;
use crate::place::Place;

/// Addresses to which no name may resolve.
const SPECIAL: [&str; 20] = [
    "127.0.0.1",
    "127.1.2.3",
    "::1",
    "::ffff:127.0.0.1",
    "0.0.0.0",
    "::",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.0.1",
    "::ffff:10.0.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "::ffff:169.254.169.254",
    "fd00:ec2::254",
    "fe80::1",
    "64:ff9b::a00:1",
    "224.0.0.1",
    "ff02::1",
    "192.0.2.1",
    "2001:db8::1",
];

#[test]
fn name_resolves_to_loopback() {
    let nobody = Listener::start();
    let url = format!("https://api.guest.example:{}/", nobody.port());
    let place = Place::new("name_resolves_to_loopback")
        .config(&format!("api_url = \"{url}\""))
        .names(&format!("api.guest.example {}", SPECIAL.join(" ")));
    let told = place
        .collect(1)
        .failed(&["the request was not allowed"])
        .denied(&[("address", SPECIAL.len() as u64)]);
    let each = SPECIAL.map(|address| format!("api.guest.example {address}"));
    assert_eq!(told.lookups, each);
    nobody.saw_nobody();
}

/// Allowing this machine, or one network, allows nothing else.
#[test]
fn an_allowed_address_allows_no_other() {
    let url = "https://api.guest.example/";
    let here = ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"];
    let others = SPECIAL.iter().filter(|address| !here.contains(address));
    let names: Vec<_> = others.copied().collect();
    let place = Place::new("name_resolves_to_loopback")
        .account("allow_loopback_http = true\nallow_addresses = [\"10.0.0.2/31\"]")
        .config(&format!("api_url = \"{url}\""))
        .names(&format!("api.guest.example {}", names.join(" ")));
    place
        .collect(1)
        .failed(&["the request was not allowed"])
        .denied(&[("address", SPECIAL.len() as u64)]);
}

#[test]
fn name_changes_its_address() {
    let authority = Authority::new().unwrap();
    let certificate = authority.certificate(&["api.guest.example"]).unwrap();
    let server = Intake::start(Options {
        https: true,
        certificate: Some(certificate),
        address: Ipv4Addr::new(127, 0, 0, 2),
        ..Options::new()
    });
    // Each request needs a connection of its own.
    server.fault_always(
        Route::Plain,
        Failure::of(Fault::Status {
            code: 404,
            headers: vec![("connection".to_owned(), "close".to_owned())],
            body: None,
        }),
    );
    let nobody = Listener::on(Ipv4Addr::new(127, 0, 0, 3), server.port());
    let url = format!("https://api.guest.example:{}/", server.port());
    let place = Place::new("name_changes_its_address")
        .trusts(authority.pem())
        .account("allow_addresses = [\"127.0.0.2/32\"]")
        .config(&format!("api_url = \"{url}\""))
        .names("api.guest.example 127.0.0.2 127.0.0.3");
    let told = place.collect(0).denied(&[("address", 2)]);
    let lookups = ["127.0.0.2", "127.0.0.3", "127.0.0.3"];
    assert_eq!(
        told.lookups,
        lookups.map(|address| format!("api.guest.example {address}"))
    );
    let events = told.delivered.concat();
    for event in ["first 404", "second ErrorCode::", "third ErrorCode::"] {
        assert!(events.contains(event), "{events}");
    }
    assert_eq!(server.requests().len(), 1);
    nobody.saw_nobody();
}
