//! `map` turns any text into events or clear errors: through the real host and component, without
//! account, configuration or network.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod support;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use fastrand::Rng;
use serde_json::{Value, json};
use sophos_central_simulator::{Fleet, Options, RecordSize};
use support::{Ran, Workplace, built, compact};

/// Returns a folder without a configuration.
fn workplace() -> Workplace {
    let work = Workplace::new(Options::new(Fleet::new(1, 0)));
    std::fs::remove_file(work.path("asset-host.toml")).unwrap();
    work
}

/// Maps standard input.
fn map(input: &str, args: &[&str]) -> Ran {
    let work = workplace();
    let mut host = work
        .command(&[&["map"], args].concat())
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = host.stdin.take().unwrap();
    let output = std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(input.as_bytes()).unwrap());
        host.wait_with_output().unwrap()
    });
    assert!(work.simulator.requests().is_empty());
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Asserts that every line of both outputs is an event or an error with its place, and that the component
/// was not stopped. Returns how many of each there are.
#[track_caller]
fn events_and_errors(ran: &Ran) -> (usize, usize) {
    for line in ran.stdout.lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        assert_eq!(event["class_uid"], 5001);
    }
    let mut more = 0;
    for line in ran.stderr.lines() {
        if let Some(count) = line.strip_suffix(" more records cannot be mapped") {
            more = count.parse::<usize>().unwrap() - 1;
            continue;
        }
        let (_, rest) = line.split_once(':').unwrap();
        let (number, reason) = rest.split_once(": ").unwrap();
        assert!(number.parse::<usize>().unwrap() >= 1, "{line}");
        assert!(reason.contains("expected"), "{line}");
    }
    let counts = (
        ran.stdout.lines().count(),
        ran.stderr.lines().count() + more,
    );
    assert_eq!(ran.code, Some(i32::from(counts.1 > 0)), "{}", ran.stderr);
    counts
}

/// Returns an endpoint with the required fields only.
fn endpoint(number: usize) -> String {
    json!({ "id": format!("id-{number}"), "hostname": "example", "lastSeenAt": "2026-11-20T08:00:00Z" }).to_string()
}

/// Returns the ids of the events, in order.
fn ids(ran: &Ran) -> Vec<String> {
    let id = |line: &str| {
        let event: Value = serde_json::from_str(line).unwrap();
        event["device"]["uid"].as_str().unwrap().to_owned()
    };
    ran.stdout.lines().map(id).collect()
}

/// Returns the golden inputs of a folder, each with its expected output.
fn golden(folder: &str) -> BTreeMap<PathBuf, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let found: BTreeMap<_, _> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter_map(|path| {
            let expected =
                path.to_str()?.strip_suffix(".input.json")?.to_owned() + ".expected.json";
            Some((path, std::fs::read_to_string(expected).unwrap()))
        })
        .collect();
    assert!(!found.is_empty());
    found
}

#[test]
fn every_golden_endpoint_becomes_exactly_its_event() {
    let cases: Vec<_> = golden("golden").into_iter().collect();
    // The time of the golden files that depend on the clock.
    let mut args = vec!["map", "--now", "2026-11-25T00:00:00Z"];
    args.extend(cases.iter().map(|(path, _)| path.to_str().unwrap()));
    let ran = workplace().host(&args).expect(0);
    assert_eq!(ran.stderr, "");
    let events: Vec<_> = ran.stdout.lines().collect();
    assert_eq!(events.len(), cases.len());
    for (event, (path, expected)) in events.iter().zip(&cases) {
        assert_eq!(*event, compact(expected), "{}", path.display());
    }
}

#[test]
fn every_golden_refusal_has_its_error_with_file_and_line() {
    let work = workplace();
    for (path, expected) in golden("golden/refused") {
        let file = path.to_str().unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        let ran = work.host(&["map", file]);
        let (events, errors) = events_and_errors(&ran);
        let is_read = [
            "json-array.",
            "text-that-goes-on-",
            "text-with-a-byte-order-mark.",
        ]
        .iter()
        .any(|beginning| name.starts_with(beginning));
        if is_read {
            // A file without an endpoint, and valid ones.
            assert_eq!((events > 0, errors), (true, 0), "{name}");
            continue;
        }
        assert_eq!((events, errors), (0, 1), "{name}");
        let expected: Value = serde_json::from_str(&expected).unwrap();
        let line = &expected["error"]["line"];
        assert!(
            ran.stderr.starts_with(&format!("{file}:{line}: ")),
            "{name}: {}",
            ran.stderr
        );
        // The host itself reports what is not JSON.
        if !name.starts_with("text-") {
            let message = expected["error"]["message"].as_str().unwrap();
            let told = ran.stderr.trim_end();
            let (told, id) = told.rsplit_once(" (id ").unwrap_or((told, ")"));
            assert_eq!(told, format!("{file}:{line}: {message}"));
            let id = id.strip_suffix(')').unwrap();
            assert!(std::fs::read_to_string(&path).unwrap().contains(id), "{id}");
        }
    }
}

