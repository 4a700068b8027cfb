//! The endpoints route: pages, keys, views, and what it refuses.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use sophos_central_simulator::{ACCOUNT_ID, DEFAULT_TENANT, Fleet, Options, Simulator};

use crate::client::{Session, assert_error, endpoints_target};

fn started(size: u64) -> (Simulator, Session) {
    let simulator = Simulator::start(Options::new(Fleet::new(1, size)));
    let session = Session::of(&simulator);
    (simulator, session)
}

#[test]
fn a_walk_lists_every_id_once_in_order() {
    let (simulator, mut session) = started(1204);
    let pages = session.walk(&[("pageSize", "500"), ("view", "full")]);
    let sizes: Vec<usize> = pages.iter().map(|page| page.ids().len()).collect();
    assert_eq!(sizes, [500, 500, 204]);
    let ids: Vec<String> = pages.iter().flat_map(|page| page.ids()).collect();
    assert_eq!(ids, simulator.fleet(|fleet| fleet.ids()));
    assert!(ids.is_sorted());
}

#[test]
fn pages_contain_key_size_and_on_request_totals() {
    let (_simulator, mut session) = started(120);
    let first = session.endpoints(&[]).unwrap().json();
    let key = first["pages"]["nextKey"].as_str().unwrap();
    assert_eq!(
        first["pages"],
        json!({"size": 50, "maxSize": 500, "nextKey": key})
    );
    assert_eq!(first["items"].as_array().unwrap().len(), 50);

    let second = session
        .endpoints(&[
            ("pageFromKey", key),
            ("pageSize", "9999"),
            ("pageTotal", "true"),
        ])
        .unwrap();
    let second = second.json();
    assert_eq!(
        second["pages"],
        json!({"size": 500, "maxSize": 500, "fromKey": key, "total": 1, "items": 120})
    );
    let named: Vec<String> = serde_json::from_slice(&STANDARD.decode(key).unwrap()).unwrap();
    assert_eq!(json!(named), json!([second["items"][0]["id"]]));
}

#[test]
fn a_full_last_page_has_no_next_key_and_an_empty_fleet_has_an_empty_page() {
    let (_simulator, mut session) = started(100);
    assert_eq!(session.walk(&[]).len(), 2);
    let (_simulator, mut session) = started(0);
    let page = session
        .endpoints(&[("pageTotal", "true"), ("pageFromKey", "")])
        .unwrap()
        .json();
    assert_eq!(
        page,
        json!({"items": [], "pages": {"size": 50, "maxSize": 500, "total": 0, "items": 0}})
    );
}

#[test]
fn a_key_stays_valid_after_its_endpoint_is_gone_and_keeps_no_filter() {
    let (simulator, mut session) = started(120);
    let ids = simulator.fleet(|fleet| fleet.ids());
    let key = session.endpoints(&[]).unwrap().next_key().unwrap();
    simulator.fleet(|fleet| fleet.remove(50));
    assert_eq!(
        session.endpoints(&[("pageFromKey", &key)]).unwrap().ids(),
        ids[51..101]
    );
    // A client that omits a filter with the key gets what it requests: everything.
    let narrow = session
        .endpoints(&[
            ("pageFromKey", &key),
            ("lastSeenAfter", "2030-01-01T00:00:00Z"),
        ])
        .unwrap();
    assert_eq!(narrow.ids(), [""; 0]);
}

#[test]
fn the_views_contain_different_fields() {
    let (_simulator, mut session) = started(1);
    let mut fields = |view: &[(&str, &str)]| {
        let item = session.endpoints(view).unwrap().json()["items"][0].clone();
        item.as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    let (basic, summary, full) = (
        fields(&[("view", "basic")]),
        fields(&[("view", "summary")]),
        fields(&[("view", "full")]),
    );
    assert_eq!(basic, ["hostname", "id", "tenant", "type"]);
    assert_eq!(fields(&[]), summary);
    assert!(summary.iter().all(|field| full.contains(field)));
    assert!(full.contains(&"cloned".to_owned()) && !summary.contains(&"cloned".to_owned()));
    assert!(summary.contains(&"assignedProducts".to_owned()));
}

#[test]
fn an_invalid_query_gets_400() {
    let (_simulator, mut session) = started(3);
    let encoded = |json: &str| STANDARD.encode(json);
    let keys = [
        "!!",
        "abc",
        &encoded("{}"),
        &encoded("[1]"),
        &encoded("[\"a\",\"b\"]"),
        &encoded("not JSON"),
    ];
    let keys: Vec<[(&str, &str); 1]> = keys.iter().map(|key| [("pageFromKey", *key)]).collect();
    let others = [
        [("pageSize", "0")],
        [("pageSize", "many")],
        [("view", "everything")],
        [("pageTotal", "yes")],
        [("pageKey", "x")],
    ];
    for query in keys.iter().chain(&others) {
        assert_error(&session.endpoints(query).unwrap(), 400);
    }
    let tenant = ("x-tenant-id", DEFAULT_TENANT);
    for query in [
        "",
        "?sort=healthStatus",
        "?sort=id:desc",
        "?sort=lastSeenAt",
    ] {
        assert_error(
            &session
                .get(&format!("/endpoint/v1/endpoints{query}"), &[tenant])
                .unwrap(),
            400,
        );
    }
    assert_eq!(
        session
            .get("/endpoint/v1/endpoints?sort=id:asc", &[tenant])
            .unwrap()
            .status,
        200
    );
}

#[test]
fn the_tenant_header_is_required_and_must_be_the_callers() {
    let (_simulator, mut session) = started(1);
    let target = endpoints_target(&[]);
    assert_error(&session.get(&target, &[]).unwrap(), 401);
    assert_error(
        &session
            .get(&target, &[("x-tenant-id", "not-a-uuid")])
            .unwrap(),
        400,
    );
    assert_error(
        &session
            .get(&target, &[("x-tenant-id", ACCOUNT_ID)])
            .unwrap(),
        403,
    );
    let upper = DEFAULT_TENANT.to_uppercase();
    assert_eq!(
        session
            .get(&target, &[("x-tenant-id", &upper)])
            .unwrap()
            .status,
        200
    );
    for scope in ["x-partner-id", "x-organization-id"] {
        let headers = [("x-tenant-id", DEFAULT_TENANT), (scope, ACCOUNT_ID)];
        assert_error(&session.get(&target, &headers).unwrap(), 400);
    }
}

#[test]
fn a_role_without_the_permission_gets_403_although_whoami_works() {
    let (simulator, mut session) = started(1);
    simulator.configure(|options| options.endpoints_forbidden = true);
    assert_error(&session.endpoints(&[]).unwrap(), 403);
    assert_eq!(session.get("/whoami/v1", &[]).unwrap().status, 200);
}

#[test]
fn other_paths_and_methods_get_404_and_405() {
    let (_simulator, mut session) = started(1);
    for path in ["/", "/whoami/v2", "//whoami/v1", "/whoami/v1/"] {
        assert_error(&session.get(path, &[]).unwrap(), 404);
    }
    assert_error(&session.get("/api/v2/oauth2/token", &[]).unwrap(), 405);
    session
        .client
        .send("POST", "/whoami/v1", &[], b"x")
        .unwrap();
    assert_error(&session.client.receive().unwrap(), 405);
}
