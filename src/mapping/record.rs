//! The endpoint as a tree: for what must name every field of it, those of no rule among them.
//!
//! Collecting in the default dialect never builds it. What is empty (`null`, `""`, `{}`, `[]`, and what holds
//! nothing else) is not in the tree.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::{self, Write as _};

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::json::write_text;
use crate::sophos::lenient;

/// What is nested deeper is kept as the text it is: no receiver expects it, and some fail on it.
const DEEPEST: usize = 32;

/// An endpoint with more values than this is kept as the text it is: dozens of times the fullest one known.
const MOST_VALUES: usize = 8192;

/// So many bytes of names above a value count as a value more, since `explain` repeats them for each.
const NAMES_OF_A_VALUE: usize = 128;

/// An endpoint of more bytes is not taken apart: no API sends it, and it is scanned once for each level.
pub const LONGEST: usize = 1 << 20;

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

    /// Takes a JSON text apart. None for one that is no JSON, is too long, holds too many values, or has a name
    /// twice in one object: then no pointer tells which of the two is meant.
    pub fn of(json: &'a str) -> Option<Self> {
        if json.len() > LONGEST {
            return None;
        }
        let node = take_apart(json, 0, 0, &mut MOST_VALUES.clone()).ok()?;
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
        // By length first, which tells most of them apart without a look at their bytes.
        used.sort_unstable_by_key(|(source, index)| (source.len(), *source, *index));
        self.without_used(used, &mut String::new(), 0)
    }

    fn without_used(&self, used: &[Place], path: &mut String, index: usize) -> Option<Self> {
        let here = |(source, at): &Place| {
            (source.len(), *source, *at).cmp(&(path.len(), path.as_str(), index))
        };
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
                    // No source has such a name, but the path to another could look like it.
                    if name.is_empty() || name.contains(['.', '[']) {
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

    /// An object's members of the names that are kept, and the others; none where there are none.
    pub fn divide(self, is_kept: impl Fn(&str) -> bool) -> (Option<Self>, Option<Self>) {
        let Self::Object(members) = self else {
            return (Some(self), None);
        };
        let (kept, others) = members.into_iter().partition(|(name, _)| is_kept(name));
        let object = |members: Vec<_>| (!members.is_empty()).then_some(Self::Object(members));
        (object(kept), object(others))
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

/// Takes a JSON text apart that stands below `names` bytes of names; none inside where it is empty.
///
/// # Errors
///
/// It is no JSON, holds too many values, or has a name twice in one object.
fn take_apart<'a>(
    json: &'a str,
    depth: usize,
    names: usize,
    left: &mut usize,
) -> Result<Option<Node<'a>>, serde_json::Error> {
    let part = Part {
        json,
        depth,
        names,
        left,
    };
    part.deserialize(&mut serde_json::Deserializer::from_str(json))
}

/// An object or an array that is taken apart in one pass.
struct Part<'a, 'l> {
    /// The text that it is read from.
    json: &'a str,
    /// How many objects and arrays it stands in.
    depth: usize,
    /// How many bytes of names it stands below.
    names: usize,
    /// How many more values may come.
    left: &'l mut usize,
}

impl Part<'_, '_> {
    /// Counts a value below so many bytes of names.
    fn count<E: de::Error>(&mut self, names: usize) -> Result<(), E> {
        let left = self
            .left
            .checked_sub(names.div_ceil(NAMES_OF_A_VALUE).max(1));
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
        let mut members = Vec::new();
        let mut known = Names::default();
        while let Some(quoted) = map.next_key::<&RawValue>()? {
            let name = name_of(quoted);
            let names = self.names + name.len();
            self.count(names)?;
            if !known.add(name.clone()) {
                return Err(de::Error::custom("a name comes twice"));
            }
            let first = lenient::first_byte_after(quoted, self.json);
            let node = if matches!(first, Some(b'{' | b'[')) && self.depth < DEEPEST {
                map.next_value_seed(Part {
                    json: self.json,
                    depth: self.depth + 1,
                    names,
                    left: self.left,
                })?
            } else {
                scalar(map.next_value()?)
            };
            members.extend(node.map(|node| (name, node)));
        }
        Ok((!members.is_empty()).then_some(Node::Object(members)))
    }

    fn visit_seq<A: SeqAccess<'a>>(mut self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        let mut index = 0;
        while let Some(raw) = list.next_element::<&RawValue>()? {
            self.count(self.names)?;
            let json = raw.get();
            let node = if json.starts_with(['{', '[']) && self.depth < DEEPEST {
                take_apart(json, self.depth + 1, self.names, self.left)
                    .map_err(de::Error::custom)?
            } else {
                scalar(raw)
            };
            entries.extend(node.map(|node| (index, node)));
            index += 1;
        }
        Ok((!entries.is_empty()).then_some(Node::Array(entries)))
    }
}

/// An object with more names than this is looked through in order, not one by one.
const FEW_NAMES: usize = 32;

/// The names of one object.
#[derive(Default)]
struct Names<'a> {
    few: Vec<Cow<'a, str>>,
    more: BTreeSet<Cow<'a, str>>,
}

impl<'a> Names<'a> {
    /// Adds a name; false for one that is there already.
    fn add(&mut self, name: Cow<'a, str>) -> bool {
        if self.few.contains(&name) {
            false
        } else if self.few.len() < FEW_NAMES {
            self.few.push(name);
            true
        } else {
            self.more.insert(name)
        }
    }
}

/// A name, which half a surrogate pair leaves as it is written.
fn name_of(quoted: &RawValue) -> Cow<'_, str> {
    lenient::text(quoted).unwrap_or_else(|| Cow::Borrowed(unquoted(quoted.get())))
}

/// A scalar as JSON that every receiver reads. What it could not read becomes a text of what is written: half
/// a surrogate pair, a number beyond any double, and what is not taken apart.
pub fn json_of(raw: &RawValue) -> Cow<'_, str> {
    let json = raw.get();
    let as_written = match json.as_bytes().first() {
        Some(b'"') if json.contains('\\') && lenient::text(raw).is_none() => unquoted(json),
        Some(b'{' | b'[') => json,
        Some(b'-' | b'0'..=b'9') if !json.parse::<f64>().is_ok_and(f64::is_finite) => json,
        _ => return Cow::Borrowed(json),
    };
    let mut text = Vec::new();
    write_text(&mut text, as_written);
    String::from_utf8(text).map_or(Cow::Borrowed("\"\""), Cow::Owned)
}

/// What is written between the quotes of a text.
fn unquoted(json: &str) -> &str {
    let rest = json.strip_prefix('"').unwrap_or(json);
    rest.strip_suffix('"').unwrap_or(rest)
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
