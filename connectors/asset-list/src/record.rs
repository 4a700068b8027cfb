//! One record of a list as a tree in its own order, and the columns that are read from it.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};

/// A value of a record. An object keeps its order, which `serde_json::Value` would lose.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    /// `null`, a boolean, a number or a text.
    Scalar(Value),
    /// An array.
    List(Vec<Node>),
    /// An object; of two members with one name the last counts.
    Object(Vec<(String, Node)>),
}

impl Node {
    /// Returns the value at a column; `None` if there is none, or an empty one.
    pub(crate) fn find(&self, column: &Column) -> Option<&Self> {
        let mut node = self;
        for segment in &column.segments {
            node = match node {
                Self::Object(members) => &members.iter().find(|(name, _)| name == segment)?.1,
                Self::List(entries) => entries.get(segment.parse::<usize>().ok()?)?,
                Self::Scalar(_) => return None,
            };
        }
        (!node.is_empty()).then_some(node)
    }

    /// Returns whether it is `null`, a text of white space, `{}` or `[]`.
    fn is_empty(&self) -> bool {
        match self {
            Self::Scalar(Value::Null) => true,
            Self::Scalar(Value::String(text)) => text.trim().is_empty(),
            Self::Scalar(_) => false,
            Self::List(entries) => entries.is_empty(),
            Self::Object(members) => members.is_empty(),
        }
    }

    /// Adds the JSON Pointers of all scalars that are not empty, in order.
    pub(crate) fn scalars(&self, at: &str, found: &mut Vec<String>) {
        match self {
            Self::Scalar(_) if self.is_empty() => {}
            Self::Scalar(_) => found.push(at.to_owned()),
            Self::List(entries) => {
                for (index, entry) in entries.iter().enumerate() {
                    entry.scalars(&format!("{at}/{index}"), found);
                }
            }
            Self::Object(members) => {
                for (name, member) in members {
                    member.scalars(&format!("{at}/{}", escape(name)), found);
                }
            }
        }
    }
}

/// Returns a name as a segment of a JSON Pointer.
fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        let number = Number::from_f64(value).map_or(Value::Null, Value::Number);
        Ok(Node::Scalar(number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_string<E>(self, value: String) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = seq.next_element()? {
            entries.push(entry);
        }
        Ok(Node::List(entries))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut members: Vec<(String, Node)> = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        let mut later = BTreeSet::new();
        let from_the_end = members.iter().rev();
        let mut are_last: Vec<_> = from_the_end.map(|(name, _)| later.insert(name)).collect();
        members.retain(|_| are_last.pop().unwrap_or(true));
        Ok(Node::Object(members))
    }
}

/// Where a value stands in a record: a column's name, or a JSON Pointer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    segments: Vec<String>,
}

impl Column {
    /// Reads a column as the config names it: what begins with `/` is a JSON Pointer, anything else a name.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let Some(pointer) = text.strip_prefix('/') else {
            return match text.trim() {
                "" => Err("is empty: name a column"),
                name => Ok(Self::named(name)),
            };
        };
        let is_escaped = |rest: &str| rest.starts_with(['0', '1']);
        if !pointer.split('~').skip(1).all(is_escaped) {
            return Err("is not a JSON Pointer: write `~` as `~0`, and `/` in a name as `~1`");
        }
        let unescape = |segment: &str| segment.replace("~1", "/").replace("~0", "~");
        Ok(Self {
            segments: pointer.split('/').map(unescape).collect(),
        })
    }

    /// Returns the column of a name.
    pub(crate) fn named(name: &str) -> Self {
        Self {
            segments: vec![name.to_owned()],
        }
    }

    /// Returns its JSON Pointer.
    pub(crate) fn pointer(&self) -> String {
        let segments = self.segments.iter();
        segments
            .map(|segment| format!("/{}", escape(segment)))
            .collect()
    }

    /// Returns the segments of the pointer, unescaped.
    #[cfg(feature = "connector")]
    pub(crate) fn segments(&self) -> &[String] {
        &self.segments
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_a_name_or_a_pointer() {
        for (text, pointer) in [
            ("Serial Number", Ok("/Serial Number")),
            (" a~b ", Ok("/a~0b")),
            ("/os/name", Ok("/os/name")),
            ("/a~1b/0", Ok("/a~1b/0")),
            ("/", Ok("/")),
            (" ", Err(())),
            ("/a~2", Err(())),
            ("/a~", Err(())),
        ] {
            let read = Column::parse(text).map(|column| column.pointer());
            assert_eq!(read.as_deref().map_err(|_| ()), pointer, "{text:?}");
        }
    }

    #[test]
    fn of_two_members_with_one_name_the_last_counts() {
        let node: Node = serde_json::from_str(r#"{"a": 1, "b": 2, "a": 3}"#).unwrap();
        let member = |name: &str, value: i64| (name.to_owned(), Node::Scalar(value.into()));
        assert_eq!(node, Node::Object(vec![member("b", 2), member("a", 3)]));
        // The square of their number would take hours.
        let members = (0..1_000_000).map(|n| format!("\"{n}\":0"));
        let text = format!("{{{}}}", members.collect::<Vec<_>>().join(","));
        assert!(serde_json::from_str::<Node>(&text).is_ok());
    }

    #[test]
    fn scalars_are_listed_in_the_order_of_the_record() {
        let text = r#"{"z": [1, {"b/c": true}], "a": " ", "n": null, "a~": "x", "z2": {}}"#;
        let node: Node = serde_json::from_str(text).unwrap();
        let mut found = Vec::new();
        node.scalars("", &mut found);
        assert_eq!(found, ["/z/0", "/z/1/b~1c", "/a~0"]);
    }
}
