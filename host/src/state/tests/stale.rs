//! A receiver never keeps what is no longer true because the state believes that it has what is.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::fingerprints::{changed, confirm, events};
use super::*;

pub(super) fn a_device_that_turns_back_after_a_failed_push_is_news(new: New) {
    let folder = new();
    let state = folder.open();
    let (good, bad) = (1, 2);
    confirm(&state, &[("a", good), ("b", good)]);
    assert_eq!(changed(&state, &[("a", bad), ("b", good)]), [true, false]);
    state.forget_fingerprints("acme", "t1", ["a"]).unwrap();
    // The push fails, or the process is killed behind it: nothing is stored.
    drop(state);
    let state = folder.open();
    assert_eq!(changed(&state, &[("a", good), ("b", good)]), [true, false]);
    assert_eq!(t1(&state).cursor.as_deref(), Some("c"));
}

pub(super) fn only_the_devices_of_the_source_are_forgotten(new: New) {
    let folder = new();
    let state = folder.open();
    let long = "a longer id than a UUID's text, by far";
    let uuid = "00112233-4455-6677-8899-aabbccddeeff";
    let page = [("a", 1), (uuid, 1), (long, 1), ("b", 1)];
    confirm(&state, &page);
    let other = StoredBatch {
        source: "t2",
        fingerprints: Fingerprints::Confirmed(&page),
        ..batch("c")
    };
    state.store_batch(&other, at(0)).unwrap();
    state
        .forget_fingerprints("acme", "t1", ["a", long, uuid, "a", "unknown"])
        .unwrap();
    assert_eq!(changed(&state, &page), [true, true, true, false]);
    let other = state.changed("acme", "t2", &events(&page)).unwrap();
    assert_eq!(other, [false; 4]);
    state.forget_fingerprints("acme", "t3", ["a"]).unwrap();
    assert_eq!(state.source("acme", "t3").unwrap(), None);
}

pub(super) fn another_destination_of_a_source_knows_none_of_its_devices(new: New) {
    let folder = new();
    let state = folder.open();
    let beta = StoredBatch {
        account: "beta",
        fingerprints: Fingerprints::Confirmed(&[("a", 1)]),
        ..batch("c")
    };
    state.store_batch(&beta, at(0)).unwrap();
    assert!(!state.set_destination("acme", "t1", "one").unwrap());
    for source in ["t1", "t2"] {
        let confirmed = StoredBatch {
            source,
            fingerprints: Fingerprints::Confirmed(&[("a", 1)]),
            ..batch("c")
        };
        state.store_batch(&confirmed, at(0)).unwrap();
    }
    let known = |state: &State, account, source| {
        let news = state.changed(account, source, &events(&[("a", 1)]));
        !news.unwrap()[0]
    };
    drop(state);
    let state = folder.open();
    assert!(!state.set_destination("acme", "t1", "one").unwrap());
    assert!(known(&state, "acme", "t1") && known(&state, "acme", "t2"));

    assert!(state.set_destination("acme", "t1", "two").unwrap());
    assert!(!known(&state, "acme", "t1"));
    assert!(known(&state, "acme", "t2") && known(&state, "beta", "t1"));
    assert_eq!(t1(&state).cursor.as_deref(), Some("c"));
    assert!(!state.set_destination("acme", "t1", "two").unwrap());
    // To go back is a change as well.
    assert!(state.set_destination("acme", "t1", "one").unwrap());
    // Fingerprints of nobody knows which receiver.
    assert!(!state.set_destination("beta", "t1", "one").unwrap());
    assert!(!known(&state, "beta", "t1"));
}

pub(super) fn a_destination_goes_with_its_source(new: New) {
    type Forget = fn(&State);
    let forgets: [(&str, Forget, bool); 5] = [
        (
            "reset of the account",
            |state| assert_eq!(state.reset("acme", None).unwrap(), 1),
            true,
        ),
        (
            "reset of a source",
            |state| assert_eq!(state.reset("acme", Some("t1")).unwrap(), 1),
            true,
        ),
        (
            "reset of another source",
            |state| assert_eq!(state.reset("acme", Some("t2")).unwrap(), 0),
            false,
        ),
        (
            "prune of an account that is gone",
            |state| assert_eq!(state.prune(&BTreeSet::new()).unwrap().len(), 1),
            true,
        ),
        (
            "prune of another account",
            |state| assert_eq!(state.prune(&BTreeSet::from(["acme"])).unwrap(), []),
            false,
        ),
    ];
    for (case, forget, forgotten) in forgets {
        let folder = new();
        let state = folder.open();
        confirm(&state, &[]);
        state.set_destination("acme", "t1", "one").unwrap();
        forget(&state);
        // Another one is a change only where one is stored.
        assert_eq!(
            state.set_destination("acme", "t1", "two").unwrap(),
            !forgotten,
            "{case}"
        );
    }
}

/// What becomes of a page that is handed to a destination.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Confirmed,
    /// So many of its events were received; nothing is stored.
    Failed(usize),
}

proptest! {
    /// Whatever fails half way and wherever is delivered to: of each device in a page that is confirmed, the
    /// receiver has what the page says.
    #[test]
    fn a_receiver_has_what_was_confirmed_last(
        steps in prop::collection::vec(
            (
                prop::collection::vec((0_usize..4, 0_u64..2), 0..6),
                prop_oneof![Just(Fate::Confirmed), (0_usize..4).prop_map(Fate::Failed)],
                prop_oneof![4 => Just("one"), 1 => Just("two")],
            ),
            1..14,
        ),
    ) {
        let names = ["a", "b", "00112233-4455-6677-8899-aabbccddeeff", "a longer id than a UUID's text, by far"];
        let folder = Folder::file();
        let state = folder.open_hasty();
        let mut receivers: BTreeMap<&str, BTreeMap<&str, u64>> = BTreeMap::new();
        for (page, fate, destination) in steps {
            let page: Vec<_> = page.into_iter().map(|(name, print)| (names[name], print)).collect();
            state.set_destination("acme", "t1", destination).unwrap();
            let receiver = receivers.entry(destination).or_default();
            let news = changed(&state, &page);
            let sent: Vec<_> = page
                .iter()
                .zip(news)
                .filter_map(|(device, news)| news.then_some(*device))
                .collect();
            state.forget_fingerprints("acme", "t1", sent.iter().map(|(device, _)| *device)).unwrap();
            match fate {
                Fate::Failed(received) => receiver.extend(sent.into_iter().take(received)),
                Fate::Confirmed => {
                    confirm(&state, &sent);
                    receiver.extend(sent);
                    for (device, fingerprint) in page.into_iter().collect::<BTreeMap<_, _>>() {
                        prop_assert_eq!(receiver.get(device), Some(&fingerprint));
                    }
                }
            }
        }
    }
}
