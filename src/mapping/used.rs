//! The fields of an endpoint that the values of its event use, and the unused rest.

use crate::mapping::record::{Content, Key, Node, Record};
use crate::mapping::rule::{Rule, places};
use crate::mapping::value::Origin;

/// The values of a record that a value of the event uses.
pub(crate) struct Used<'a> {
    record: &'a Record<'a>,
    is_used: Vec<bool>,
    /// The origin that was added last: values side by side often have the same.
    last: Origin,
}

impl<'a> Used<'a> {
    /// Returns an empty set.
    pub(crate) fn new(record: &'a Record<'a>) -> Self {
        Self {
            record,
            is_used: vec![false; record.len()],
            last: Origin::At(&[], 0),
        }
    }

    /// Adds the sources of a value of a rule.
    pub(crate) fn add(&mut self, rule: &Rule, origin: Origin) {
        if self.is_used.is_empty() || origin.is_same(self.last) {
            return;
        }
        self.last = origin;
        for (source, index) in places(rule, origin) {
            let node = self.record.at(source, index);
            if let Some(is_used) = node.and_then(|node| self.is_used.get_mut(node.at())) {
                *is_used = true;
            }
        }
    }

    /// Returns the unused part of those members of the endpoint that are kept.
    pub(crate) fn rest(&self, is_kept: impl Fn(&str) -> bool) -> Record<'a> {
        let Some(endpoint) = self.record.root() else {
            return Record::EMPTY;
        };
        let mut rest = Record::new();
        let all = rest.open(endpoint.key().clone(), endpoint.content());
        for member in endpoint.inside() {
            if matches!(member.key(), Key::Name(name) if is_kept(name)) {
                self.copy_rest(member, &mut rest);
            }
        }
        rest.close(all);
        rest
    }

    fn copy_rest(&self, node: Node<'a>, rest: &mut Record<'a>) {
        if self.is_used.get(node.at()) == Some(&true) {
            return;
        }
        let copy = rest.open(node.key().clone(), node.content());
        for inside in node.inside() {
            self.copy_rest(inside, rest);
        }
        if !matches!(node.content(), Content::Scalar(_)) {
            rest.close(copy);
        }
    }
}
