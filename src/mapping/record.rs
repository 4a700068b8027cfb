//! The endpoint as a tree: for what must name every field of it, those of no rule among them.
//!
//! Collecting in the default dialect never builds it. What is empty (`null`, `""`, `{}`, `[]`, and what holds
//! nothing else) is not in the tree.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::sophos::lenient;

/// What is nested deeper is kept as the text it is: no receiver expects it, and some fail on it.
const DEEPEST: usize = 32;

/// An endpoint with more values than this is kept as the text it is: a dozens of times the fullest one known.
const MOST_VALUES: usize = 8192;

/// A part of an endpoint.
#[derive(Clone)]
pub enum Node<'a> {
    /// The members of an object, in their order; each name once.
    Object(Vec<(Cow<'a, str>, Node<'a>)>),
    /// The entries of an array, each with the index that it has in the endpoint.
    Array(Vec<(usize, Node<'a>)>),
    /// A text, a number, a boolean, or what is not taken apart.
    Scalar(&'a RawValue),
}

/// A place in an endpoint: a source of the table, and the index that stands for its `[]`.
pub type Place = (&'static str, usize);

impl<'a> Node<'a> {
    /// An endpoint without anything.
    pub const EMPTY: Self = Self::Object(Vec::new());

    /// Takes a JSON text apart; none for one that is no JSON or holds too many values.
    pub fn of(json: &'a str) -> Option<Self> {
        let node = take_apart(json, 0, &mut MOST_VALUES.clone()).ok()?;
        Some(node.unwrap_or(Self::EMPTY))
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Object(members) if members.is_empty())
    }

    /// What stands at a source, where `[]` is the entry of the index.
    pub fn at(&self, source: &str, index: usize) -> Option<&Self> {
        let mut node = self;
        for step in source.split('.').filter(|step| !step.is_empty()) {
            let (name, is_list) = match step.strip_suffix("[]") {
                Some(name) => (name, true),
                None => (step, false),
            };
            node = node.member(name)?;
            if is_list {
                node = node.entry(index)?;
            }
        }
        Some(node)
    }

    /// The text at a source; none for anything else.
    pub fn text(&'a self, source: &str, index: usize) -> Option<Cow<'a, str>> {
        match self.at(source, index)? {
            Self::Scalar(raw) => lenient::text(raw),
            _ => None,
        }
    }

    /// The whole number at a source, as it is written; none for anything else.
    pub fn integer(&'a self, source: &str) -> Option<&'a str> {
        match self.at(source, 0)? {
            Self::Scalar(raw) => Some(raw.get()).filter(|text| text.parse::<i64>().is_ok()),
            _ => None,
        }
    }

    /// How many entries the array at a source has, with those left out for being empty.
    pub fn entries(&self, source: &str) -> usize {
        match self.at(source, 0) {
            Some(Self::Array(entries)) => entries.last().map_or(0, |(index, _)| index + 1),
            _ => 0,
        }
    }

    fn member(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members
                .iter()
                .find(|(found, _)| found == name)
                .map(|(_, node)| node),
            _ => None,
        }
    }

    fn entry(&self, index: usize) -> Option<&Self> {
        match self {
            Self::Array(entries) => entries
                .binary_search_by_key(&index, |(found, _)| *found)
                .ok()
                .and_then(|at| entries.get(at))
                .map(|(_, node)| node),
            _ => None,
        }
    }

    /// The endpoint without what stands at `used`; none where nothing is left.
    pub fn without(&self, used: &mut Vec<Place>) -> Option<Self> {
        used.sort_unstable();
        self.without_used(used, &mut String::new(), 0)
    }

    fn without_used(&self, used: &[Place], path: &mut String, index: usize) -> Option<Self> {
        let here = |place: &Place| place.0.cmp(path.as_str()).then(place.1.cmp(&index));
        if !path.is_empty() && used.binary_search_by(here).is_ok() {
            return None;
        }
        let whole = path.len();
        let left = match self {
            Self::Scalar(raw) => Some(Self::Scalar(raw)),
            Self::Object(members) => {
                let mut left = Vec::new();
                for (name, node) in members {
                    if whole > 0 {
                        path.push('.');
                    }
                    // No source has such a name, but a path of two names could look like it.
                    if name.contains(['.', '[']) {
                        path.push('\0');
                    }
                    path.push_str(name);
                    left.extend(
                        node.without_used(used, path, index)
                            .map(|node| (name.clone(), node)),
                    );
                    path.truncate(whole);
                }
                Some(left).filter(|left| !left.is_empty()).map(Self::Object)
            }
            Self::Array(entries) => {
                path.push_str("[]");
                let left: Vec<_> = entries
                    .iter()
                    .filter_map(|(index, node)| {
                        Some((*index, node.without_used(used, path, *index)?))
                    })
                    .collect();
                Some(left).filter(|left| !left.is_empty()).map(Self::Array)
            }
        };
        path.truncate(whole);
        left
    }

    /// Calls `each` with every scalar: its JSON text, and two pointers (RFC 6901) to it. `written` counts the
    /// entries that are here, `original` has the indices of the endpoint.
    pub fn scalars(
        &self,
        written: &mut String,
        original: &mut String,
        each: &mut impl FnMut(&str, &str, &str),
    ) {
        let (at_written, at_original) = (written.len(), original.len());
        match self {
            Self::Scalar(raw) => each(&json_of(raw), written, original),
            Self::Object(members) => {
                for (name, node) in members {
                    push_step(written, name);
                    push_step(original, name);
                    node.scalars(written, original, each);
                    written.truncate(at_written);
                    original.truncate(at_original);
                }
            }
            Self::Array(entries) => {
                for (position, (index, node)) in entries.iter().enumerate() {
                    // Writing to a String cannot fail.
                    let _ = write!(written, "/{position}");
                    let _ = write!(original, "/{index}");
                    node.scalars(written, original, each);
                    written.truncate(at_written);
                    original.truncate(at_original);
                }
            }
        }
    }

    /// Writes the part as JSON, on one line and in its own order.
    pub fn write(&self, text: &mut Vec<u8>) {
        match self {
            Self::Scalar(raw) => text.extend_from_slice(json_of(raw).as_bytes()),
            Self::Object(members) => {
                for (position, (name, node)) in members.iter().enumerate() {
                    text.push(if position == 0 { b'{' } else { b',' });
                    write_text(text, name);
                    text.push(b':');
                    node.write(text);
                }
                text.extend_from_slice(if members.is_empty() { b"{}" } else { b"}" });
            }
            Self::Array(entries) => {
                for (position, (_, node)) in entries.iter().enumerate() {
                    text.push(if position == 0 { b'[' } else { b',' });
                    node.write(text);
                }
                text.extend_from_slice(if entries.is_empty() { b"[]" } else { b"]" });
            }
        }
    }
}

/// Takes a JSON text apart; none inside where it is empty.
///
/// # Errors
///
/// It is no JSON, or holds too many values.
fn take_apart<'a>(
    json: &'a str,
    depth: usize,
    left: &mut usize,
) -> Result<Option<Node<'a>>, serde_json::Error> {
    let part = Part { json, depth, left };
    part.deserialize(&mut serde_json::Deserializer::from_str(json))
}

/// An object or an array that is taken apart in one pass.
struct Part<'a, 'l> {
    /// The text that it is read from.
    json: &'a str,
    /// How many objects and arrays it stands in.
    depth: usize,
    /// How many more values may come.
    left: &'l mut usize,
}

impl Part<'_, '_> {
    fn count<E: de::Error>(&mut self) -> Result<(), E> {
        let left = self.left.checked_sub(1);
        *self.left = left.ok_or_else(|| E::custom("too many values"))?;
        Ok(())
    }
}

/// A value that is not taken apart; none for an empty one.
fn scalar(raw: &RawValue) -> Option<Node<'_>> {
    let is_empty = matches!(raw.get(), "null" | r#""""# | "{}" | "[]");
    (!is_empty).then_some(Node::Scalar(raw))
}

impl<'a> DeserializeSeed<'a> for Part<'a, '_> {
    type Value = Option<Node<'a>>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Part<'a, '_> {
    type Value = Option<Node<'a>>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object or an array")
    }

    fn visit_map<A: MapAccess<'a>>(mut self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Members::default();
        while let Some(name) = map.next_key::<&RawValue>()? {
            self.count()?;
            let is_container = matches!(
                lenient::first_byte_after(name, self.json),
                Some(b'{' | b'[')
            );
            let node = if is_container && self.depth < DEEPEST {
                map.next_value_seed(Part {
                    json: self.json,
                    depth: self.depth + 1,
                    left: self.left,
                })?
            } else {
                scalar(map.next_value()?)
            };
            if let Some(node) = node {
                members.add(name_of(name), node);
            }
        }
        let members = members.kept;
        Ok((!members.is_empty()).then_some(Node::Object(members)))
    }

    fn visit_seq<A: SeqAccess<'a>>(mut self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        let mut index = 0;
        while let Some(raw) = list.next_element::<&RawValue>()? {
            self.count()?;
            let is_container = raw.get().starts_with(['{', '[']);
            let node = if is_container && self.depth < DEEPEST {
                take_apart(raw.get(), self.depth + 1, self.left).map_err(de::Error::custom)?
            } else {
                scalar(raw)
            };
            entries.extend(node.map(|node| (index, node)));
            index += 1;
        }
        Ok((!entries.is_empty()).then_some(Node::Array(entries)))
    }
}

