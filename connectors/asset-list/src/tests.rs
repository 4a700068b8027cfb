//! Whole lists to events: the golden files, and what holds for any record.
//!
//! `tests/golden/NAME.config.json` is a config, `NAME.csv`, `NAME.json` or `NAME.ndjson` its list, and
//! `NAME.expected.json` what comes of it, at 2026-11-25T00:00:00Z. With `UPDATE_GOLDEN=1` the expected files are written
//! anew: read the difference before you commit it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use crate::attributes::{ATTRIBUTES, Attribute};
use crate::collect::Page;
use crate::config;
use crate::cursor::Cursor;
use crate::event;
use crate::explain::{explain, map};
use crate::list::List;
use crate::mapping;
use crate::record::Node;
use crate::settings::Mapping;

const NOW: OffsetDateTime =
    OffsetDateTime::UNIX_EPOCH.saturating_add(Duration::seconds(1_795_564_800));

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// What OCSF 1.6.0 refuses in an event by the strict schema.
fn violations(event: &Value) -> Vec<String> {
    static STRICT: LazyLock<Validator> = LazyLock::new(|| {
        let path = "../../tests/ocsf/ocsf-1.6.0-device-inventory-info.strict.schema.json";
        let schema = fs::read_to_string(here(path)).unwrap();
        jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap()
    });
    let errors = STRICT.iter_errors(event);
    errors
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

/// Returns the JSON text with line breaks, in its own order: `serde_json::Value` would sort it.
fn pretty(json: &str) -> String {
    let mut written = Vec::new();
    let mut serializer = serde_json::Serializer::pretty(&mut written);
    serde_transcode::transcode(
        &mut serde_json::Deserializer::from_str(json),
        &mut serializer,
    )
    .unwrap();
    String::from_utf8(written).unwrap() + "\n"
}

/// Returns the page of a list as JSON text.
fn outcome(config: &str, list: &Path) -> String {
    let config = config::read(config).unwrap();
    let list = List::read(&config, fs::read(list).unwrap(), None).unwrap();
    let cursor = Cursor::resume(None, config.hash, None).unwrap();
    let page = Page::map(&config, &cursor, &list, 0, NOW);
    for event in &page.events {
        let event: Value = serde_json::from_str(&event.json).unwrap();
        assert_eq!(violations(&event), [""; 0], "{event}");
    }
    let events: Vec<_> = page
        .events
        .iter()
        .map(|event| event.json.as_str())
        .collect();
    let rejects = page
        .rejects
        .iter()
        .map(|reject| json!({"id": reject.id, "reason": reject.reason}));
    let rejects: Vec<_> = rejects.collect();
    let warnings = json!(page.warnings);
    pretty(&format!(
        r#"{{"events": [{}], "rejects": {}, "warnings": {warnings}}}"#,
        events.join(","),
        json!(rejects)
    ))
}

#[test]
fn every_golden_list_becomes_its_events() {
    let folder = here("tests/golden");
    let mut names = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let Some(name) = name.strip_suffix(".config.json") else {
            continue;
        };
        let config = fs::read_to_string(&path).unwrap();
        let format: Value = serde_json::from_str(&config).unwrap();
        let list = folder.join(format!("{name}.{}", format["format"].as_str().unwrap()));
        let outcome = outcome(&config, &list);
        let expected = folder.join(format!("{name}.expected.json"));
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&expected, &outcome).unwrap();
        }
        assert_eq!(
            fs::read_to_string(expected).unwrap_or_default(),
            outcome,
            "{name}"
        );
        names += 1;
    }
    assert_eq!(names, 3);
}

/// Every scalar in a value with its JSON Pointer.
fn scalars(value: &Value, at: &str, found: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                scalars(member, &format!("{at}/{name}"), found);
            }
        }
        Value::Array(entries) => {
            for (index, entry) in entries.iter().enumerate() {
                scalars(entry, &format!("{at}/{index}"), found);
            }
        }
        scalar => drop(found.insert(at.to_owned(), scalar.clone())),
    }
}

/// Values that lists hold, right and wrong ones.
fn value() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        Just("2026-11-20 08:41".to_owned()),
        Just("Laptop".to_owned()),
        Just("Windows 11".to_owned()),
        Just("192.0.2.1, ::1 ;x".to_owned()),
        Just("00005E005301 02:00:5e:00:53:02".to_owned()),
        Just("a@example.com".to_owned()),
        Just("yes".to_owned()),
        "[a\"\\\\\n{}\\[\\]:,0 é\u{0}]{0,8}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[a/~é]{0,2}", inner, 0..3)
                .prop_map(|members| members.into_iter().collect()),
        ]
    })
}

fn record() -> impl Strategy<Value = Value> {
    let mut names: Vec<_> = ATTRIBUTES.iter().map(|attribute| attribute.name).collect();
    names.extend(["id", "other/column"]);
    let members = prop::collection::btree_map(prop::sample::select(names), value(), 0..12);
    members.prop_map(|members| json!(members))
}

