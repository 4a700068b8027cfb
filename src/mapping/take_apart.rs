//! Takes the JSON text of an endpoint apart.
//!
//! The text was read before and is known to be JSON, so what is left to do is to find where each value begins and
//! ends. `serde_json` could tell that of a value only by scanning it once more for each level that it stands in.

use std::borrow::Cow;

use super::bytes::plain_bytes;
use super::record::{Content, Key, Record};
use super::scalar;

/// What is nested deeper is kept as the text it is: no receiver expects it, and some fail on it.
const DEEPEST: usize = 32;

/// An endpoint with more values than this is kept as the text it is: dozens of times the fullest one known.
const MOST_VALUES: usize = 8192;

/// So many bytes of names above a value count as a value more, since `explain` repeats them for each.
const NAMES_OF_A_VALUE: usize = 128;

/// An endpoint of more bytes is not taken apart: no API sends it.
pub const LONGEST: usize = 1 << 20;

/// The names of an object with more members than this are compared in order, not each with each.
const FEW_NAMES: usize = 32;

/// Takes an endpoint apart that [`read`](crate::mapping::read) took. None for one that is too long, holds too many
/// values, or has a name twice in one object: then no pointer tells which of the two is meant.
pub fn take_apart(json: &str) -> Option<Record<'_>> {
    if json.len() > LONGEST {
        return None;
    }
    let mut text = Text {
        json,
        at: 0,
        record: Record::new(),
        names: Vec::with_capacity(FEW_NAMES),
        left: MOST_VALUES,
    };
    text.value(Key::Index(0), 0, 0)?;
    text.record.index_members();
    Some(text.record)
}

/// A JSON text that is being taken apart. What is no JSON ends it with none.
struct Text<'a> {
    json: &'a str,
    /// Where the next byte stands.
    at: usize,
    /// What was found.
    record: Record<'a>,
    /// The names of the objects that are open, the outermost first.
    names: Vec<Cow<'a, str>>,
    /// How many more values may come.
    left: usize,
}

impl<'a> Text<'a> {
    /// A value that stands in so many objects and arrays, below so many bytes of names.
    fn value(&mut self, key: Key<'a>, depth: usize, names: usize) -> Option<()> {
        match self.peek()? {
            b'{' if depth <= DEEPEST => {
                let object = self.record.open(key, Content::Object);
                self.members(depth, names)?;
                self.record.close(object);
            }
            b'[' if depth <= DEEPEST => {
                let array = self.record.open(key, Content::Array);
                self.entries(depth, names)?;
                self.record.close(array);
            }
            first => {
                let json = self.scalar(first)?;
                if !matches!(json, "null" | r#""""# | "{}" | "[]") {
                    self.record.open(key, Content::Scalar(json));
                }
            }
        }
        Some(())
    }

    fn members(&mut self, depth: usize, names: usize) -> Option<()> {
        let outer = self.names.len();
        let mut more = self.begins(b'}')?;
        while more {
            let name = match self.peek()? {
                b'"' => scalar::name(self.quoted()?),
                _ => return None,
            };
            let names = names + name.len();
            self.count(names)?;
            let known = self.names.get(outer..)?;
            if known.len() < FEW_NAMES && known.contains(&name) {
                return None;
            }
            self.names.push(name.clone());
            if self.peek()? != b':' {
                return None;
            }
            self.at += 1;
            self.value(Key::Name(name), depth + 1, names)?;
            more = self.goes_on(b'}')?;
        }
        let names = self.names.get_mut(outer..)?;
        if names.len() > FEW_NAMES {
            names.sort_unstable();
            if names.windows(2).any(|two| two.first() == two.last()) {
                return None;
            }
        }
        self.names.truncate(outer);
        Some(())
    }

    fn entries(&mut self, depth: usize, names: usize) -> Option<()> {
        let mut more = self.begins(b']')?;
        let mut index = 0;
        while more {
            self.count(names)?;
            self.value(Key::Index(index), depth + 1, names)?;
            more = self.goes_on(b']')?;
            index += 1;
        }
        Some(())
    }

    /// Counts a value below so many bytes of names.
    fn count(&mut self, names: usize) -> Option<()> {
        let counts = names.div_ceil(NAMES_OF_A_VALUE).max(1);
        self.left = self.left.checked_sub(counts)?;
        Some(())
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        loop {
            match self.json.as_bytes().get(self.at)? {
                b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                byte => return Some(*byte),
            }
        }
    }

    /// Passes the first bracket of an object or array; whether something is inside.
    fn begins(&mut self, end: u8) -> Option<bool> {
        self.at += 1;
        let is_empty = self.peek()? == end;
        self.at += usize::from(is_empty);
        Some(!is_empty)
    }

    /// Passes a comma, or the last bracket of an object or array; whether something comes after it.
    fn goes_on(&mut self, end: u8) -> Option<bool> {
        let next = self.peek()?;
        self.at += 1;
        (next == b',' || next == end).then_some(next == b',')
    }

    /// The text of a value as it is written.
    fn scalar(&mut self, first: u8) -> Option<&'a str> {
        match first {
            b'"' => self.quoted(),
            b'{' | b'[' => self.nested(),
            _ => self.literal(),
        }
    }

    /// A text, with its quotes.
    fn quoted(&mut self) -> Option<&'a str> {
        let start = self.at;
        let bytes = self.json.as_bytes();
        self.at += 1;
        loop {
            if let Some(word) = bytes.get(self.at..)?.first_chunk() {
                self.at += plain_bytes(*word);
            }
            match bytes.get(self.at)? {
                b'"' => break,
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        self.json.get(start..self.at)
    }

    /// An object or array that is not taken apart.
    fn nested(&mut self) -> Option<&'a str> {
        let start = self.at;
        let mut open = 0_usize;
        loop {
            match self.json.as_bytes().get(self.at)? {
                b'"' => {
                    self.quoted()?;
                    continue;
                }
                b'{' | b'[' => open += 1,
                b'}' | b']' => open = open.checked_sub(1)?,
                _ => {}
            }
            self.at += 1;
            if open == 0 {
                return self.json.get(start..self.at);
            }
        }
    }

    /// A number, `true`, `false` or `null`.
    fn literal(&mut self) -> Option<&'a str> {
        let rest = self.json.get(self.at..)?;
        let is_end = |byte: u8| matches!(byte, b',' | b']' | b'}' | b' ' | b'\t' | b'\n' | b'\r');
        let length = rest.bytes().position(is_end).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).filter(|literal| !literal.is_empty())
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
