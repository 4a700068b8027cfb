//! The command line.

use crate::{refused, workplace};

#[test]
fn a_wrong_flag_is_reported() {
    let work = workplace();
    for (args, words) in [
        (
            &["collect", "--account", "amce"][..],
            &["--account amce", "asset-host.toml", "did you mean `acme`?"][..],
        ),
        (
            &["check", "--account", "other"],
            &["--account other", "it has acme"],
        ),
        (&["collect", "--restart"], &["--full"]),
        (
            &["collect", "--full", "--since", "2026-11-18T00:00:00Z"],
            &["--full", "--since"],
        ),
        (
            &["collect", "--full", "--until", "2026-11-18T00:00:00Z"],
            &["--full", "--until"],
        ),
        (
            &[
                "collect",
                "--since",
                "2026-11-19T00:00:00Z",
                "--until",
                "2026-11-18T00:00:00Z",
            ],
            &["--until must be later than --since"],
        ),
        (
            &[
                "collect",
                "--since",
                "2026-11-19T00:00:00Z",
                "--until",
                "2026-11-19T01:00:00+01:00",
            ],
            &["--until must be later than --since"],
        ),
        (
            &["collect", "--since", "yesterday"],
            &["--since", "yesterday", "2026-01-31T08:00:00Z"],
        ),
        (
            &["collect", "--until", "2026-11-18T00:00:00"],
            &["--until", "with a zone"],
        ),
        (
            &["collect", "--every", "often"],
            &["--every", "often", "3h"],
        ),
        (
            &["collect", "--every", "3"],
            &["--every", "a number with a unit"],
        ),
        (
            &["collect", "--accept-rejects", "--every", "3h"],
            &["--accept-rejects", "--every"],
        ),
        (&["collect", "--limit", "-1"], &["-1"]),
        (
            &["collect", "--limit", "5", "--every", "3h"],
            &["--limit", "--every", "cannot be used with"],
        ),
        (&["collect", "--ful"], &["--ful", "--full"]),
        (&["colect"], &["colect", "collect"]),
        (
            &["--quiet", "--verbose", "collect"],
            &["--quiet", "--verbose"],
        ),
        (&["collect", "--config"], &["--config"]),
        (&[], &["Usage"]),
    ] {
        refused(&work, args, words);
    }
}
