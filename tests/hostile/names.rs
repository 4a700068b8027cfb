//! Where a guest may go, by name: scheme, host, port, and the forms of a URL.

use sophos_central_simulator::Authority;
use sophos_central_simulator::Fault;
use sophos_central_simulator::intake::{Failure, Intake, Options, Route};

use crate::listener::Listener;
use crate::place::Place;

/// Asserts that each of the guest's requests was refused by its rule, and no name was looked up.
#[track_caller]
fn refused(guest: &str, rules: &[(&str, u64)]) {
    let nobody = Listener::start();
    let place = Place::new(guest).config(&format!("port = {}", nobody.port()));
    place
        .collect(1)
        .failed(&["the request was not allowed"])
        .denied(rules)
        .asked_for_no_name();
    nobody.saw_nobody();
}

#[test]
fn other_host() {
    refused("other_host", &[("host", 6)]);
}

#[test]
fn ip_literal() {
    refused("ip_literal", &[("host", 3), ("loopback", 3)]);
}

#[test]
fn decimal_literal() {
    refused("decimal_literal", &[("host", 1), ("loopback", 3)]);
}

#[test]
fn octal_literal() {
    refused("octal_literal", &[("host", 1), ("loopback", 4)]);
}

#[test]
fn mapped_ipv6() {
    refused("mapped_ipv6", &[("host", 4), ("loopback", 2)]);
}

#[test]
fn http_on_port_80() {
    refused("http_on_port_80", &[("host", 2), ("scheme", 2)]);
}

#[test]
fn userinfo_trick() {
    refused("userinfo_trick", &[("userinfo", 3)]);
}

#[test]
fn origin_in_a_schema_default() {
    refused("origin_in_a_schema_default", &[("host", 1)]);
}

#[test]
fn origin_in_a_source() {
    // Without the rule it would get there: the name resolves to an address that the account allows.
    let nobody = Listener::start();
    let place = Place::new("origin_in_a_source")
        .account("allow_addresses = [\"127.0.0.0/8\"]")
        .names("source.example 127.0.0.1")
        .config(&format!("port = {}", nobody.port()));
    place
        .collect(1)
        .failed(&["the request was not allowed"])
        .denied(&[("host", 2)])
        .asked_for_no_name();
    nobody.saw_nobody();
}

#[test]
fn forbidden_headers() {
    let told = Place::new("forbidden_headers").collect(1);
    let headers = [
        "Expect",
        "Host",
        "host",
        "Connection",
        "Keep-Alive",
        "Transfer-Encoding",
        "TE",
        "Trailer",
        "Upgrade",
        "HTTP2-Settings",
        "Proxy-Authorization",
        "Proxy-Authenticate",
        "Proxy-Connection",
        "Proxy-Anything",
    ];
    told.failed(
        &headers
            .map(|name| format!("{name} (header: HeaderError::Forbidden)"))
            .each_ref()
            .map(String::as_str),
    )
    .denied(&[("header", headers.len() as u64)]);
}

/// Returns a guest that may reach a server by the name in its manifest, and an account that trusts it.
fn served(guest: &str, account: &str) -> (Place, Intake) {
    let authority = Authority::new().unwrap();
    let certificate = authority.certificate(&["api.guest.example"]).unwrap();
    let server = Intake::start(Options {
        https: true,
        certificate: Some(certificate),
        ..Options::new()
    });
    let url = format!("https://api.guest.example:{}/", server.port());
    let place = Place::new(guest)
        .trusts(authority.pem())
        .account("allow_addresses = [\"127.0.0.0/8\"]")
        .account(account)
        .config(&format!("api_url = \"{url}\""))
        .names("api.guest.example 127.0.0.1\nother.example 127.0.0.1");
    (place, server)
}

#[test]
fn redirect_to_another_host() {
    let nobody = Listener::start();
    let (place, server) = served("redirect_to_another_host", "");
    let there = format!("https://other.example:{}/", nobody.port());
    server.fault_always(Route::Plain, Failure::of(Fault::Redirect(there.clone())));
    let told = place.collect(1);
    let told = told
        .failed(&["the request was not allowed", &there])
        .denied(&[("host", 1)]);
    assert_eq!(told.lookups, ["api.guest.example 127.0.0.1"]);
    assert_eq!(server.requests().len(), 1);
    nobody.saw_nobody();
}

#[test]
fn a_host_that_the_account_excludes_is_refused() {
    let place = Place::new("http_on_port_80").account("hosts = []");
    place
        .collect(1)
        .failed(&["the request was not allowed"])
        .denied(&[("host", 4)])
        .asked_for_no_name();
}
