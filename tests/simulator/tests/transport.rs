//! Below the API: connections, compression, TLS, and addresses that never answer.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use sophos_central_simulator::{
    Clock, DEFAULT_TENANT, DeadAddress, Fleet, Gzip, Options, Route, Simulator, instant,
};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::client::{Client, Session, endpoints_target};

#[test]
fn connections_are_kept_alive_and_counted() {
    let simulator = Simulator::start(Options::new(Fleet::new(1, 120)));
    let mut session = Session::of(&simulator);
    session.walk(&[]);
    assert_eq!(simulator.connections(), 1);
    Session::of(&simulator).endpoints(&[]).unwrap();
    assert_eq!(simulator.connections(), 2);
    let connections: Vec<u64> = simulator
        .requests()
        .iter()
        .map(|request| request.connection)
        .collect();
    assert_eq!(connections, [1, 1, 1, 1, 2, 2]);
}

#[test]
fn requests_are_recorded_as_sent() {
    let simulator = Simulator::start(Options::new(Fleet::new(1, 1)));
    let mut session = Session::of(&simulator);
    session
        .endpoints(&[("lastSeenAfter", "2026-11-20T08:00:00Z")])
        .unwrap();
    session.get("/nowhere", &[]).unwrap();
    let requests = simulator.requests();
    let routes: Vec<Option<Route>> = requests.iter().map(|request| request.route).collect();
    assert_eq!(routes, [Some(Route::Token), Some(Route::Endpoints), None]);
    assert_eq!(requests[0].method, "POST");
    assert_eq!(
        requests[0].form("client_secret").as_deref(),
        Some(sophos_central_simulator::CLIENT_SECRET)
    );
    assert_eq!(requests[1].path, "/endpoint/v1/endpoints");
    assert_eq!(
        requests[1].query("lastSeenAfter"),
        Some("2026-11-20T08:00:00Z")
    );
    assert_eq!(
        requests[1].raw_query,
        "sort=id&lastSeenAfter=2026-11-20T08%3A00%3A00Z"
    );
    assert_eq!(requests[1].header("X-Tenant-ID"), Some(DEFAULT_TENANT));
    assert!(!format!("{requests:?}").contains("secret"));
    assert_eq!(simulator.requests_of(Route::Endpoints).len(), 1);
    simulator.clear_requests();
    assert_eq!(simulator.requests().len(), 0);
    simulator.configure(|options| options.record_requests = false);
    session.endpoints(&[]).unwrap();
    assert_eq!(simulator.requests().len(), 0);
}

#[test]
fn answers_are_compressed_if_the_client_accepts_it_or_as_configured() {
    let simulator = Simulator::start(Options::new(Fleet::new(1, 50)));
    let mut session = Session::of(&simulator);
    let cases = [
        (Gzip::WhenOffered, true, true),
        (Gzip::WhenOffered, false, false),
        (Gzip::Never, true, false),
        (Gzip::Always, false, true),
    ];
    for (gzip, offered, compressed) in cases {
        simulator.configure(|options| options.gzip = gzip);
        let tenant = ("x-tenant-id", DEFAULT_TENANT);
        let headers = [tenant, ("accept-encoding", "gzip, deflate")];
        let headers = if offered { &headers[..] } else { &headers[..1] };
        let reply = session.get(&endpoints_target(&[]), headers).unwrap();
        assert_eq!(
            reply.header("content-encoding") == Some("gzip"),
            compressed,
            "{gzip:?}"
        );
        assert_eq!(reply.ids().len(), 50);
    }
}

#[test]
fn every_answer_has_the_date_of_the_clock_or_none() {
    let simulator = Simulator::start(Options::new(Fleet::new(1, 1)));
    let clock = Clock::Fixed(instant("2026-11-20T08:41:07.318Z"));
    simulator.configure(|options| options.clock = clock);
    let mut session = Session::of(&simulator);
    let answers = [
        session.endpoints(&[]).unwrap(),
        session.get("/whoami/v1", &[]).unwrap(),
        session.get("/nowhere", &[]).unwrap(),
        session.client.token_with(&[]).unwrap(),
    ];
    for answer in answers {
        assert_eq!(answer.header("date"), Some("Fri, 20 Nov 2026 08:41:07 GMT"));
    }
    simulator.configure(|options| options.date_header = false);
    assert_eq!(session.endpoints(&[]).unwrap().header("date"), None);
}

