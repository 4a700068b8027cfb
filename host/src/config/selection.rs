//! Which sources of an account are collected: its `only` and `skip`.
//!
//! Users copy either the id or the name of a source from a console, so both are accepted, in any case.

use crate::config::problem::Problem;

/// Checks the two lists of the account `key`.
pub(super) fn check(only: &[String], skip: &[String], key: &str, problems: &mut Vec<Problem>) {
    for (list, entries) in [("only", only), ("skip", skip)] {
        if contains(entries, "") {
            problems.push(Problem::new(
                format!("{key}.{list}"),
                "contains an empty text: name each source by its id or its name",
            ));
        }
    }
    for entry in only.iter().filter(|entry| contains(skip, entry)) {
        problems.push(Problem::new(
            format!("{key}.skip"),
            format_args!("{entry:?} is in `only` as well: remove it from one of them"),
        ));
    }
}

/// Returns whether a source is to be collected.
pub(super) fn wants(only: &[String], skip: &[String], id: &str, name: &str) -> bool {
    let is_in = |list| contains(list, id) || contains(list, name);
    (only.is_empty() || is_in(only)) && !is_in(skip)
}

/// Returns the entries of a list that match none of these sources, each an id and a name.
pub(crate) fn unmatched<'a>(list: &'a [String], sources: &[(&str, &str)]) -> Vec<&'a str> {
    let matches = |entry: &str| {
        let mut sources = sources.iter();
        sources.any(|(id, name)| same(entry, id) || same(entry, name))
    };
    list.iter()
        .map(String::as_str)
        .filter(|entry| !matches(entry))
        .collect()
}

/// Says what is wrong with an entry of the list `key` that matches no source.
pub(crate) fn no_such_source(key: &str, entry: &str) -> String {
    format!(
        "`{key}` names {entry:?}, which is neither the id nor the name of a source: check the spelling, or remove it if \
         the source is gone"
    )
}

fn contains(list: &[String], text: &str) -> bool {
    list.iter().any(|entry| same(entry, text))
}

/// Returns whether an entry is this id or name.
pub(crate) fn same(entry: &str, text: &str) -> bool {
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
            let found: Vec<_> = SOURCES
                .iter()
                .filter(|(id, name)| wants(only, skip, id, name))
                .map(|(id, _)| *id)
                .collect();
            assert_eq!(found, wanted, "{only:?} {skip:?}");
        }
    }

    #[test]
    fn entries_that_match_no_source_are_found() {
        let entries = list(&["a1", "Nordlis", "kestrel", "d4"]);
        assert_eq!(unmatched(&entries, &SOURCES), ["Nordlis", "d4"]);
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
            check(only, skip, "account.a", &mut problems);
            assert_eq!(problems.len(), 1);
            assert_eq!(problems[0].key, key);
        }
    }
}
