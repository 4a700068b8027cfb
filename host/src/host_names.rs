//! Host names as manifests and accounts write them: a name, or `*.` before one for all that is below it.

/// Whether every name that `entry` stands for is one of `wide`'s.
///
/// ```
/// use asset_host::host_names::covers;
///
/// assert!(covers("*.example.com", "api.example.com"));
/// assert!(covers("*.example.com", "*.eu.example.com"));
/// assert!(!covers("*.example.com", "example.com"));
/// assert!(!covers("api.example.com", "*.api.example.com"));
/// ```
pub fn covers(wide: &str, entry: &str) -> bool {
    if wide == entry {
        return true;
    }
    let Some(parent) = wide.strip_prefix("*.") else {
        return false;
    };
    let name = entry.strip_prefix("*.").unwrap_or(entry);
    name.strip_suffix(parent)
        .is_some_and(|label| label.len() > 1 && label.ends_with('.'))
}

/// What is left of the hosts that a component asks for once an account has narrowed them to `allowed`: what both
/// stand for, each once, in the order of `asked`. Without `allowed`, all of it.
pub fn narrowed(asked: &[String], allowed: Option<&[String]>) -> Vec<String> {
    let Some(allowed) = allowed else {
        return asked.to_vec();
    };
    let mut left: Vec<String> = Vec::new();
    for asked in asked {
        let both = allowed.iter().filter_map(|allowed| {
            // The narrower of the two, where one covers the other.
            match (covers(asked, allowed), covers(allowed, asked)) {
                (true, _) => Some(allowed),
                (false, true) => Some(asked),
                (false, false) => None,
            }
        });
        for entry in both {
            if !left.contains(entry) {
                left.push(entry.clone());
            }
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_covers_what_it_stands_for_and_no_more() {
        for (wide, entry, expected) in [
            ("a.example", "a.example", true),
            ("a.example", "b.example", false),
            ("a.example", "x.a.example", false),
            ("*.a.example", "x.a.example", true),
            ("*.a.example", "y.x.a.example", true),
            ("*.a.example", "*.a.example", true),
            ("*.a.example", "*.x.a.example", true),
            ("*.a.example", "a.example", false),
            ("*.a.example", "xa.example", false),
            ("*.a.example", ".a.example", false),
            ("*.x.a.example", "*.a.example", false),
            ("*.x.a.example", "x.a.example", false),
        ] {
            assert_eq!(covers(wide, entry), expected, "{wide} {entry}");
        }
    }

    #[test]
    fn an_account_narrows_and_never_widens() {
        let texts = |texts: &[&str]| {
            texts
                .iter()
                .map(|text| (*text).to_owned())
                .collect::<Vec<_>>()
        };
        let asked = texts(&["id.example", "*.api.example"]);
        assert_eq!(narrowed(&asked, None), asked);
        for (allowed, expected) in [
            (&["id.example"][..], &["id.example"][..]),
            (&["eu.api.example"], &["eu.api.example"]),
            (&["*.eu.api.example"], &["*.eu.api.example"]),
            (&["*.example"], &["id.example", "*.api.example"]),
            (
                &["*.example", "id.example"],
                &["id.example", "*.api.example"],
            ),
            (&["evil.example", "*.id.example", "api.example"], &[]),
            (&[], &[]),
        ] {
            let left = narrowed(&asked, Some(&texts(allowed)));
            assert_eq!(left, texts(expected), "{allowed:?}");
        }
    }
}
