//! What was approved, kept.

use super::*;
use crate::contract::permissions::Permissions;

fn asks(host: &str) -> Permissions {
    Permissions {
        hosts: [host.to_owned()].into(),
        ..Permissions::default()
    }
}

#[test]
fn the_last_approval_of_each_account_is_kept() {
    let folder = Folder::new();
    let mut state = folder.open();
    assert_eq!(state.consent("acme").unwrap(), None);
    state.approve("acme", &asks("a.example"), at(0)).unwrap();
    state.approve("beta", &asks("b.example"), at(1)).unwrap();
    state.approve("acme", &asks("c.example"), at(2)).unwrap();
    drop(state);
    let state = State::open_to_read(&folder.path()).unwrap();
    for (account, host, when) in [("acme", "c.example", at(2)), ("beta", "b.example", at(1))] {
        let expected = Consent {
            asks: asks(host),
            approved_at: when,
        };
        assert_eq!(state.consent(account).unwrap(), Some(expected));
    }
}

#[test]
fn it_stays_when_cursors_are_forgotten_and_goes_with_its_account() {
    let folder = Folder::new();
    let mut state = folder.open();
    state.store_batch(&batch("a"), at(0)).unwrap();
    for account in ["acme", "beta"] {
        state.approve(account, &asks("a.example"), at(0)).unwrap();
    }
    state.reset("acme", None).unwrap();
    state.prune(&BTreeSet::from(["acme"])).unwrap();
    assert!(state.consent("acme").unwrap().is_some());
    assert_eq!(state.consent("beta").unwrap(), None);
}

#[test]
fn what_nobody_wrote_is_damage() {
    for change in ["asks = '{}'", "asks = 'x'", "approved_at = 'last week'"] {
        let folder = Folder::new();
        let mut state = folder.open();
        state.approve("acme", &asks("a.example"), at(0)).unwrap();
        state
            .connection
            .execute(&format!("UPDATE consent SET {change}"), [])
            .unwrap();
        let error = state.consent("acme").unwrap_err();
        assert!(
            matches!(error.problem, StateProblem::Damaged(_)),
            "{error:?}"
        );
    }
}
