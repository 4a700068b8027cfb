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
use super::fingerprints::{Fingerprints, apply, replay};
use super::record::AccountMessage;
use super::test_server::{Proxy, TestServer, config};
use super::*;
use crate::state::change::{
    AccountRecord, Change, FingerprintChange, SourceRecord, Stored, device_key,
};
use crate::state::start::Wanted;

const SLOT: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

/// The longest payload that a server with `max_payload: 64KB` stores.
const SMALL: usize = 48 * 1024;

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
async fn a_tick_that_ten_schedulers_publish_is_delivered_once() {
    let server = TestServer::start();
    let cluster = server.connect().await;
    let mut schedulers = JoinSet::new();
    for _ in 0..10 {
        let cluster = server.connect().await;
        schedulers.spawn(async move { cluster.publish(&tick("a", SLOT)).await.unwrap() });
    }
    let mut published = schedulers.join_all().await;
    published.sort_by_key(|published| *published != Published::Stored);
    assert_eq!(published[0], Published::Stored);
    assert!(
        published[1..]
            .iter()
            .all(|published| *published == Published::Duplicate)
    );

    let next = tick("a", SLOT + Duration::from_secs(60));
    assert_eq!(cluster.publish(&next).await.unwrap(), Published::Queued);
    let delivery = pull(&cluster).await;
    assert_eq!(delivery.tick, tick("a", SLOT));
    assert!(cluster.pull().await.unwrap().is_none());
    assert_eq!(cluster.publish(&next).await.unwrap(), Published::Queued);
    delivery.lease.done().await.unwrap();
    assert_eq!(cluster.publish(&next).await.unwrap(), Published::Stored);
    assert_eq!(pull(&cluster).await.tick, next);
}

#[tokio::test]
async fn a_lease_is_renewed_for_as_long_as_it_is_held() {
    let server = TestServer::start();
    let cluster = server.connect().await;
    cluster.publish(&tick("a", SLOT)).await.unwrap();
    let delivery = pull(&cluster).await;
    // More than two leases.
    for _ in 0..6 {
        assert!(cluster.pull().await.unwrap().is_none());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(delivery.lease.term().is_held());
    delivery
        .lease
        .hand_back(Duration::from_millis(10))
        .await
        .unwrap();
    let delivery = pull(&cluster).await;
    delivery.lease.terminate().await.unwrap();
    assert!(cluster.pull().await.unwrap().is_none());
}

#[tokio::test]
async fn a_lease_that_is_not_confirmed_ends_before_another_one_begins() {
    let server = TestServer::start();
    let proxy = Proxy::to(&server).await;
    let cluster = Cluster::connect(&config(&proxy.url)).await.unwrap();
    let other = server.connect().await;
    cluster.publish(&tick("a", SLOT)).await.unwrap();
    let Delivery { lease, .. } = pull(&cluster).await;

    proxy.hold(true);
    let delivery = pull(&other).await;
    assert!(!lease.term().is_held());
    lease.term().ended().await;
    proxy.hold(false);
    let refused = lease.done().await;
    assert!(matches!(refused, Err(ClusterError::Lost)), "{refused:?}");
    let next = tick("a", SLOT + Duration::from_secs(60));
    assert_eq!(other.publish(&next).await.unwrap(), Published::Queued);
    delivery.lease.done().await.unwrap();
    assert_eq!(other.publish(&next).await.unwrap(), Published::Stored);
}

#[tokio::test]
async fn a_lease_that_is_dropped_is_delivered_again() {
    let server = TestServer::start();
    let cluster = server.connect().await;
    cluster.publish(&tick("a", SLOT)).await.unwrap();
    drop(pull(&cluster).await);
    assert_eq!(pull(&cluster).await.tick, tick("a", SLOT));
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

#[tokio::test]
async fn streams_that_do_not_do_what_is_needed_are_refused() {
    let server = TestServer::start();
    let refused = async |config| match Cluster::connect(&config).await {
        Err(ClusterError::Refused(why)) => why,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("accepted"),
    };
    let mut three = server.config();
    three.replicas = 3;
    assert!(refused(three.clone()).await.contains("as many servers"));
    server.connect().await;
    assert!(refused(three).await.contains("keeps 1 copies"));

    let plain = async_nats::jetstream::stream::Config {
        name: "plain-state".to_owned(),
        subjects: vec!["plain.state.>".to_owned()],
        ..Default::default()
    };
    let client = async_nats::connect(&server.config().servers[0])
        .await
        .unwrap();
    let context = async_nats::jetstream::new(client);
    context.create_stream(plain).await.unwrap();
    let mut config = server.config();
    config.prefix = "plain".to_owned();
    assert!(refused(config).await.contains("allow_atomic"));
}

#[tokio::test]
async fn an_old_server_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("nats://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let info =
            r#"INFO {"server_id":"x","version":"2.11.9","max_payload":1048576,"headers":true}"#;
        client
            .write_all(format!("{info}\r\n").as_bytes())
            .await
            .unwrap();
        let mut bytes = vec![0; 4096];
        while let Ok(1..) = client.read(&mut bytes).await {
            client.write_all(b"PONG\r\n").await.unwrap();
        }
    });
    let refused = Cluster::connect(&config(&url)).await.err().unwrap();
    assert!(
        refused.to_string().contains("nats-server 2.11.9"),
        "{refused}"
    );
}

