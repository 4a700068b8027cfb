//! The state in a cluster, on a real server: claims and changes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use nkeys::KeyPair;
use proptest::prelude::*;
use serde_json::json;
use time::OffsetDateTime;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::error::ClusterError;

use super::record::AccountMessage;
use super::test_server::{Proxy, TestServer, config};
use super::*;
use crate::state::change::{
    AccountRecord, Change, FingerprintChange, SourceRecord, Stored, device_key,
};
use crate::state::start::Wanted;

mod fingerprints;
mod servers;
mod ticks;

const SLOT: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

fn record(destination: &str) -> SourceRecord {
    SourceRecord {
        state: None,
        destination: Some(destination.to_owned()),
    }
}

fn tick(account: &str, slot: OffsetDateTime) -> Tick {
    Tick {
        account: account.to_owned(),
        slot,
        wanted: Wanted::default(),
        accept_rejects: false,
    }
}

fn put_prints(prints: &[(&str, u64)]) -> FingerprintChange {
    FingerprintChange::Put(
        prints
            .iter()
            .map(|(name, print)| (device_key(name), *print))
            .collect(),
    )
}

async fn stored_prints(claim: &Claim, source: &str, devices: &[&str]) -> Vec<Option<u64>> {
    let devices: Vec<_> = devices.iter().map(|device| device_key(device)).collect();
    claim.fingerprints(source, &devices).await
}

async fn put(claim: &Claim, source: &str, destination: &str) -> Result<(), ClusterError> {
    let change = Change {
        sources: vec![(source.to_owned(), Some(record(destination)))],
        ..Change::default()
    };
    claim.commit(&change).await
}

async fn edit(
    claim: &Claim,
    source: &str,
    changes: Vec<FingerprintChange>,
) -> Result<(), ClusterError> {
    let fingerprints = changes
        .into_iter()
        .map(|change| (source.to_owned(), change));
    let change = Change {
        fingerprints: fingerprints.collect(),
        ..Change::default()
    };
    claim.commit(&change).await
}

async fn pull(cluster: &Cluster) -> Delivery {
    let deadline = Instant::now() + Duration::from_secs(60);
    while Instant::now() < deadline {
        if let Some(delivery) = cluster.pull().await.unwrap() {
            return delivery;
        }
    }
    panic!("no tick came");
}

#[tokio::test]
async fn what_is_stored_is_read_with_and_without_a_claim() {
    let server = TestServer::start();
    let cluster = server.connect().await;
    let (claim, stored) = cluster.claim("a").await.unwrap();
    assert_eq!(stored, Stored::default());
    assert!(cluster.read_all().await.unwrap().is_empty());

    let account = AccountRecord {
        slot: Some(SLOT),
        requests: vec![(7, 2)],
        ..AccountRecord::default()
    };
    let source = record("there");
    let change = Change {
        account: Some(account.clone()),
        sources: vec![("s".to_owned(), Some(source.clone()))],
        fingerprints: vec![("s".to_owned(), put_prints(&[("d", 1), ("e", 2)]))],
    };
    claim.commit(&change).await.unwrap();

    let stored = Stored {
        account,
        sources: BTreeMap::from([("s".to_owned(), source)]),
    };
    assert_eq!(cluster.read("a").await.unwrap(), stored);
    assert_eq!(cluster.read("b").await.unwrap(), Stored::default());
    let all = BTreeMap::from([("a".to_owned(), stored.clone())]);
    assert_eq!(cluster.read_all().await.unwrap(), all);
    let (claim, again) = server.connect().await.claim("a").await.unwrap();
    assert_eq!(again, stored);
    let prints = stored_prints(&claim, "s", &["e", "x", "d"]).await;
    assert_eq!(prints, [Some(2), None, Some(1)]);
}

