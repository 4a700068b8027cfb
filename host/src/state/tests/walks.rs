//! What is stored of a walk, and of the sources of an account.

use std::collections::BTreeSet;

use crate::state::SourceState;
use crate::state::tests::harness::{New, State, StoredBatch, at, batch, t1};

pub(super) fn a_walk_leaves_its_marks(new: New) {
    let folder = new();
    let state = folder.open();

    let first = StoredBatch {
        more: true,
        full: true,
        first: true,
        ..batch("page 2")
    };
    state.store_batch(&first, at(0)).unwrap();
    let expected = SourceState {
        account: "acme".into(),
        source: "t1".into(),
        name: "Tenant One".into(),
        cursor: Some("page 2".into()),
        mark: None,
        walking: true,
        full: true,
        full_started_at: Some(at(0)),
        last_full_at: None,
        last_success_at: None,
        last_error: None,
        last_error_at: None,
        gone_at: None,
        updated_at: at(0),
    };
    assert_eq!(t1(&state), expected);

    let next = StoredBatch {
        more: true,
        full: true,
        ..batch("page 3")
    };
    state.store_batch(&next, at(10)).unwrap();
    assert_eq!(t1(&state).full_started_at, Some(at(0)));

    let last = StoredBatch {
        full: true,
        mark: Some("2026-01-31T08:00:00.000Z"),
        name: "Renamed",
        ..batch("end")
    };
    state.store_batch(&last, at(20)).unwrap();
    state.store_success("acme", "t1", at(21)).unwrap();
    let ended = SourceState {
        name: "Renamed".into(),
        cursor: Some("end".into()),
        mark: Some("2026-01-31T08:00:00.000Z".into()),
        walking: false,
        full: false,
        full_started_at: None,
        last_full_at: Some(at(20)),
        last_success_at: Some(at(21)),
        updated_at: at(21),
        ..expected
    };
    assert_eq!(t1(&state), ended);

    // A later walk without a mark of its own yet keeps the last one, and the last full walk.
    let later = StoredBatch {
        more: true,
        first: true,
        name: "Renamed",
        ..batch("later")
    };
    state.store_batch(&later, at(30)).unwrap();
    assert_eq!(
        t1(&state),
        SourceState {
            cursor: Some("later".into()),
            walking: true,
            updated_at: at(30),
            ..ended
        }
    );
}

pub(super) fn a_full_walk_that_begins_anew_has_a_new_beginning(new: New) {
    let folder = new();
    let state = folder.open();
    let first = StoredBatch {
        more: true,
        full: true,
        first: true,
        ..batch("a")
    };
    state.store_batch(&first, at(0)).unwrap();
    state.store_batch(&first, at(100)).unwrap();
    assert_eq!(t1(&state).full_started_at, Some(at(100)));
}

pub(super) fn a_full_walk_of_one_page_ends_at_once(new: New) {
    let folder = new();
    let state = folder.open();
    let only = StoredBatch {
        full: true,
        first: true,
        ..batch("a")
    };
    state.store_batch(&only, at(5)).unwrap();
    let stored = t1(&state);
    assert_eq!(
        (stored.full, stored.full_started_at, stored.last_full_at),
        (false, None, Some(at(5)))
    );
}

pub(super) fn an_error_keeps_the_cursor_and_a_success_forgets_the_error(new: New) {
    let folder = new();
    let state = folder.open();
    state.store_batch(&batch("a"), at(0)).unwrap();
    let long = format!("line one\nline two {}", "ä".repeat(1000));
    state
        .store_error("acme", "t1", "Tenant One", &long, at(1))
        .unwrap();
    let stored = t1(&state);
    assert_eq!(stored.cursor.as_deref(), Some("a"));
    assert_eq!(stored.last_error_at, Some(at(1)));
    let error = stored.last_error.unwrap();
    assert!(error.starts_with("line one line two ää"), "{error}");
    assert_eq!(error.chars().count(), 500);

    state.store_success("acme", "t1", at(2)).unwrap();
    let stored = t1(&state);
    assert_eq!((stored.last_error, stored.last_error_at), (None, None));
    assert_eq!(stored.last_success_at, Some(at(2)));
}