#[test]
fn two_simulators_run_in_parallel_and_a_port_can_be_chosen() {
    let first = Simulator::start(Options::new(Fleet::new(1, 1)));
    let second = Simulator::start(Options::new(Fleet::new(2, 2)));
    assert_eq!(Session::of(&first).endpoints(&[]).unwrap().ids().len(), 1);
    assert_eq!(Session::of(&second).endpoints(&[]).unwrap().ids().len(), 2);
    let mut taken = Options::new(Fleet::new(1, 1));
    taken.port = first.port();
    let error = Simulator::try_start(taken).err().unwrap().to_string();
    assert!(error.contains(&first.port().to_string()), "{error}");
}

#[test]
fn a_dropped_simulator_no_longer_listens() {
    let simulator = Simulator::start(Options::new(Fleet::new(1, 1)));
    let mut session = Session::of(&simulator);
    let port = simulator.port();
    drop(simulator);
    assert!(session.endpoints(&[]).is_err());
    assert_eq!(
        TcpStream::connect(("127.0.0.1", port)).unwrap_err().kind(),
        ErrorKind::ConnectionRefused
    );
}

/// Returns a TLS connection whose client trusts these certificates only.
fn over_tls(
    simulator: &Simulator,
    trusted: RootCertStore,
) -> Client<StreamOwned<ClientConnection, TcpStream>> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(trusted)
        .with_no_client_auth();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let stream = TcpStream::connect(("127.0.0.1", simulator.port())).unwrap();
    Client::over(StreamOwned::new(connection, stream))
}

#[test]
fn https_works_only_for_clients_that_trust_the_certificate() {
    let mut options = Options::new(Fleet::new(1, 1));
    options.https = true;
    let simulator = Simulator::start(options);
    assert!(simulator.url().starts_with("https://127.0.0.1:"));

    let mut trusted = RootCertStore::empty();
    let pem = simulator.certificate().unwrap();
    trusted
        .add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap())
        .unwrap();
    let mut client = over_tls(&simulator, trusted);
    assert!(client.authorization().starts_with("Bearer "));

    let mut others = RootCertStore::empty();
    let other = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    others.add(other.cert.der().clone()).unwrap();
    let error = over_tls(&simulator, others)
        .get("/whoami/v1", &[])
        .unwrap_err();
    assert!(error.to_string().contains("certificate"), "{error}");
    assert_eq!(simulator.requests().len(), 1);
}

#[test]
fn a_reset_fault_works_with_tls() {
    let mut options = Options::new(Fleet::new(1, 1));
    options.https = true;
    let simulator = Simulator::start(options);
    simulator.fault(Route::Whoami, 1, sophos_central_simulator::Fault::Reset);
    let mut trusted = RootCertStore::empty();
    let pem = simulator.certificate().unwrap();
    trusted
        .add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap())
        .unwrap();
    let error = over_tls(&simulator, trusted)
        .get("/whoami/v1", &[])
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

fn address_of(dead: &DeadAddress) -> SocketAddr {
    dead.url().strip_prefix("http://").unwrap().parse().unwrap()
}

#[test]
fn a_refusing_address_refuses_connections() {
    let dead = DeadAddress::refusing();
    for _ in 0..3 {
        assert_eq!(
            TcpStream::connect(address_of(&dead)).unwrap_err().kind(),
            ErrorKind::ConnectionRefused
        );
    }
}

#[test]
fn a_silent_address_makes_connections_time_out() {
    let dead = DeadAddress::silent();
    for _ in 0..3 {
        let connected = TcpStream::connect_timeout(&address_of(&dead), Duration::from_millis(100));
        assert_eq!(connected.unwrap_err().kind(), ErrorKind::TimedOut);
    }
}
