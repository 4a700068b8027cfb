//! The endpoint as a tree: for what must name every field of it, those of no rule among them.
//!
//! Collecting in the default dialect never builds it. What is empty (`null`, `""`, `{}`, `[]`, and what holds
//! nothing else) is not in the tree.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::Range;

use crate::mapping::bytes::find;
use crate::mapping::json::write_text;
use crate::mapping::scalar;

/// How many values there is room for at once: as many as the API sends of an endpoint.
const ROOM: usize = 128;

/// An endpoint, or what is left of one.
///
/// All values stand in one list, each before those inside it, since many small lists would cost more to make than
/// to use.
pub(crate) struct Record<'a> {
    values: Vec<Value<'a>>,
    /// Where the entries of the arrays stand, those of an array one after the other.
    entries: Vec<usize>,
    /// Where the members of the endpoint stand, each in the slot of its name.
    members: Vec<usize>,
}

struct Value<'a> {
    key: Key<'a>,
    content: Content<'a>,
    /// How many values it is, with those inside it.
    size: usize,
    /// Which of the record's entries are those of an array.
    entries: Range<usize>,
}

/// Where a value stands in what it is inside of.
#[derive(Clone)]
pub(crate) enum Key<'a> {
    /// A member of this name in an object.
    Name(Cow<'a, str>),
    /// The entry that has this index in an array of the endpoint.
    Index(usize),
}

/// What a value is.
#[derive(Clone, Copy)]
pub(crate) enum Content<'a> {
    /// An object: its members follow, each name once.
    Object,
    /// An array: its entries follow.
    Array,
    /// The JSON text of a text, a number, a boolean, or of what is not taken apart.
    Scalar(&'a str),
}

/// A value of a record, with those inside it.
#[derive(Clone, Copy)]
pub(crate) struct Node<'a> {
    record: &'a Record<'a>,
    value: &'a Value<'a>,
    /// Where it stands in the record.
    at: usize,
}

/// How many slots there are for the names of an endpoint's members.
const SLOTS: usize = 128;

/// The slot of a name: a number that differs for all names that the API is known to use.
fn slot(name: &str) -> usize {
    let byte = |at: usize| name.as_bytes().get(at).map_or(0, |byte| usize::from(*byte));
    (name.len() + 2 * byte(0) + byte(3)) % SLOTS
}

impl<'a> Record<'a> {
    /// A record without anything.
    pub(crate) const EMPTY: Self = Self {
        values: Vec::new(),
        entries: Vec::new(),
        members: Vec::new(),
    };

    /// A record without anything yet.
    pub(crate) fn new() -> Self {
        Self {
            values: Vec::with_capacity(ROOM),
            entries: Vec::with_capacity(ROOM),
            members: Vec::new(),
        }
    }

    /// Adds a value; what is added until it is closed is inside it.
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

    /// Closes the object or array that was opened there, and takes it away where nothing is inside it.
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

    /// All of it; none where there is nothing.
    pub(crate) fn whole(&'a self) -> Option<Node<'a>> {
        self.node(0)
    }

    /// How many values there are.
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

    /// Makes its members quick to find, when all is added.
    pub(crate) fn index_members(&mut self) {
        let mut members = vec![0; SLOTS];
        for member in self.whole().into_iter().flat_map(Node::inside) {
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
                .or_else(|| self.whole()?.member(name)),
        }
    }

    /// What stands at a source, where `[]` is the entry of the index.
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
        node.or_else(|| self.whole())
    }

    /// The text at a source; none for anything else.
    pub(crate) fn text(&'a self, source: &str, index: usize) -> Option<Cow<'a, str>> {
        self.at(source, index)?.as_text()
    }

    /// The whole number at a source, as it is written; none for anything else.
    pub(crate) fn integer(&'a self, source: &str) -> Option<&'a str> {
        let json = self.at(source, 0)?.scalar()?;
        json.parse::<i64>().is_ok().then_some(json)
    }
}

impl<'a> Node<'a> {
    /// Where it stands in the record.
    pub(crate) fn at(self) -> usize {
        self.at
    }

    /// The name or the index that it has.
    pub(crate) fn key(self) -> &'a Key<'a> {
        &self.value.key
    }

    /// What it is.
    pub(crate) fn content(self) -> Content<'a> {
        self.value.content
    }

    /// The members or entries.
    pub(crate) fn inside(self) -> impl Iterator<Item = Self> {
        let end = self.at + self.value.size;
        let mut next = self.at + 1;
        std::iter::from_fn(move || {
            let node = self.record.node(next).filter(|node| node.at < end)?;
            next += node.value.size;
            Some(node)
        })
    }

    /// The text of that name in an object; none for anything else.
    pub(crate) fn text(self, name: &str) -> Option<Cow<'a, str>> {
        self.member(name)?.as_text()
    }

    /// The index that it has in an array of the endpoint.
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

    /// Calls `each` with every scalar, and two pointers (RFC 6901) to it. `written` counts the
    /// entries that are here, `original` has the indices of the endpoint.
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

    /// Writes the part as JSON, on one line and in its own order.
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
