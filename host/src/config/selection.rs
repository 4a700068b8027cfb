//! Which sources of an account are collected: its `only` and `skip`.
//!
//! A source is named by its id or by its name, whatever the case: people copy either from a console.

use crate::config::Problem;

/// What an account's `only` and `skip` say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    only: Vec<String>,
    skip: Vec<String>,
}

impl Selection {
    /// Checks the two lists of the table `key`.
    pub(super) fn check(
        key: &str,
        only: Vec<String>,
        skip: Vec<String>,
        problems: &mut Vec<Problem>,
    ) -> Self {
        for (list, entries) in [("only", &only), ("skip", &skip)] {
            if entries.iter().any(|entry| entry.trim().is_empty()) {
                problems.push(Problem::new(
                    format!("{key}.{list}"),
                    "holds an empty text: name each source by its id or its name",
                ));
            }
        }
        for entry in only.iter().filter(|entry| names(&skip, entry)) {
            problems.push(Problem::new(
                format!("{key}.skip"),
                format_args!("{entry:?} stands in `only` as well: take it out of one of them"),
            ));
        }
        Self { only, skip }
    }

    /// Whether a source is to be collected.
    pub fn wants(&self, id: &str, name: &str) -> bool {
        let in_list = |list: &[String]| names(list, id) || names(list, name);
        (self.only.is_empty() || in_list(&self.only)) && !in_list(&self.skip)
    }

    /// The entries of `only` that name none of these sources, each an id and a name: misspelt, or of a source
    /// that is there no more.
    pub fn unmatched_only<'a>(&'a self, sources: &[(&str, &str)]) -> Vec<&'a str> {
        unmatched(&self.only, sources)
    }

    /// The same of `skip`.
    pub fn unmatched_skip<'a>(&'a self, sources: &[(&str, &str)]) -> Vec<&'a str> {
        unmatched(&self.skip, sources)
    }
}

fn unmatched<'a>(list: &'a [String], sources: &[(&str, &str)]) -> Vec<&'a str> {
    let matches = |entry: &str| {
        sources
            .iter()
            .any(|(id, name)| same(entry, id) || same(entry, name))
    };
    list.iter()
        .map(String::as_str)
        .filter(|entry| !matches(entry))
        .collect()
}

fn names(list: &[String], text: &str) -> bool {
    list.iter().any(|entry| same(entry, text))
}

fn same(entry: &str, text: &str) -> bool {
    entry.trim().to_lowercase() == text.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::Selection;

    const SOURCES: [(&str, &str); 3] = [
        ("a1", "Nordlys Dental"),
        ("b2", "Kestrel"),
        ("c3", "Åsgård"),
    ];

    fn selection(only: &[&str], skip: &[&str]) -> Selection {
        let list = |entries: &[&str]| entries.iter().map(|entry| (*entry).to_owned()).collect();
        let mut problems = Vec::new();
        let selection = Selection::check("account.a", list(only), list(skip), &mut problems);
        assert_eq!(problems, []);
        selection
    }

    #[test]
    fn a_source_is_named_by_id_or_name_in_any_case() {
        for (only, skip, wanted) in [
            (&[][..], &[][..], &["a1", "b2", "c3"][..]),
            (&["a1"], &[], &["a1"]),
            (&["A1", "kestrel"], &[], &["a1", "b2"]),
            (&["ÅSGÅRD "], &[], &["c3"]),
            (&[], &["B2"], &["a1", "c3"]),
            (&["a1", "b2"], &["nordlys dental"], &["b2"]),
            (&["nobody"], &[], &[]),
        ] {
            let selection = selection(only, skip);
            let found: Vec<_> = SOURCES
                .iter()
                .filter(|(id, name)| selection.wants(id, name))
                .map(|(id, _)| *id)
                .collect();
            assert_eq!(found, wanted, "only {only:?}, skip {skip:?}");
        }
    }

    #[test]
    fn what_names_no_source_is_found() {
        let selection = selection(&["a1", "Nordlis"], &["kestrel", "d4"]);
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
            let list = |entries: [&str; 1]| entries.map(str::to_owned).to_vec();
            Selection::check("account.a", list(only), list(skip), &mut problems);
            assert_eq!(problems.len(), 1);
            assert_eq!(problems[0].key, key);
        }
    }
}
