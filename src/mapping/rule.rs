//! A rule of the mapping.
//!
//! A path has members with dots (`device.os.type`), `[]` for every entry of a list, and `[0]` for the only entry of a
//! list that never has another. A source is such a path in the Sophos endpoint; the empty source is the complete
//! endpoint.

use std::borrow::Cow;

use crate::mapping::dialect::Dialect;
use crate::mapping::object::Object;
use crate::mapping::prepared::Prepared;
use crate::mapping::subject::Subject;
use crate::mapping::value::{Made, Origin};

/// One row of the table: an attribute of the event, and how its value is made from an endpoint.
#[derive(Clone, Copy)]
pub struct Rule {
    /// The OCSF attribute, such as `device.network_interfaces[].ip`.
    pub path: &'static str,
    /// The object that contains the attribute.
    pub(crate) object: Object,
    /// The text that every event with the attribute contains: the name with a colon, and a constant.
    pub(crate) written: Prepared<56>,
    /// Whether the attribute is a list that never has more than one entry.
    pub(crate) is_single: bool,
    /// The fields of the endpoint that the rule reads, such as `isolation.status`; empty for a constant.
    pub sources: &'static [&'static str],
    /// The rule in plain words; empty for a constant.
    pub rule: &'static str,
    /// The only dialect that has the rule; `None` for all of them.
    pub dialect: Option<Dialect>,
    /// The dialects that require the attribute, by OCSF or by the receiver: without it, the object around it, or the
    /// event, is invalid. `omit` cannot name it there.
    pub required: &'static [Dialect],
    /// Whether the value changes when the device only checks in: it is then not part of the fingerprint.
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
    /// From the endpoint, with the index in the rule's list (0 if it has none). `None` leaves the attribute out.
    Value(for<'a> fn(&'a Subject<'a>, usize) -> Option<Made<'a>>),
    /// The part of the endpoint at the only source, unchanged.
    Part,
    /// The fields of the endpoint that no other rule uses. The last row of the table.
    Rest,
    /// A UUID computed from the rest of the event.
    EventUid,
}

impl Rule {
    /// Returns the rule in plain words; for a constant, its value.
    pub fn words(&self) -> Cow<'static, str> {
        match self.make {
            Make::Text(text) => format!("always {text}").into(),
            Make::Integer(number) => format!("always {number}").into(),
            Make::True => "always true".into(),
            Make::Value(_) | Make::Part | Make::Rest | Make::EventUid => self.rule.into(),
        }
    }

    /// Returns whether the value is the same for every endpoint.
    pub(crate) fn is_constant(&self) -> bool {
        matches!(self.make, Make::Text(_) | Make::Integer(_) | Make::True)
    }

    /// Returns whether a dialect has the row.
    pub(crate) fn is_of(&self, dialect: Dialect) -> bool {
        self.dialect.is_none_or(|only| only == dialect)
    }
}

/// Returns a row whose value is made from an endpoint.
pub(crate) const fn rule(
    path: &'static str,
    sources: &'static [&'static str],
    rule: &'static str,
    make: for<'a> fn(&'a Subject<'a>, usize) -> Option<Made<'a>>,
) -> Rule {
    row(path, sources, rule, Make::Value(make))
}

/// Returns a row whose value is constant.
pub(crate) const fn always(path: &'static str, make: Make) -> Rule {
    row(path, &[], "", make)
}

/// Returns a row whose value is made in any way.
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
    /// Restricts the row to one dialect.
    pub(crate) const fn only(mut self, dialect: Dialect) -> Self {
        self.dialect = Some(dialect);
        self
    }

    /// Marks the row as required by its object.
    pub(crate) const fn required(self) -> Self {
        self.required_by(&Dialect::ALL)
    }

    /// Marks the row as required by its object in these dialects.
    pub(crate) const fn required_by(mut self, dialects: &'static [Dialect]) -> Self {
        self.required = dialects;
        self
    }

    /// Marks the row as a heartbeat, which changes with each check-in.
    pub(crate) const fn heartbeat(mut self) -> Self {
        self.heartbeat = true;
        self
    }
}

/// Returns the sources of a value, each with the index in place of its `[]`.
pub(crate) fn places(rule: &Rule, origin: Origin) -> impl Iterator<Item = (&'static str, usize)> {
    let (sources, index) = match origin {
        Origin::Sources => (rule.sources, 0),
        Origin::At(sources, index) => (sources, index),
    };
    sources.iter().map(move |source| (*source, index))
}
