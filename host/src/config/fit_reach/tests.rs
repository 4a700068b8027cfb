//! Which URLs and hosts of an account are taken.

use serde_json::json;

use super::*;
use crate::config::fit::tests::{account, example};

fn manifest() -> Manifest {
    let mut changed = example();
    changed["config"]["properties"]["api_host"] = json!({ "type": "string", "format": "uri" });
    Manifest::parse(&changed.to_string()).unwrap()
}

#[test]
fn only_what_the_user_typed_into_a_uri_field_counts() {
    for host in ["https://typed.example/", "http://127.0.0.1:8080/"] {
        let account = account(
            json!({ "api_host": host, "code": "https://note.example" }),
            &[],
        );
        let mut problems = Vec::new();
        let urls = typed_urls(&manifest(), &account, &mut problems);
        let urls: Vec<_> = urls.iter().map(Url::as_str).collect();
        assert_eq!((urls, problems), (vec![host], vec![]));
    }
}

#[test]
fn each_url_that_may_not_be_is_told_once() {
    let wrong = [
        "http://typed.example",
        "https://user:pass@typed.example",
        "typed.example",
    ];
    for host in wrong {
        let account = account(json!({ "api_host": host, "token_url": host }), &[]);
        let mut problems = Vec::new();
        for _ in 0..2 {
            assert_eq!(typed_urls(&manifest(), &account, &mut problems), []);
            let keys: Vec<_> = problems.iter().map(|problem| &problem.key).collect();
            assert_eq!(
                keys,
                [
                    "account.acme.config.api_host",
                    "account.acme.config.token_url"
                ],
                "{host}"
            );
        }
        assert!(
            !problems
                .iter()
                .any(|problem| problem.message.contains("pass@"))
        );
    }
}

#[test]
fn hosts_leave_some_of_what_is_asked_for() {
    let manifest = manifest();
    let asked = Hosts::parse(&manifest.hosts).unwrap();
    for (host, wrong) in [
        ("id.example.com", None),
        ("eu.central.example.com", None),
        ("*.example.com", Some("does not ask for")),
        ("https://id.example.com", Some("is not a valid host")),
    ] {
        let mut account = account(json!({}), &[]);
        account.hosts = Some(vec![host.to_owned()]);
        let mut problems = Vec::new();
        narrowed(&manifest, &asked, &account, &mut problems);
        match wrong {
            None => assert_eq!(problems, [], "{host}"),
            Some(why) => assert!(problems[0].to_string().contains(why), "{problems:?}"),
        }
    }
}