/// An object with more members than this has its names in order beside it, for hostile ones.
const FEW: usize = 32;

/// The members of an object, each name once, as [`crate::sophos::endpoint::read`] takes names that come twice.
#[derive(Default)]
struct Members<'a> {
    kept: Vec<(Cow<'a, str>, Node<'a>)>,
    /// Where each name stands, where there are more than a few.
    positions: BTreeMap<Cow<'a, str>, usize>,
}

impl<'a> Members<'a> {
    fn add(&mut self, name: Cow<'a, str>, node: Node<'a>) {
        match self.position(&name).and_then(|at| self.kept.get_mut(at)) {
            Some((_, kept)) => kept.take_over(node),
            None => {
                if self.kept.len() >= FEW {
                    self.positions.insert(name.clone(), self.kept.len());
                }
                self.kept.push((name, node));
            }
        }
    }

    fn position(&self, name: &str) -> Option<usize> {
        let mut few = self.kept.iter().take(FEW);
        let among_few = few.position(|(kept, _)| kept == name);
        among_few.or_else(|| self.positions.get(name).copied())
    }
}

impl<'a> Node<'a> {
    /// Takes over what the endpoint has again under the same name.
    fn take_over(&mut self, again: Self) {
        match (self, again) {
            (Self::Object(kept), Self::Object(again)) => {
                let mut members = Members::default();
                for (name, node) in std::mem::take(kept).into_iter().chain(again) {
                    members.add(name, node);
                }
                *kept = members.kept;
            }
            (Self::Array(kept), Self::Array(again)) => {
                let shift = kept.last().map_or(0, |(index, _)| index + 1);
                kept.extend(again.into_iter().map(|(index, node)| (index + shift, node)));
            }
            (kept, again) => *kept = again,
        }
    }
}

