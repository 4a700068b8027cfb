//! What a rule of the mapping is.
//!
//! Paths are written as a person writes them: members with dots (`device.os.type`), `[]` for every entry of a
//! list, `[0]` for the one entry of a list that never has another. A source is a path in the Sophos endpoint,
//! written alike; the empty source is the endpoint as a whole.

use std::borrow::Cow;

use crate::mapping::dialect::Dialect;
use crate::mapping::object::Object;
use crate::mapping::prepared::Prepared;
use crate::mapping::subject::Subject;
use crate::mapping::value::{Made, Origin};

/// One row of the table: an attribute of the event, and how an endpoint makes its value.
#[derive(Clone, Copy)]
pub struct Rule {
    /// The OCSF attribute, such as `device.network_interfaces[].ip`.
    pub path: &'static str,
    /// The object that the attribute stands in.
    pub(crate) object: Object,
    /// What every event with the attribute has of it: the name with a colon, and a constant.
    pub(crate) written: Prepared<56>,
    /// Whether the attribute is a list that never has more than one entry.
    pub(crate) is_single: bool,
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
    pub(crate) heartbeat: bool,
    /// How the value is made.
    pub(crate) make: Make,
}

/// How a value is made.
#[derive(Clone, Copy)]
pub(crate) enum Make {
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
    pub(crate) fn is_constant(&self) -> bool {
        matches!(self.make, Make::Text(_) | Make::Integer(_) | Make::True)
    }

    /// Whether the row belongs to a dialect.
    pub(crate) fn is_of(&self, dialect: Dialect) -> bool {
        self.dialect.is_none_or(|only| only == dialect)
    }
}

/// A row whose value is made of an endpoint.
pub(crate) const fn rule(
    path: &'static str,
    sources: &'static [&'static str],
    rule: &'static str,
    make: for<'a> fn(&'a Subject<'a>, usize) -> Option<Made<'a>>,
) -> Rule {
    row(path, sources, rule, Make::Value(make))
}

/// A row whose value never changes.
pub(crate) const fn always(path: &'static str, make: Make) -> Rule {
    row(path, &[], "", make)
}

/// A row with any way to make its value.
pub(crate) const fn row(
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
    pub(crate) const fn only(mut self, dialect: Dialect) -> Self {
        self.dialect = Some(dialect);
        self
    }

    /// The row, which its object cannot be without.
    pub(crate) const fn required(self) -> Self {
        self.required_by(&Dialect::ALL)
    }

    /// The row, which its object cannot be without in these dialects.
    pub(crate) const fn required_by(mut self, dialects: &'static [Dialect]) -> Self {
        self.required = dialects;
        self
    }

    /// The row, which moves with each check-in.
    pub(crate) const fn heartbeat(mut self) -> Self {
        self.heartbeat = true;
        self
    }
}

/// Where in the endpoint a value comes from: sources, each with the index that stands for its `[]`.
pub(crate) fn places(rule: &Rule, origin: Origin) -> impl Iterator<Item = (&'static str, usize)> {
    let (sources, index) = match origin {
        Origin::Sources => (rule.sources, 0),
        Origin::At(sources, index) => (sources, index),
    };
    sources.iter().map(move |source| (*source, index))
}
