//! What the state tells of devices that have changed, and how much room it takes for it.

use proptest::prelude::*;

use super::*;
use crate::contract::bindings::inventory::connector::types::Event;

/// The devices that a page holds, with their fingerprints.
pub(super) type Page<'a> = [(&'a str, u64)];

pub(super) fn events(page: &Page<'_>) -> Vec<Event> {
    page.iter()
        .map(|(device, fingerprint)| Event {
            device: (*device).to_owned(),
            json: "{}".to_owned(),
            fingerprint: *fingerprint,
        })
        .collect()
}

pub(super) fn changed(state: &State, page: &Page<'_>) -> Vec<bool> {
    state.changed("acme", "t1", &events(page)).unwrap()
}

pub(super) fn confirm(state: &State, page: &Page<'_>) {
    let confirmed = StoredBatch {
        fingerprints: Fingerprints::Confirmed(page),
        ..batch("c")
    };
    state.store_batch(&confirmed, at(0)).unwrap();
}

/// A page of a full walk.
pub(super) fn full<'a>(page: &'a Page<'a>, first: bool) -> StoredBatch<'a> {
    StoredBatch {
        full: true,
        first,
        more: true,
        fingerprints: Fingerprints::Confirmed(page),
        ..batch("c")
    }
}

pub(super) fn a_device_is_news_until_it_is_confirmed_as_it_is(new: New) {
    let folder = new();
    let state = folder.open();
    let uuid = "00112233-4455-6677-8899-aabbccddeeff";
    let page = [
        (uuid, u64::MAX),
        ("7", 0),
        ("a longer id than a UUID's text, by far", 1),
    ];
    assert_eq!(changed(&state, &page), [true; 3]);
    confirm(&state, &page);
    assert_eq!(changed(&state, &page), [false; 3]);

    let later = [(uuid, 5), ("7", 0), ("8", 0)];
    assert_eq!(changed(&state, &later), [true, false, true]);
    // Asking stores nothing, so what is not confirmed is asked for again.
    assert_eq!(changed(&state, &later), [true, false, true]);
    confirm(&state, &later);
    assert_eq!(changed(&state, &later), [false; 3]);
    drop(state);
    assert_eq!(changed(&folder.open(), &later), [false; 3]);
    assert_eq!(changed(&folder.open_to_read(), &later), [false; 3]);
}

pub(super) fn a_device_that_comes_twice_is_compared_to_itself(new: New) {
    let folder = new();
    let state = folder.open();
    let page = [("a", 1), ("a", 1), ("a", 2), ("a", 1)];
    assert_eq!(changed(&state, &page), [true, false, true, true]);
    confirm(&state, &page);
    assert_eq!(changed(&state, &[("a", 1)]), [false]);
    assert_eq!(changed(&state, &[("a", 2), ("a", 1)]), [true, true]);
}

pub(super) fn sources_of_any_account_are_kept_apart(new: New) {
    let folder = new();
    let state = folder.open();
    confirm(&state, &[("a", 1)]);
    for (account, source) in [("acme", "t2"), ("beta", "t1")] {
        let known = state
            .changed(account, source, &events(&[("a", 1)]))
            .unwrap();
        assert_eq!(known, [true]);
    }
}

pub(super) fn a_full_walk_drops_the_devices_that_it_does_not_find(new: New) {
    let folder = new();
    let state = folder.open();
    confirm(&state, &[("a", 1), ("b", 1), ("gone", 1)]);
    state.store_batch(&full(&[("a", 1)], true), at(0)).unwrap();
    assert_eq!(
        changed(&state, &[("a", 1), ("b", 1), ("gone", 1)]),
        [false, true, true]
    );
    state.store_batch(&full(&[("b", 1)], false), at(1)).unwrap();
    assert_eq!(
        changed(&state, &[("a", 1), ("b", 1), ("gone", 1)]),
        [false, false, true]
    );
}

pub(super) fn nothing_is_trusted_once_it_is_forgotten(new: New) {
    type Forget = fn(&State);
    let forgets: [(&str, Forget); 4] = [
        ("emit is seen", |state| {
            state.store_batch(&batch("d"), at(1)).unwrap()
        }),
        ("set", |state| {
            state.set_cursor("acme", "t1", "c", "m", at(1)).unwrap()
        }),
        ("reset", |state| {
            assert_eq!(state.reset("acme", None).unwrap(), 1)
        }),
        ("prune", |state| {
            assert_eq!(state.prune(&BTreeSet::new()).unwrap().len(), 2)
        }),
    ];
    for (case, forget) in forgets {
        let folder = new();
        let state = folder.open();
        let other = StoredBatch {
            account: "beta",
            fingerprints: Fingerprints::Confirmed(&[("a", 1)]),
            ..batch("c")
        };
        state.store_batch(&other, at(0)).unwrap();
        confirm(&state, &[("a", 1)]);
        forget(&state);
        // A source that comes back may get the number that it had.
        let nothing = StoredBatch {
            fingerprints: Fingerprints::Confirmed(&[]),
            ..batch("e")
        };
        state.store_batch(&nothing, at(2)).unwrap();
        assert_eq!(changed(&state, &[("a", 1)]), [true], "{case}");
        let beta = state.changed("beta", "t1", &events(&[("a", 1)])).unwrap();
        assert_eq!(beta, [case == "prune"], "{case}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is delivered in whatever batches: the receiver ends up with what the fleet looks like.
    #[test]
    fn a_receiver_of_what_has_changed_knows_what_the_fleet_looks_like(
        pages in proptest::collection::vec(
            (proptest::collection::vec((0_usize..4, 0_u64..3), 0..6), any::<bool>()),
            1..12,
        ),
    ) {
        let names = ["a", "b", "00112233-4455-6677-8899-aabbccddeeff", "a longer id than a UUID's text, by far"];
        let folder = Folder::file();
        let state = folder.open_hasty();
        let mut fleet = std::collections::BTreeMap::new();
        let mut receiver = std::collections::BTreeMap::new();
        for (page, delivered) in pages {
            let page: Vec<_> = page.into_iter().map(|(name, print)| (names[name], print)).collect();
            let news = changed(&state, &page);
            if !delivered {
                continue;
            }
            let sent: Vec<_> = page
                .iter()
                .zip(news)
                .filter_map(|(device, news)| news.then_some(*device))
                .collect();
            confirm(&state, &sent);
            fleet.extend(page);
            receiver.extend(sent);
            prop_assert_eq!(&receiver, &fleet);
        }
    }
}
