//! What counts as asking for more.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Map, json};

use super::*;
use crate::contract::manifest::Manifest;

fn bound(config_field: &str, origin: Option<&str>) -> Bound {
    Bound {
        config_field: config_field.to_owned(),
        default_origin: origin.map(str::to_owned),
    }
}

fn texts<const N: usize>(texts: [&str; N]) -> BTreeSet<String> {
    texts.map(str::to_owned).into()
}

/// What the tests begin with.
fn approved() -> Permissions {
    Permissions {
        sha256: "a".repeat(64),
        name: "example-assets".into(),
        version: "0.1.0".into(),
        hosts: texts(["id.example", "*.api.example"]),
        secrets: [(
            "key".to_owned(),
            bound("token_url", Some("https://id.example")),
        )]
        .into(),
        url_fields: texts(["token_url", "api_host"]),
        opened: texts(["api_host"]),
    }
}

#[test]
fn asking_for_more_is_reported_and_asking_for_less_is_not() {
    type Change = fn(&mut Permissions);
    let secret = |asks: &mut Permissions, name: &str, place| {
        asks.secrets.insert(name.to_owned(), place);
    };
    let cases: [(&str, Change, &[&str]); 16] = [
        ("nothing", |_| (), &[]),
        ("another build", |asks| asks.sha256 = "b".repeat(64), &[]),
        ("another version", |asks| asks.version = "0.2.0".into(), &[]),
        (
            "a host",
            |asks| asks.hosts = texts(["id.example", "evil.example"]),
            &["+ host evil.example"],
        ),
        (
            "hosts that are covered",
            |asks| asks.hosts = texts(["eu.api.example", "*.eu.api.example"]),
            &[],
        ),
        (
            "wider hosts",
            |asks| asks.hosts = texts(["*.example", "api.example", "*.id.example"]),
            &[
                "+ host *.example",
                "+ host *.id.example",
                "+ host api.example",
            ],
        ),
        ("no host", |asks| asks.hosts.clear(), &[]),
        ("no secret", |asks| asks.secrets.clear(), &[]),
        (
            "a secret to where the first goes",
            |asks| {
                let place = bound("token_url", Some("https://id.example"));
                asks.secrets.insert("other".into(), place);
            },
            &["+ secret other, to the URL in token_url (https://id.example)"],
        ),
        (
            "a secret for another field",
            |asks| {
                let place = bound("api_host", Some("https://id.example"));
                asks.secrets.insert("key".into(), place);
            },
            &[
                "~ secret key: from the URL in token_url (https://id.example) to the URL in api_host \
                 (https://id.example)",
            ],
        ),
        (
            "another default",
            |asks| {
                let place = bound("token_url", Some("https://evil.example"));
                asks.secrets.insert("key".into(), place);
            },
            &[
                "~ secret key: from the URL in token_url (https://id.example) to the URL in token_url \
                 (https://evil.example)",
            ],
        ),
        (
            "no default any more",
            |asks| {
                asks.secrets.insert("key".into(), bound("token_url", None));
            },
            &[],
        ),
        (
            "a URL that the operator types",
            |asks| asks.opened = texts(["api_host", "token_url"]),
            &[],
        ),
        (
            "a new field for a URL, which is not set",
            |asks| asks.url_fields = texts(["api_host", "token_url", "proxy"]),
            &[],
        ),
        (
            "a text that has become a URL",
            |asks| {
                asks.url_fields = texts(["api_host", "token_url", "note"]);
                asks.opened = texts(["api_host", "note"]);
            },
            &["+ the URL that the account sets in note, which was not approved as a URL"],
        ),
        (
            "no field for URLs any more",
            |asks| {
                asks.url_fields.clear();
                asks.opened.clear();
            },
            &[],
        ),
    ];
    for (case, change, lines) in cases {
        let mut asks = approved();
        change(&mut asks);
        let difference = Difference::between(&approved(), &asks);
        let more = difference.as_ref().map(Difference::more);
        assert_eq!(more.unwrap_or_default(), lines, "{case}");
        assert_eq!(difference.is_none(), lines.is_empty(), "{case}");
    }
    // A default where there was none.
    let mut without = approved();
    secret(&mut without, "key", bound("token_url", None));
    let difference = Difference::between(&without, &approved()).unwrap();
    assert_eq!(
        difference.more(),
        ["~ secret key: from the URL in token_url to the URL in token_url (https://id.example)"]
    );
}

#[test]
fn a_difference_names_both_components() {
    let asks = Permissions {
        sha256: "b".repeat(64),
        version: "0.2.0".into(),
        hosts: texts(["evil.example"]),
        ..approved()
    };
    let told = Difference::between(&approved(), &asks).unwrap().to_string();
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines[0], "  + host evil.example");
    for (line, digest, component) in [
        (lines[1], "a", "approved: example-assets 0.1.0"),
        (lines[2], "b", "asking:   example-assets 0.2.0"),
    ] {
        assert!(line.contains(component), "{line}");
        assert!(line.ends_with(&digest.repeat(64)), "{line}");
    }
}

