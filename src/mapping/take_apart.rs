//! Takes the JSON text of an endpoint apart.

use std::borrow::Cow;

use crate::json::{NotJson, Scanner};
use crate::mapping::record::{Content, Key, Record};
use crate::mapping::scalar;

/// What is nested deeper is kept as the text it is: no receiver expects it, and some fail on it.
const MAX_DEPTH: usize = 32;

/// An endpoint with more values than this is kept as the text it is: dozens of times the fullest one known.
const MAX_VALUES: usize = 8192;

/// So many bytes of names above a value count as a value more, since `explain` repeats them for each.
const NAMES_OF_A_VALUE: usize = 128;

/// An endpoint of more bytes is not taken apart: no API sends it.
pub(crate) const MAX_BYTES: usize = 1 << 20;

/// The names of an object with more members than this are compared in order, not each with each.
const FEW_NAMES: usize = 32;

/// Takes an endpoint apart that [`read`](crate::mapping::read) took. None for one that is too long, holds too many
/// values, or has a name twice in one object: then no pointer tells which of the two is meant.
pub(crate) fn take_apart(json: &str) -> Option<Record<'_>> {
    if json.len() > MAX_BYTES {
        return None;
    }
    let mut parts = Parts {
        record: Record::new(),
        names: Vec::with_capacity(FEW_NAMES),
        left: MAX_VALUES,
    };
    let mut scanner = Scanner::new(json);
    parts.value(&mut scanner, Key::Index(0), 0, 0).ok()?;
    parts.record.index_members();
    Some(parts.record)
}

/// What was found of an endpoint so far.
struct Parts<'a> {
    record: Record<'a>,
    /// The names of the objects that are open, the outermost first.
    names: Vec<Cow<'a, str>>,
    /// How many more values may come.
    left: usize,
}

/// The text is no JSON, holds too many values, or has a name twice in one object.
struct NoTree;

impl From<NotJson> for NoTree {
    fn from(NotJson: NotJson) -> Self {
        Self
    }
}

impl<'a> Parts<'a> {
    /// A value that stands in so many objects and arrays, below so many bytes of names.
    fn value(
        &mut self,
        scanner: &mut Scanner<'a>,
        key: Key<'a>,
        depth: usize,
        names: usize,
    ) -> Result<(), NoTree> {
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
    ) -> Result<(), NoTree> {
        let outer = self.names.len();
        scanner.members(|scanner, quoted| {
            let name = scalar::name(quoted);
            let names = names + name.len();
            self.count(names)?;
            let known = self.names.get(outer..).unwrap_or_default();
            if known.len() < FEW_NAMES && known.contains(&name) {
                return Err(NoTree);
            }
            self.names.push(name.clone());
            self.value(scanner, Key::Name(name), depth + 1, names)
        })?;
        let names = self.names.get_mut(outer..).unwrap_or_default();
        if names.len() > FEW_NAMES {
            names.sort_unstable();
            if names.windows(2).any(|two| two.first() == two.last()) {
                return Err(NoTree);
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
    ) -> Result<(), NoTree> {
        let mut index = 0;
        scanner.entries(|scanner| {
            self.count(names)?;
            self.value(scanner, Key::Index(index), depth + 1, names)?;
            index += 1;
            Ok::<_, NoTree>(())
        })?;
        Ok(())
    }

    /// Counts a value below so many bytes of names.
    fn count(&mut self, names: usize) -> Result<(), NoTree> {
        let counts = names.div_ceil(NAMES_OF_A_VALUE).max(1);
        self.left = self.left.checked_sub(counts).ok_or(NoTree)?;
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
        if let Some(all) = take_apart(json)?.whole() {
            all.write(&mut written);
        }
        Some(String::from_utf8(written).unwrap())
    }

    #[test]
    fn what_is_not_empty_is_found_wherever_it_stands() {
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
    fn a_name_that_comes_twice_in_an_object_is_no_tree() {
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
            assert_eq!(take_apart(&json).is_some(), is_tree, "{json}");
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
        fn what_has_nothing_empty_is_written_as_it_was(value in value()) {
            prop_assert_eq!(written(&value.to_string()), Some(value.to_string()));
            prop_assert_eq!(written(&format!("{value:#}")), Some(value.to_string()));
        }

        #[test]
        fn a_text_that_ends_too_early_is_no_tree(value in value(), end in any::<prop::sample::Index>()) {
            let json = format!("[{value}]");
            let end = end.index(json.len());
            let begin = json.get(..end).unwrap_or_default();
            prop_assert!(take_apart(begin).is_none());
        }

        #[test]
        fn no_text_has_more_values_than_characters(
            text in prop_oneof![any::<String>(), r#"[\[\]{}":,\\ 01x]{0,40}"#]
        ) {
            prop_assert!(take_apart(&text).is_none_or(|record| record.len() <= text.len()));
        }
    }
}
