//! `describe`, as it is read before an approval.

use serde_json::{Value, json};

use super::*;

#[test]
fn describe_names_the_proxy_and_says_if_no_host_is_left() {
    let work = workplace();
    work.edit_config("rate_limits", "hosts = []\nrate_limits");
    let describe = |args: &[&str]| {
        let mut command = work.command(args);
        command.env("HTTPS_PROXY", "http://user:canary@192.0.2.1:3128");
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        String::from_utf8(output.stdout).unwrap()
    };
    let page = describe(&["describe"]);
    for text in [
        "through the proxy 192.0.2.1:3128, where only names are checked",
        "`hosts` in the account leaves none of them",
    ] {
        assert!(page.contains(text), "{page}");
    }
    assert!(!page.contains("canary"), "{page}");
    let facts: Value = serde_json::from_str(&describe(&["describe", "--json"])).unwrap();
    assert_eq!(facts["reach"]["proxy"], "192.0.2.1:3128");
}

#[test]
fn describe_shows_a_build_that_is_not_the_pinned_one() {
    let work = workplace();
    let pinned = "0".repeat(64);
    let line = format!("sha256 = \"{pinned}\"\nrate_limits");
    work.edit_config("rate_limits", &line);
    work.host(&["check"])
        .expect(2)
        .says(&["look at the new one with `asset-host describe`"]);
    work.host(&["describe"]).expect(0).says(&[
        &digest(),
        &format!("to another digest: `sha256` in the account is {pinned}"),
    ]);
}

#[test]
fn describe_shows_what_the_account_allows() {
    let work = workplace();
    let (url, digest) = (work.simulator.url().to_owned(), digest());
    work.edit_config(
        "rate_limits = []",
        &format!(
            "rate_limits = [{{ requests = 7, seconds = 2 }}]\nsha256 = \"{digest}\"\nhosts = [\"id.sophos.com\"]\n\
             allow_addresses = [\"192.0.2.0/24\"]\nca_file = \"missing.pem\"\n\
             limits = {{ memory_bytes = 4242 }}"
        ),
    );
    work.host(&["describe"]).expect(0).says(&[
        &digest,
        "yes, by `sha256` in the account",
        "wasi:http: requests through the host",
        "inventory:connector: the contract",
        "`hosts` in the account leaves this",
        &format!("{url}, the URL in `api_host`"),
        "192.0.2.0/24",
        "`allow_loopback_http` is on",
        &format!("client_secret: to send it to the URL in `token_url`, {url}"),
        "missing.pem in addition to the system's",
        "id.sophos.com, by https",
        "7 requests in 2 s",
        "4242 bytes",
        "100,000",
        "512 KiB  stack of an instance",
    ]);
    let ran = work.host(&["describe", "--json"]).expect(0);
    let facts: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(facts["sha256"], digest);
    assert_eq!(facts["pinned_sha256"], digest);
    assert_eq!(facts["account"], "acme");
    assert_eq!(facts["consent"], json!({ "status": "first_run_approves" }));
    assert_eq!(facts["secrets"][0]["origin"], url);
    assert_eq!(facts["limits"][0]["value"], "4242 bytes");
    assert_eq!(facts["limits"][1]["value"], "1m");
    assert_eq!(facts["limits"][2]["value"], 100);
    let ca_file = facts["reach"]["ca_file"].as_str().unwrap();
    assert!(ca_file.ends_with("missing.pem"), "{ca_file}");
    assert_eq!(
        facts["reach"],
        json!({
            "hosts": ["id.sophos.com"],
            "narrowed_from": ["id.sophos.com", "*.central.sophos.com"],
            "url_fields": [
                { "field": "api_host", "origin": url },
                { "field": "token_url", "origin": url },
            ],
            "allow_addresses": ["192.0.2.0/24"],
            "allow_loopback_http": true,
            "ca_file": ca_file,
            "proxy": null,
        })
    );
    assert!(work.simulator.requests().is_empty());
}

#[test]
fn describe_shows_another_build_before_it_is_installed() {
    let work = workplace();
    work.collect(0);
    let new = work.path("new.wasm");
    let mut bytes = std::fs::read(built("sophos-assets.wasm")).unwrap();
    // An empty custom section: another digest, and the same component.
    bytes.extend(b"\0\x02\x01a");
    std::fs::write(&new, bytes).unwrap();
    work.edit_config(
        "rate_limits = []",
        &format!("rate_limits = []\nsha256 = \"{}\"", digest()),
    );
    let ran = work
        .host(&["describe", "--account", "acme", "--component", "new.wasm"])
        .expect(0)
        .says(&[
            "this build asks for no more",
            "`sha256` in the account is",
            "so this one does not run",
        ]);
    assert!(ran.stdout.contains("new.wasm"), "{}", ran.stdout);
}