#[test]
fn every_form_of_input_file_is_read() {
    let one = endpoint(1);
    let page = json!({ "items": [{ "id": "id-1", "hostname": "a" }, { "id": "id-2", "hostname": "b" }], "pages": {} });
    let two = ["id-1", "id-2"];
    for (input, expected) in [
        (one.clone(), &two[..1]),
        (format!("\n\n  {one}\n\n"), &two[..1]),
        (format!("[{one},\n{}]", endpoint(2)), &two),
        ("[]".into(), &[]),
        (page.to_string(), &two),
        (format!("{page:#}"), &two),
        (r#"{"items": [], "pages": {"size": 50}}"#.into(), &[]),
        (format!("{one}\n\n{}", endpoint(2)), &two),
        (format!("{one}\r\n{}\r\n", endpoint(2)), &two),
        (format!("[{one}]\n{}\n", endpoint(2)), &two),
    ] {
        for args in [&[][..], &["-"], &["--dialect", "sekoia"]] {
            let ran = map(&input, args).expect(0);
            assert_eq!(ran.stderr, "", "{input}");
            assert_eq!(ids(&ran), expected, "{input}");
        }
    }
}

#[test]
fn several_files_are_mapped_in_their_order() {
    let work = workplace();
    work.write("a.json", &endpoint(1));
    work.write("b.ndjson", &format!("{}\n{}\n", endpoint(2), endpoint(3)));
    let ran = work
        .host(&["map", "b.ndjson", "a.json", "b.ndjson"])
        .expect(0);
    assert_eq!(ids(&ran), ["id-2", "id-3", "id-1", "id-2", "id-3"]);

    let ran = work.host(&["map", "a.json", "missing.json"]).expect(2);
    assert!(
        ran.stderr.contains("cannot read missing.json"),
        "{}",
        ran.stderr
    );
    assert_eq!(ids(&ran), ["id-1"]);
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_first_record() {
    for input in [endpoint(1), format!("{}\n{}", endpoint(1), endpoint(2))] {
        let ran = map(&format!("\u{feff}{input}"), &[]).expect(0);
        assert_eq!(ids(&ran)[0], "id-1");
    }
}

#[test]
fn an_error_names_the_record_in_text_and_in_json() {
    // A page on one line, where the line does not say which record failed.
    let page = format!(
        r#"{{"items": [{}, {{"id": "id-\u001b9"}}, 7]}}"#,
        endpoint(1)
    );
    let ran = map(&page, &[]).expect(1);
    let errors: Vec<_> = ran.stderr.lines().collect();
    assert!(
        errors[0].starts_with("standard input:1: `hostname` is missing"),
        "{}",
        errors[0]
    );
    assert!(
        errors[0].ends_with(r#" (record 2, id "id-\u{1b}9")"#),
        "{}",
        errors[0]
    );
    assert!(errors[1].ends_with(" (record 3)"), "{}", errors[1]);

    let input = page + &"\n{}".repeat(30);
    let ran = map(&input, &["--log-format", "json"]).expect(1);
    let errors: Vec<Value> = ran
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(errors.len(), 21);
    let first = &errors[0];
    assert_eq!(first["level"], "error");
    assert_eq!(first["file"], "standard input");
    assert_eq!((&first["line"], &first["record"]), (&json!(1), &json!(2)));
    assert_eq!(first["id"], "id-\u{1b}9");
    assert!(
        first["message"]
            .as_str()
            .unwrap()
            .starts_with("`hostname` is missing")
    );
    assert_eq!(errors[2]["line"], 2);
    assert_eq!(errors[20]["more"], 12);
}

#[test]
fn omit_takes_the_attributes_of_a_list_with_its_index_and_without() {
    let record = json!({ "id": "id-1", "hostname": "a", "lastSeenAt": "2026-11-20T08:00:00Z",
        "ipv4Addresses": ["192.0.2.1"], "macAddresses": ["02:00:00:00:00:01"] })
    .to_string();
    let omit = |path| map(&record, &["--omit", path]).expect(0).stdout;
    let without = omit("device.network_interfaces[].mac");
    assert!(!without.contains("02:00:00:00:00:01"), "{without}");
    assert_eq!(omit("device.network_interfaces.mac"), without);
}

#[test]
fn a_bad_record_does_not_affect_the_others() {
    let work = workplace();
    let (one, two) = (endpoint(1), endpoint(2));
    let lines = [
        one.as_bytes(),
        b"{\"id\": \"id-9\"}",
        b"{\"id\"",
        b"{\"id\": \"\xff\"}",
        b"7",
        two.as_bytes(),
    ];
    std::fs::write(work.path("lines.ndjson"), lines.join(&b'\n')).unwrap();
    work.write(
        "page.json",
        &format!("{{\"items\": [\n{one},\n{{\"id\": \"id-9\"}},\nnull,\n{two}]}}"),
    );

    let ran = work.host(&["map", "lines.ndjson"]).expect(1);
    assert_eq!(ids(&ran), ["id-1", "id-2"]);
    let errors: Vec<_> = ran.stderr.lines().collect();
    for (error, (line, reason)) in errors.iter().zip([
        (2, "`hostname` is missing"),
        (3, "the text ends too early (column 5)"),
        (4, "not UTF-8 (column 9)"),
        (5, "the text is a number"),
    ]) {
        assert!(
            error.starts_with(&format!("lines.ndjson:{line}: {reason}")),
            "{error}"
        );
    }
    assert_eq!(errors.len(), 4);

    let ran = work.host(&["map", "page.json"]).expect(1);
    assert_eq!(ids(&ran), ["id-1", "id-2"]);
    assert!(
        ran.stderr.starts_with("page.json:3: `hostname` is missing"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("\npage.json:4: the text is null"),
        "{}",
        ran.stderr
    );
}

#[test]
fn an_input_without_endpoints_is_reported() {
    for input in ["", "\n", " \t\r\n \n"] {
        let ran = map(input, &[]);
        assert_eq!(events_and_errors(&ran), (0, 1));
        assert!(ran.stderr.contains("there is nothing"), "{}", ran.stderr);
    }
}

#[test]
fn an_input_that_is_not_an_endpoint_is_refused() {
    for input in [
        "null",
        "true",
        "7",
        "1e999999",
        "\"text\"",
        "{}",
        "{\"items\": 5}",
        "{\"id\": [], \"hostname\": {}}",
    ] {
        assert_eq!(events_and_errors(&map(input, &[])), (0, 1), "{input}");
    }
}

#[test]
fn any_depth_of_nesting_is_read() {
    const DEPTH: usize = 1_000_000;
    let array = "[".repeat(DEPTH) + &"]".repeat(DEPTH);
    let object = "{\"a\":".repeat(DEPTH) + "1" + &"}".repeat(DEPTH);
    let around = |value: &str| {
        format!("{{\"id\": \"id-1\", \"os\": {value}, \"hostname\": \"deep\", \"extra\": {value}}}")
    };
    for (input, counts) in [
        (around(&array), (1, 0)),
        (around(&object), (1, 0)),
        (array, (0, 1)),
        (object, (0, 1)),
        ("[".repeat(DEPTH), (0, 1)),
        ("{\"a\":".repeat(DEPTH), (0, 1)),
    ] {
        assert_eq!(
            events_and_errors(&map(&input, &[])),
            counts,
            "{:.20}",
            input
        );
    }
}

#[test]
fn a_huge_record_is_mapped() {
    let text = "x".repeat(30_000_000);
    let wide = format!(
        "{{{}\"id\": \"id-1\", \"hostname\": \"wide\"}}",
        "\"field\": 1,".repeat(2_000_000)
    );
    let escaped = "\\u00e9".repeat(2_000_000);
    for input in [
        format!("{{\"id\": \"id-1\", \"hostname\": \"{text}\"}}"),
        format!("{{\"id\": \"id-1\", \"hostname\": \"large\", \"more\": \"{text}\"}}"),
        format!("{{\"id\": \"id-1\", \"hostname\": \"{escaped}\"}}"),
        wide,
    ] {
        let ran = map(&input, &[]);
        assert_eq!(events_and_errors(&ran), (1, 0), "{:.50}", input);
        assert_eq!(ids(&ran), ["id-1"]);
    }
}

#[test]
fn many_records_are_mapped() {
    const RECORDS: usize = 200_000;
    let records: Vec<_> = (0..RECORDS).map(endpoint).collect();
    for input in [records.join("\n"), format!("[{}]", records.join(",\n"))] {
        let ran = map(&input, &[]).expect(0);
        assert_eq!(ran.stdout.lines().count(), RECORDS);
    }
    // The first errors are printed, and the others are counted.
    let ran = map(&"{\"id\": 1}\n".repeat(RECORDS), &[]).expect(1);
    let errors: Vec<_> = ran.stderr.lines().collect();
    assert_eq!(errors.len(), 21);
    assert_eq!(
        errors[19..],
        [
            "standard input:20: `id` is a number; a string that is not empty was expected (record 20)",
            "199980 more records cannot be mapped"
        ]
    );
}

#[test]
fn random_bytes_give_an_event_or_an_error_each() {
    let work = workplace();
    let mut rng = Rng::with_seed(1);
    let good = Fleet::new(1, 1)
        .with_record_size(RecordSize::Large)
        .record(0)
        .to_string();
    let mut args = Vec::new();
    for number in 0..400 {
        let bytes: Vec<u8> = if number % 2 == 0 {
            (0..rng.usize(0..2_000)).map(|_| rng.u8(..)).collect()
        } else {
            // A valid record with a few changed bytes gets further into the component.
            let mut bytes = good.clone().into_bytes();
            for _ in 0..rng.usize(1..4) {
                let place = rng.usize(..bytes.len());
                bytes[place] = rng.u8(..);
            }
            bytes
        };
        args.push(format!("blob-{number}"));
        std::fs::write(work.path(&args[number]), bytes).unwrap();
    }
    let (mut events, mut errors) = (0, 0);
    // So few at a time that each error is printed.
    for names in args.chunks(10) {
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let ran = work.host(&[&["map"], &names[..]].concat());
        let counts = events_and_errors(&ran);
        let failed: Vec<_> = ran
            .stderr
            .lines()
            .map(|line| line.split_once(':').unwrap().0)
            .collect();
        let failures = names.iter().filter(|name| failed.contains(name)).count();
        assert!(counts.0 + failures >= names.len(), "a file gave neither");
        events += counts.0;
        errors += counts.1;
    }
    assert!(
        events > 0 && errors > 200,
        "{events} events, {errors} errors"
    );
}

#[test]
fn the_component_is_the_named_one_or_the_accounts_or_the_one_beside_the_program() {
    let component = built("sophos-assets.wasm");
    let component = component.to_str().unwrap();
    let one = endpoint(1);
    map(&one, &[]).expect(0);
    map(&one, &["--component", component]).expect(0);

    let work = Workplace::new(Options::new(Fleet::new(1, 0)));
    work.write("one.json", &one);
    work.host(&["map", "one.json"]).expect(0);
    work.edit_config(component, "missing.wasm");
    work.host(&["map", "one.json"])
        .expect(2)
        .says(&["missing.wasm"]);
    work.host(&["map", "--component", component, "one.json"])
        .expect(0);
    assert!(work.simulator.requests().is_empty());
}

#[test]
fn an_unknown_dialect_is_refused_with_a_list_of_the_known_ones() {
    let ran = map(&endpoint(1), &["--dialect", "klingon"]).expect(2);
    assert!(
        ran.stderr.contains("--dialect must be one of: sekoia"),
        "{}",
        ran.stderr
    );
    assert_eq!(ran.stdout, "");
}

#[test]
fn an_impossible_omit_is_reported_once_with_the_flag() {
    let records = format!("{}\n{}\n", endpoint(1), endpoint(2));
    for args in [
        &["--omit", "device.ownr"][..],
        &["--dialect", "ocsf", "--omit", "device.name,device.ownr"],
        &["--explain", "--omit", "device.ownr"],
    ] {
        let ran = map(&records, args).expect(2);
        let told = "--omit: `omit` does not fit: `device.ownr` is not an attribute";
        assert_eq!(ran.stderr.matches(told).count(), 1, "{}", ran.stderr);
        assert!(!ran.stderr.contains("standard input"), "{}", ran.stderr);
        assert_eq!(ran.stdout, "");
    }
}

#[test]
fn an_extra_comma_in_omit_has_no_effect() {
    let record = endpoint(1);
    let without = map(&record, &["--omit", "device.name"]).expect(0).stdout;
    for omit in ["device.name,", ",device.name", "device.name, ,"] {
        let ran = map(&record, &["--omit", omit]).expect(0);
        assert_eq!(ran.stdout, without, "{omit}");
    }
    let all = map(&record, &[]).expect(0).stdout;
    assert_ne!(without, all);
    assert_eq!(map(&record, &["--omit", ","]).expect(0).stdout, all);
}

#[test]
fn map_succeeds_if_its_reader_leaves_early() {
    let work = workplace();
    let records: Vec<_> = (0..20_000).map(endpoint).collect();
    work.write("many.ndjson", &records.join("\n"));
    let mut host = work.command(&["map", "many.ndjson"]).spawn().unwrap();
    let mut reader = BufReader::new(host.stdout.take().unwrap());
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    assert!(line.contains("id-0"));
    drop(reader);
    let output = host.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}
