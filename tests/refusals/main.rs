//! What `check` and `collect` print if nothing can be collected: the reason, what to do, where to click.
//! Nothing is delivered, nothing is stored, and no secret is shown.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise, in its helpers too"
)]

#[path = "../support/mod.rs"]
mod support;

mod network;
mod secrets;

use serde_json::json;
use sophos_central_simulator::{
    CLIENT_SECRET, Credential, DEFAULT_TENANT, DeadAddress, Fault, Fleet, Options, Route, Tenant,
};
use support::{QUICK, Ran, TOKEN, Workplace};

/// The tables of a configuration with few retries.
const IMPATIENT: &str = r#"
[account.acme.retry]
total = "60ms"
first = "1ms"
most = "10ms"
[account.acme.timeouts]
connect = "100ms"
"#;

/// Where to click, whatever is wrong with the credential.
const CREDENTIALS: &str = "Sophos Central Admin > Global Settings > API Credentials Management";

fn options() -> Options {
    Options::new(Fleet::new(1, 120))
}

/// Asserts that `check` and `collect` both fail with these texts, and leave nothing behind.
#[track_caller]
fn refused(work: &Workplace, words: &[&str]) {
    for args in [["check", "-vv"], ["collect", "-vv"]] {
        work.simulator.clear_requests();
        let ran = work.host(&args).expect(1).says(words);
        assert_no_secret(work, &ran);
        if args[0] == "check" {
            assert!(ran.stdout.starts_with("acme: failed: "), "{}", ran.stdout);
            let tokens = work.simulator.requests_of(Route::Token).len();
            assert!(tokens <= 1, "check tried again");
        }
        assert!(work.events().is_empty(), "{args:?}");
        assert!(work.cursor().is_none(), "{args:?}");
        let listed = work.host(&["state", "list"]).expect(0).stdout;
        assert!(
            listed.contains("nothing is stored yet") || mark_and_walk(&listed) == ["-", "-"],
            "{args:?}: {listed}"
        );
    }
}

/// Returns the two columns about the progress of the only listed source.
fn mark_and_walk(listed: &str) -> [&str; 2] {
    let row = listed.lines().nth(1).unwrap();
    let mut columns = row.split_whitespace().skip(3);
    [columns.next().unwrap(), columns.next().unwrap()]
}

/// Returns the forms in which a secret may appear: as it is, and in a form body.
fn secrets(work: &Workplace) -> Vec<String> {
    let form = form_urlencoded::byte_serialize(CLIENT_SECRET.as_bytes()).collect();
    let mut secrets = work.simulator.issued_tokens();
    secrets.extend([CLIENT_SECRET.to_owned(), form]);
    secrets
}

/// Asserts that neither the client secret nor any token is in the outputs or in a file of the folder.
#[track_caller]
fn assert_no_secret(work: &Workplace, ran: &Ran) {
    assert_hidden(work, ran, &secrets(work));
}

/// Asserts that none of these texts is in the outputs or in a file of the folder.
#[track_caller]
fn assert_hidden(work: &Workplace, ran: &Ran, texts: &[String]) {
    let mut places = vec![
        (
            "standard output".to_owned(),
            ran.stdout.clone().into_bytes(),
        ),
        ("standard error".to_owned(), ran.stderr.clone().into_bytes()),
    ];
    for path in work.files() {
        places.push((path.display().to_string(), std::fs::read(&path).unwrap()));
    }
    for (place, bytes) in places {
        for secret in texts {
            let found = bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes());
            assert!(!found, "{place} holds {secret:?}");
        }
    }
}

#[test]
fn a_good_credential_passes() {
    let work = Workplace::new(options());
    let ran = work.host(&["check", "-vv"]).expect(0);
    assert!(
        ran.stdout.starts_with("acme: ok. "),
        "it begins with the verdict: {}",
        ran.stdout
    );
    let region = work.simulator.url().to_owned();
    let ran = ran.says(&["tenant", DEFAULT_TENANT, "may read devices", &region]);
    assert_no_secret(&work, &ran);
    let requests = work.simulator.requests_of(Route::Endpoints);
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].query("pageSize"), Some("1"));
    assert_eq!(requests[0].query("view"), Some("full"));
    assert!(work.events().is_empty());
    assert!(work.cursor().is_none());
}

