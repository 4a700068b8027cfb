//! What a limiter lets through, alone and after a hand-over.

use super::*;
use proptest::prelude::*;

fn limit(requests: u32, seconds: u32) -> RateLimit {
    RateLimit { requests, seconds }
}

#[test]
fn an_account_keeps_its_limiter_until_its_limits_change() {
    let mut limiters = Limiters::default();
    let hourly = [limit(1, 3600)];
    assert!(limiters.of("a", &hourly).reserve().is_zero());
    assert!(!limiters.of("a", &hourly).reserve().is_zero());
    assert!(limiters.of("b", &hourly).reserve().is_zero());
    assert!(limiters.of("a", &[]).reserve().is_zero());
}

/// The moments, in seconds after the first request, of so many requests that all ask at once.
fn burst(limits: &[RateLimit], count: usize) -> Vec<f64> {
    let begin = Instant::now();
    let mut limiter = RateLimiter::new(limits);
    (0..count)
        .map(|_| limiter.reserve(begin).duration_since(begin).as_secs_f64())
        .collect()
}

#[test]
fn keeps_to_three_limits_at_once() {
    let limits = [limit(10, 1), limit(100, 60), limit(200_000, 86_400)];
    let moments = burst(&limits, 200_001);
    for (index, seconds) in [
        (0, 0.0),
        (9, 0.0),
        (10, 1.0),
        (19, 1.0),
        (99, 9.0),
        (100, 60.0),
        (109, 60.0),
        (110, 61.0),
        (999, 9.0 * 60.0 + 9.0),
        // 100 a minute are 144,000 a day: the limit of the day is never reached.
        (143_999, 1_439.0 * 60.0 + 9.0),
        (144_000, 86_400.0),
        (200_000, 120_000.0),
    ] {
        assert_eq!(moments[index], seconds, "request {index}");
    }
}

#[test]
fn a_day_is_a_window_like_any_other() {
    let moments = burst(&[limit(10, 1), limit(200_000, 86_400)], 200_011);
    for (index, seconds) in [
        (199_999, 19_999.0),
        (200_000, 86_400.0),
        (200_010, 86_401.0),
    ] {
        assert_eq!(moments[index], seconds, "request {index}");
    }
}

#[test]
fn a_pause_does_not_add_up_to_a_larger_burst() {
    let begin = Instant::now();
    let mut limiter = RateLimiter::new(&[limit(10, 1)]);
    let mut at = |millis| {
        let moment = limiter.reserve(begin + Duration::from_millis(millis));
        moment.duration_since(begin).as_millis()
    };
    let before: Vec<_> = (0..10).map(|_| at(900)).collect();
    let after: Vec<_> = (0..11).map(|_| at(1_100)).collect();
    assert_eq!(before, [900; 10]);
    assert_eq!(after[..10], [1_900; 10]);
    assert_eq!(after[10], 2_900);
}

#[test]
fn without_limits_everything_leaves_at_once() {
    assert_eq!(burst(&[], 1_000), [0.0; 1_000]);
    assert_eq!(SharedLimiter::new(&[]).reserve(), Duration::ZERO);
}

#[test]
fn clones_share_the_limit() {
    let one = SharedLimiter::new(&[limit(1, 3_600)]);
    let other = one.clone();
    assert_eq!(one.reserve(), Duration::ZERO);
    assert!(other.reserve() > Duration::from_secs(1_800));
}

#[test]
fn a_pause_holds_every_clone_and_is_never_shortened() {
    let one = SharedLimiter::new(&[]);
    let other = one.clone();
    assert_eq!(other.paused(), Duration::ZERO);
    one.pause(Duration::from_secs(60));
    one.pause(Duration::from_secs(1));
    let paused = other.paused();
    assert!(paused > Duration::from_secs(50), "{paused:?}");
    assert!(paused <= Duration::from_secs(60), "{paused:?}");
    other.pause(Duration::from_secs(3_600));
    assert!(one.paused() > Duration::from_secs(3_000));
}

