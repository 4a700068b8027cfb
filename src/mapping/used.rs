//! What of an endpoint stands behind the values of its event, and what is left.

use crate::mapping::record::{Content, Key, Node, Record};
use crate::mapping::rule::{Rule, places};
use crate::mapping::value::Origin;

/// Which values of a record stand behind a value of the event.
pub(crate) struct Used<'a> {
    record: &'a Record<'a>,
    is_used: Vec<bool>,
    /// What was added last: values that stand side by side often have one origin.
    last: Origin,
}

impl<'a> Used<'a> {
    /// None yet.
    pub(crate) fn new(record: &'a Record<'a>) -> Self {
        Self {
            record,
            is_used: vec![false; record.len()],
            last: Origin::At(&[], 0),
        }
    }

    /// Adds what stands behind a value of a rule.
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

    /// What is left of those members of the endpoint that are kept.
    pub(crate) fn rest(&self, is_kept: impl Fn(&str) -> bool) -> Record<'a> {
        let Some(endpoint) = self.record.whole() else {
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
