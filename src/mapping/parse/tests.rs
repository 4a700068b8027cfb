use proptest::prelude::*;
use serde_json::{Map, Value};

use super::*;

/// What is written of a text that was taken apart.
fn written(json: &str) -> Option<String> {
    let mut written = Vec::new();
    if let Some(all) = parse(json)?.root() {
        all.write(&mut written);
    }
    Some(String::from_utf8(written).unwrap())
}

#[test]
fn values_that_are_not_empty_are_found_anywhere() {
    let deep = |depth: usize| "[".repeat(depth) + "7" + &"]".repeat(depth);
    let below_33 = "[".repeat(33) + r#""[7]""# + &"]".repeat(33);
    for (json, expected) in [
        ("{}", ""),
        (
            r#" { "a" : null , "b":"", "c":[ ],"d":[{ },[[]],null] } "#,
            "",
        ),
        (
            "\t{\r\n\"a\" :\n[ 1 , null,\"\",true, {\"b\":{}} ,\"x\" , {\"c\": -1.50e+3 } ]\n} ",
            r#"{"a":[1,true,"x",{"c":-1.50e+3}]}"#,
        ),
        (
            r#"{"a\"b":"\\","\u00df":"\u00DF\"","":"]}","\ud800":"\ud800","n":1e999}"#,
            r#"{"a\"b":"\\","ß":"\u00DF\"","":"]}","\\ud800":"\\ud800","n":"1e999"}"#,
        ),
        (&deep(33), &deep(33)),
        (&deep(34), &below_33),
        (
            r#"{"a":{"a":1},"b":{"a":1}}"#,
            r#"{"a":{"a":1},"b":{"a":1}}"#,
        ),
    ] {
        assert_eq!(written(json).as_deref(), Some(expected), "{json}");
    }
}

#[test]
fn a_duplicate_name_in_an_object_is_not_parsed() {
    let many = |last: &str| {
        let members: Vec<_> = (0..100).map(|name| format!(r#""{name}":{name}"#)).collect();
        format!(r#"{{"a":[{{{},"{last}":null}}]}}"#, members.join(","))
    };
    for (json, is_tree) in [
        (r#"{"a":1,"b":2,"a":3}"#.to_owned(), false),
        (r#"{"a":null,"\u0061":1}"#.to_owned(), false),
        (r#"{"a":{"b":1,"c":{},"b":1}}"#.to_owned(), false),
        (many("5"), false),
        (many("99"), false),
        (many("100"), true),
    ] {
        assert_eq!(parse(&json).is_some(), is_tree, "{json}");
    }
}

fn value() -> impl Strategy<Value = Value> {
    let text = || ".{1,20}|[\"\\\\]{1,3}";
    let scalar = prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    scalar.prop_recursive(5, 64, 8, move |inner| {
        let members = prop::collection::btree_map(text(), inner.clone(), 1..8);
        prop_oneof![
            prop::collection::vec(inner, 1..8).prop_map(Value::from),
            members.prop_map(|members| Map::from_iter(members).into()),
        ]
    })
}

proptest! {
    #[test]
    fn a_value_without_empty_parts_is_written_unchanged(value in value()) {
        prop_assert_eq!(written(&value.to_string()), Some(value.to_string()));
        prop_assert_eq!(written(&format!("{value:#}")), Some(value.to_string()));
    }

    #[test]
    fn a_truncated_text_is_not_parsed(value in value(), end in any::<prop::sample::Index>()) {
        let json = format!("[{value}]");
        let end = end.index(json.len());
        let begin = json.get(..end).unwrap_or_default();
        prop_assert!(parse(begin).is_none());
    }

    #[test]
    fn no_text_has_more_values_than_characters(
        text in prop_oneof![any::<String>(), r#"[\[\]{}":,\\ 01x]{0,40}"#]
    ) {
        prop_assert!(parse(&text).is_none_or(|record| record.len() <= text.len()));
    }
}