#[test]
fn remembers_no_more_than_it_needs() {
    let begin = Instant::now();
    let mut limiter = RateLimiter::new(&[limit(u32::MAX, 60), limit(5, 1)]);
    for second in 0..1_000 {
        limiter.reserve(begin + Duration::from_secs(second));
        assert!(limiter.moments.len() <= 60, "{}", limiter.moments.len());
    }
    let max = MAX_REQUESTS as usize;
    let mut limiter = RateLimiter::new(&[limit(u32::MAX, u32::MAX)]);
    let mut now = begin;
    for _ in 0..max + 10 {
        now = limiter.reserve(now);
        // And the one that waits.
        assert!(
            limiter.moments.len() <= max + 1,
            "{}",
            limiter.moments.len()
        );
    }
    let mut limiter = RateLimiter::new(&[]);
    limiter.reserve(begin);
    limiter.reserve(begin);
    assert_eq!(limiter.moments.len(), 1);
}

/// The time by the common clock when a test begins.
const CLOCK: u64 = 1_800_000_000_000;

fn total(sent: &[(u64, u32)]) -> u32 {
    sent.iter().map(|(_, requests)| requests).sum()
}

#[test]
fn a_successor_begins_with_the_windows_of_its_predecessor() {
    let limits = [limit(10, 60), limit(15, 3_600)];
    let (first, second) = (SharedLimiter::new(&limits), SharedLimiter::new(&limits));
    first.restore(&[], CLOCK);
    for _ in 0..8 {
        assert_eq!(first.reserve(), Duration::ZERO);
    }
    second.restore(&first.sent(), CLOCK + 5_000);
    assert_eq!(second.reserve(), Duration::ZERO);
    assert_eq!(second.reserve(), Duration::ZERO);
    let wait = second.reserve();
    assert!(wait > Duration::from_secs(30), "{wait:?}");
    assert!(wait < Duration::from_secs(58), "{wait:?}");
    // Again, and to a limiter that has counted some itself: nothing is counted twice.
    for _ in 0..2 {
        first.restore(&second.sent(), CLOCK + 6_000);
        assert_eq!(total(&first.sent()), 11);
    }
    assert_eq!(first.lock().moments.len(), 11);
}

#[test]
fn a_day_is_handed_over_in_few_groups_and_ends_an_eighth_late_at_most() {
    let begin = Instant::now();
    let limits = [limit(100_000, 86_400)];
    let mut first = RateLimiter::new(&limits);
    first.restore(&[], CLOCK, begin);
    for second in 0..86_400 {
        first.reserve(begin + Duration::from_secs(second));
    }
    let end = begin + Duration::from_secs(86_400);
    let sent = first.sent(end);
    assert!(sent.len() <= 120, "{sent:?}");
    // The one of a day ago is over.
    assert_eq!(total(&sent), 86_399);
    let clock = CLOCK + 86_400_000;
    for (moment, _) in &sent {
        assert!(*moment <= clock + MIN_GROUP);
    }
    let mut second = RateLimiter::new(&limits);
    second.restore(&sent, clock, end);
    let mut waited = |count: u32, seconds: u64| {
        let now = end + Duration::from_secs(seconds);
        let last = (0..count).map(|_| second.reserve(now)).next_back().unwrap();
        last.duration_since(now)
    };
    assert_eq!(waited(13_601, 0), Duration::ZERO);
    // 43,200 have ended after half a day, and all but the youngest eighth of the others count no more.
    assert_eq!(waited(30_000, 43_200), Duration::ZERO);
}

#[test]
fn what_is_handed_over_again_and_again_grows_old_all_the_same() {
    let limits = [limit(10, 1), limit(1_400, 86_400)];
    let mut replicas = [(); 3].map(|()| RateLimiter::new(&limits));
    let begin = Instant::now();
    let mut now = begin;
    let mut stored = Vec::new();
    // 50 an hour are 1,200 a day.
    for hour in 0..24 * 20 {
        let limiter = &mut replicas[hour % 3];
        // A claim takes a moment, as the clock is read at its beginning.
        let clock = CLOCK + (now - begin).as_millis() as u64 - 7;
        limiter.restore(&stored, clock, now);
        for _ in 0..50 {
            assert_eq!(limiter.reserve(now), now, "in hour {hour}");
            now += Duration::from_secs(1);
        }
        stored = limiter.sent(now);
        now += Duration::from_secs(3_550);
    }
}

