//! Credentials of partners and organizations: every tenant is a source of its own, and a tenant that cannot be
//! collected does not affect the others.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise, in its helpers too"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use sophos_central_simulator::{
    ACCOUNT_ID, Access, Credential, Fault, Options, Request, Route, Tenant,
};
use support::{QUICK, Ran, Workplace};

/// How many endpoints each tenant has.
const EACH: u64 = 2;

const LEVELS: [(Credential, Route, &str, &str); 2] = [
    (
        Credential::Partner,
        Route::PartnerTenants,
        "partner",
        "x-partner-id",
    ),
    (
        Credential::Organization,
        Route::OrganizationTenants,
        "organization",
        "x-organization-id",
    ),
];

fn partner(tenants: Vec<Tenant>) -> Workplace {
    Workplace::new(Options::with_tenants(Credential::Partner, tenants))
}

/// Returns the endpoints of the collectable tenants, in the order of their ids.
fn endpoints_of(tenants: &[Tenant]) -> Vec<String> {
    let open = tenants
        .iter()
        .filter(|tenant| tenant.access == Access::Open && tenant.api_host.is_none());
    let mut ids: Vec<_> = open.flat_map(|tenant| tenant.fleet.ids()).collect();
    ids.sort();
    ids
}

/// Returns the lines of the log that name a source.
fn told_of(ran: &Ran, source: &str) -> String {
    let lines: Vec<_> = ran
        .stderr
        .lines()
        .filter(|line| line.contains(source))
        .collect();
    lines.join("\n")
}

/// Returns the tenants whose endpoints were requested. No request may name the account above them.
fn asked(requests: &[Request]) -> BTreeSet<String> {
    for request in requests {
        for (_, _, _, scope) in LEVELS {
            assert_eq!(request.header(scope), None, "{request:?}");
        }
    }
    let tenant = |request: &Request| request.header("x-tenant-id").unwrap().to_owned();
    requests.iter().map(tenant).collect()
}

/// Collects one source after the other, with one worker and one token.
#[track_caller]
fn one_job(work: &Workplace, code: i32) -> Ran {
    work.host(&["collect", "--jobs", "1"]).expect(code)
}

#[test]
fn a_partner_collects_every_collectable_tenant_with_one_token() {
    let mut tenants = Tenant::generate(7, 250, EACH);
    tenants[10].access = Access::Forbidden;
    tenants[120].access = Access::NotActivated;
    tenants[200].api_host = Some("https://other.example.com".to_owned());
    tenants[249].access = Access::Suspended;
    let id = |place: usize| tenants[place].id.clone();
    let (closed, new, elsewhere, suspended) = (id(10), id(120), id(200), id(249));
    let work = partner(tenants.clone());

    let ran = one_job(&work, 0).says(&[
        "sources 246 (0 failed, 4 not collectable)",
        "events 492, rejects 0, retries 0,",
    ]);
    assert_eq!(work.ids(), endpoints_of(&tenants));
    for (source, words) in [
        (
            &closed,
            ["not collected", "Partner Assistance", "another partner"],
        ),
        (&new, ["not collected", "data centre", "sign in"]),
        (
            &elsewhere,
            ["not collected", "*.central.sophos.com", "is not sent there"],
        ),
        (
            &suspended,
            ["not collected", "is suspended", "leave the tenant out"],
        ),
    ] {
        let told = told_of(&ran, source);
        for word in words {
            assert!(told.contains(word), "{word}: {told}");
        }
        // The advice for a tenant's own credential does not apply here.
        assert!(!told.contains("Credentials Management"), "{told}");
    }
    assert!(!ran.stderr.contains("other.example.com"), "{}", ran.stderr);

    let simulator = &work.simulator;
    assert_eq!(simulator.requests_of(Route::Token).len(), 1);
    assert_eq!(simulator.requests_of(Route::Whoami).len(), 1);
    let pages = simulator.requests_of(Route::PartnerTenants);
    let numbers: Vec<_> = pages.iter().map(|page| page.query("page")).collect();
    assert_eq!(numbers, [Some("1"), Some("2"), Some("3")]);
    for page in &pages {
        assert_eq!(page.header("x-partner-id"), Some(ACCOUNT_ID));
        assert_eq!(page.header("x-tenant-id"), None);
        assert_eq!(page.query("pageSize"), Some("100"));
        assert_eq!(page.query("pageTotal"), Some("true"));
    }
    let requests = simulator.requests_of(Route::Endpoints);
    assert_eq!(requests.len(), 248);
    let not_asked = [&new, &elsewhere];
    let expected: BTreeSet<_> = tenants
        .iter()
        .map(|tenant| tenant.id.clone())
        .filter(|id| !not_asked.contains(&id))
        .collect();
    assert_eq!(asked(&requests), expected);

    // Each has its own cursor, so the next run delivers nothing and retries what failed.
    work.forget_events();
    simulator.clear_requests();
    one_job(&work, 0).says(&["sources 246 (0 failed, 4 not collectable)", "events 0,"]);
    let requests = simulator.requests_of(Route::Endpoints);
    for request in requests {
        let known = request.query("lastSeenAfter").is_some();
        let tenant = request.header("x-tenant-id").unwrap();
        assert_eq!(known, tenant != closed && tenant != suspended, "{tenant}");
    }
    assert_eq!(simulator.requests_of(Route::Token).len(), 1);
}

