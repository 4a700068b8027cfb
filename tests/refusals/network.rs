//! An API that cannot be reached.

use super::*;

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
