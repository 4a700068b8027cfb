//! What a rule of the mapping is.
//!
//! Paths are written as a person writes them: members with dots (`device.os.type`), `[]` for every entry of a
//! list, `[0]` for the one entry of a list that never has another. A source is a path in the Sophos endpoint,
//! written alike; the empty source is the endpoint as a whole.

use std::borrow::Cow;

use super::dialect::Dialect;
use super::object::Object;
use super::prepared::Prepared;
use super::record::Node;
use super::subject::Subject;

/// One row of the table: an attribute of the event, and how an endpoint makes its value.
#[derive(Clone, Copy)]
pub struct Rule {
    /// The OCSF attribute, such as `device.network_interfaces[].ip`.
    pub path: &'static str,
    /// The object that the attribute stands in.
    pub object: Object,
    /// What every event with the attribute has of it: the name with a colon, and a constant.
    pub written: Prepared<56>,
    /// Whether the attribute is a list that never has more than one entry.
    pub is_single: bool,
    /// What of the endpoint the rule reads, such as `isolation.status`; empty for a constant.
    pub sources: &'static [&'static str],
    /// The rule in plain words; empty for a constant.
    pub rule: &'static str,
    /// The one dialect that the rule belongs to; none for all of them.
    pub dialect: Option<Dialect>,
    /// The dialects in which the object that the attribute stands in, or the event, is worth nothing without
    /// it: by OCSF or by the receiver. `omit` cannot name it there.
    pub required: &'static [Dialect],
    /// Whether the value moves when the device does nothing but check in: no part of the fingerprint.
    pub heartbeat: bool,
    /// How the value is made.
    pub make: Make,
}

/// How a value is made.
#[derive(Clone, Copy)]
pub enum Make {
    /// Always this text.
    Text(&'static str),
    /// Always this number.
    Integer(i64),
    /// Always true.
    True,
    /// From the endpoint: the value in the entry of that index of the rule's list (0 where it is in none).
    /// None leaves the attribute out.
    Value(for<'a> fn(&'a Subject<'a>, usize) -> Option<Made<'a>>),
    /// The part of the endpoint at the one source, as it is.
    Part,
    /// The endpoint without what stands behind the values of all other rules. The last of the table.
    Rest,
    /// A UUID made of all that the event holds.
    EventUid,
}

/// A value with where it came from.
pub struct Made<'a> {
    /// The value.
    pub value: Value<'a>,
    /// What of the endpoint was taken for it.
    pub origin: Origin,
    /// Further entries of the endpoint that say the same.
    pub repeats: &'a [Origin],
}

/// A value of an event.
pub enum Value<'a> {
    /// A text.
    Text(Cow<'a, str>),
    /// A whole number.
    Integer(i64),
    /// True or false.
    Boolean(bool),
    /// A part of the endpoint, as it is.
    Part(Node<'a>),
    /// An object without anything in it.
    EmptyObject,
    /// The UUID of the event, which is made when all the rest of it is written.
    EventUid,
}

/// What of the endpoint stands behind one value.
#[derive(Clone, Copy)]
pub enum Origin {
    /// Every source of the rule that the endpoint has.
    Sources,
    /// These, where `[]` stands for the entry of this index. None at all where the rule had nothing to go by.
    At(&'static [&'static str], usize),
}

impl Rule {
    /// The rule in plain words: a constant with its value.
    pub fn words(&self) -> Cow<'static, str> {
        match self.make {
            Make::Text(text) => format!("always {text}").into(),
            Make::Integer(number) => format!("always {number}").into(),
            Make::True => "always true".into(),
            Make::Value(_) | Make::Part | Make::Rest | Make::EventUid => self.rule.into(),
        }
    }

    /// Whether the value is the same for every endpoint.
    pub fn is_constant(&self) -> bool {
        matches!(self.make, Make::Text(_) | Make::Integer(_) | Make::True)
    }

    /// Whether the row belongs to a dialect.
    pub fn is_of(&self, dialect: Dialect) -> bool {
        self.dialect.is_none_or(|only| only == dialect)
    }

    /// Whether `path` names the attribute, or an object or a list that it stands in.
    pub fn is_within(&self, path: &str) -> bool {
        self.path
            .strip_prefix(path)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    }
}

