use std::sync::{Arc, Mutex};

use serde_json::Value;
use tracing::{debug, error_span, info, warn};

use super::*;

/// Returns the lines that `work` logs, without their times in text.
fn logged(verbose: u8, quiet: bool, format: Format, work: impl FnOnce()) -> Vec<String> {
    let log = Arc::new(Mutex::new(String::new()));
    let lines = Lines {
        format,
        colours: false,
        write: {
            let log = log.clone();
            move |line: &str| log.lock().unwrap().push_str(line)
        },
    };
    tracing::subscriber::with_default(subscriber(verbose, quiet, lines), work);
    let log = log.lock().unwrap();
    let without_time = |line: &str| match format {
        Format::Text => line.split_once(' ').unwrap().1.to_owned(),
        Format::Json => line.to_owned(),
    };
    log.lines().map(without_time).collect()
}

/// Logs as modules do while a source is collected.
fn work() {
    info!(account = "acme", "before");
    let span = error_span!("source", account = "acme", source = "one");
    span.in_scope(|| {
        warn!(device = "d-1", count = 2, "rejected a record");
        debug!(target: "component", "its own line");
        // The field of the event replaces that of the span.
        warn!(source = "two", "elsewhere");
        error_span!("page", page = 3_u64).in_scope(|| warn!("nested"));
    });
    info!("after");
}

#[test]
fn each_line_has_the_fields_of_its_spans_once() {
    assert_eq!(
        logged(2, false, Format::Text, work),
        [
            " INFO before account=\"acme\"",
            " WARN rejected a record account=\"acme\" source=\"one\" device=\"d-1\" count=2",
            "DEBUG its own line account=\"acme\" source=\"one\"",
            " WARN elsewhere account=\"acme\" source=\"two\"",
            " WARN nested account=\"acme\" source=\"one\" page=3",
            " INFO after",
        ]
    );
}

#[test]
fn json_has_the_fields_at_the_top_level() {
    let lines = logged(2, false, Format::Json, work);
    let second: Value = serde_json::from_str(&lines[1]).unwrap();
    let fields = second.as_object().unwrap();
    assert!(timestamp::parse(fields["timestamp"].as_str().unwrap()).is_ok());
    for (name, value) in [
        ("level", Value::from("warn")),
        ("message", "rejected a record".into()),
        ("account", "acme".into()),
        ("source", "one".into()),
        ("device", "d-1".into()),
        ("count", 2.into()),
    ] {
        assert_eq!(fields[name], value, "{name}");
    }
    assert_eq!(fields.len(), 7);
    assert!(lines[1].starts_with("{\"timestamp\":\""), "{}", lines[1]);
    let elsewhere = &lines[3];
    assert_eq!(elsewhere.matches("\"source\"").count(), 1, "{elsewhere}");
    assert!(elsewhere.contains("\"source\":\"two\""), "{elsewhere}");
}

#[test]
fn quiet_keeps_the_fields_of_the_spans() {
    assert_eq!(
        logged(0, true, Format::Text, work),
        [
            " WARN rejected a record account=\"acme\" source=\"one\" device=\"d-1\" count=2",
            " WARN elsewhere account=\"acme\" source=\"two\"",
            " WARN nested account=\"acme\" source=\"one\" page=3",
        ]
    );
}

#[test]
fn verbose_adds_requests_and_then_the_component() {
    let work = || {
        debug!("a request");
        debug!(target: "component", "its own line");
        info!(target: "hyper", "of a library");
    };
    assert_eq!(logged(0, false, Format::Text, work), [""; 0]);
    assert_eq!(logged(1, false, Format::Text, work), ["DEBUG a request"]);
    assert_eq!(logged(2, false, Format::Text, work).len(), 2);
}

#[test]
fn fields_of_any_type_are_written_and_none_replaces_a_reserved_name() {
    let work = || {
        let error = io::Error::other("no room");
        info!(
            error = &error as &(dyn std::error::Error + 'static),
            debug = ?Some(1),
            none = None::<u64>,
            full = true,
            seconds = 1.5,
            level = "of an event",
            "end"
        );
    };
    assert_eq!(
        logged(0, false, Format::Text, work),
        [" INFO end error=\"no room\" debug=\"Some(1)\" full=true \
             seconds=1.5 level=\"of an event\""]
    );
    let lines = logged(0, false, Format::Json, work);
    assert_eq!(lines[0].matches("\"level\"").count(), 1, "{}", lines[0]);
    assert!(lines[0].contains("\"level\":\"info\""), "{}", lines[0]);
}

#[test]
fn a_line_is_one_line_without_control_characters() {
    let work = || warn!(name = "a\u{1b}[2Jb\u{9b}", "first\nsecond\u{1b}[2J");
    for format in [Format::Text, Format::Json] {
        let lines = logged(0, false, format, work);
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(!lines[0].contains('\u{1b}'), "{lines:?}");
    }
    let text = logged(0, false, Format::Text, work);
    assert!(!text[0].contains(char::is_control), "{text:?}");
}
