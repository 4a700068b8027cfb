//! What was approved, kept.

use super::*;
use crate::contract::permissions::{Bound, Permissions};
use crate::state::consent::refusal;

fn asks(host: &str) -> Permissions {
    Permissions {
        hosts: [host.to_owned()].into(),
        ..Permissions::default()
    }
}

pub(super) fn the_last_approval_of_each_account_is_kept(new: New) {
    let folder = new();
    let state = folder.open();
    assert_eq!(state.consent("acme").unwrap(), None);
    state.approve("acme", &asks("a.example"), at(0)).unwrap();
    state.approve("beta", &asks("b.example"), at(1)).unwrap();
    state.approve("acme", &asks("c.example"), at(2)).unwrap();
    drop(state);
    let state = folder.open_to_read();
    for (account, host, when) in [("acme", "c.example", at(2)), ("beta", "b.example", at(1))] {
        let expected = Consent {
            asks: asks(host),
            approved_at: when,
        };
        assert_eq!(state.consent(account).unwrap(), Some(expected));
    }
}

pub(super) fn it_stays_when_cursors_are_forgotten_and_goes_with_its_account(new: New) {
    let folder = new();
    let state = folder.open();
    state.store_batch(&batch("a"), at(0)).unwrap();
    for account in ["acme", "beta"] {
        state.approve(account, &asks("a.example"), at(0)).unwrap();
    }
    state.reset("acme", None).unwrap();
    state.prune(&BTreeSet::from(["acme"])).unwrap();
    assert!(state.consent("acme").unwrap().is_some());
    assert_eq!(state.consent("beta").unwrap(), None);
}

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

pub(super) fn the_first_run_approves_and_a_build_that_asks_for_more_is_refused(new: New) {
    let folder = new();
    let state = folder.open();
    let refusal =
        |account: &str, asks: &Permissions| refusal(state.consent(account).unwrap(), account, asks);
    let first = approved();
    assert_eq!(refusal("acme", &first), None);
    assert_eq!(state.consent("acme").unwrap(), None, "a check has recorded");
    state.record_consent("acme", &first, at(0)).unwrap();

    let build = Permissions {
        sha256: "b".repeat(64),
        hosts: texts(["id.example"]),
        ..approved()
    };
    assert_eq!(refusal("acme", &build), None);
    state.record_consent("acme", &build, at(0)).unwrap();
    assert_eq!(
        state.consent("acme").unwrap().unwrap().asks.sha256,
        build.sha256
    );

    // The first build asks for more than the last approved one.
    assert_eq!(refusal("other", &first), None);
    let message = refusal("acme", &first).unwrap();
    for part in [
        "account acme",
        "+ host *.api.example",
        "asset-host describe --account acme",
        "asset-host approve --account acme",
        "2026-01-31",
    ] {
        assert!(message.contains(part), "{part:?} is missing in {message}");
    }
    state.record_consent("acme", &first, at(0)).unwrap();
    assert_eq!(
        state.consent("acme").unwrap().unwrap().asks.sha256,
        build.sha256,
        "it was recorded without an approval"
    );
    state.approve("acme", &first, at(0)).unwrap();
    assert_eq!(refusal("acme", &first), None);
}