/// A row whose value is made of an endpoint.
pub const fn rule(
    path: &'static str,
    sources: &'static [&'static str],
    rule: &'static str,
    make: for<'a> fn(&'a Subject<'a>, usize) -> Option<Made<'a>>,
) -> Rule {
    row(path, sources, rule, Make::Value(make))
}

/// A row whose value never changes.
pub const fn always(path: &'static str, make: Make) -> Rule {
    row(path, &[], "", make)
}

/// A row with any way to make its value.
pub const fn row(
    path: &'static str,
    sources: &'static [&'static str],
    rule: &'static str,
    make: Make,
) -> Rule {
    let (object, name) = Object::around(path);
    let (name, is_single) = match name.as_bytes() {
        [name @ .., b'[', b'0', b']'] => (name, true),
        name => (name, false),
    };
    let start = Prepared::EMPTY.with(b"\"").with(name).with(b"\":");
    let start = if is_single { start.with(b"[") } else { start };
    let written = match make {
        Make::Text(text) => start.with_text(text),
        Make::Integer(number) => start.with_integer(number),
        Make::True => start.with(b"true"),
        Make::Value(_) | Make::Part | Make::Rest | Make::EventUid => start,
    };
    Rule {
        path,
        object,
        written,
        is_single,
        sources,
        rule,
        dialect: None,
        required: &[],
        heartbeat: false,
        make,
    }
}

impl Rule {
    /// The row, for one dialect only.
    pub const fn only(mut self, dialect: Dialect) -> Self {
        self.dialect = Some(dialect);
        self
    }

    /// The row, which its object cannot be without.
    pub const fn required(self) -> Self {
        self.required_by(&Dialect::ALL)
    }

    /// The row, which its object cannot be without in these dialects.
    pub const fn required_by(mut self, dialects: &'static [Dialect]) -> Self {
        self.required = dialects;
        self
    }

    /// The row, which moves with each check-in.
    pub const fn heartbeat(mut self) -> Self {
        self.heartbeat = true;
        self
    }
}

impl Origin {
    /// Whether it is known at a glance to be the same.
    pub fn is_same(self, other: Self) -> bool {
        match (self, other) {
            (Self::At(one, index), Self::At(other, at)) => std::ptr::eq(one, other) && index == at,
            _ => false,
        }
    }
}

impl<'a> Made<'a> {
    /// A value that stands on these sources, each of them with `index` for its `[]`.
    pub fn at(value: Value<'a>, sources: &'static [&'static str], index: usize) -> Self {
        Self {
            value,
            origin: Origin::At(sources, index),
            repeats: &[],
        }
    }
}

/// A text that stands on every source of its rule.
pub fn text<'a>(text: impl Into<Cow<'a, str>>) -> Made<'a> {
    made(Value::Text(text.into()))
}

/// A whole number that stands on every source of its rule.
pub fn integer<'a>(number: impl Into<i64>) -> Made<'a> {
    made(Value::Integer(number.into()))
}

/// A boolean that stands on every source of its rule.
pub fn boolean<'a>(boolean: bool) -> Made<'a> {
    made(Value::Boolean(boolean))
}

/// A value that stands on every source of its rule.
pub fn made(value: Value<'_>) -> Made<'_> {
    Made {
        value,
        origin: Origin::Sources,
        repeats: &[],
    }
}

/// A value that is said where the endpoint says nothing: no source stands behind it.
pub fn from_nothing(value: Value<'_>) -> Made<'_> {
    Made::at(value, &[], 0)
}
