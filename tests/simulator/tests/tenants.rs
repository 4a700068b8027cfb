//! The tenants of a partner and of an organization, and their endpoints.

use sophos_central_simulator::{
    ACCOUNT_ID, Access, Credential, DEFAULT_TENANT, Fault, Fleet, Options, Route, Simulator, Tenant,
};

use crate::client::{Session, assert_error, endpoints_target};

const LEVELS: [(Credential, &str, &str, &str); 2] = [
    (
        Credential::Partner,
        "/partner/v1/tenants",
        "x-partner-id",
        "partner",
    ),
    (
        Credential::Organization,
        "/organization/v1/tenants",
        "x-organization-id",
        "organization",
    ),
];

#[test]
fn tenants_are_listed_by_page_number() {
    for (credential, path, header, owner) in LEVELS {
        let tenants = Tenant::generate(7, 120, 1);
        let ids: Vec<String> = tenants.iter().map(|tenant| tenant.id.clone()).collect();
        let simulator = Simulator::start(Options::with_tenants(credential, tenants));
        let mut session = Session::of(&simulator);
        let mut page = |query: &str| {
            session
                .get(&format!("{path}{query}"), &[(header, ACCOUNT_ID)])
                .unwrap()
        };

        let first = page("");
        assert_eq!(first.ids(), ids[..50]);
        assert_eq!(
            first.json()["pages"],
            serde_json::json!({"current": 1, "size": 50, "maxSize": 100})
        );
        assert_eq!(first.json()["items"][0]["apiHost"], simulator.url());
        assert_eq!(first.json()["items"][0][owner]["id"], ACCOUNT_ID);

        let second = page("?page=2&pageSize=1000&pageTotal=true");
        assert_eq!(second.ids(), ids[100..]);
        let pages = serde_json::json!({"current": 2, "size": 100, "maxSize": 100, "total": 2, "items": 120});
        assert_eq!(second.json()["pages"], pages);

        assert_eq!(page("?page=9").ids(), [""; 0]);
        for wrong in [
            "?page=0",
            "?page=x",
            "?pageSize=0",
            "?pageTotal=1",
            "?pageKey=2",
        ] {
            assert_error(&page(wrong), 400);
        }
    }
}

#[test]
fn each_level_needs_its_own_route_and_scope_header() {
    for (credential, path, header, _) in LEVELS {
        let simulator =
            Simulator::start(Options::with_tenants(credential, Tenant::generate(7, 1, 1)));
        let mut session = Session::of(&simulator);
        assert_eq!(
            session
                .get(path, &[(header, &ACCOUNT_ID.to_uppercase())])
                .unwrap()
                .status,
            200
        );
        assert_error(&session.get(path, &[]).unwrap(), 401);
        assert_error(
            &session.get(path, &[(header, DEFAULT_TENANT)]).unwrap(),
            403,
        );
        let (_, other_path, other_header, _) =
            *LEVELS.iter().find(|level| level.0 != credential).unwrap();
        assert_error(
            &session
                .get(other_path, &[(other_header, ACCOUNT_ID)])
                .unwrap(),
            403,
        );
        simulator.configure(|options| options.credential = Credential::Tenant);
        assert_error(&session.get(path, &[(header, ACCOUNT_ID)]).unwrap(), 403);
    }
}

#[test]
fn some_tenants_are_listed_and_cannot_be_read() {
    let mut tenants = Tenant::generate(7, 4, 2);
    tenants[1].access = Access::NotActivated;
    tenants[2].access = Access::Forbidden;
    tenants[3].access = Access::Suspended;
    let ids: Vec<String> = tenants.iter().map(|tenant| tenant.id.clone()).collect();
    let simulator = Simulator::start(Options::with_tenants(Credential::Partner, tenants));
    let mut session = Session::of(&simulator);

    let listed = session
        .get("/partner/v1/tenants", &[("x-partner-id", ACCOUNT_ID)])
        .unwrap()
        .json();
    let has_host = |place: usize| listed["items"][place]["apiHost"].is_string();
    assert_eq!([0, 1, 2, 3].map(has_host), [true, false, true, true]);
    let status = |place: usize| listed["items"][place]["status"].as_str();
    assert_eq!(
        [0, 1, 2, 3].map(status),
        [Some("active"), None, Some("active"), Some("suspended")]
    );

    let mut endpoints = |tenant: &str| {
        session
            .get(&endpoints_target(&[]), &[("x-tenant-id", tenant)])
            .unwrap()
    };
    let open = endpoints(&ids[0]);
    assert_eq!(open.ids(), simulator.fleet_of(0, |fleet| fleet.ids()));
    assert_eq!(open.json()["items"][0]["tenant"]["id"], ids[0]);
    assert_error(&endpoints(&ids[1]), 403);
    assert_error(&endpoints(&ids[2]), 403);
    assert_error(&endpoints(&ids[3]), 403);
    assert_error(&endpoints(ACCOUNT_ID), 403);
}

#[test]
fn a_fault_can_be_for_one_tenant_only() {
    let tenants = Tenant::generate(7, 2, 2);
    let ids: Vec<String> = tenants.iter().map(|tenant| tenant.id.clone()).collect();
    let simulator = Simulator::start(Options::with_tenants(Credential::Partner, tenants));
    let ill = ids[1].clone();
    let of_the_ill = move |request: &sophos_central_simulator::Request| {
        request.header("X-Tenant-ID") == Some(&ill)
    };
    simulator.fault_when(Route::Endpoints, of_the_ill, Fault::status(503));
    let mut session = Session::of(&simulator);
    let mut status = |tenant: &str| {
        session
            .get(&endpoints_target(&[]), &[("x-tenant-id", tenant)])
            .unwrap()
            .status
    };
    assert_eq!(
        [
            status(&ids[0]),
            status(&ids[1]),
            status(&ids[0]),
            status(&ids[1])
        ],
        [200, 503, 200, 503]
    );
}

#[test]
fn api_hosts_of_tenants_can_be_wrong() {
    let simulator = Simulator::start(Options::with_tenants(
        Credential::Partner,
        Tenant::generate(7, 2, 0),
    ));
    simulator.fault_always(
        Route::PartnerTenants,
        Fault::WrongHost("https://other.example.com".to_owned()),
    );
    let listed = Session::of(&simulator)
        .get("/partner/v1/tenants", &[("x-partner-id", ACCOUNT_ID)])
        .unwrap();
    assert_eq!(
        listed.json()["items"][1]["apiHost"],
        "https://other.example.com"
    );
}

#[test]
fn a_tenant_credential_reads_the_first_tenant_only() {
    let tenants = vec![
        Tenant::new(DEFAULT_TENANT, "Mine", Fleet::new(1, 1)),
        Tenant::new(ACCOUNT_ID, "Another's", Fleet::new(2, 1)),
    ];
    let simulator = Simulator::start(Options::with_tenants(Credential::Tenant, tenants));
    let mut session = Session::of(&simulator);
    let mut status = |tenant: &str| {
        session
            .get(&endpoints_target(&[]), &[("x-tenant-id", tenant)])
            .unwrap()
            .status
    };
    assert_eq!((status(DEFAULT_TENANT), status(ACCOUNT_ID)), (200, 403));
}
