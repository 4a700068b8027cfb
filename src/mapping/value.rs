//! A value of an event, and what of the endpoint it is made of.

use std::borrow::Cow;

use crate::mapping::record::Node;

/// A value with where it came from.
pub(crate) struct Made<'a> {
    /// The value.
    pub(crate) value: Value<'a>,
    /// What of the endpoint was taken for it.
    pub(crate) origin: Origin,
    /// Further entries of the endpoint that say the same.
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
    /// A part of the endpoint, as it is.
    Part(Node<'a>),
    /// An object without anything in it.
    EmptyObject,
    /// The UUID of the event, which is made when all the rest of it is written.
    EventUid,
}

/// What of the endpoint stands behind one value.
#[derive(Clone, Copy)]
pub(crate) enum Origin {
    /// Every source of the rule that the endpoint has.
    Sources,
    /// These, where `[]` stands for the entry of this index. None at all where the rule had nothing to go by.
    At(&'static [&'static str], usize),
}

impl Origin {
    /// Whether it is known at a glance to be the same.
    pub(crate) fn is_same(self, other: Self) -> bool {
        match (self, other) {
            (Self::At(one, index), Self::At(other, at)) => std::ptr::eq(one, other) && index == at,
            _ => false,
        }
    }
}

impl<'a> Made<'a> {
    /// A value that stands on these sources, each of them with `index` for its `[]`.
    pub(crate) fn at(value: Value<'a>, sources: &'static [&'static str], index: usize) -> Self {
        Self {
            value,
            origin: Origin::At(sources, index),
            repeats: &[],
        }
    }
}

/// A text that stands on every source of its rule.
pub(crate) fn text<'a>(text: impl Into<Cow<'a, str>>) -> Made<'a> {
    made(Value::Text(text.into()))
}

/// A whole number that stands on every source of its rule.
pub(crate) fn integer<'a>(number: impl Into<i64>) -> Made<'a> {
    made(Value::Integer(number.into()))
}

/// A boolean that stands on every source of its rule.
pub(crate) fn boolean<'a>(boolean: bool) -> Made<'a> {
    made(Value::Boolean(boolean))
}

/// A value that stands on every source of its rule.
pub(crate) fn made(value: Value<'_>) -> Made<'_> {
    Made {
        value,
        origin: Origin::Sources,
        repeats: &[],
    }
}

/// A value that is said where the endpoint says nothing: no source stands behind it.
pub(crate) fn from_nothing(value: Value<'_>) -> Made<'_> {
    Made::at(value, &[], 0)
}