#[test]
fn permissions_are_the_hosts_secrets_and_urls_of_the_manifest() {
    let manifest = json!({
        "manifest_version": 1, "name": "example-assets", "version": "0.1.0",
        "vendor": "Example", "product": "Example Central", "description": "Collects.",
        "ocsf": { "version": "1.6.0", "class_uid": 5001 }, "dialects": ["sekoia"],
        "config": { "type": "object", "properties": {
            "token_url": { "type": "string", "format": "uri", "default": "https://ID.example:443/token" },
            "api_host": { "type": "string", "format": "uri" },
            "region_host": { "type": "string", "format": "uri", "readOnly": true },
            "note": { "type": "string", "default": "https://note.example" }
        } },
        "secrets": [
            { "name": "key", "title": "Key", "description": "Shown once.", "config_field": "token_url" },
            { "name": "pin", "title": "PIN", "description": "Shown once.", "config_field": "api_host" }
        ],
        "hosts": ["id.example", "*.api.eu.example"], "rate_limits": []
    });
    let manifest = Manifest::parse(&manifest.to_string()).unwrap();
    let config = json!({ "note": "https://typed.example", "api_host": "https://typed.example" });
    let config = config.as_object().unwrap();
    let mut expected = Permissions {
        hosts: texts(["id.example", "*.api.eu.example"]),
        secrets: [
            ("key", bound("token_url", Some("https://id.example"))),
            ("pin", bound("api_host", None)),
        ]
        .map(|(name, place)| (name.to_owned(), place))
        .into(),
        url_fields: texts(["token_url", "api_host", "region_host"]),
        ..approved()
    };
    let asks = Permissions::of(&expected.sha256, &manifest, config);
    assert_eq!(asks, expected);
    assert_eq!(
        asks.to_string(),
        "hosts *.api.eu.example, id.example; secret key, to the URL in token_url (https://id.example); secret pin, to \
         the URL in api_host"
    );
    expected.opened.clear();
    assert_eq!(
        Permissions::of(&expected.sha256, &manifest, &Map::new()),
        expected
    );
    assert_eq!(Permissions::default().to_string(), "no host; no secret");
}

fn name() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "c"]).prop_map(str::to_owned)
}

fn host() -> impl Strategy<Value = String> {
    ("(\\*\\.)?", "([abx]\\.){1,3}example").prop_map(|(star, name)| star + &name)
}

fn asks() -> impl Strategy<Value = Permissions> {
    let place = (
        name(),
        prop::option::of(name().prop_map(|name| format!("https://{name}.example"))),
    )
        .prop_map(|(field, origin)| bound(&field, origin.as_deref()));
    (
        prop::collection::btree_set(host(), 0..5),
        prop::collection::btree_map(name(), place, 0..3),
        prop::collection::btree_set(name(), 0..3),
    )
        .prop_map(|(hosts, secrets, url_fields)| Permissions {
            hosts,
            secrets,
            opened: url_fields.clone(),
            url_fields,
            ..approved()
        })
}

proptest! {
    #[test]
    fn asking_for_a_part_is_not_asking_for_more(whole in asks(), keep in prop::collection::vec(any::<bool>(), 16)) {
        let mut keeps = keep.into_iter().cycle();
        let mut part = whole.clone();
        part.hosts.retain(|_| keeps.next().unwrap());
        part.secrets.retain(|_, _| keeps.next().unwrap());
        part.url_fields.retain(|_| keeps.next().unwrap());
        part.opened = part.url_fields.clone();
        prop_assert_eq!(Difference::between(&whole, &part), None);
    }

    /// Approving what a difference lists approves everything.
    #[test]
    fn a_difference_lists_everything_that_is_more(approved in asks(), asked in asks()) {
        let mut widened = approved.clone();
        if let Some(difference) = Difference::between(&approved, &asked) {
            prop_assert!(!difference.more().is_empty());
            widened.hosts.extend(difference.hosts);
            for (name, _, place) in difference.secrets {
                widened.secrets.insert(name, place);
            }
            widened.url_fields.extend(difference.url_fields);
        }
        prop_assert_eq!(Difference::between(&widened, &asked), None);
    }

    /// Except for what the account sets, which is not recorded.
    #[test]
    fn recorded_permissions_are_the_same_when_read(asked in asks()) {
        let text = serde_json::to_string(&asked).unwrap();
        let read: Permissions = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(&read.sha256, &asked.sha256);
        prop_assert_eq!(Difference::between(&read, &asked), None);
    }
}
