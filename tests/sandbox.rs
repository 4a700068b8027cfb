//! What the component can reach and where the secret goes: the rules of egress, seen from outside.
//!
//! Redirects and foreign regions are in `faults/hosts.rs`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod support;

use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::{Value, json};
use sophos_central_simulator::{CLIENT_SECRET, Fleet, Options, Request, Route};
use support::{QUICK, Ran, Workplace};

fn workplace() -> Workplace {
    Workplace::new(Options::new(Fleet::new(1, 700)))
}

/// Returns the secret in every form in which it could be sent.
fn forms_of_the_secret() -> [String; 3] {
    let form: String = form_urlencoded::byte_serialize(CLIENT_SECRET.as_bytes()).collect();
    [
        CLIENT_SECRET.to_owned(),
        form,
        BASE64_STANDARD.encode(CLIENT_SECRET),
    ]
}

/// Returns everything that was sent in a request.
fn sent(request: &Request) -> String {
    let headers: String = request
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\n"))
        .collect();
    let body = String::from_utf8_lossy(&request.body);
    format!(
        "{} {}?{}\n{headers}\n{body}",
        request.method, request.path, request.raw_query
    )
}

/// Runs `check` and `collect`, and asserts that both exit with 1 and print these texts.
#[track_caller]
fn denied(work: &Workplace, words: &[&str]) {
    for command in ["check", "collect"] {
        work.host(&[command])
            .expect(1)
            .says(&["The refused request: "])
            .says(words);
    }
    assert!(work.events().is_empty());
    assert!(work.state().is_none());
}

#[test]
fn this_machine_is_refused_unless_the_account_allows_it() {
    let work = workplace();
    let url = work.simulator.url().to_owned();
    let port = work.simulator.port();
    let closed = |line: &str, host: &str| {
        work.configure_for(host, "", QUICK);
        work.edit_config("allow_loopback_http = true", line);
        denied(
            &work,
            &[
                "leads to this machine",
                "`allow_loopback_http = true` in the account",
            ],
        );
    };
    closed("allow_loopback_http = false", &url);
    for host in [
        url.clone(),
        format!("https://127.0.0.1:{port}"),
        format!("http://localhost:{port}"),
        format!("http://[::1]:{port}"),
        // A name that the component does not recognise as this machine.
        format!("https://LOCALHOST.:{port}"),
        format!("https://any.localhost:{port}"),
        format!("https://0x7f.1:{port}"),
        format!("https://[::ffff:7f00:1]:{port}"),
    ] {
        closed("", &host);
    }
    assert_eq!(work.simulator.connections(), 0);

    work.configure("", QUICK);
    let token_url = "token_url = \"http://";
    work.edit_config(
        &format!("{token_url}127.0.0.1"),
        &format!("{token_url}LocalHost"),
    );
    work.host(&["check"])
        .expect(0)
        .says(&["allow_loopback_http is on"]);
}

/// Returns the lines of `[account.acme.config]` that direct the component to the simulator.
fn typed(work: &Workplace) -> String {
    let url = work.simulator.url();
    format!("api_host = \"{url}\"\ntoken_url = \"{url}/api/v2/oauth2/token\"\n")
}

#[test]
fn an_account_can_narrow_the_hosts_of_the_manifest() {
    for hosts in ["[]", "[\"eu01.central.sophos.com\"]"] {
        let work = workplace();
        // Configured origins stay allowed.
        work.edit_config("rate_limits", &format!("hosts = {hosts}\nrate_limits"));
        work.host(&["check"]).expect(0);
        // Without them it uses the hosts of its manifest, and none of these is left.
        work.edit_config(&typed(&work), "");
        denied(
            &work,
            &[
                "https://id.sophos.com",
                "`hosts` in the account leaves it out; add it there",
            ],
        );
    }
}

#[test]
fn a_host_that_the_component_does_not_ask_for_is_reported_before_any_request() {
    let work = workplace();
    work.edit_config(
        "rate_limits",
        "hosts = [\"ID.Sophos.com.\", \"*.eu.central.sophos.com\", \"*.sophos.com\", \"https://id.sophos.com\", \
         \"192.0.2.1\"]\nrate_limits",
    );
    for command in ["check", "collect"] {
        let ran = work.host(&[command]).expect(2).says(&[
            "account.acme.hosts: the component does not ask for \"*.sophos.com\"",
            "id.sophos.com, *.central.sophos.com",
            "account.acme.hosts: the component does not ask for \"https://id.sophos.com\"",
            "account.acme.hosts: the component does not ask for \"192.0.2.1\"",
        ]);
        assert_eq!(ran.stderr.matches("account.acme.hosts").count(), 3);
    }
    assert_eq!(work.simulator.connections(), 0);
}

#[test]
fn an_unusable_file_of_authorities_is_reported_with_its_key() {
    let work = workplace();
    work.write("empty.pem", "");
    for file in ["missing.pem", "empty.pem"] {
        work.configure("", QUICK);
        work.edit_config("rate_limits", &format!("ca_file = \"{file}\"\nrate_limits"));
        work.host(&["check"])
            .expect(2)
            .says(&["account.acme.ca_file: ", file, "PEM"]);
    }
    assert_eq!(work.simulator.connections(), 0);
}

