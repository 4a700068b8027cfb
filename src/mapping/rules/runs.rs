//! The rows of each dialect in the order of the event, with adjacent constants combined.

use std::slice;
use std::sync::LazyLock;

use crate::mapping::dialect::Dialect;
use crate::mapping::rule::Rule;
use crate::mapping::rules::table::{Section, TABLE};
use crate::mapping::subject::Subject;

/// A row, or several that are written at once.
pub(crate) enum Run {
    /// A single row.
    Row(&'static Rule),
    /// Constants in one object, one after the other.
    Constants(Constants),
}

/// Constants in one object, one after the other.
pub(crate) struct Constants {
    /// The rows.
    pub(crate) rules: Vec<&'static Rule>,
    /// The text of an event with them: names, values, and the commas between.
    pub(crate) written: Vec<u8>,
}

/// The runs of a section, and the number of entries if it is a list.
struct Runs {
    count: Option<fn(&Subject<'_>) -> usize>,
    runs: Vec<Run>,
}

static SEKOIA: LazyLock<Vec<Runs>> = LazyLock::new(|| runs(Dialect::Sekoia));
static OCSF: LazyLock<Vec<Runs>> = LazyLock::new(|| runs(Dialect::Ocsf));

/// Calls `each` for every row or run of rows of a dialect and every entry of its list, in the order of the event.
pub(crate) fn walk(
    subject: &Subject<'_>,
    dialect: Dialect,
    mut each: impl FnMut(&'static Run, usize),
) {
    let sections = match dialect {
        Dialect::Sekoia => &SEKOIA,
        Dialect::Ocsf => &OCSF,
    };
    for section in sections.iter() {
        let count = section.count.map_or(1, |count| count(subject));
        for index in 0..count {
            for run in &section.runs {
                each(run, index);
            }
        }
    }
}

fn runs(dialect: Dialect) -> Vec<Runs> {
    let sections = TABLE.iter().map(|section| {
        let (count, rules) = match section {
            Section::Once(rules) => (None, *rules),
            Section::Each(count, rules) => (Some(*count), *rules),
        };
        let rules: Vec<_> = rules.iter().filter(|rule| rule.is_of(dialect)).collect();
        let are_written_at_once = |one: &&Rule, next: &&Rule| {
            one.is_constant() && next.is_constant() && one.object == next.object
        };
        let runs = rules.chunk_by(are_written_at_once).map(Run::of).collect();
        Runs { count, runs }
    });
    sections.collect()
}

impl Run {
    fn of(rules: &[&'static Rule]) -> Self {
        if let [rule] = rules {
            return Self::Row(rule);
        }
        let mut written = Vec::new();
        for rule in rules {
            if !written.is_empty() {
                written.push(b',');
            }
            rule.written.write(&mut written);
            if rule.is_single {
                written.push(b']');
            }
        }
        Self::Constants(Constants {
            rules: rules.to_vec(),
            written,
        })
    }

    /// The rows, one by one.
    pub(crate) fn rules(&self) -> &[&'static Rule] {
        match self {
            Self::Row(rule) => slice::from_ref(rule),
            Self::Constants(constants) => &constants.rules,
        }
    }
}
