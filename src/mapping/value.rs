//! A value of an event, and the fields of the endpoint that it comes from.

use std::borrow::Cow;

use crate::mapping::record::Node;

/// A value with its origin.
pub(crate) struct Made<'a> {
    /// The value.
    pub(crate) value: Value<'a>,
    /// The fields of the endpoint that it comes from.
    pub(crate) origin: Origin,
    /// Further entries of the endpoint with the same value.
    pub(crate) repeats: &'a [Origin],
}

/// A value of an event.
pub(crate) enum Value<'a> {
    /// A text.
    Text(Cow<'a, str>),
    /// A whole number.
    Integer(i64),
    /// True or false.
    Boolean(bool),
    /// A part of the endpoint, unchanged.
    Part(Node<'a>),
    /// An empty object.
    EmptyObject,
    /// The UUID of the event, which is computed when the rest of it is written.
    EventUid,
}

/// The fields of the endpoint that a value comes from.
#[derive(Clone, Copy)]
pub(crate) enum Origin {
    /// Every source of the rule that the endpoint has.
    Sources,
    /// These sources, with this index in place of `[]`. Empty if the value is a default.
    At(&'static [&'static str], usize),
}

impl Origin {
    /// Returns whether it is obviously the same.
    pub(crate) fn is_same(self, other: Self) -> bool {
        match (self, other) {
            (Self::At(one, index), Self::At(other, at)) => std::ptr::eq(one, other) && index == at,
            _ => false,
        }
    }
}

impl<'a> Made<'a> {
    /// Returns a value with these sources, with `index` in place of `[]`.
    pub(crate) fn at(value: Value<'a>, sources: &'static [&'static str], index: usize) -> Self {
        Self {
            value,
            origin: Origin::At(sources, index),
            repeats: &[],
        }
    }
}

/// Returns a text that comes from every source of its rule.
pub(crate) fn text<'a>(text: impl Into<Cow<'a, str>>) -> Made<'a> {
    made(Value::Text(text.into()))
}

/// Returns a whole number that comes from every source of its rule.
pub(crate) fn integer<'a>(number: impl Into<i64>) -> Made<'a> {
    made(Value::Integer(number.into()))
}

/// Returns a boolean that comes from every source of its rule.
pub(crate) fn boolean<'a>(boolean: bool) -> Made<'a> {
    made(Value::Boolean(boolean))
}

/// Returns a value that comes from every source of its rule.
pub(crate) fn made(value: Value<'_>) -> Made<'_> {
    Made {
        value,
        origin: Origin::Sources,
        repeats: &[],
    }
}

/// Returns a default, which has no source.
pub(crate) fn from_nothing(value: Value<'_>) -> Made<'_> {
    Made::at(value, &[], 0)
}
