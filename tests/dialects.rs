//! The dialect of an account and what it leaves out: every event that is delivered follows both, and a change
//! brings every device again.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod support;

use serde_json::Value;
use sophos_central_simulator::{Fleet, Options};
use support::Workplace;

const ENDPOINTS: u64 = 300;

/// An account with these lines in its config.
fn workplace(config: &str) -> Workplace {
    let work = Workplace::new(Options::new(Fleet::new(1, ENDPOINTS)));
    work.configure(config, "");
    work
}

#[test]
fn the_dialect_of_an_account_is_that_of_its_events() {
    let work = workplace("dialect = \"ocsf\"");
    work.simulator.fleet(|fleet| {
        fleet.edit(3, |record| {
            record.as_object_mut().unwrap().remove("hostname");
        });
    });
    work.collect(0).says(&["events 300"]);
    let events = work.events();
    for event in &events {
        // Milliseconds, captions, and what the endpoint tells beyond the receiver's needs.
        assert!(
            event["time"].as_i64().unwrap() > 1_000_000_000_000,
            "{event}"
        );
        assert_eq!(event["metadata"]["product"]["vendor_name"], "Sophos");
        assert_eq!(event["observables"][0]["name"], "device.uid");
        assert_eq!(event["device"].get("desc"), None);
    }
    let named = |event: &&Value| event["device"].get("hostname").is_some();
    assert_eq!(events.iter().filter(named).count(), 299);
    work.forget_events();
    work.collect(0).says(&["events 0"]);
}

#[test]
fn what_is_omitted_is_in_no_event_and_each_device_is_there() {
    let work = workplace("omit = [\"device.desc\", \"device.network_interfaces\"]");
    work.collect(0).says(&["events 300"]);
    for event in work.events() {
        assert_eq!(event["device"].get("desc"), None);
        assert_eq!(event["device"].get("network_interfaces"), None);
        assert!(event["device"]["hostname"].is_string());
    }
}

#[test]
fn another_dialect_or_another_omit_brings_every_device_again() {
    let work = workplace("");
    work.collect(0).says(&["events 300"]);
    for config in [
        "dialect = \"ocsf\"",
        "dialect = \"ocsf\"\nomit = [\"device.owner\"]",
        "",
    ] {
        work.forget_events();
        work.configure(config, "");
        work.collect(0).says(&["events 300"]);
        work.forget_events();
        work.collect(0).says(&["events 0"]);
    }
}

#[test]
fn what_cannot_be_omitted_is_told_with_the_remedy_before_anything_is_collected() {
    for (omit, says) in [
        ("device.uid", "no event is complete without it"),
        ("device.groups[].name", "Leave out `device.groups`"),
        ("device.owner", "no attribute of the dialect `sekoia`"),
    ] {
        let work = workplace(&format!("omit = [\"{omit}\"]"));
        work.collect(2)
            .says(&["asset-host.toml: account.acme.config: `omit`", says]);
        assert_eq!(work.events(), [Value::Null; 0]);
        assert!(work.simulator.requests().is_empty());
    }
}