#[test]
fn behind_a_proxy_the_log_says_that_only_names_are_checked() {
    let work = workplace();
    let output = work
        .command(&["check"])
        .env("HTTPS_PROXY", "http://user:canary@192.0.2.1:3128")
        .output()
        .unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    // The proxy is not used for this machine.
    assert_eq!(output.status.code(), Some(0), "{log}");
    for text in [
        "only names are judged",
        "192.0.2.1:3128",
        "account=\"acme\"",
    ] {
        assert!(log.contains(text), "{text} is missing in {log}");
    }
    assert!(!log.contains("canary"), "{log}");
}

#[test]
fn a_refused_request_is_counted_and_fails_the_source_with_its_reason() {
    let work = workplace();
    work.edit_config("allow_loopback_http = true", "");
    let ran = work
        .host(&[
            "collect",
            "--summary",
            "summary.json",
            "--metrics",
            "metrics.prom",
        ])
        .expect(1);
    let ran = ran.says(&["requests denied 1 (loopback 1)", "rule=\"loopback\""]);
    let summary = std::fs::read_to_string(work.path("summary.json")).unwrap();
    let summary: Value = serde_json::from_str(&summary).unwrap();
    assert_eq!(
        summary["denied"],
        json!([{"account": "acme", "rule": "loopback", "requests": 1}]),
        "{}",
        ran.stderr
    );
    let reason = summary["sources"][0]["reason"].as_str().unwrap();
    let origin = work.simulator.url();
    let end = format!(
        "{origin}: it leads to this machine; `allow_loopback_http = true` in the account allows that, for tests"
    );
    assert!(reason.ends_with(&end), "{reason}");
    let metrics = std::fs::read_to_string(work.path("metrics.prom")).unwrap();
    for line in [
        "asset_host_requests_denied_total{account=\"acme\",rule=\"loopback\"} 1",
        "asset_host_requests_denied_total{account=\"acme\",rule=\"host\"} 0",
    ] {
        assert!(metrics.lines().any(|other| other == line), "{metrics}");
    }
}

#[test]
fn the_secret_goes_to_the_token_url_and_nowhere_else() {
    let work = workplace();
    let port = work.simulator.port();
    // One server with two names, so that each request shows its origin.
    let token_host = format!("localhost:{port}");
    work.edit_config(
        &format!("token_url = \"http://127.0.0.1:{port}"),
        &format!("token_url = \"http://{token_host}"),
    );
    work.host(&["check"]).expect(0);
    work.collect(0).says(&["events 700"]);

    let requests = work.simulator.requests();
    let tokens = work.simulator.issued_tokens();
    assert_eq!(tokens.len(), 2);
    let mut with_secret = 0;
    for request in &requests {
        let sent = sent(request);
        let secret = forms_of_the_secret().iter().any(|form| sent.contains(form));
        let to_token_url = request.header("host") == Some(&token_host);
        assert_eq!(
            request.route == Some(Route::Token),
            to_token_url,
            "{request:?}"
        );
        assert_eq!(secret, to_token_url, "{request:?}");
        with_secret += usize::from(secret);
        if to_token_url {
            assert_eq!(
                request.form("client_secret").as_deref(),
                Some(CLIENT_SECRET)
            );
            assert_eq!(
                request.header("authorization"),
                None,
                "a token goes to the API alone"
            );
        } else {
            let bearer = request.header("authorization").unwrap();
            assert!(
                tokens
                    .iter()
                    .any(|token| bearer == format!("Bearer {token}"))
            );
        }
    }
    assert_eq!(with_secret, 2);
    assert_eq!(
        requests.len(),
        2 + 2 + 3,
        "tokens, whoami, a page to check, two to collect"
    );
}

#[test]
fn nothing_that_the_host_writes_contains_a_secret_or_a_token() {
    let work = workplace();
    let mut written: Vec<String> = Vec::new();
    let mut keep = |ran: Ran| written.extend([ran.stdout, ran.stderr]);
    keep(work.host(&["-vv", "check"]).expect(0));
    keep(work.host(&["-vv", "collect"]).expect(0));
    keep(
        work.host(&["-vv", "state", "show", "--account", "acme"])
            .expect(0),
    );
    // A wrong secret must be kept secret too.
    work.simulator
        .configure(|options| options.client_secret = "another".to_owned());
    keep(work.host(&["-vv", "check"]).expect(1));
    keep(work.host(&["-vv", "collect"]).expect(1));

    for path in work.files() {
        let bytes = std::fs::read(path).unwrap();
        written.push(String::from_utf8_lossy(&bytes).into_owned());
    }
    let mut hidden = work.simulator.issued_tokens();
    assert_eq!(hidden.len(), 2);
    hidden.extend(forms_of_the_secret());
    for text in &written {
        for secret in &hidden {
            assert!(!text.contains(secret.as_str()), "{secret} is in\n{text}");
        }
    }
    // The log exists, else the search would find nothing anywhere.
    assert!(
        written
            .iter()
            .any(|text| text.contains("path=\"/endpoint/v1/endpoints\"")),
        "{written:?}"
    );
}