/// A name, which half a surrogate pair leaves as it is written.
fn name_of(quoted: &RawValue) -> Cow<'_, str> {
    lenient::text(quoted).unwrap_or_else(|| Cow::Borrowed(quoted.get().trim_matches('"')))
}

/// A scalar as JSON that every receiver reads. What it could not read becomes a text of what is written: half
/// a surrogate pair, a number beyond any double, and what is not taken apart.
pub fn json_of(raw: &RawValue) -> Cow<'_, str> {
    let json = raw.get();
    let as_written = match json.as_bytes().first() {
        Some(b'"') if json.contains('\\') && lenient::text(raw).is_none() => json.trim_matches('"'),
        Some(b'{' | b'[') => json,
        Some(b'-' | b'0'..=b'9') if !json.parse::<f64>().is_ok_and(f64::is_finite) => json,
        _ => return Cow::Borrowed(json),
    };
    let mut text = Vec::new();
    write_text(&mut text, as_written);
    String::from_utf8(text).map_or(Cow::Borrowed("\"\""), Cow::Owned)
}

/// Writes a text as JSON.
pub fn write_text(json: &mut Vec<u8>, text: &str) {
    // Neither a text nor a Vec can fail to be written.
    let _ = serde_json::to_writer(json, text);
}

/// Adds a step to a JSON Pointer (RFC 6901).
pub fn push_step(pointer: &mut String, name: &str) {
    pointer.push('/');
    for character in name.chars() {
        match character {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            other => pointer.push(other),
        }
    }
}