#[tokio::test]
async fn servers_that_are_absent_or_refuse_the_credentials_are_told_apart() {
    let server = TestServer::with("", "authorization { token: \"right\" }");
    let credentials = |secret: &str| {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), secret).unwrap();
        let text = format!("token = {{ file = {:?} }}", file.path());
        (file, toml::from_str(&text).unwrap())
    };
    let mut config = server.config();
    let (_right, right) = credentials("right");
    config.credentials = Some(right);
    Cluster::connect(&config).await.unwrap();
    let (_wrong, wrong) = credentials("wrong-4711");
    config.credentials = Some(wrong);
    let refused = Cluster::connect(&config).await.err().unwrap();
    assert!(
        refused.to_string().contains("cluster.credentials"),
        "{refused}"
    );
    assert!(!refused.to_string().contains("4711"));
    config.credentials = None;
    let refused = Cluster::connect(&config).await.err().unwrap();
    assert!(
        refused.to_string().contains("cluster.credentials"),
        "{refused}"
    );
    drop(server);
    let absent = Cluster::connect(&config).await.err().unwrap();
    assert!(matches!(absent, ClusterError::Unreachable(_)), "{absent}");
}

/// Returns a JWT of NATS.
fn jwt(issuer: &KeyPair, subject: &KeyPair, nats: serde_json::Value) -> String {
    let claims = json!({
        "iss": issuer.public_key(), "sub": subject.public_key(), "nats": nats,
        "iat": 1, "jti": "id", "name": "name"
    });
    let head = json!({ "typ": "JWT", "alg": "ed25519-nkey" });
    let encode = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", encode(head), encode(claims));
    let signature = URL_SAFE_NO_PAD.encode(issuer.sign(text.as_bytes()).unwrap());
    format!("{text}.{signature}")
}