pub(super) fn a_source_that_never_gave_a_batch_has_an_error_and_no_cursor(new: New) {
    let folder = new();
    let state = folder.open();
    state
        .store_error("acme", "t1", "Tenant One", "the API refused", at(0))
        .unwrap();
    let stored = t1(&state);
    assert_eq!(stored.cursor, None);
    assert_eq!(stored.last_error.as_deref(), Some("the API refused"));
}

pub(super) fn a_set_cursor_replaces_a_walk_and_restarts_the_interval(new: New) {
    let folder = new();
    let state = folder.open();
    let walking = StoredBatch {
        more: true,
        full: true,
        first: true,
        ..batch("page 2")
    };
    state.store_batch(&walking, at(0)).unwrap();
    state
        .set_cursor(
            "acme",
            "t1",
            "2026-01-01T00:00:00.000Z",
            "2026-01-01",
            at(9),
        )
        .unwrap();
    state
        .set_cursor(
            "acme",
            "t2",
            "2026-01-01T00:00:00.000Z",
            "2026-01-01",
            at(9),
        )
        .unwrap();
    let names = ["Tenant One", "t2"];
    for (stored, name) in state.sources().unwrap().into_iter().zip(names) {
        assert_eq!(stored.name, name);
        assert_eq!(stored.cursor.as_deref(), Some("2026-01-01T00:00:00.000Z"));
        assert_eq!(stored.mark.as_deref(), Some("2026-01-01"));
        assert_eq!((stored.walking, stored.full), (false, false));
        assert_eq!(stored.full_started_at, None);
        assert_eq!(stored.last_full_at, Some(at(9)));
    }
}

pub(super) fn a_set_cursor_is_not_pruned_with_the_source_that_was_gone(new: New) {
    let folder = new();
    let state = folder.open();
    state.store_batch(&batch("a"), at(0)).unwrap();
    state
        .store_listing("acme", &BTreeSet::new(), at(1))
        .unwrap();
    assert_eq!(t1(&state).gone_at, Some(at(1)));
    state.set_cursor("acme", "t1", "c", "m", at(2)).unwrap();
    assert_eq!(t1(&state).gone_at, None);
    assert_eq!(state.prune(&BTreeSet::from(["acme"])).unwrap(), []);
    assert_eq!(t1(&state).cursor.as_deref(), Some("c"));
}

/// The accounts and sources that are stored, as `account/source`.
fn keys(states: &[SourceState]) -> Vec<String> {
    states
        .iter()
        .map(|state| format!("{}/{}", state.account, state.source))
        .collect()
}

pub(super) fn rows_are_kept_apart_forgotten_and_pruned(new: New) {
    let folder = new();
    let state = folder.open();
    for (account, source) in [("b", "1"), ("a", "2"), ("a", "1"), ("c", "1"), ("c", "2")] {
        let row = StoredBatch {
            account,
            source,
            ..batch("x")
        };
        state.store_batch(&row, at(0)).unwrap();
    }
    assert_eq!(
        keys(&state.sources().unwrap()),
        ["a/1", "a/2", "b/1", "c/1", "c/2"]
    );
    assert_eq!(keys(&state.sources_of("a").unwrap()), ["a/1", "a/2"]);
    assert_eq!(state.source("a", "3").unwrap(), None);

    assert_eq!(state.reset("a", Some("1")).unwrap(), 1);
    assert_eq!(state.reset("a", Some("1")).unwrap(), 0);
    assert_eq!(state.reset("c", None).unwrap(), 2);
    assert_eq!(keys(&state.sources().unwrap()), ["a/2", "b/1"]);

    let removed = state.prune(&BTreeSet::from(["a"])).unwrap();
    assert_eq!(keys(&removed), ["b/1"]);
    assert_eq!(keys(&state.sources().unwrap()), ["a/2"]);
}

fn ids(ids: &[&str]) -> BTreeSet<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