#[test]
fn events_in_ocsf_have_the_name_that_the_listing_gives_their_tenant() {
    let names = [
        "Dupont & Fils",
        "a/../b\u{1b}[2J\u{202e}\"",
        &"é".repeat(400),
    ];
    for (dialect, is_named) in [("ocsf", true), ("sekoia", false)] {
        let tenants: Vec<_> = Tenant::generate(7, 3, EACH)
            .into_iter()
            .zip(names)
            .map(|(tenant, name)| Tenant::new(&tenant.id, name, tenant.fleet))
            .collect();
        let ids = tenants.iter().map(|tenant| tenant.id.clone());
        let names: BTreeMap<_, _> = ids.zip(names).collect();
        let work = partner(tenants);
        work.configure(&format!("dialect = {dialect:?}"), "");
        one_job(&work, 0).says(&["events 6"]);
        for event in work.events() {
            let org = &event["device"]["org"];
            let id = org["uid"].as_str().unwrap();
            let short: String = names[id].chars().take(256).collect();
            let expected = if is_named { &short } else { id };
            assert_eq!(org["name"], *expected);
        }
        // The cursor of a tenant with a name is taken up like any other.
        work.forget_events();
        one_job(&work, 0).says(&["events 0"]);
    }
}

#[test]
fn an_organization_collects_its_tenants_with_one_token() {
    let mut tenants = Tenant::generate(8, 3, EACH);
    tenants[1].access = Access::Forbidden;
    let closed = tenants[1].id.clone();
    let work = Workplace::new(Options {
        upper_case_id: true,
        ..Options::with_tenants(Credential::Organization, tenants.clone())
    });
    let ran = one_job(&work, 0).says(&["sources 2 (0 failed, 1 not collectable)"]);
    assert_eq!(work.ids(), endpoints_of(&tenants));
    let told = told_of(&ran, &closed);
    for word in ["organization", "Sophos Central Enterprise"] {
        assert!(told.contains(word), "{word}: {told}");
    }
    assert!(!told.contains("Partner"), "{told}");
    let pages = work.simulator.requests_of(Route::OrganizationTenants);
    assert_eq!(pages.len(), 1);
    assert_eq!(pages[0].header("x-organization-id"), Some(ACCOUNT_ID));
    assert_eq!(
        asked(&work.simulator.requests_of(Route::Endpoints)).len(),
        3
    );
    assert_eq!(work.simulator.requests_of(Route::Token).len(), 1);
    assert_eq!(work.simulator.requests_of(Route::Whoami).len(), 1);
}