#[test]
fn where_nothing_is_limited_or_nobody_else_sends_nothing_is_handed_over() {
    let unlimited = SharedLimiter::new(&[]);
    unlimited.restore(&[(CLOCK, u32::MAX)], CLOCK);
    assert_eq!(unlimited.reserve(), Duration::ZERO);
    assert_eq!(unlimited.sent(), []);
    let alone = SharedLimiter::new(&[limit(1, 60)]);
    assert_eq!(alone.reserve(), Duration::ZERO);
    assert_eq!(alone.sent(), []);
}

#[test]
fn what_a_wrong_clock_or_other_limits_have_stored_does_no_lasting_harm() {
    let now = Instant::now();
    let mut limiter = RateLimiter::new(&[limit(5, 60)]);
    limiter.restore(&[(u64::MAX, u32::MAX), (0, u32::MAX)], CLOCK, now);
    assert_eq!(limiter.moments.len(), 5);
    assert_eq!(limiter.sent(now), []);
    limiter.reserve(now);
    assert_eq!(total(&limiter.sent(now)), 1);
}

proptest! {
    #[test]
    fn every_window_holds_and_nobody_waits_without_need(
        limits in prop::collection::vec((1_u32..12, 1_u32..20), 0..4),
        gaps in prop::collection::vec(prop_oneof![3 => Just(0), 2 => 1_u64..400, 1 => 400_u64..30_000], 1..150),
    ) {
        let limits: Vec<_> = limits.into_iter().map(|(requests, seconds)| limit(requests, seconds)).collect();
        let mut limiter = RateLimiter::new(&limits);
        let mut now = Instant::now();
        let mut given: Vec<Instant> = Vec::new();
        // Whether one more request at this moment keeps every window that ends with it.
        let fits = |given: &[Instant], moment: Instant| limits.iter().all(|limit| {
            let period = Duration::from_secs(limit.seconds.into());
            given.iter().filter(|&&other| other + period > moment).count() < limit.requests as usize
        });
        for gap in gaps {
            now += Duration::from_millis(gap);
            let moment = limiter.reserve(now);
            let soonest = given.last().map_or(now, |&last| last.max(now));
            prop_assert!(moment >= soonest);
            prop_assert!(fits(&given, moment));
            if moment > soonest {
                prop_assert!(!fits(&given, moment - Duration::from_nanos(1)));
            }
            given.push(moment);
        }
    }

    #[test]
    fn every_window_holds_over_any_number_of_hand_overs(
        limits in prop::collection::vec((1_u32..12, 1_u32..200), 1..4),
        // Who works, its requests with the pauses before them, and how long until the next one claims.
        turns in prop::collection::vec(
            (
                0_usize..3,
                prop::collection::vec(prop_oneof![3 => Just(0), 2 => 1_u64..400, 1 => 400_u64..30_000], 0..30),
                0_u64..20_000,
            ),
            1..12,
        ),
    ) {
        let limits: Vec<_> = limits.into_iter().map(|(requests, seconds)| limit(requests, seconds)).collect();
        let mut replicas = [(); 3].map(|()| RateLimiter::new(&limits));
        let begin = Instant::now();
        let mut now = begin;
        let mut stored = Vec::new();
        let mut sent: Vec<Instant> = Vec::new();
        for (replica, gaps, until_claim) in turns {
            let limiter = &mut replicas[replica];
            limiter.restore(&stored, CLOCK + (now - begin).as_millis() as u64, now);
            let mut given = Vec::new();
            for gap in gaps {
                now += Duration::from_millis(gap);
                given.push(limiter.reserve(now));
            }
            stored = limiter.sent(now);
            now += Duration::from_millis(until_claim);
            // What still waits then is never sent.
            given.retain(|&moment| moment <= now);
            for moment in given {
                for limit in &limits {
                    let period = Duration::from_secs(limit.seconds.into());
                    let in_window = sent.iter().filter(|&&other| other + period > moment).count();
                    prop_assert!(in_window < limit.requests as usize);
                }
                sent.push(moment);
            }
        }
    }
}