#[tokio::test]
async fn of_a_hundred_claims_each_has_its_epoch_and_one_can_commit() {
    let server = TestServer::start();
    let cluster = server.connect().await;
    let mut claims = JoinSet::new();
    for _ in 0..100 {
        let cluster = cluster.clone();
        claims.spawn(async move { cluster.claim("a").await });
    }
    let mut committed = 0;
    let mut lost = 0;
    for claim in claims.join_all().await {
        let result = match claim {
            Ok((claim, _)) => put(&claim, "s", "there").await,
            Err(error) => Err(error),
        };
        match result {
            Ok(()) => committed += 1,
            Err(ClusterError::Lost) => lost += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!((committed, lost), (1, 99));
    let subject = names::account("assets", "a") + ".acc";
    let last = cluster
        .exchange
        .read(&subject)
        .await
        .unwrap()
        .pop()
        .unwrap();
    let last: AccountMessage = serde_json::from_slice(&last.payload).unwrap();
    assert_eq!(last.epoch, 100);
}

#[tokio::test]
async fn a_holder_whose_claim_was_taken_over_can_change_nothing() {
    let server = TestServer::start();
    let cluster = server.connect().await;
    let (old, _) = cluster.claim("a").await.unwrap();
    put(&old, "begun", "there").await.unwrap();
    let prints = [("d", 1)];
    edit(&old, "begun", vec![put_prints(&prints)])
        .await
        .unwrap();
    let holders = [
        old,
        cluster.claim("a").await.unwrap().0,
        cluster.claim("a").await.unwrap().0,
    ];
    let [first, second, new] = holders;

    let refused = put(&first, "not-begun", "elsewhere").await;
    assert!(matches!(refused, Err(ClusterError::Lost)), "{refused:?}");
    let forget = vec![FingerprintChange::Forget(vec![device_key("d")])];
    let refused = edit(&second, "begun", forget).await;
    assert!(matches!(refused, Err(ClusterError::Lost)), "{refused:?}");

    let sources = cluster.read("a").await.unwrap().sources;
    assert_eq!(
        sources,
        BTreeMap::from([("begun".to_owned(), record("there"))])
    );
    put(&new, "begun", "on").await.unwrap();
    let (claim, _) = cluster.claim("a").await.unwrap();
    assert_eq!(stored_prints(&claim, "begun", &["d"]).await, [Some(1)]);
}

#[tokio::test]
async fn a_change_whose_answer_is_late_is_stored_once_and_found() {
    let server = TestServer::start();
    let proxy = Proxy::to(&server).await;
    let cluster = Cluster::connect(&config(&proxy.url)).await.unwrap();
    let (claim, _) = cluster.claim("a").await.unwrap();

    proxy.hold(true);
    let other = server.connect().await;
    let stored = async {
        while other.read("a").await.unwrap().sources.is_empty() {}
        // The first answer is late: the change is tried again.
        tokio::time::sleep(Duration::from_millis(1100)).await;
        proxy.hold(false);
    };
    let (result, ()) = tokio::join!(put(&claim, "s", "there"), stored);
    result.unwrap();
    put(&claim, "s", "on").await.unwrap();
    assert_eq!(other.read("a").await.unwrap().sources["s"], record("on"));
}

#[tokio::test]
async fn a_change_that_was_dropped_half_way_loses_the_claim() {
    let server = TestServer::start();
    let proxy = Proxy::to(&server).await;
    let cluster = Cluster::connect(&config(&proxy.url)).await.unwrap();
    let (claim, _) = cluster.claim("a").await.unwrap();
    proxy.hold(true);
    let change = put(&claim, "s", "there");
    tokio::time::timeout(Duration::from_millis(50), change)
        .await
        .unwrap_err();
    proxy.hold(false);
    let refused = put(&claim, "s", "there").await;
    assert!(matches!(refused, Err(ClusterError::Lost)), "{refused:?}");
}

#[tokio::test]
async fn names_may_have_any_character() {
    let server = TestServer::start();
    let cluster = server.connect().await;
    let names = [
        "",
        ".",
        "a.b",
        "*",
        ">",
        " ",
        "\r\n\0",
        "ü\u{202e}",
        &"x".repeat(5000),
    ];
    for name in names {
        let (claim, _) = cluster.claim(name).await.unwrap();
        for source in names {
            put(&claim, source, name).await.unwrap();
            edit(&claim, source, vec![put_prints(&[(name, 5)])])
                .await
                .unwrap();
        }
        cluster.publish(&tick(name, SLOT)).await.unwrap();
    }
    let stored = cluster.read_all().await.unwrap();
    assert_eq!(stored.len(), names.len());
    for name in names {
        let sources = &stored[name].sources;
        assert_eq!(sources.keys().collect::<BTreeSet<_>>().len(), names.len());
        assert!(sources.values().all(|source| *source == record(name)));
        let (claim, _) = cluster.claim(name).await.unwrap();
        assert_eq!(stored_prints(&claim, "*", &[name]).await, [Some(5)]);
        let delivery = pull(&cluster).await;
        assert!(names.contains(&delivery.tick.account.as_str()));
        delivery.lease.done().await.unwrap();
    }
}

#[tokio::test]
async fn a_change_of_more_messages_than_a_batch_has_is_stored_and_read_in_parts() {
    let server = TestServer::start();
    let cluster = server.connect().await;
    let (claim, _) = cluster.claim("a").await.unwrap();
    let names: Vec<_> = (0..2500).map(|number| number.to_string()).collect();
    let there = record("there");
    let change = Change {
        sources: names
            .iter()
            .map(|name| (name.clone(), Some(there.clone())))
            .collect(),
        ..Change::default()
    };
    claim.commit(&change).await.unwrap();
    assert_eq!(cluster.read("a").await.unwrap().sources.len(), 2500);
    let forgotten = Change {
        sources: names.iter().map(|name| (name.clone(), None)).collect(),
        ..Change::default()
    };
    claim.commit(&forgotten).await.unwrap();
    assert!(cluster.read_all().await.unwrap().is_empty());
    assert!(cluster.claim("a").await.unwrap().1.sources.is_empty());
}
