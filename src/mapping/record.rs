//! The endpoint as a tree, for everything that needs each of its fields, also those without a rule.
//!
//! Collecting in the default dialect never builds it. Empty values (`null`, `""`, `{}`, `[]`, and those that contain
//! nothing else) are not in the tree.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::Range;

use crate::mapping::bytes::find;
use crate::mapping::json::write_text;
use crate::mapping::scalar;

/// The number of values to allocate for: as many as an endpoint of the API has.
const ROOM: usize = 128;

/// An endpoint, or the unused part of one.
///
/// All values are in one list, each before those inside it, since many small lists would cost more to make than to use.
pub(crate) struct Record<'a> {
    values: Vec<Value<'a>>,
    /// The positions of the entries of arrays, those of an array one after the other.
    entries: Vec<usize>,
    /// The positions of the members of the endpoint, each in the slot of its name.
    members: Vec<usize>,
}

struct Value<'a> {
    key: Key<'a>,
    content: Content<'a>,
    /// The number of values in it, including itself.
    size: usize,
    /// The range in the record's `entries` that belongs to an array.
    entries: Range<usize>,
}

/// The name or index of a value in its object or array.
#[derive(Clone)]
pub(crate) enum Key<'a> {
    /// A member of this name in an object.
    Name(Cow<'a, str>),
    /// The index in an array of the endpoint.
    Index(usize),
}

/// The kind of a value.
#[derive(Clone, Copy)]
pub(crate) enum Content<'a> {
    /// An object: its members follow, each name once.
    Object,
    /// An array: its entries follow.
    Array,
    /// The JSON text of a text, a number, a boolean, or of a value that is not parsed further.
    Scalar(&'a str),
}

/// A value of a record, with those inside it.
#[derive(Clone, Copy)]
pub(crate) struct Node<'a> {
    record: &'a Record<'a>,
    value: &'a Value<'a>,
    /// Its position in the record.
    at: usize,
}

/// The number of slots for the names of an endpoint's members.
const SLOTS: usize = 128;

/// Returns the slot of a name: different for all names that the API is known to use.
fn slot(name: &str) -> usize {
    let byte = |at: usize| name.as_bytes().get(at).map_or(0, |byte| usize::from(*byte));
    (name.len() + 2 * byte(0) + byte(3)) % SLOTS
}

impl<'a> Record<'a> {
    /// A record without any value.
    pub(crate) const EMPTY: Self = Self {
        values: Vec::new(),
        entries: Vec::new(),
        members: Vec::new(),
    };

    /// Returns a record to which values can be added.
    pub(crate) fn new() -> Self {
        Self {
            values: Vec::with_capacity(ROOM),
            entries: Vec::with_capacity(ROOM),
            members: Vec::new(),
        }
    }

    /// Adds a value; values added before it is closed are inside it.
    pub(crate) fn open(&mut self, key: Key<'a>, content: Content<'a>) -> usize {
        let at = self.values.len();
        self.values.push(Value {
            key,
            content,
            size: 1,
            entries: 0..0,
        });
        at
    }

    /// Closes the object or array at a position, and removes it if it is empty.
    pub(crate) fn close(&mut self, at: usize) {
        let end = self.values.len();
        if end == at + 1 {
            self.values.truncate(at);
            return;
        }
        let first = self.entries.len();
        let is_array = |value: &Value<'_>| matches!(value.content, Content::Array);
        if self.values.get(at).is_some_and(is_array) {
            let mut next = at + 1;
            while let Some(value) = self.values.get(next) {
                self.entries.push(next);
                next += value.size;
            }
        }
        if let Some(value) = self.values.get_mut(at) {
            value.size = end - at;
            value.entries = first..self.entries.len();
        }
    }

