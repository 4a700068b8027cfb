//! Fingerprints as a log of changes, and how much of it fits.

use super::*;
use crate::state::cluster::fingerprints::{Fingerprints, apply, replay};

/// The longest payload that a server with `max_payload: 64KB` stores.
const SMALL: usize = 48 * 1024;

#[tokio::test]
async fn many_fingerprints_and_long_cursors_fit_under_the_longest_message() {
    let server = TestServer::with("", "max_payload: 64KB");
    let cluster = server.connect().await;
    let (claim, _) = cluster.claim("a").await.unwrap();
    let names: Vec<_> = (0..100_000)
        .map(|number| format!("device-{number}"))
        .collect();
    let prints: Vec<_> = names
        .iter()
        .zip(1..)
        .map(|(name, print)| (name.as_str(), print))
        .collect();
    edit(&claim, "s", vec![put_prints(&prints)]).await.unwrap();

    let is_stored = async |claim: &Claim| {
        let devices: Vec<_> = names.iter().map(String::as_str).collect();
        let stored = stored_prints(claim, "s", &devices).await;
        stored
            .iter()
            .zip(1..)
            .all(|(stored, print)| *stored == Some(print))
    };
    assert!(is_stored(&claim).await);
    let (claim, _) = cluster.claim("a").await.unwrap();
    assert!(is_stored(&claim).await);

    let refused = put(&claim, "s", &"c".repeat(SMALL)).await;
    assert!(
        matches!(&refused, Err(ClusterError::Refused(why)) if why.contains("max_payload")),
        "{refused:?}"
    );
    put(&claim, "s", &"c".repeat(SMALL - 200)).await.unwrap();

    let changes = vec![FingerprintChange::Clear, put_prints(&[("other", 9)])];
    edit(&claim, "s", changes).await.unwrap();
    let messages = cluster.exchange.read("assets.state.*.fp.*").await.unwrap();
    assert_eq!(messages.len(), 2);
    let (claim, _) = cluster.claim("a").await.unwrap();
    let prints = stored_prints(&claim, "s", &["device-1", "other"]).await;
    assert_eq!(prints, [None, Some(9)]);
}

#[tokio::test]
async fn a_forgotten_source_begins_without_fingerprints() {
    let server = TestServer::start();
    let cluster = server.connect().await;
    let (claim, _) = cluster.claim("a").await.unwrap();
    put(&claim, "s", "there").await.unwrap();
    edit(&claim, "s", vec![put_prints(&[("d", 1)])])
        .await
        .unwrap();
    let forgotten = Change {
        sources: vec![("s".to_owned(), None)],
        ..Change::default()
    };
    claim.commit(&forgotten).await.unwrap();
    assert_eq!(stored_prints(&claim, "s", &["d"]).await, [None]);
    let (claim, stored) = cluster.claim("a").await.unwrap();
    assert!(stored.sources.is_empty());
    assert_eq!(stored_prints(&claim, "s", &["d"]).await, [None]);
}

fn changes() -> impl Strategy<Value = Vec<(u8, Vec<(u8, u64)>)>> {
    let change = (
        0..6_u8,
        proptest::collection::vec((0..12_u8, 0..3_u64), 0..8),
    );
    proptest::collection::vec(change, 0..12)
}

proptest! {
    #[test]
    fn fingerprints_are_replayed_from_their_messages(changes in changes(), max in 25..90_usize) {
        let mut stored = Fingerprints::new();
        let mut replayed = Fingerprints::new();
        let mut expected = BTreeMap::new();
        for (kind, devices) in changes {
            let names: Vec<_> = devices.iter().map(|(device, _)| device.to_string()).collect();
            let prints: Vec<_> =
                names.iter().zip(&devices).map(|(name, (_, print))| (name.as_str(), *print)).collect();
            let change = match kind {
                0 => FingerprintChange::Clear,
                1 | 2 => FingerprintChange::Forget(names.iter().map(|name| device_key(name)).collect()),
                _ => put_prints(&prints),
            };
            match kind {
                0 => expected.clear(),
                1 | 2 => expected.retain(|name, _| !names.contains(name)),
                _ => expected.extend(names.iter().cloned().zip(devices.iter().map(|(_, print)| *print))),
            }
            for message in apply(&mut stored, &change, max) {
                prop_assert!(message.len() <= max);
                replay(&mut replayed, &message).unwrap();
            }
        }
        prop_assert_eq!(&stored, &replayed);
        let expected: Fingerprints = expected.iter().map(|(name, print)| (device_key(name), *print)).collect();
        prop_assert_eq!(stored, expected);
    }

    #[test]
    fn bytes_that_are_no_fingerprints_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        let entry = match bytes.first() {
            Some(0) => bytes.len() == 1,
            Some(1) => bytes.len() % 16 == 1,
            Some(2) => bytes.len() % 24 == 1,
            _ => false,
        };
        prop_assert_eq!(replay(&mut Fingerprints::new(), &bytes).is_some(), entry);
    }
}