#[test]
fn an_invalid_tenant_in_a_listing_does_not_affect_the_others() {
    let tenants = Tenant::generate(9, 2, EACH);
    let work = partner(tenants.clone());
    let first = tenants[0].id.to_uppercase();
    work.simulator.fault_always(
        Route::PartnerTenants,
        Fault::edit(move |page| {
            let items = page["items"].as_array_mut().unwrap();
            items.insert(0, json!(5));
            items.insert(
                1,
                json!({"name": "Nobody", "apiHost": "https://api-eu01.central.sophos.com"}),
            );
            items.push(json!({"id": first, "name": "Again"}));
            items.push(Value::Null);
        }),
    );
    let ran = work
        .collect(0)
        .says(&["sources 2 (0 failed, 1 not collectable)"]);
    assert_eq!(work.ids(), endpoints_of(&tenants));
    let told = told_of(&ran, "(unidentified)");
    assert!(told.contains("without an id"), "{told}");
    assert!(told.contains("number 1, 2, 6 on the page"), "{told}");
}

#[test]
fn a_token_that_expires_between_tenants_or_pages_is_renewed() {
    for route in [Route::PartnerTenants, Route::Endpoints] {
        let tenants = Tenant::generate(10, 102, 1);
        let work = partner(tenants.clone());
        work.simulator.fault(route, 2, Fault::status(401));
        one_job(&work, 0).says(&["events 102, rejects 0, retries 1,"]);
        assert_eq!(work.ids(), endpoints_of(&tenants));
        assert_eq!(
            work.simulator.requests_of(Route::Token).len(),
            2,
            "{route:?}"
        );
    }
}

#[test]
fn a_broken_listing_is_never_taken_for_a_complete_one() {
    let pages = |key: &'static str, value: Value| {
        Fault::edit(move |page| page["pages"][key] = value.clone())
    };
    for (name, fault) in [
        ("garbage", Fault::garbage()),
        ("an HTML page", Fault::html()),
        ("an empty object", Fault::empty_object()),
        ("no items", Fault::without("items")),
        ("no pages", Fault::without("pages")),
        ("items that are none", Fault::with("items", json!({}))),
        ("the first page again", pages("current", json!(1))),
        ("a total that is none", pages("total", json!("2"))),
    ] {
        println!("{name}");
        let work = partner(Tenant::generate(11, 101, 0));
        work.simulator.fault(Route::PartnerTenants, 2, fault);
        work.collect(1).says(&[
            "invalid response from the API",
            "should be a page of tenants",
        ]);
        let last = work
            .simulator
            .configure(|options| options.tenants[100].id.clone());
        let requests = work.simulator.requests_of(Route::Endpoints);
        assert!(!asked(&requests).contains(&last));
        work.collect(0).says(&["sources 101 (0 failed"]);
    }
}

#[test]
fn check_reads_one_endpoint_of_one_tenant() {
    for (credential, route, level, scope) in LEVELS {
        let tenants = Tenant::generate(12, 120, EACH);
        let first = tenants[0].id.clone();
        let work = Workplace::new(Options::with_tenants(credential, tenants));
        let region = format!(
            "Endpoints of the tenant {first} were read from {}.",
            work.simulator.url()
        );
        let ran = work.host(&["check"]).expect(0).says(&[
            &format!("acme: ok. The credentials are those of the {level} {ACCOUNT_ID} and may read devices."),
            "Tenants listed: 120.",
            &region,
        ]);
        assert!(!ran.stdout.contains("do not let"), "{}", ran.stdout);
        // The first page to find a tenant, then both pages to list all of them.
        let pages = work.simulator.requests_of(route);
        assert_eq!(pages.len(), 3);
        for page in &pages {
            assert_eq!(page.header(scope), Some(ACCOUNT_ID));
        }
        let requests = work.simulator.requests_of(Route::Endpoints);
        assert_eq!(requests.len(), 1);
        assert_eq!(requests[0].query("pageSize"), Some("1"));
        assert_eq!(requests[0].query("view"), Some("full"));
        assert_eq!(asked(&requests), BTreeSet::from([first]));
        assert!(work.events().is_empty());
    }
}