    /// Returns the root; `None` if the record is empty.
    pub(crate) fn root(&'a self) -> Option<Node<'a>> {
        self.node(0)
    }

    /// Returns the number of values.
    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    fn node(&'a self, at: usize) -> Option<Node<'a>> {
        let value = self.values.get(at)?;
        Some(Node {
            record: self,
            value,
            at,
        })
    }

    /// Indexes its members, once all values are added.
    pub(crate) fn index_members(&mut self) {
        let mut members = vec![0; SLOTS];
        for member in self.root().into_iter().flat_map(Node::inside) {
            if let Key::Name(name) = member.key()
                && let Some(free @ 0) = members.get_mut(slot(name))
            {
                *free = member.at;
            }
        }
        self.members = members;
    }

    fn member(&'a self, name: &str) -> Option<Node<'a>> {
        match *self.members.get(slot(name))? {
            0 => None,
            at => self
                .node(at)
                .filter(|node| node.is_named(name))
                .or_else(|| self.root()?.member(name)),
        }
    }

    /// Returns the value at a source, with the index in place of `[]`.
    pub(crate) fn at(&'a self, source: &str, index: usize) -> Option<Node<'a>> {
        let mut node = None;
        let mut rest = source;
        while !rest.is_empty() {
            let length = find(rest.as_bytes(), b'.').unwrap_or(rest.len());
            let step = rest.get(..length)?;
            rest = rest.get(length + 1..).unwrap_or_default();
            let (name, is_list) = match step.strip_suffix("[]") {
                Some(name) => (name, true),
                None => (step, false),
            };
            let member = match node {
                None => self.member(name)?,
                Some(node) => Node::member(node, name)?,
            };
            node = Some(if is_list {
                member.entry(index)?
            } else {
                member
            });
        }
        node.or_else(|| self.root())
    }

    /// Returns the text at a source, if there is one.
    pub(crate) fn text(&'a self, source: &str, index: usize) -> Option<Cow<'a, str>> {
        self.at(source, index)?.as_text()
    }

    /// Returns the whole number at a source as it is written, if there is one.
    pub(crate) fn integer(&'a self, source: &str) -> Option<&'a str> {
        let json = self.at(source, 0)?.scalar()?;
        json.parse::<i64>().is_ok().then_some(json)
    }
}

impl<'a> Node<'a> {
    /// Returns its position in the record.
    pub(crate) fn at(self) -> usize {
        self.at
    }

    /// Returns its name or index.
    pub(crate) fn key(self) -> &'a Key<'a> {
        &self.value.key
    }

    /// Returns its kind.
    pub(crate) fn content(self) -> Content<'a> {
        self.value.content
    }

    /// Returns its members or entries.
    pub(crate) fn inside(self) -> impl Iterator<Item = Self> {
        let end = self.at + self.value.size;
        let mut next = self.at + 1;
        std::iter::from_fn(move || {
            let node = self.record.node(next).filter(|node| node.at < end)?;
            next += node.value.size;
            Some(node)
        })
    }

    /// Returns the text of that name in an object, if there is one.
    pub(crate) fn text(self, name: &str) -> Option<Cow<'a, str>> {
        self.member(name)?.as_text()
    }

    /// Returns its index in an array of the endpoint.
    pub(crate) fn index(self) -> Option<usize> {
        match self.value.key {
            Key::Index(index) => Some(index),
            Key::Name(_) => None,
        }
    }

    fn as_text(self) -> Option<Cow<'a, str>> {
        self.scalar().and_then(scalar::text)
    }

    fn scalar(self) -> Option<&'a str> {
        match self.value.content {
            Content::Scalar(json) => Some(json),
            Content::Object | Content::Array => None,
        }
    }

    fn member(self, name: &str) -> Option<Self> {
        self.inside().find(|node| node.is_named(name))
    }

    fn is_named(self, name: &str) -> bool {
        matches!(&self.value.key, Key::Name(found) if found == name)
    }

    fn entry(self, index: usize) -> Option<Self> {
        let entries = self.record.entries.get(self.value.entries.clone())?;
        let node = |at: &usize| self.record.node(*at);
        let found = entries.binary_search_by_key(&Some(index), |at| node(at)?.index());
        entries.get(found.ok()?).and_then(node)
    }

    /// Calls `each` with every scalar and two pointers (RFC 6901) to it: `written` counts the entries of this record,
    /// `original` has the indices of the endpoint.
    pub(crate) fn scalars(
        self,
        written: &mut String,
        original: &mut String,
        each: &mut impl FnMut(Self, &str, &str),
    ) {
        if self.scalar().is_some() {
            each(self, written, original);
        }
        let (at_written, at_original) = (written.len(), original.len());
        for (position, node) in self.inside().enumerate() {
            match node.key() {
                Key::Name(name) => {
                    push_step(written, name);
                    push_step(original, name);
                }
                // Writing to a String cannot fail.
                Key::Index(index) => {
                    let _ = write!(written, "/{position}");
                    let _ = write!(original, "/{index}");
                }
            }
            node.scalars(written, original, each);
            written.truncate(at_written);
            original.truncate(at_original);
        }
    }

    /// Writes the part as JSON, on one line and in its original order.
    pub(crate) fn write(self, json: &mut Vec<u8>) {
        let (open, close) = match self.value.content {
            Content::Scalar(text) => return scalar::write(json, text),
            Content::Object => (b'{', b'}'),
            Content::Array => (b'[', b']'),
        };
        let mut separator = open;
        for node in self.inside() {
            json.push(separator);
            separator = b',';
            if let Key::Name(name) = node.key() {
                write_text(json, name);
                json.push(b':');
            }
            node.write(json);
        }
        json.push(close);
    }
}

/// Adds a step to a JSON Pointer (RFC 6901).
pub(crate) fn push_step(pointer: &mut String, name: &str) {
    pointer.push('/');
    for character in name.chars() {
        match character {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            other => pointer.push(other),
        }
    }
}
