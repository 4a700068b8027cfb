//! `explain`: every value of the event with its sources, every other field of the endpoint as unused, and `omit`.
#![allow(clippy::unwrap_used, clippy::panic)] // Helpers of tests may stop at the first surprise.

mod common;
mod generate;

use std::collections::{BTreeMap, BTreeSet};

use common::{explain_as, golden, map_as, scalars, strict_violations, violations};
use generate::endpoint;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};
use sophos_assets::mapping::{Dialect, Explanation, MappedValue, Rule, rules};

const DIALECTS: [&str; 2] = ["sekoia", "ocsf"];

fn parse(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

/// The values with their paths.
fn values(values: &[MappedValue]) -> BTreeMap<&str, &MappedValue> {
    values.iter().map(|value| (&*value.path, value)).collect()
}

/// The sources of a value.
fn sources(value: &MappedValue) -> BTreeSet<&str> {
    value
        .sources
        .iter()
        .map(|source| &*source.pointer)
        .collect()
}

/// Whether a part of the endpoint says something.
fn says_something(value: &Value) -> bool {
    !(value.is_null() || value == "")
}

#[test]
fn is_trusted_comes_from_three_fields_of_the_sample() {
    let sample = golden("golden")
        .into_iter()
        .find(|case| case.name == "specification-sample");
    let explanation = explain_as("sekoia", &sample.unwrap().input).unwrap();
    let values = values(&explanation.values);
    let is_trusted = values["/device/is_trusted"];
    assert_eq!(is_trusted.value_json, "false");
    let found: Vec<_> = is_trusted
        .sources
        .iter()
        .map(|source| (&*source.pointer, &*source.value_json))
        .collect();
    assert_eq!(
        found,
        [
            ("/isolation/status", "\"notIsolated\""),
            ("/health/overall", "\"bad\""),
            ("/tamperProtectionEnabled", "true"),
        ]
    );
    assert!(is_trusted.rule.contains("isolated is false"));
    assert_eq!(sources(values["/class_uid"]), BTreeSet::new());
    assert_eq!(sources(values["/time"]), ["/lastSeenAt"].into());
    for unused in ["/os/build", "/online", "/cloud/instanceId"] {
        assert!(
            explanation.unused.iter().any(|pointer| pointer == unused),
            "{unused}"
        );
    }
}

#[test]
fn every_row_of_the_table_makes_a_value_of_some_endpoint() {
    for (dialect, name) in Dialect::ALL.into_iter().zip(DIALECTS) {
        let mut unseen: BTreeSet<_> = rules::of(dialect)
            .map(|rule| rule.path)
            .filter(|path| !["raw_data", "enrichments[0].data", "unmapped"].contains(path))
            .collect();
        for case in golden("golden") {
            let config = case.config();
            let how = if name == "ocsf" { &config } else { name };
            for value in explain_as(how, &case.input).unwrap().values {
                let as_row = |path: &&str| {
                    let steps = path.split('.').flat_map(|step| {
                        let name = step.trim_end_matches("[0]").trim_end_matches("[]");
                        [Some(name), (name.len() < step.len()).then_some("0")]
                    });
                    let row: Vec<_> = steps.flatten().collect();
                    let pointer: Vec<_> = value.path.split('/').skip(1).collect();
                    pointer.starts_with(&row)
                };
                unseen.retain(|path| !as_row(path));
            }
        }
        assert_eq!(unseen, BTreeSet::new(), "{name}");
    }
}

fn check_whole(name: &str, endpoint: &Value, explanation: &Explanation) {
    let event = parse(&explanation.event);
    let found: BTreeMap<_, _> = scalars(&event).into_iter().collect();
    assert_eq!(found.len(), explanation.values.len(), "{event}");
    for value in &explanation.values {
        let said = parse(&value.value_json);
        assert_eq!(found.get(&value.path), Some(&&said), "{}", value.path);
        assert!(
            !value.rule.is_empty() && !value.rule.contains('\n'),
            "{}",
            value.path
        );
        for source in &value.sources {
            // `None` where the endpoint has a half of a surrogate pair or a name twice, which is not generated.
            let there = endpoint.pointer(&source.pointer).unwrap();
            let said = parse(&source.value_json);
            let pruned = there.is_object() || there.is_array();
            assert!(pruned || *there == said, "{} {said}", source.pointer);
        }
    }
    // In the order of the event.
    let mut rest = &*explanation.event;
    for value in &explanation.values {
        let (_, after) = rest
            .split_once(&value.value_json)
            .unwrap_or_else(|| panic!("{} is out of order: {event}", value.path));
        rest = after;
    }

    check_told(endpoint, name, explanation);
}

/// Every scalar of the endpoint is a source of a value, or is listed as unused.
fn check_told(endpoint: &Value, name: &str, explanation: &Explanation) {
    let mut reported: BTreeSet<&str> = explanation.unused.iter().map(String::as_str).collect();
    for value in explanation.values.iter().chain(&explanation.omitted) {
        reported.extend(sources(value));
    }
    for (pointer, value) in scalars(endpoint) {
        // A rule that wants a word and finds an object has read all of it.
        let is_reported = reported.iter().any(|reported| {
            let rest = (!reported.is_empty())
                .then(|| pointer.strip_prefix(reported))
                .flatten();
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        assert!(
            is_reported || !says_something(value),
            "{name}: {pointer} of {endpoint}"
        );
        let is_named = reported.contains(&*pointer);
        assert!(
            !is_named || says_something(value),
            "{name}: {pointer} of {endpoint}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(768))]

    #[test]
    fn every_scalar_of_the_event_and_of_the_endpoint_is_explained(endpoint in endpoint()) {
        for name in DIALECTS {
            let text = endpoint.to_string();
            let explained = explain_as(name, &text);
            let mapped = map_as(name, &text).map(|mapped| mapped.json);
            prop_assert_eq!(explained.as_ref().map(|explained| &explained.event), mapped.as_ref());
            if let Ok(explanation) = explained {
                check_whole(name, &endpoint, &explanation);
                prop_assert!(name != "ocsf" || explanation.unused.is_empty());
            }
        }
    }

    /// The rules do not lie about their sources: what changes without one of them changing is an error.
    #[test]
    fn a_value_changes_only_with_its_sources(
        endpoint in endpoint(),
        other in endpoint(),
        place in any::<Index>(),
    ) {
        let members: Vec<String> = endpoint.as_object().unwrap().keys().cloned().collect();
        prop_assume!(!members.is_empty());
        let changed_member = place.get(&members);
        let mut changed = endpoint.clone();
        match other.get(changed_member) {
            Some(value) => changed[changed_member] = value.clone(),
            None => drop(changed.as_object_mut().unwrap().remove(changed_member)),
        }
        let is_of_member = |pointer: &str| {
            pointer.is_empty() || pointer.split('/').nth(1) == Some(changed_member)
        };
        for name in DIALECTS {
            let (Ok(before), Ok(after)) = (
                explain_as(name, &endpoint.to_string()),
                explain_as(name, &changed.to_string()),
            ) else {
                continue;
            };
            let (before, after) = (values(&before.values), values(&after.values));
            for (path, value) in &before {
                // Made of the event, not of the endpoint.
                if *path == "/metadata/uid" {
                    continue;
                }
                // The entries of lists move up and down with their neighbours.
                if path.split('/').any(|step| step.parse::<usize>().is_ok()) {
                    continue;
                }
                let again = after.get(path);
                let is_same = again.is_some_and(|again| again.value_json == value.value_json);
                let mut behind = sources(value);
                behind.extend(again.map(|again| sources(again)).unwrap_or_default());
                // A default may be replaced by a value that has a source.
                let wants = |rule: &Rule| {
                    let is_row = format!("/{}", rule.path.replace('.', "/")) == **path;
                    let mut sources = rule.sources.iter();
                    is_row && sources.any(|source| source.split(['.', '[']).next() == Some(changed_member))
                };
                let may_change = if behind.is_empty() {
                    rules::of(Dialect::named(name).unwrap()).any(wants)
                } else {
                    behind.iter().any(|pointer| is_of_member(pointer))
                };
                prop_assert!(is_same || may_change, "{}: {} with {}", name, path, changed_member);
            }
        }
    }

    #[test]
    fn omitted_attributes_are_absent_from_the_event_and_listed(
        endpoint in endpoint(),
        row in any::<Index>(),
        steps in 1..4_usize,
    ) {
        for dialect in Dialect::ALL {
            let name = dialect.name();
            let paths: Vec<_> = rules::of(dialect).map(|rule| rule.path).collect();
            let path: Vec<_> = row.get(&paths).split('.').take(steps).collect();
            let path = path.join(".");
            let config = json!({ "dialect": name, "omit": [path] }).to_string();
            let text = endpoint.to_string();
            let (Ok(all), Ok(left)) = (explain_as(name, &text), explain_as(&config, &text)) else {
                // Refused without it too, or no event is complete without the path.
                continue;
            };
            prop_assert_eq!(&map_as(&config, &text).unwrap().json, &left.event);
            let event = parse(&left.event);
            let faults = match dialect {
                Dialect::Sekoia => violations(&event),
                Dialect::Ocsf => strict_violations(&event),
            };
            prop_assert_eq!(faults, [""; 0], "{} {}", path, event);
            check_whole(name, &endpoint, &left);
            let prefix = format!("/{}", path.replace("[]", "").replace("[0]", "").replace('.', "/"));
            let is_below = |pointer: &str| {
                let indices: Vec<_> = pointer
                    .split('/')
                    .filter(|step| step.parse::<usize>().is_err())
                    .collect();
                let pointer = indices.join("/");
                pointer == prefix || pointer.starts_with(&format!("{prefix}/"))
            };
            for value in &left.values {
                prop_assert!(!is_below(&value.path), "{} in {}", path, value.path);
            }
            let mut gone: BTreeSet<&str> = left.unused.iter().map(String::as_str).collect();
            gone.extend(left.omitted.iter().flat_map(sources));
            for value in &all.values {
                // The observables and the UUID follow what is left.
                let follows = ["/observables", "/metadata/uid", "/metadata/profiles", "/enrichments"];
                let is_reported = left.omitted.iter().any(|omitted| omitted.path == value.path)
                    || left.values.iter().any(|kept| kept.path == value.path)
                    || value.path.starts_with("/unmapped") && sources(value).is_subset(&gone);
                prop_assert!(is_reported || follows.iter().any(|it| value.path.starts_with(it)), "{}", value.path);
            }
        }
    }
}

/// The list that docs/mapping.md gives for events without personal data.
fn documented_omit() -> Value {
    let docs = std::fs::read_to_string(common::tests().join("../docs/mapping.md")).unwrap();
    let (_, list) = docs.split_once("omit = [").unwrap();
    let (list, _) = list.split_once(']').unwrap();
    parse(&format!("[{}]", list.trim().trim_end_matches(',')))
}

#[test]
fn omitted_values_do_not_appear_elsewhere_in_the_event() {
    let laptop = golden("golden")
        .into_iter()
        .find(|case| case.name == "record-of-a-laptop-in-full-view");
    let config = json!({ "dialect": "ocsf", "omit": documented_omit() });
    let event = map_as(&config.to_string(), &laptop.unwrap().input)
        .unwrap()
        .json;
    // Person, host, addresses, serial number, group, tag: what is left names the device by its id.
    for personal in [
        "ida", "Ida", "EXAMPLE", "LT-014", "aa0b1c2d", "192.0.2", "00:5E", "SN-EX", "eception",
    ] {
        assert!(!event.contains(personal), "{personal}: {event}");
    }
}

/// The omitted values are listed, so that a user can check them.
#[test]
fn attributes_omitted_with_their_object_are_listed_as_omitted() {
    let endpoint = r#"{"id":"a","tags":["x"],"cloud":{"provider":"aws","account":"c"},"associatedPerson":{"id":"p","email":"e"},"health":{"overall":"good"}}"#;
    for (omit, reported) in [
        (&["unmapped.tags"][..], &["/unmapped/tags/0"][..]),
        (
            &["cloud", "device.instance_uid"],
            &["/cloud/provider", "/unmapped/cloud/account"],
        ),
        (
            &["device.owner"],
            &["/device/owner/uid", "/unmapped/associatedPerson/email"],
        ),
        (
            &["enrichments"],
            &[
                "/enrichments/0/name",
                "/enrichments/0/value",
                "/enrichments/0/type",
                "/enrichments/0/provider",
                "/enrichments/0/data/health/overall",
            ],
        ),
    ] {
        let config = json!({ "dialect": "ocsf", "omit": omit });
        let explanation = explain_as(&config.to_string(), endpoint).unwrap();
        let omitted: Vec<_> = explanation
            .omitted
            .iter()
            .map(|value| &*value.path)
            .collect();
        assert_eq!(omitted, reported, "{omit:?}");
        assert_eq!(explanation.unused, [""; 0], "{omit:?}");
    }
}

/// Personal data must not appear elsewhere if a field next to it is missing, or if it is at an unexpected place.
#[test]
fn omitted_values_of_unexpected_types_do_not_appear_in_the_event() {
    for (path, odd) in [
        ("device.owner", r#""associatedPerson":{"name":"Ida"}"#),
        (
            "device.owner.full_name",
            r#""associatedPerson":{"name":"Ida"}"#,
        ),
        ("device.owner", r#""associatedPerson":"Ida""#),
        ("device.owner", r#""associatedPerson":[{"viaLogin":"Ida"}]"#),
        (
            "device.owner",
            r#""associatedPerson":{"id":"a","email":"Ida"}"#,
        ),
        ("device.hw_info", r#""serialNumber":["Ida"]"#),
        ("device.groups", r#""group":["Ida"]"#),
        (
            "device.agent_list",
            r#""assignedProducts":[{"code":"Ida"}]"#,
        ),
        ("unmapped.tags", r#""tags":["Ida"]"#),
        (
            "unmapped.assignedProducts",
            r#""assignedProducts":[{"code":"Ida"}]"#,
        ),
        ("device.is_compliant", r#""health":{"overall":"good"}"#),
    ] {
        let text = format!(r#"{{"id":"a",{odd}}}"#);
        let config = json!({ "dialect": "ocsf", "omit": [path] });
        let explanation = explain_as(&config.to_string(), &text).unwrap();
        let event = parse(&explanation.event);
        assert_eq!(strict_violations(&event), [""; 0], "{path}");
        for gone in ["Ida", "is_compliant"] {
            assert!(
                !explanation.event.contains(gone),
                "{path} with {odd}: {event}"
            );
        }
        check_told(&parse(&text), "ocsf", &explanation);
        // Nothing of it is lost where it is not to be left out.
        let all = map_as("ocsf", &text).unwrap().json;
        assert!(
            ["Ida", "is_compliant"]
                .iter()
                .any(|there| all.contains(there)),
            "{odd}"
        );
    }
    // Fields that other attributes read remain.
    let config = json!({ "dialect": "ocsf", "omit": ["observables", "device.agent_list[].uid"] });
    let text =
        r#"{"id":"a","hostname":7,"ipv4Addresses":["n/a"],"assignedProducts":[{"code":"xdr"}]}"#;
    let event = parse(&map_as(&config.to_string(), text).unwrap().json);
    assert_eq!(
        event["unmapped"],
        json!({ "hostname": 7, "ipv4Addresses": ["n/a"], "assignedProducts": [{ "code": "xdr" }] })
    );
}

/// `raw_data` is the unchanged endpoint, with everything that is to be left out.
#[test]
fn an_unparsed_endpoint_is_rejected_if_attributes_are_omitted() {
    let many = format!(
        r#"{{"id":"a","associatedPerson":{{"name":"Ida"}},"tags":[{}1]}}"#,
        "1,".repeat(9_000)
    );
    for text in [
        &*many,
        r#"{"id":"a","associatedPerson":{"name":"Ida","name":"Ida"}}"#,
    ] {
        let config = json!({ "dialect": "ocsf", "omit": ["device.owner"] }).to_string();
        for error in [
            map_as(&config, text).map(drop),
            explain_as(&config, text).map(drop),
        ] {
            let message = error.unwrap_err().message;
            assert!(message.contains("add `raw_data` to `omit`"), "{message}");
        }
        let config = json!({ "dialect": "ocsf", "omit": ["device.owner", "raw_data"] }).to_string();
        let event = map_as(&config, text).unwrap().json;
        assert!(!event.contains("Ida"), "{event}");
        assert!(map_as("ocsf", text).unwrap().json.contains("Ida"));
    }
}