/// `check` of a partner with tenants of this access: the exit code, how many endpoints requests, and the words.
#[track_caller]
fn check(access: &[Access], code: i32, requests: usize, words: &[&str]) -> Ran {
    let count = u64::try_from(access.len()).unwrap();
    let mut tenants = Tenant::generate(13, count, EACH);
    for (tenant, access) in tenants.iter_mut().zip(access) {
        tenant.access = *access;
    }
    let work = partner(tenants);
    let ran = work.host(&["check"]).expect(code).says(words);
    let sent = work.simulator.requests_of(Route::Endpoints);
    assert_eq!(sent.len(), requests, "{access:?}");
    ran
}

#[test]
fn check_continues_to_a_tenant_that_can_be_read() {
    use Access::{Forbidden, NotActivated, Open, Suspended};
    let before = "do not allow their endpoints to be read: 2.";
    check(
        &[Forbidden, NotActivated, Forbidden, Open],
        0,
        3,
        &["acme: ok.", before],
    );
    check(
        &[NotActivated, Suspended, Open, Forbidden],
        0,
        2,
        &["acme: ok."],
    );
}

#[test]
fn check_fails_if_every_tenant_it_tries_refuses() {
    use Access::{Forbidden, Open};
    for (access, tried) in [
        (vec![Forbidden, Forbidden, Forbidden, Open], "(3)"),
        (vec![Forbidden], "(1)"),
    ] {
        let requests = access.len().min(3);
        let words = [
            "acme: failed: a permission is missing",
            tried,
            "Service Principal ReadOnly",
            "Sophos Central Partner > Settings & Policies > API Credentials Management",
            "Partner Assistance",
        ];
        check(&access, 1, requests, &words);
    }
}

#[test]
fn check_passes_if_no_tenant_refuses_and_none_can_be_read() {
    check(&[], 0, 0, &["acme: ok.", "No tenant is listed yet"]);
    let words = [
        "acme: ok.",
        "Tenants listed: 2.",
        "None of those",
        "data centre",
    ];
    check(&[Access::NotActivated, Access::NotActivated], 0, 0, &words);
}

#[test]
fn check_does_not_conclude_from_one_region_that_is_down() {
    let tenants = Tenant::generate(14, 2, EACH);
    let first = tenants[0].id.clone();
    let work = partner(tenants);
    let of_the_first = move |request: &Request| request.header("x-tenant-id") == Some(&first);
    work.simulator
        .fault_when(Route::Endpoints, of_the_first, Fault::status(503));
    work.host(&["check"]).expect(0).says(&["acme: ok."]);
    work.simulator.clear_faults();
    work.simulator
        .fault_always(Route::Endpoints, Fault::status(503));
    work.host(&["check"])
        .expect(1)
        .says(&["acme: failed: the API is unavailable", "(503)"]);
}

#[test]
fn the_tenant_cannot_be_set_in_the_configuration() {
    let work = partner(Tenant::generate(15, 1, EACH));
    let tenant = work
        .simulator
        .configure(|options| options.tenants[0].id.clone());
    let line = format!(
        "tenant = {{ id = \"{tenant}\", api_host = \"{}\" }}",
        work.simulator.url()
    );
    work.configure(&line, QUICK);
    for command in ["check", "collect"] {
        work.host(&[command])
            .expect(2)
            .says(&["account.acme.config.tenant", "set by the component itself"]);
    }
    assert!(work.simulator.requests().is_empty());
}
