//! What `check` and `collect` print if nothing can be collected: the reason, what to do, where to click.
//! Nothing is delivered, nothing is stored, and no secret is shown.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise, in its helpers too"
)]

mod support;

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
            assert!(ran.stdout.starts_with("acme: failed. "), "{}", ran.stdout);
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
    for file in std::fs::read_dir(work.path("")).unwrap() {
        let path = file.unwrap().path();
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

/// Asserts what both commands print for an unreachable API; `collect` retries for a while, and `check` does not.
#[track_caller]
fn unreachable(url: &str, words: &[&str]) {
    let work = Workplace::new(options());
    work.configure_for(url, "", IMPATIENT);
    refused(&work, &[url, "could not be reached", "Check the network"]);
    let check = work.host(&["check"]).expect(1).says(words);
    assert!(!check.stderr.contains("trying again"), "{}", check.stderr);
    let collect = work.host(&["collect"]).expect(1).says(words);
    assert!(
        collect.stderr.contains("trying again"),
        "{}",
        collect.stderr
    );
    assert_eq!(work.simulator.connections(), 0);
}

#[test]
fn an_address_that_refuses_connections_is_reported() {
    let dead = DeadAddress::refusing();
    unreachable(dead.url(), &["the connection was refused"]);
}

#[test]
fn an_address_that_never_answers_is_reported() {
    let dead = DeadAddress::silent();
    unreachable(dead.url(), &["took too long"]);
}

#[test]
fn a_name_that_cannot_be_resolved_is_reported() {
    // No name has a label of more than 63 characters, so no server is queried.
    let url = format!("https://{}.example", "x".repeat(64));
    unreachable(&url, &["the host name could not be resolved"]);
}

#[test]
fn a_self_signed_certificate_is_not_trusted() {
    let work = Workplace::new(Options {
        https: true,
        ..options()
    });
    refused(
        &work,
        &[
            "connection is not secure",
            work.simulator.url(),
            "not trusted",
            "proxy",
            "certificate authorities",
            "clock",
            "UnknownIssuer",
        ],
    );
    assert!(work.simulator.requests().is_empty());
}

#[test]
fn http_to_a_port_of_https_is_reported() {
    let work = Workplace::new(Options {
        https: true,
        ..options()
    });
    let url = work.simulator.url().replace("https:", "http:");
    work.configure_for(&url, "", IMPATIENT);
    for command in ["check", "collect"] {
        work.host(&[command]).expect(1).says(&[&url, "Check the"]);
    }
    assert!(work.cursor().is_none());
}

#[test]
fn https_to_a_port_of_http_is_reported() {
    let work = Workplace::new(options());
    let url = work.simulator.url().replace("http:", "https:");
    work.configure_for(&url, "", IMPATIENT);
    refused(&work, &["connection is not secure", &url]);
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
        assert!(ran.stdout.starts_with("acme: failed. "), "{name}");
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
        .says(&["acme: ok.", "other: failed. ", "client ID is unknown"]);
    work.host(&["collect"])
        .expect(1)
        .says(&["client ID is unknown", "events 120,", "(1 failed"]);
    assert_eq!(work.ids().len(), 120);
}

#[test]
fn a_successful_run_shows_no_secret() {
    let work = Workplace::new(options());
    work.configure("page_size = 50", QUICK);
    let ran = work.host(&["-vv", "collect"]).expect(0);
    assert!(!work.simulator.issued_tokens().is_empty());
    assert_no_secret(&work, &ran);
}

#[test]
fn the_files_of_a_killed_run_contain_no_secret() {
    let work = Workplace::new(options());
    work.configure("page_size = 20", QUICK);
    // Token, whoami, three pages. The fourth is asked for ahead by the call for the third, which begins once the first
    // is stored: the state's journal is there, and holds the first page's cursor.
    work.simulator.hold(6);
    let mut host = work.start(&["collect"]);
    work.simulator.wait_until_held();
    host.kill().unwrap();
    host.wait().unwrap();
    assert!(work.path("state.db-wal").exists());
    let nothing = Ran {
        code: None,
        stdout: String::new(),
        stderr: String::new(),
    };
    assert_no_secret(&work, &nothing);
}

/// Returns an answer with both secrets in every place of body and headers that a message might use.
fn echo(code: u16, secret: &str) -> Fault {
    let body = json!({
        "error": secret, "message": secret, "errorCode": secret, "correlationId": secret, "trackingId": secret,
        "requestId": secret, "code": secret, "id": secret, "idType": secret, "access_token": "\n",
        "apiHosts": {"dataRegion": secret}, "items": secret, "pages": secret,
    });
    let header = |name: &str| (name.to_owned(), secret.to_owned());
    Fault::Status {
        code,
        headers: vec![
            header("location"),
            header("retry-after"),
            header("x-request-id"),
        ],
        body: Some(body.to_string().into_bytes()),
    }
}

#[test]
fn a_secret_that_the_api_echoes_is_not_shown() {
    // The simulator's first token is always the same.
    let token = {
        let work = Workplace::new(options());
        work.host(&["check"]).expect(0);
        work.simulator.issued_tokens()[0].clone()
    };
    let own = [Route::Token, Route::Whoami, Route::Endpoints].map(|route| (options(), route));
    for (options, route) in own.into_iter().chain(parents()) {
        for code in [200, 302, 400, 401, 403, 404, 429, 503] {
            let work = Workplace::new(options.clone());
            work.configure("", IMPATIENT);
            let secret = format!("{CLIENT_SECRET} {token}");
            work.simulator.fault_always(route, echo(code, &secret));
            for command in ["check", "collect"] {
                let ran = work.host(&["-vv", command]).expect(1);
                assert_no_secret(&work, &ran);
            }
        }
    }
}

#[test]
fn a_part_of_a_token_is_not_reported_as_an_id() {
    // The simulator's first token is always the same.
    let token = {
        let work = Workplace::new(options());
        work.host(&["check"]).expect(0);
        work.simulator.issued_tokens()[0].clone()
    };
    let part = token.split('.').nth(1).unwrap().to_owned();
    assert!(part.len() >= 16, "{part}");
    let own = [Route::Whoami, Route::Endpoints].map(|route| (options(), route));
    for (options, route) in own.into_iter().chain(parents()) {
        for code in [401, 403, 503] {
            for echoed in [token.clone(), part.clone(), format!("id-{part}-id")] {
                let work = Workplace::new(options.clone());
                work.configure("", IMPATIENT);
                work.simulator.fault_always(route, echo(code, &echoed));
                let ran = work.host(&["-vv", "collect"]).expect(1);
                assert!(ran.stderr.contains(&format!("{code})")), "{}", ran.stderr);
                assert_hidden(&work, &ran, std::slice::from_ref(&part));
            }
        }
    }
}

#[test]
fn a_part_of_the_client_secret_is_not_reported_as_an_id() {
    let part = TOKEN[8..].to_owned();
    let work = Workplace::new(Options {
        client_secret: TOKEN.to_owned(),
        ..options()
    });
    work.configure("", IMPATIENT);
    work.edit_config("TEST_CLIENT_SECRET", "TEST_TOKEN");
    work.host(&["check"]).expect(0);
    // The body with an id alone: an error code is a word of its own.
    let body = json!({"trackingId": part, "correlationId": part}).to_string();
    let fault = Fault::Status {
        code: 503,
        headers: Vec::new(),
        body: Some(body.into_bytes()),
    };
    work.simulator.fault_always(Route::Token, fault);
    let ran = work.host(&["-vv", "collect"]).expect(1);
    assert!(ran.stderr.contains("(503)"), "{}", ran.stderr);
    assert_hidden(&work, &ran, std::slice::from_ref(&part));
}