#[tokio::test]
async fn a_credentials_file_and_a_certificate_authority_are_used() {
    let [operator, account, system, user] = [
        KeyPair::new_operator(),
        KeyPair::new_account(),
        KeyPair::new_account(),
        KeyPair::new_user(),
    ];
    let limits = |storage| {
        json!({ "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "conn": -1, "leaf": -1,
                "disk_storage": storage, "streams": -1, "consumer": -1 })
    };
    let accounts = [(&account, -1), (&system, 0)].map(|(key, storage)| {
        let claims = json!({ "type": "account", "version": 2, "limits": limits(storage) });
        format!("{}: {:?}", key.public_key(), jwt(&operator, key, claims))
    });
    let claims = json!({ "type": "operator", "version": 2, "system_account": system.public_key() });
    let operator = jwt(&operator, &operator, claims);
    let claims = json!({ "type": "user", "version": 2, "subs": -1, "data": -1, "payload": -1 });
    let user_jwt = jwt(&account, &user, claims);

    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let mut authority = rcgen::CertificateParams::default();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let ca_file = file(
        "ca.pem",
        &authority.self_signed(&authority_key).unwrap().pem(),
    );
    let other_file = {
        let key = rcgen::KeyPair::generate().unwrap();
        file("other.pem", &authority.self_signed(&key).unwrap().pem())
    };
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let names = vec!["127.0.0.1".to_owned()];
    let certificate = rcgen::CertificateParams::new(names).unwrap();
    let certificate = certificate.signed_by(&key, &issuer).unwrap();
    let server = TestServer::with(
        "",
        &format!(
            "operator: {operator:?}\nsystem_account: {}\nresolver: MEMORY\nresolver_preload: {{ {} }}\n\
             tls {{ cert_file: {:?}, key_file: {:?} }}",
            system.public_key(),
            accounts.join(", "),
            file("cert.pem", &certificate.pem()),
            file("key.pem", &key.serialize_pem()),
        ),
    );
    // As `nsc` writes it.
    let credentials = |user: &KeyPair| {
        format!(
            "-----BEGIN NATS USER JWT-----\n{user_jwt}\n------END NATS USER JWT------\n\n*** IMPORTANT ***\nSecret.\n\n\
             -----BEGIN USER NKEY SEED-----\n{}\n------END USER NKEY SEED------\n",
            user.seed().unwrap()
        )
    };
    let connect = async |credentials: &str, ca_file: &PathBuf| {
        let mut config = server.config();
        let source = format!("file = {{ file = {:?} }}", file("user.creds", credentials));
        config.credentials = Some(toml::from_str(&source).unwrap());
        config.ca_file = Some(ca_file.clone());
        Cluster::connect(&config).await
    };
    let cluster = connect(&credentials(&user), &ca_file).await.unwrap();
    put(&cluster.claim("a").await.unwrap().0, "s", "there")
        .await
        .unwrap();
    let refused = connect(&credentials(&KeyPair::new_user()), &ca_file)
        .await
        .err()
        .unwrap();
    assert!(
        refused.to_string().contains("cluster.credentials"),
        "{refused}"
    );
    let refused = connect("no credentials", &ca_file).await.err().unwrap();
    assert!(
        refused.to_string().contains("not a NATS credentials file"),
        "{refused}"
    );
    let unknown = connect(&credentials(&user), &other_file)
        .await
        .err()
        .unwrap();
    assert!(
        unknown.to_string().contains("invalid peer certificate"),
        "{unknown}"
    );
    let absent = connect(&credentials(&user), &folder.path().join("absent"))
        .await
        .err()
        .unwrap();
    assert!(absent.to_string().contains("cluster.ca_file"), "{absent}");
}

#[tokio::test]
async fn a_full_stream_is_named_and_keeps_what_it_has() {
    let server = TestServer::with("max_file_store: 2MB", "");
    let cluster = server.connect().await;
    let (claim, _) = cluster.claim("a").await.unwrap();
    put(&claim, "kept", "there").await.unwrap();
    let mut full = None;
    for number in 0..10 {
        let stored = put(&claim, &number.to_string(), &"x".repeat(500_000)).await;
        if let Err(error) = stored {
            full = Some(error);
            break;
        }
    }
    assert!(
        matches!(&full, Some(ClusterError::Refused(why)) if why.contains("it is full")),
        "{full:?}"
    );
    assert_eq!(
        cluster.read("a").await.unwrap().sources["kept"],
        record("there")
    );
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
