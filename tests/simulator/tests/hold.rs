//! Answers that are held or stalled, and clients that go away meanwhile.

use sophos_central_simulator::{DEFAULT_TENANT, Fault, Fleet, Options, Route, Simulator};

use crate::client::{Client, Session, endpoints_target};

/// Sends an endpoints request and reads nothing.
fn ask(session: &mut Session) {
    let headers = [
        ("authorization", session.authorization.as_str()),
        ("x-tenant-id", DEFAULT_TENANT),
    ];
    session
        .client
        .send("GET", &endpoints_target(&[]), &headers, b"")
        .unwrap();
}

/// Blocks until the server has noticed that the client of a held answer is gone.
fn wait_until_dropped(simulator: &Simulator) {
    while simulator.held() > 0 {
        std::thread::yield_now();
    }
}

#[test]
fn the_nth_answer_is_computed_and_held_until_released() {
    let simulator = Simulator::start(Options::new(Fleet::new(1, 3)));
    // Token, whoami, endpoints.
    simulator.hold(3);
    let mut session = Session::of(&simulator);
    session.get("/whoami/v1", &[]).unwrap();
    assert_eq!(simulator.held(), 0);
    ask(&mut session);
    simulator.wait_until_held();
    assert_eq!((simulator.held(), simulator.requests().len()), (1, 3));
    // It was computed before: what changes now is not in it.
    simulator.fleet(|fleet| fleet.remove(0));
    simulator.release();
    assert_eq!(session.client.receive().unwrap().ids().len(), 3);
    assert_eq!(session.endpoints(&[]).unwrap().ids().len(), 2);
}

#[test]
fn a_held_token_was_issued() {
    let simulator = Simulator::start(Options::new(Fleet::new(1, 3)));
    simulator.hold(1);
    let mut client = Client::of(&simulator);
    let form = "grant_type=client_credentials";
    client
        .send("POST", "/api/v2/oauth2/token", &[], form.as_bytes())
        .unwrap();
    simulator.wait_until_held();
    simulator.release();
    assert_eq!(client.receive().unwrap().status, 400);
}

#[test]
fn other_connections_are_served_while_one_is_held() {
    let simulator = Simulator::start(Options::new(Fleet::new(1, 3)));
    let mut session = Session::of(&simulator);
    simulator.hold(1);
    ask(&mut session);
    simulator.wait_until_held();
    assert_eq!(Session::of(&simulator).endpoints(&[]).unwrap().status, 200);
    simulator.release();
    assert_eq!(session.client.receive().unwrap().status, 200);
}

#[test]
fn a_client_that_leaves_is_no_longer_held_and_the_next_hold_works() {
    let simulator = Simulator::start(Options::new(Fleet::new(1, 3)));
    for _ in 0..3 {
        simulator.hold(2);
        let mut session = Session::of(&simulator);
        ask(&mut session);
        simulator.wait_until_held();
        drop(session);
        wait_until_dropped(&simulator);
    }
    simulator.clear_requests();
    for _ in 0..50 {
        simulator.hold(2);
        let mut session = Session::of(&simulator);
        ask(&mut session);
        simulator.wait_until_held();
        drop(session);
        // Whether or not the server has noticed by now, what was held for this client counts no more.
        simulator.release();
        assert_eq!(simulator.held(), 0);
    }
    assert_eq!(simulator.requests().len(), 100);
    assert_eq!(Session::of(&simulator).endpoints(&[]).unwrap().status, 200);
}

#[test]
fn a_test_can_stop_waiting_when_its_client_has_ended() {
    let simulator = Simulator::start(Options::new(Fleet::new(1, 3)));
    simulator.hold(100);
    Session::of(&simulator).endpoints(&[]).unwrap();
    assert!(!simulator.wait_until_held_or(|| true));
    simulator.clear_holds();
    simulator.hold(2);
    let mut session = Session::of(&simulator);
    ask(&mut session);
    assert!(simulator.wait_until_held_or(|| false));
}

#[test]
fn a_stalled_response_is_sent_when_released() {
    let simulator = Simulator::start(Options::new(Fleet::new(1, 3)));
    simulator.fault(Route::Endpoints, 1, Fault::Stall);
    let mut session = Session::of(&simulator);
    ask(&mut session);
    simulator.wait_until_held();
    simulator.release();
    assert_eq!(session.client.receive().unwrap().ids().len(), 3);
}

#[test]
fn an_answer_can_stall_in_its_body() {
    let simulator = Simulator::start(Options::new(Fleet::new(1, 3)));
    simulator.fault(Route::Endpoints, 1, Fault::StallInBody);
    let mut session = Session::of(&simulator);
    ask(&mut session);
    simulator.wait_until_held();
    // The head has come, though the rest is still to be released.
    assert_eq!(session.client.receive_some(13).unwrap(), b"HTTP/1.1 200 ");
    assert_eq!(simulator.held(), 1);
    simulator.release();
    let rest = session.client.receive_all().unwrap();
    assert!(rest.ends_with(b"}}"));

    simulator.fault(Route::Endpoints, 1, Fault::StallInBody);
    let mut session = Session::of(&simulator);
    ask(&mut session);
    simulator.wait_until_held();
    drop(session);
    wait_until_dropped(&simulator);
}

#[test]
fn a_simulator_that_holds_can_be_dropped() {
    let simulator = Simulator::start(Options::new(Fleet::new(1, 3)));
    simulator.hold(2);
    let mut session = Session::of(&simulator);
    ask(&mut session);
    simulator.wait_until_held();
    drop(simulator);
    assert!(session.client.receive().is_err());
}