proptest! {
    #[test]
    fn every_event_is_valid_and_every_value_of_it_explained(mut record in record(), has_id in any::<bool>()) {
        if has_id {
            record["id"] = json!("device");
        }
        let text = record.to_string();
        let explained = explain(&text, "ocsf");
        prop_assert_eq!(explained.is_ok(), map(&text).is_ok());
        let Ok(explained) = explained else { return Ok(()) };
        let event: Value = serde_json::from_str(&explained.event).unwrap();
        prop_assert_eq!(violations(&event), [""; 0], "{}", event);
        let (mut of_event, mut of_record) = Default::default();
        scalars(&event, "", &mut of_event);
        scalars(&record, "", &mut of_record);
        prop_assert_eq!(of_event.len(), explained.values.len());
        let mut rest = &*explained.event;
        for value in &explained.values {
            let said: Value = serde_json::from_str(&value.value_json).unwrap();
            prop_assert_eq!(of_event.get(&value.path), Some(&said), "{}", value.path);
            for source in &value.sources {
                let said: Value = serde_json::from_str(&source.value_json).unwrap();
                prop_assert_eq!(record.pointer(&source.pointer), Some(&said));
                of_record.remove(&source.pointer);
            }
            let (_, after) = rest.split_once(&value.value_json).unwrap();
            rest = after;
        }
        of_record.retain(|_, value| !(value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())));
        let unused: Vec<_> = of_record.into_keys().collect();
        let mut said = explained.unused;
        said.sort();
        prop_assert_eq!(said, unused);
    }

    #[test]
    fn a_heartbeat_alone_changes_no_fingerprint(record in record(), time in 1_000_000_000..2_000_000_000_i64) {
        let fingerprint = |last_seen: i64, now: OffsetDateTime| {
            let mut record = record.clone();
            record["id"] = json!("device");
            record["last_seen"] = json!(last_seen);
            let record: Node = serde_json::from_str(&record.to_string()).unwrap();
            event::fingerprint(&mapping::map(&Mapping::default(), &record, now).unwrap().scalars)
        };
        prop_assert_eq!(fingerprint(time, NOW), fingerprint(time + 1, NOW + Duration::DAY));
    }

    #[test]
    fn no_text_and_no_dialect_is_too_strange(text in "[{}\\[\\]\":,a1é\n ]{0,30}", dialect in "[{}\":,a ]{0,12}") {
        let _ = map(&text);
        if let Err(error) = explain(&text, "ocsf") {
            prop_assert!(error.line > 0);
        }
        if let Err(error) = explain(&text, &dialect) {
            prop_assert!(error.line > 0 || error.column == 0);
        }
    }
}

#[test]
fn a_fault_of_a_record_has_its_place() {
    for (text, line, column) in [
        ("", 1, 0),
        ("[1,\n 2 3]", 2, 4),
        ("\n  [1]", 2, 3),
        ("{}", 1, 1),
        (" {\"id\": \" \"}", 1, 2),
        ("{\"id\": [1]}", 1, 1),
    ] {
        let error = map(text).unwrap_err();
        assert_eq!(
            (error.line, error.column),
            (line, column),
            "{text:?}: {}",
            error.message
        );
    }
}

#[test]
fn a_config_steers_what_is_explained() {
    let record = r#"{"Serial": 7, "Host": "a", "id": "x"}"#;
    let config =
        r#"{"id": "Serial", "columns": {"hostname": "Host"}, "url": 1, "product": "CMDB"}"#;
    let explained = explain(record, config).unwrap();
    let event: Value = serde_json::from_str(&explained.event).unwrap();
    assert_eq!(
        event["device"],
        json!({"uid": "7", "hostname": "a", "type": "Unknown", "type_id": 0})
    );
    assert_eq!(event["metadata"]["product"]["name"], "CMDB");
    assert_eq!(explained.unused, ["/id"]);
    for wrong in [
        "sekoia",
        "",
        "[]",
        "{",
        r#"{"id": 5}"#,
        r#"{"dialect": "sekoia"}"#,
        r#"{"columns": {"hots": "Host"}}"#,
    ] {
        let error = explain("{}", wrong).unwrap_err();
        assert_eq!((error.line, error.column), (0, 0), "{wrong}");
    }
}

#[test]
fn the_page_lists_every_attribute() {
    let row = |attribute: &Attribute| {
        let path = attribute.path.trim_start_matches('/').replace('/', ".");
        let (name, about, rule) = (attribute.name, attribute.about, attribute.kind.rule());
        format!("| `{name}` | `{path}`: {about} | {rule} |\n")
    };
    let table: String = ATTRIBUTES.iter().map(row).collect();
    let page = fs::read_to_string(here("../../docs/asset-list.md")).unwrap();
    assert!(
        page.contains(&table),
        "docs/asset-list.md must have:\n{table}"
    );
}
