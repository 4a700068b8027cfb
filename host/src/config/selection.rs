//! Which sources of an account are collected: its `only` and `skip`.
//!
//! Users copy either the id or the name of a source from a console, so both are accepted, in any case.

use crate::config::problem::Problem;

/// An account's `only` and `skip`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Selection<'a> {
    pub only: &'a [String],
    pub skip: &'a [String],
}

impl<'a> Selection<'a> {
    /// Checks the two lists of the table `key`.
    pub(super) fn check(self, key: &str, problems: &mut Vec<Problem>) {
        for (list, entries) in [("only", self.only), ("skip", self.skip)] {
            if contains(entries, "") {
                problems.push(Problem::new(
                    format!("{key}.{list}"),
                    "contains an empty text: name each source by its id or its name",
                ));
            }
        }
        let both = self.only.iter().filter(|entry| contains(self.skip, entry));
        for entry in both {
            problems.push(Problem::new(
                format!("{key}.skip"),
                format_args!("{entry:?} is in `only` as well: remove it from one of them"),
            ));
        }
    }

    /// Returns whether a source is to be collected.
    pub(crate) fn wants(self, id: &str, name: &str) -> bool {
        let is_in = |list| contains(list, id) || contains(list, name);
        (self.only.is_empty() || is_in(self.only)) && !is_in(self.skip)
    }

    /// Returns the entries of `only` that match none of these sources, each an id and a name.
    pub(crate) fn unmatched_only(self, sources: &[(&str, &str)]) -> Vec<&'a str> {
        unmatched(self.only, sources)
    }

    /// Returns the entries of `skip` that match none of these sources, each an id and a name.
    pub(crate) fn unmatched_skip(self, sources: &[(&str, &str)]) -> Vec<&'a str> {
        unmatched(self.skip, sources)
    }
}

fn unmatched<'a>(list: &'a [String], sources: &[(&str, &str)]) -> Vec<&'a str> {
    let matches = |entry: &str| {
        let mut sources = sources.iter();
        sources.any(|(id, name)| same(entry, id) || same(entry, name))
    };
    list.iter()
        .map(String::as_str)
        .filter(|entry| !matches(entry))
        .collect()
}

fn contains(list: &[String], text: &str) -> bool {
    list.iter().any(|entry| same(entry, text))
}

fn same(entry: &str, text: &str) -> bool {
    entry.trim().to_lowercase() == text.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCES: [(&str, &str); 3] = [
        ("a1", "Nordlys Dental"),
        ("b2", "Kestrel"),
        ("c3", "Åsgård"),
    ];

    fn list(entries: &[&str]) -> Vec<String> {
        entries.iter().map(|entry| (*entry).to_owned()).collect()
    }

    #[test]
    fn a_source_is_selected_by_id_or_name_in_any_case() {
        for (only, skip, wanted) in [
            (&[][..], &[][..], &["a1", "b2", "c3"][..]),
            (&["a1"], &[], &["a1"]),
            (&["A1", "kestrel"], &[], &["a1", "b2"]),
            (&["ÅSGÅRD "], &[], &["c3"]),
            (&[], &["B2"], &["a1", "c3"]),
            (&["a1", "b2"], &["nordlys dental"], &["b2"]),
            (&["nobody"], &[], &[]),
        ] {
            let (only, skip) = (&list(only), &list(skip));
            let selection = Selection { only, skip };
            let found: Vec<_> = SOURCES
                .iter()
                .filter(|(id, name)| selection.wants(id, name))
                .map(|(id, _)| *id)
                .collect();
            assert_eq!(found, wanted, "{selection:?}");
        }
    }

    #[test]
    fn entries_that_match_no_source_are_found() {
        let (only, skip) = (&list(&["a1", "Nordlis"]), &list(&["kestrel", "d4"]));
        let selection = Selection { only, skip };
        assert_eq!(selection.unmatched_only(&SOURCES), ["Nordlis"]);
        assert_eq!(selection.unmatched_skip(&SOURCES), ["d4"]);
    }

    #[test]
    fn empty_and_contradicting_entries_are_refused() {
        for (only, skip, key) in [
            ([" "], ["b2"], "account.a.only"),
            (["b2"], [""], "account.a.skip"),
            (["b2"], ["B2"], "account.a.skip"),
        ] {
            let mut problems = Vec::new();
            let (only, skip) = (&list(&only), &list(&skip));
            Selection { only, skip }.check("account.a", &mut problems);
            assert_eq!(problems.len(), 1);
            assert_eq!(problems[0].key, key);
        }
    }
}