pub(super) fn a_source_that_is_not_listed_is_gone_until_it_is_back(new: New) {
    let folder = new();
    let state = folder.open();
    for (account, source) in [
        ("acme", "t1"),
        ("acme", "t2"),
        ("acme", "t3"),
        ("beta", "t2"),
    ] {
        let row = StoredBatch {
            account,
            source,
            ..batch("x")
        };
        state.store_batch(&row, at(0)).unwrap();
    }
    let stored = |state: &State, account, source| state.source(account, source).unwrap().unwrap();
    let before = state.sources().unwrap();
    let all = ids(&["t1", "t2", "t3", "new"]);
    state.store_listing("acme", &all, at(1)).unwrap();
    assert_eq!(state.sources().unwrap(), before);

    state.store_listing("acme", &ids(&["t1"]), at(2)).unwrap();
    let gone = SourceState {
        gone_at: Some(at(2)),
        updated_at: at(2),
        ..before[1].clone()
    };
    assert_eq!(stored(&state, "acme", "t2"), gone);
    assert_eq!(stored(&state, "acme", "t3").gone_at, Some(at(2)));
    assert_eq!(stored(&state, "acme", "t1"), before[0]);
    assert_eq!(stored(&state, "beta", "t2"), before[3]);
    // It is gone since it was first missed, and back as soon as it is listed.
    let listing = ids(&["t1", "t3"]);
    state.store_listing("acme", &listing, at(3)).unwrap();
    assert_eq!(stored(&state, "acme", "t2"), gone);
    assert_eq!(stored(&state, "acme", "t3").gone_at, None);
    // An error does not bring it back, a batch does.
    state
        .store_error("acme", "t2", "t2", "refused", at(4))
        .unwrap();
    assert_eq!(stored(&state, "acme", "t2").gone_at, Some(at(2)));
    let back = StoredBatch {
        source: "t2",
        ..batch("y")
    };
    state.store_batch(&back, at(5)).unwrap();
    assert_eq!(stored(&state, "acme", "t2").gone_at, None);
}

pub(super) fn what_is_gone_is_pruned(new: New) {
    let folder = new();
    let state = folder.open();
    for source in ["t1", "t2"] {
        let row = StoredBatch {
            source,
            ..batch("x")
        };
        state.store_batch(&row, at(0)).unwrap();
    }
    let known = BTreeSet::from(["acme"]);
    assert_eq!(state.prune(&known).unwrap(), []);
    state.store_listing("acme", &ids(&["t2"]), at(1)).unwrap();
    let removed = state.prune(&known).unwrap();
    assert_eq!(keys(&removed), ["acme/t1"]);
    assert_eq!(removed[0].gone_at, Some(at(1)));
    assert_eq!(keys(&state.sources().unwrap()), ["acme/t2"]);
}

pub(super) fn what_is_stored_is_there_for_the_next_one(new: New) {
    let folder = new();
    let state = folder.open();
    state.store_batch(&batch("a"), at(0)).unwrap();
    let stored = t1(&state);
    assert_eq!(t1(&folder.open_to_read()), stored);
    drop(state);
    let state = folder.open();
    assert_eq!(t1(&state), stored);
    state.store_batch(&batch("b"), at(1)).unwrap();
    assert_eq!(t1(&state).cursor.as_deref(), Some("b"));
}

pub(super) fn a_reader_changes_nothing(new: New) {
    let folder = new();
    let state = folder.open();
    state.store_batch(&batch("a"), at(0)).unwrap();
    let stored = t1(&state);
    let reader = folder.open_to_read();
    reader.store_batch(&batch("b"), at(1)).unwrap();
    reader.store_success("acme", "t1", at(1)).unwrap();
    reader.end_slot("acme", at(1)).unwrap();
    assert_eq!(t1(&state), stored);
    assert_eq!(state.all().unwrap()["acme"].account.slot, None);
}

pub(super) fn the_slot_of_each_account_is_kept_and_forgotten_with_it(new: New) {
    let folder = new();
    let state = folder.open();
    for (account, slot) in [("acme", 0), ("umbrella", 0), ("acme", 3600)] {
        state.end_slot(account, at(slot)).unwrap();
    }
    drop(state);
    let slots = |state: &State| {
        let stored = state.all().unwrap().into_iter();
        let slots = stored.map(|(account, stored)| (account, stored.account.slot.unwrap()));
        Vec::from_iter(slots)
    };
    let stored = [
        ("acme".to_owned(), at(3600)),
        ("umbrella".to_owned(), at(0)),
    ];
    assert_eq!(slots(&folder.open()), stored);
    folder.open().prune(&["umbrella"].into()).unwrap();
    assert_eq!(slots(&folder.open()), stored[1..]);
}
