//! The requests of an account count for whoever continues with it.

use std::time::Duration;

use super::harness::RUNTIME;
use super::*;
use crate::contract::manifest::RateLimit;
use crate::sandbox::rate_limit::SharedLimiter;

#[test]
fn a_successor_counts_what_earlier_replicas_have_sent() {
    let folder = Folder::cluster();
    // Sends so many requests as a replica of its own, and returns how long another one has to wait.
    let send = |requests: usize| {
        let state = folder.open().hold("acme").unwrap();
        let limiter = SharedLimiter::new(&[RateLimit {
            requests: 10,
            seconds: 3_600,
        }]);
        RUNTIME.block_on(async {
            state.share_requests(&limiter).await;
            for _ in 0..requests {
                assert_eq!(limiter.reserve(), Duration::ZERO);
            }
            state.end_slot(at(0)).await.unwrap();
            limiter.reserve()
        })
    };
    assert_eq!(send(6), Duration::ZERO);
    assert_eq!(send(3), Duration::ZERO);
    let wait = send(1);
    assert!(wait > Duration::from_secs(3_000), "{wait:?}");
    assert!(wait < Duration::from_secs(3_602), "{wait:?}");
}
