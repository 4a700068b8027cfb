//! `lastSeenAfter` and `lastSeenBefore`.

use serde_json::json;
use sophos_central_simulator::{Fleet, Options, Simulator, instant};

use crate::client::{Session, assert_error};

fn seen(id: &str, last_seen_at: serde_json::Value) -> serde_json::Value {
    json!({"id": id, "hostname": id, "lastSeenAt": last_seen_at})
}

fn session_of(fleet: Fleet) -> (Simulator, Session) {
    let simulator = Simulator::start(Options::new(fleet));
    let session = Session::of(&simulator);
    (simulator, session)
}

#[test]
fn after_includes_its_moment_and_before_excludes_it() {
    let (_simulator, mut session) = session_of(Fleet::from_records([
        seen("a", json!("2026-11-20T08:00:00.499Z")),
        seen("b", json!("2026-11-20T08:00:00.500Z")),
        seen("c", json!("2026-11-20T08:00:00.501Z")),
        seen("d", json!("2026-11-20T08:00:01Z")),
    ]));
    let mut ids = |query: &[(&str, &str)]| session.endpoints(query).unwrap().ids();
    assert_eq!(
        ids(&[("lastSeenAfter", "2026-11-20T08:00:00.500Z")]),
        ["b", "c", "d"]
    );
    assert_eq!(
        ids(&[("lastSeenBefore", "2026-11-20T08:00:00.500Z")]),
        ["a"]
    );
    assert_eq!(
        ids(&[
            ("lastSeenAfter", "2026-11-20T08:00:00.5Z"),
            ("lastSeenBefore", "2026-11-20T08:00:01Z")
        ]),
        ["b", "c"]
    );
    assert_eq!(ids(&[("lastSeenAfter", "2026-11-20T08:00:01.000Z")]), ["d"]);
}

#[test]
fn an_endpoint_without_a_readable_time_matches_neither() {
    let (_simulator, mut session) = session_of(Fleet::from_records([
        json!({"id": "a", "hostname": "a"}),
        seen("b", json!("yesterday")),
        seen("c", json!(5)),
    ]));
    assert_eq!(session.walk_ids(&[]), ["a", "b", "c"]);
    assert_eq!(
        session.walk_ids(&[("lastSeenAfter", "1970-01-01T00:00:00Z")]),
        [""; 0]
    );
    assert_eq!(
        session.walk_ids(&[("lastSeenBefore", "2970-01-01T00:00:00Z")]),
        [""; 0]
    );
}

#[test]
fn only_utc_times_with_z_and_at_most_three_fraction_digits_are_accepted() {
    let (_simulator, mut session) = session_of(Fleet::new(1, 1));
    let good = [
        "2026-11-20T08:00:00Z",
        "2026-11-20T08:00:00.7Z",
        "2026-11-20T08:00:00.741Z",
    ];
    let bad = [
        "2026-11-20T08:00:00",
        "2026-11-20T08:00:00.7411Z",
        "2026-11-20T08:00:00.123456789Z",
        "2026-11-20T08:00:00+00:00",
        "2026-11-20T09:00:00+01:00",
        "2026-11-20",
        "2026-13-20T08:00:00Z",
        "1763625600",
        "P30D",
        "",
    ];
    for parameter in ["lastSeenAfter", "lastSeenBefore"] {
        for text in good {
            assert_eq!(
                session.endpoints(&[(parameter, text)]).unwrap().status,
                200,
                "{text}"
            );
        }
        for text in bad {
            assert_error(&session.endpoints(&[(parameter, text)]).unwrap(), 400);
        }
    }
}

#[test]
fn filters_are_evaluated_for_every_page() {
    let (simulator, mut session) = session_of(Fleet::new(1, 200));
    let after = ("lastSeenAfter", "2026-11-20T00:00:00Z");
    simulator.fleet(|fleet| {
        (0..200)
            .step_by(2)
            .for_each(|index| fleet.check_in(index, instant("2026-11-20T06:00:00Z")))
    });
    let first = session.endpoints(&[after, ("pageSize", "10")]).unwrap();
    // 30 lies behind the first page and checks in before the second is asked for; 41 lies ahead, 1 was passed.
    simulator.fleet(|fleet| {
        fleet.check_in(41, instant("2026-11-20T07:00:00Z"));
        fleet.check_in(1, instant("2026-11-20T07:00:00Z"));
    });
    let key = first.next_key().unwrap();
    let second = session
        .endpoints(&[after, ("pageSize", "500"), ("pageFromKey", &key)])
        .unwrap()
        .ids();
    let id = |index| simulator.fleet(|fleet| fleet.id(index));
    assert!(second.contains(&id(41)) && !second.contains(&id(1)));
    assert_eq!(first.ids().len() + second.len(), 101);
}
