//! What is wrong with a manifest.

use std::collections::BTreeSet;
use std::fmt;

use crate::contract::manifest::pattern;
use crate::text::printable::fault;

/// The most characters of a title or a name for people.
pub(super) const MAX_LINE: usize = 200;
/// The most characters of a description.
pub(super) const MAX_PARAGRAPH: usize = 2000;
/// The most characters of a name for programs.
pub(super) const MAX_NAME: usize = 64;

/// The most faults of one manifest that are reported: its maker has all of them from the published schema.
const MAX_FAULTS: usize = 20;

/// What is wrong with a manifest, one line each: a JSON Pointer and the fault.
#[derive(Debug, Default)]
pub(super) struct Faults(pub(super) Vec<String>);

impl Faults {
    /// Adds a fault of what is at `path`.
    pub(super) fn add(&mut self, path: &str, why: impl fmt::Display) {
        if self.0.len() < MAX_FAULTS {
            self.0.push(fault(&format!("{path}: {why}")));
        }
    }

    /// Adds a fault where a text is longer than `max` characters or does not match the pattern.
    pub(super) fn text(&mut self, path: &str, text: &str, rule: &str, max: usize) {
        if text.chars().count() > max {
            self.add(path, format_args!("is longer than {max} characters"));
        } else if !pattern::matches(rule, text) {
            self.add(path, format_args!("{text:?} does not match {rule}"));
        }
    }

    /// Adds a fault where a text is not the name of a field.
    pub(super) fn field_name(&mut self, path: &str, name: &str) {
        self.text(path, name, "^[A-Za-z][A-Za-z0-9_]*$", MAX_NAME);
    }

    /// Adds a fault where a text is empty, longer than `max` characters, or has control characters.
    pub(super) fn line(&mut self, path: &str, text: &str, max: usize) {
        let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
        if text.is_empty() {
            self.add(path, "is empty");
        } else if text.chars().count() > max {
            self.add(path, format_args!("is longer than {max} characters"));
        } else if text.contains(breaks) {
            self.add(path, "has a line break or another control character");
        }
    }

    /// Adds a fault where a list has more than `max` entries.
    pub(super) fn length<T>(&mut self, path: &str, list: &[T], max: usize) {
        if list.len() > max {
            self.add(path, format_args!("has more than {max} entries"));
        }
    }

    /// Adds a fault where a list of texts has more than `max` entries, one twice, or one that is longer than
    /// `max_length` characters or does not match the pattern.
    pub(super) fn texts(
        &mut self,
        path: &str,
        list: &[String],
        max: usize,
        rule: &str,
        max_length: usize,
    ) {
        self.length(path, list, max);
        let mut seen = BTreeSet::new();
        for (index, entry) in list.iter().take(max).enumerate() {
            if !seen.insert(entry) {
                self.add(path, format_args!("{entry:?} comes twice"));
            }
            self.text(&format!("{path}/{index}"), entry, rule, max_length);
        }
    }

    /// Adds a fault where a number is zero.
    pub(super) fn positive(&mut self, path: &str, number: u32) {
        if number == 0 {
            self.add(path, "is less than 1");
        }
    }
}
