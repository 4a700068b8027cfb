//! The table of rules, in the order of the event.

use crate::mapping::dialect::Dialect;
use crate::mapping::rule::Rule;
use crate::mapping::rules::{agents, context, device, event, lists, times};
use crate::mapping::subject::Subject;

/// Rows that belong together.
pub(crate) enum Section {
    /// Attributes that an event has once.
    Once(&'static [Rule]),
    /// Attributes that each entry of a list has, and how many entries there are.
    Each(fn(&Subject<'_>) -> usize, &'static [Rule]),
}

/// All rows, in the order of the event.
pub(crate) const TABLE: &[Section] = &[
    Section::Once(event::CLASS),
    Section::Once(times::EVENT),
    Section::Once(event::METADATA),
    Section::Once(device::IDENTITY),
    Section::Once(device::OPERATING_SYSTEM),
    Section::Once(device::ADDRESSES),
    Section::Each(|subject| subject.interfaces.len(), lists::INTERFACES),
    Section::Each(|subject| subject.groups.len(), lists::GROUPS),
    Section::Once(device::OWNER),
    Section::Each(|subject| subject.agents.len(), agents::AGENTS),
    Section::Once(device::STATE),
    Section::Once(times::DEVICE),
    Section::Once(context::ENRICHMENTS),
    Section::Each(|subject| subject.observables.len(), lists::OBSERVABLES),
    Section::Once(context::REST),
];

/// The rows of a dialect.
pub fn of(dialect: Dialect) -> impl Iterator<Item = &'static Rule> {
    TABLE
        .iter()
        .flat_map(|section| match section {
            Section::Once(rules) | Section::Each(_, rules) => rules.iter(),
        })
        .filter(move |rule| rule.is_of(dialect))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_constant_moves_with_a_check_in() {
        let rules = Dialect::ALL.into_iter().flat_map(of);
        for rule in rules.filter(|rule| rule.is_constant()) {
            assert!(!rule.heartbeat, "{}", rule.path);
        }
    }

    #[test]
    fn attributes_stand_in_one_object_where_their_paths_say_so() {
        let rules: Vec<_> = Dialect::ALL.into_iter().flat_map(of).collect();
        let object = |rule: &Rule| rule.path.rsplit_once('.').map_or("", |(object, _)| object);
        for one in &rules {
            for other in &rules {
                assert_eq!(
                    one.object == other.object,
                    object(one) == object(other),
                    "{} {}",
                    one.path,
                    other.path
                );
            }
        }
    }
}
