//! Approval by the first run, by another build that asks for no more, and by a person.

use std::collections::BTreeSet;

use super::*;
use crate::contract::permissions::Bound;

const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

fn texts<const N: usize>(texts: [&str; N]) -> BTreeSet<String> {
    texts.map(str::to_owned).into()
}

/// Returns what the first build asks for.
fn approved() -> Permissions {
    Permissions {
        sha256: "a".repeat(64),
        name: "example-assets".into(),
        version: "0.1.0".into(),
        hosts: texts(["id.example", "*.api.example"]),
        secrets: [(
            "key".to_owned(),
            Bound {
                config_field: "token_url".to_owned(),
                default_origin: Some("https://id.example".to_owned()),
            },
        )]
        .into(),
        url_fields: texts(["token_url", "api_host"]),
        opened: texts(["api_host"]),
    }
}

/// Creates a state in a folder of its own.
fn state() -> (tempfile::TempDir, State) {
    let folder = tempfile::tempdir().unwrap();
    let state = State::open_to_write(&folder.path().join("state.db")).unwrap();
    (folder, state)
}

#[test]
fn the_first_run_approves_and_a_build_that_asks_for_more_is_refused() {
    let (_folder, mut state) = state();
    let first = approved();
    assert_eq!(refusal(&state, "acme", &first).unwrap(), None);
    assert_eq!(state.consent("acme").unwrap(), None, "a check has recorded");
    record(&mut state, "acme", &first, NOW).unwrap();

    let build = Permissions {
        sha256: "b".repeat(64),
        hosts: texts(["id.example"]),
        ..approved()
    };
    assert_eq!(refusal(&state, "acme", &build).unwrap(), None);
    record(&mut state, "acme", &build, NOW).unwrap();
    assert_eq!(
        state.consent("acme").unwrap().unwrap().asks.sha256,
        build.sha256
    );

    // The first build asks for more than the last approved one.
    assert_eq!(refusal(&state, "other", &first).unwrap(), None);
    let message = refusal(&state, "acme", &first).unwrap().unwrap();
    for part in [
        "account acme",
        "+ host *.api.example",
        "asset-host describe --account acme",
        "asset-host approve --account acme",
        "1970-01-01",
    ] {
        assert!(message.contains(part), "{part:?} is missing in {message}");
    }
    record(&mut state, "acme", &first, NOW).unwrap();
    assert_eq!(
        state.consent("acme").unwrap().unwrap().asks.sha256,
        build.sha256,
        "it was recorded without an approval"
    );
    state.approve("acme", &first, NOW).unwrap();
    assert_eq!(refusal(&state, "acme", &first).unwrap(), None);
}
