//! What a person sees of an explanation.

use console::measure_text_width;
use proptest::prelude::*;

use super::*;
use crate::contract::bindings::inventory::connector::types::SourceValue;

fn value(path: &str, value_json: &str, sources: &[(&str, &str)], rule: &str) -> MappedValue {
    let sources = sources.iter().map(|(pointer, value_json)| SourceValue {
        pointer: (*pointer).into(),
        value_json: (*value_json).into(),
    });
    MappedValue {
        path: path.into(),
        value_json: value_json.into(),
        sources: sources.collect(),
        rule: rule.into(),
    }
}

fn example() -> Explanation {
    Explanation {
        event: "{}".into(),
        values: vec![
            value("/class_uid", "5001", &[], "always"),
            value(
                "/device/is_trusted",
                "false",
                &[
                    ("/health/overall", "\"bad\""),
                    ("/isolation/status", "\"notIsolated\""),
                    ("/tamperProtectionEnabled", "true"),
                ],
                "isolated is false; good health with tamper protection on is true; bad or suspicious health is false",
            ),
            value(
                "/device/network_interfaces/0/hostname",
                "\"a-hostname-that-is-rather-long.example.com\"",
                &[(
                    "/hostname",
                    "\"a-hostname-that-is-rather-long.example.com\"",
                )],
                "as it is",
            ),
        ],
        omitted: vec![value(
            "/device/desc",
            "\"端末\"",
            &[("/associatedPerson/name", "\"端末\"")],
            "as it is",
        )],
        unused: vec!["/associatedPerson/id".into(), "/a~1b".into()],
    }
}

#[test]
fn without_a_terminal_every_text_is_whole() {
    let expected = "\
path                                   value                                         sources                                                   rule
/class_uid                             5001                                                                                                    always
/device/is_trusted                     false                                         /health/overall = \"bad\"                                   isolated is false; good health with tamper protection on is true; bad or suspicious health is false
                                                                                     /isolation/status = \"notIsolated\"
                                                                                     /tamperProtectionEnabled = true
/device/network_interfaces/0/hostname  \"a-hostname-that-is-rather-long.example.com\"  /hostname = \"a-hostname-that-is-rather-long.example.com\"  as it is

left out of the event by `omit`
path          value   sources                          rule
/device/desc  \"端末\"  /associatedPerson/name = \"端末\"  as it is

source fields that no rule used
/associatedPerson/id
/a~1b
";
    assert_eq!(table(&example(), None), expected);
}

#[test]
fn a_terminal_has_it_within_its_width() {
    let expected = "\
path                      value                     sources                  rule
/class_uid                5001                                               always
/device/is_trusted        false                     /health/overall = \"bad\"  isolated is false; good
                                                    /isolation/status =      health with tamper
                                                    \"notIsolated\"            protection on is true;
                                                    /tamperProtectionEnable  bad or suspicious
                                                    d = true                 health is false
/device/network_interfac  \"a-hostname-that-is-rath  /hostname = \"a-hostname  as it is
es/0/hostname             er-long.example.com\"      -that-is-rather-long.ex
                                                    ample.com\"

left out of the event by `omit`
path          value   sources                          rule
/device/desc  \"端末\"  /associatedPerson/name = \"端末\"  as it is

source fields that no rule used
/associatedPerson/id
/a~1b
";
    assert_eq!(table(&example(), Some(100)), expected);
    let longest = table(&example(), Some(120))
        .lines()
        .map(measure_text_width)
        .max();
    assert!(longest.unwrap() <= 120);
}

#[test]
fn one_long_value_does_not_push_the_others_away() {
    let mut explanation = example();
    let long = format!("\"{}\"", "x".repeat(5000));
    explanation.values.push(value(
        "/device/name",
        &long,
        &[("/hostname", &long)],
        "as it is",
    ));
    let table = table(&explanation, None);
    let longest = table.lines().map(str::len).max();
    assert!(longest.unwrap() < 300, "{table}");
    assert_eq!(table.matches('x').count(), 2 * 5000 + 2, "{table}");
}

#[test]
fn no_text_of_a_record_controls_the_terminal() {
    let steering = "/\u{1b}[2J\u{202e}\nx\r";
    let explanation = Explanation {
        event: "{}".into(),
        values: vec![value(
            steering,
            "\"\u{9b}2J\"",
            &[(steering, "{\n}")],
            steering,
        )],
        omitted: vec![value(
            steering,
            "\"\u{9b}2J\"",
            &[(steering, "{\n}")],
            steering,
        )],
        unused: vec![steering.into()],
    };
    for columns in [None, Some(100)] {
        let table = table(&explanation, columns);
        assert!(
            !table
                .replace('\n', "")
                .contains(crate::text::printable::is_unsafe_for_terminal),
            "{table:?}"
        );
        assert_eq!(table.lines().count(), 9, "{table}");
    }
}

#[test]
fn what_gives_no_reasons_is_said_to() {
    let explanation = Explanation {
        event: "{\"a\":\"\u{202e}\"}".into(),
        values: Vec::new(),
        omitted: Vec::new(),
        unused: Vec::new(),
    };
    assert_eq!(
        table(&explanation, Some(100)),
        "The component gives no reasons for this event:\n{\"a\":\" \"}\n"
    );
}

#[test]
fn the_empty_pointer_is_seen() {
    let explanation = Explanation {
        event: "{}".into(),
        values: vec![value("/raw", "{}", &[("", "{}")], "the record")],
        omitted: Vec::new(),
        unused: vec![String::new()],
    };
    let table = table(&explanation, None);
    assert_eq!(table.matches("(the whole record)").count(), 2, "{table}");
}

proptest! {
    #[test]
    fn no_line_is_wider_than_the_terminal_and_no_pointer_is_lost(
        paths in prop::collection::vec("(/[a-z端0-9 ]{0,30}){1,4}", 1..4),
        text in "\\PC{0,80}",
        columns in 60_u16..200,
    ) {
        let json = serde_json::to_string(&text).unwrap();
        let sources: Vec<_> = paths.iter().map(|path| (path.as_str(), json.as_str())).collect();
        let explanation = Explanation {
            event: "{}".into(),
            values: vec![value(&paths[0], &json, &sources, &text)],
            omitted: Vec::new(),
            unused: Vec::new(),
        };
        let table = table(&explanation, Some(columns));
        for line in table.lines() {
            prop_assert!(measure_text_width(line) <= columns.into(), "{}\n{}", line, table);
        }
        // What is cut is a value.
        let slashes = |text: &str| text.matches('/').count();
        let whole: usize = paths.iter().map(|path| slashes(path)).sum();
        prop_assert!(slashes(&table) >= whole + slashes(&paths[0]), "{}", table);
    }
}
