//! Parses the JSON text of an endpoint into a tree.

use std::borrow::Cow;

use crate::json::{NotJson, Scanner};
use crate::mapping::record::{Content, Key, Record};
use crate::mapping::scalar;

/// Values nested deeper are kept as text: no receiver expects them, and some fail on them.
const MAX_DEPTH: usize = 32;

/// An endpoint with more values than this is not parsed: dozens of times the fullest known one.
const MAX_VALUES: usize = 8192;

/// Names above a value of this many bytes count as one more value, since `explain` repeats them for each.
const NAMES_OF_A_VALUE: usize = 128;

/// An endpoint of more bytes is not parsed: no API sends it.
pub(crate) const MAX_BYTES: usize = 1 << 20;

/// The names of an object with more members than this are sorted to compare them, not compared in pairs.
const FEW_NAMES: usize = 32;

/// Parses an endpoint that [`read`](crate::mapping::read) accepted. Returns `None` if it is too long, has too many
/// values, or a duplicate name in an object, since a pointer to it would be ambiguous.
pub(crate) fn parse(json: &str) -> Option<Record<'_>> {
    if json.len() > MAX_BYTES {
        return None;
    }
    let mut parser = Parser {
        record: Record::new(),
        names: Vec::with_capacity(FEW_NAMES),
        left: MAX_VALUES,
    };
    let mut scanner = Scanner::new(json);
    parser.value(&mut scanner, Key::Index(0), 0, 0).ok()?;
    parser.record.index_members();
    Some(parser.record)
}

/// The state of the parser.
struct Parser<'a> {
    record: Record<'a>,
    /// The names of the objects that are open, the outermost first.
    names: Vec<Cow<'a, str>>,
    /// How many more values are allowed.
    left: usize,
}

/// The text is not JSON, has too many values, or a duplicate name in an object.
struct NotATree;

impl From<NotJson> for NotATree {
    fn from(NotJson: NotJson) -> Self {
        Self
    }
}

impl<'a> Parser<'a> {
    /// Reads a value at this depth, below names of this many bytes.
    fn value(
        &mut self,
        scanner: &mut Scanner<'a>,
        key: Key<'a>,
        depth: usize,
        names: usize,
    ) -> Result<(), NotATree> {
        match scanner.peek() {
            Some(b'{') if depth <= MAX_DEPTH => {
                let object = self.record.open(key, Content::Object);
                self.members(scanner, depth, names)?;
                self.record.close(object);
            }
            Some(b'[') if depth <= MAX_DEPTH => {
                let array = self.record.open(key, Content::Array);
                self.entries(scanner, depth, names)?;
                self.record.close(array);
            }
            _ => {
                let json = scanner.value()?;
                if !matches!(json, "null" | r#""""# | "{}" | "[]") {
                    self.record.open(key, Content::Scalar(json));
                }
            }
        }
        Ok(())
    }

    fn members(
        &mut self,
        scanner: &mut Scanner<'a>,
        depth: usize,
        names: usize,
    ) -> Result<(), NotATree> {
        let outer = self.names.len();
        scanner.members(|scanner, quoted| {
            let name = scalar::name(quoted);
            let names = names + name.len();
            self.count(names)?;
            let known = self.names.get(outer..).unwrap_or_default();
            if known.len() < FEW_NAMES && known.contains(&name) {
                return Err(NotATree);
            }
            self.names.push(name.clone());
            self.value(scanner, Key::Name(name), depth + 1, names)
        })?;
        let names = self.names.get_mut(outer..).unwrap_or_default();
        if names.len() > FEW_NAMES {
            names.sort_unstable();
            if names.windows(2).any(|two| two.first() == two.last()) {
                return Err(NotATree);
            }
        }
        self.names.truncate(outer);
        Ok(())
    }

    fn entries(
        &mut self,
        scanner: &mut Scanner<'a>,
        depth: usize,
        names: usize,
    ) -> Result<(), NotATree> {
        let mut index = 0;
        scanner.entries(|scanner| {
            self.count(names)?;
            self.value(scanner, Key::Index(index), depth + 1, names)?;
            index += 1;
            Ok::<_, NotATree>(())
        })?;
        Ok(())
    }

    /// Counts a value below names of this many bytes.
    fn count(&mut self, names: usize) -> Result<(), NotATree> {
        let counts = names.div_ceil(NAMES_OF_A_VALUE).max(1);
        self.left = self.left.checked_sub(counts).ok_or(NotATree)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
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
}
