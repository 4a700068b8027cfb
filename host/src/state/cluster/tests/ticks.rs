//! Ticks, and the leases of those who work on them.

use super::*;

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