#[test]
fn check_passes_without_any_endpoint() {
    let work = Workplace::new(Options::new(Fleet::new(1, 0)));
    work.host(&["check"]).expect(0).says(&["acme: ok."]);
}

#[test]
fn a_wrong_secret_is_reported() {
    let work = Workplace::new(options());
    work.simulator
        .configure(|options| options.client_secret = "another".to_owned());
    refused(
        &work,
        &[
            "client secret is wrong",
            "make a new credential",
            CREDENTIALS,
        ],
    );
}

#[test]
fn an_unknown_client_is_reported() {
    let work = Workplace::new(options());
    work.simulator
        .configure(|options| options.client_id = "another".to_owned());
    refused(
        &work,
        &["client ID is unknown", "Copy it again", CREDENTIALS],
    );
}

#[test]
fn an_expired_credential_is_reported() {
    let work = Workplace::new(Options {
        credential_expired: true,
        ..options()
    });
    refused(&work, &["has expired", "Make a new one", CREDENTIALS]);
}

#[test]
fn a_refusal_without_a_known_code_is_reported() {
    let work = Workplace::new(options());
    work.simulator
        .fault_always(Route::Token, Fault::status(401));
    refused(&work, &["was refused", "expiry date", CREDENTIALS]);
}

#[test]
fn a_role_without_the_permission_is_reported() {
    let work = Workplace::new(Options {
        endpoints_forbidden: true,
        ..options()
    });
    refused(
        &work,
        &[
            "permission is missing",
            "may not read endpoints",
            "Service Principal ReadOnly",
            CREDENTIALS,
        ],
    );
}

/// Returns a partner's and an organization's credential with one tenant, each with the route of its tenants.
fn parents() -> [(Options, Route); 2] {
    [
        (Credential::Partner, Route::PartnerTenants),
        (Credential::Organization, Route::OrganizationTenants),
    ]
    .map(|(credential, route)| {
        let tenant = Tenant::new(DEFAULT_TENANT, "Example Dental Ltd", Fleet::new(1, 120));
        (Options::with_tenants(credential, vec![tenant]), route)
    })
}

#[test]
fn a_partner_or_organization_without_the_permission_to_list_tenants_is_reported() {
    for ((options, route), words) in parents().into_iter().zip([
        ["tenants of the partner", "Sophos Central Partner >"],
        ["tenants of the organization", "Sophos Central Enterprise >"],
    ]) {
        let work = Workplace::new(options);
        work.simulator.fault_always(route, Fault::status(403));
        refused(
            &work,
            &[
                "permission is missing",
                "may not list",
                words[0],
                "Service Principal ReadOnly",
                words[1],
                "API Credentials Management",
            ],
        );
    }
}

#[test]
fn check_does_not_retry() {
    for (name, route, fault) in [
        ("token 429", Route::Token, Fault::rate_limited(Some(0))),
        ("token 503", Route::Token, Fault::status(503)),
        ("whoami reset", Route::Whoami, Fault::Reset),
        ("endpoints 503", Route::Endpoints, Fault::status(503)),
        ("endpoints 401", Route::Endpoints, Fault::status(401)),
        ("endpoints garbage", Route::Endpoints, Fault::garbage()),
    ] {
        let work = Workplace::new(options());
        work.simulator.fault(route, 1, fault);
        let ran = work.host(&["check", "-vv"]).expect(1);
        assert!(ran.stdout.starts_with("acme: failed: "), "{name}");
        assert_eq!(work.simulator.requests_of(route).len(), 1, "{name}");
        work.host(&["check"]).expect(0);
    }
}

#[test]
fn every_account_is_checked_even_if_one_is_refused() {
    let work = Workplace::new(options());
    let config = std::fs::read_to_string(work.path("asset-host.toml")).unwrap();
    let other = config
        .replace("account.acme", "account.other")
        .replace("events.ndjson", "other.ndjson")
        .replace(sophos_central_simulator::CLIENT_ID, "unknown");
    work.write("asset-host.toml", &format!("{config}{other}"));
    work.host(&["check"])
        .expect(1)
        .says(&["acme: ok.", "other: failed: ", "client ID is unknown"]);
    work.host(&["collect"])
        .expect(1)
        .says(&["client ID is unknown", "events 120,", "(1 failed"]);
    assert_eq!(work.ids().len(), 120);
}
