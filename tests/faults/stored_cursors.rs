//! Stored cursors that cannot be continued: refused with the remedy, never silently reset.

use serde_json::Value;
use sophos_central_simulator::{Clock, Fleet, Options, Tenant, instant};

use crate::support::Workplace;

const ENDPOINTS: u64 = 120;

/// Returns what `state export` prints of the only account.
fn exported(work: &Workplace) -> Value {
    let exported = work.host(&["state", "export"]).expect(0);
    serde_json::from_str(&exported.stdout).unwrap()
}

/// Returns the place of the cursor of the only source.
fn cursor(exported: &mut Value) -> &mut Value {
    let sources = exported["stored"]["sources"].as_object_mut().unwrap();
    assert_eq!(sources.len(), 1);
    &mut sources.values_mut().next().unwrap()["state"]["cursor"]
}

/// Returns the stored cursor, byte for byte.
fn stored(work: &Workplace) -> String {
    cursor(&mut exported(work)).as_str().unwrap().to_owned()
}

fn store(work: &Workplace, text: &str) {
    let mut exported = exported(work);
    *cursor(&mut exported) = text.into();
    work.write("exported.ndjson", &format!("{exported}\n"));
    work.host(&["state", "import", "exported.ndjson", "--replace"])
        .expect(0);
}

/// Changes the stored cursor behind the host's back.
pub fn edit_cursor(work: &Workplace, change: impl FnOnce(&mut Value)) {
    let mut cursor = serde_json::from_str(&stored(work)).unwrap();
    change(&mut cursor);
    store(work, &cursor.to_string());
}

fn collected() -> Workplace {
    let work = Workplace::new(Options {
        clock: Clock::Fixed(instant("2026-11-20T12:00:00Z")),
        ..Options::new(Fleet::new(1, ENDPOINTS))
    });
    work.collect(0);
    work.forget_events();
    work
}

/// Asserts that the cursor is refused each time and stays as it is. After a reset everything is collected.
#[track_caller]
fn refused(work: &Workplace, words: &[&str]) {
    let before = stored(work);
    for _ in 0..2 {
        work.collect(1).says(words).says(&[
            "the stored cursor is not valid",
            "asset-host state reset --account acme",
            "events 0, rejects 0, retries 0",
        ]);
    }
    assert_eq!(stored(work), before);
    assert!(work.events().is_empty());

    work.host(&["state", "reset", "--account", "acme"])
        .expect(0)
        .says(&["collects everything"]);
    work.collect(0).says(&[&format!("events {ENDPOINTS},")]);
    assert_eq!(work.ids(), work.simulator.fleet(|fleet| fleet.ids()));
    work.collect(0).says(&["events 0"]);
}

#[test]
fn a_damaged_cursor_is_refused() {
    let work = collected();
    let good = stored(&work);
    let (half, _) = good.split_at(good.len() / 2);
    for damaged in [half, "", "{}", "null", "[]", "garbage", r#"{"version":1}"#] {
        println!("{damaged:?}");
        work.forget_events();
        store(&work, damaged);
        refused(&work, &["The cursor is damaged", "nothing is lost"]);
    }
}

#[test]
fn a_cursor_with_a_field_of_another_type_is_refused() {
    let work = collected();
    edit_cursor(&work, |cursor| cursor["seen"] = 5.into());
    refused(&work, &["The cursor is damaged"]);
}

#[test]
fn a_cursor_from_a_newer_version_is_refused() {
    let work = collected();
    edit_cursor(&work, |cursor| cursor["version"] = 2.into());
    refused(&work, &["written by a newer version", "Use that version"]);
}

#[test]
fn a_cursor_of_another_tenant_is_refused() {
    let work = collected();
    edit_cursor(&work, |cursor| {
        cursor["tenant"] = "22d1f0aa-3b7e-4c8e-9d10-2f4c5a6b7c02".into();
    });
    refused(
        &work,
        &["belongs to another tenant", "an account of its own"],
    );
}

#[test]
fn another_tenant_under_the_same_account_has_a_cursor_of_its_own() {
    let work = collected();
    let other = Tenant::new(
        "22d1f0aa-3b7e-4c8e-9d10-2f4c5a6b7c02",
        "Example Two Ltd",
        Fleet::new(2, 30),
    );
    let first = work
        .simulator
        .configure(|options| std::mem::replace(&mut options.tenants, vec![other]));
    // The tenant that was collected before is missing, which fails.
    work.collect(1).says(&["events 30,", "no longer lists it"]);
    assert_eq!(work.ids(), work.simulator.fleet(|fleet| fleet.ids()));

    work.simulator.configure(|options| options.tenants = first);
    work.collect(1).says(&["events 0", "(1 failed"]);
}

#[test]
fn a_cursor_of_another_mapping_walks_everything_again() {
    let work = collected();
    edit_cursor(&work, |cursor| cursor["mapping_version"] = 0.into());
    work.collect(0).says(&[&format!("events {ENDPOINTS},")]);
    work.collect(0).says(&["events 0"]);
}
