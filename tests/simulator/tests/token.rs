//! The token route, and what a token is good for.

use sophos_central_simulator::{
    CLIENT_ID, CLIENT_SECRET, Clock, Fleet, Options, Simulator, instant,
};
use time::Duration;

use crate::client::{Client, Session, assert_error, good_form};

fn simulator() -> Simulator {
    Simulator::start(Options::new(Fleet::new(1, 3)))
}

#[test]
fn valid_credentials_get_a_token_of_the_documented_form() {
    let simulator = simulator();
    let reply = Client::of(&simulator)
        .token_with(&good_form(CLIENT_ID, CLIENT_SECRET))
        .unwrap();
    assert_eq!(reply.status, 200);
    let body = reply.json();
    assert_eq!(body["token_type"], "bearer");
    assert_eq!(body["errorCode"], "success");
    assert_eq!(body["message"], "OK");
    assert_eq!(body["expires_in"], 3600);
    assert_eq!(body["access_token"].as_str().unwrap().split('.').count(), 3);
    assert!(body["refresh_token"].is_string() && body["trackingId"].is_string());
    assert_eq!(
        simulator.issued_tokens(),
        [body["access_token"].as_str().unwrap()]
    );
}

#[test]
fn invalid_credentials_get_401_in_the_format_of_the_route() {
    let simulator = simulator();
    let cases = [
        (good_form(CLIENT_ID, "wrong"), "oauth.invalid_client_secret"),
        (
            good_form("nobody", CLIENT_SECRET),
            "oauth.client_app_does_not_exist",
        ),
    ];
    for (form, code) in cases {
        let reply = Client::of(&simulator).token_with(&form).unwrap();
        assert_eq!(reply.status, 401);
        assert_eq!(reply.json()["errorCode"], code);
        assert_eq!(reply.json()["message"], "Unauthorized");
        assert!(reply.json()["trackingId"].is_string() && reply.json()["access_token"].is_null());
    }
    simulator.configure(|options| options.credential_expired = true);
    let reply = Client::of(&simulator)
        .token_with(&good_form(CLIENT_ID, CLIENT_SECRET))
        .unwrap();
    assert_eq!(
        (reply.status, reply.json()["errorCode"].as_str()),
        (401, Some("oauth.client_disabled"))
    );
}

#[test]
fn a_token_request_in_another_format_gets_400() {
    let simulator = simulator();
    let mut wrong_grant = good_form(CLIENT_ID, CLIENT_SECRET);
    wrong_grant[0].1 = "password";
    let mut wrong_scope = good_form(CLIENT_ID, CLIENT_SECRET);
    wrong_scope[3].1 = "all";
    for form in [wrong_grant, wrong_scope] {
        assert_eq!(
            Client::of(&simulator).token_with(&form).unwrap().status,
            400
        );
    }
    let mut client = Client::of(&simulator);
    client
        .send(
            "POST",
            "/api/v2/oauth2/token",
            &[("content-type", "application/json")],
            b"{}",
        )
        .unwrap();
    assert_eq!(client.receive().unwrap().status, 400);
}

#[test]
fn a_token_expires_by_the_clock_of_the_simulator() {
    let simulator = simulator();
    let start = instant("2026-11-20T01:00:00Z");
    simulator.configure(|options| {
        options.clock = Clock::Fixed(start);
        options.expires_in = 60;
    });
    let mut session = Session::of(&simulator);
    simulator.configure(|options| options.clock = Clock::Fixed(start + Duration::seconds(59)));
    assert_eq!(session.endpoints(&[]).unwrap().status, 200);
    simulator.configure(|options| options.clock = Clock::Fixed(start + Duration::seconds(60)));
    assert_error(&session.endpoints(&[]).unwrap(), 401);
    assert_error(&session.get("/whoami/v1", &[]).unwrap(), 401);
    assert_eq!(Session::of(&simulator).endpoints(&[]).unwrap().status, 200);
}

#[test]
fn expired_and_unknown_tokens_get_401() {
    let simulator = simulator();
    let mut session = Session::of(&simulator);
    simulator.expire_tokens();
    assert_error(&session.endpoints(&[]).unwrap(), 401);
    session.authorization = session.client.authorization();
    assert_eq!(session.endpoints(&[]).unwrap().status, 200);
    for authorization in ["Bearer nonsense", "Basic bm9ib2R5", ""] {
        authorization.clone_into(&mut session.authorization);
        assert_error(&session.endpoints(&[]).unwrap(), 401);
    }
}

#[test]
fn an_offset_clock_shifts_the_date_header() {
    let simulator = simulator();
    simulator.configure(|options| options.clock = Clock::Offset(Duration::days(-3650)));
    let reply = Client::of(&simulator).get("/whoami/v1", &[]).unwrap();
    let year: i32 = reply
        .header("date")
        .unwrap()
        .split(' ')
        .nth(3)
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(
        year,
        (time::OffsetDateTime::now_utc() - Duration::days(3650)).year()
    );
}
