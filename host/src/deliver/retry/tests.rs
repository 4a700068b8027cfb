//! How long to wait after which failure, and when to give up.

use proptest::prelude::*;

use super::*;
use crate::contract::bindings::inventory::connector::types::Failure;

const RETRY: Retry = Retry {
    total: Duration::from_secs(100),
    first: Duration::from_secs(1),
    most: Duration::from_secs(8),
};

fn delay(retry_after: Option<u64>) -> Delay {
    Delay {
        message: String::new(),
        correlation_id: None,
        retry_after,
    }
}

fn seconds(next: Option<Duration>) -> f64 {
    next.map_or(f64::INFINITY, |wait| wait.as_secs_f64())
}

impl Attempts {
    /// What follows from an error of a component.
    fn after_error(
        &mut self,
        error: &Error,
        retry: &Retry,
        elapsed: Duration,
        random: f64,
    ) -> Option<Duration> {
        self.after(RetryCause::from(error), retry, elapsed, random)
    }
}

#[test]
fn the_bound_of_a_back_off_doubles_up_to_retry_most() {
    let mut attempts = Attempts::default();
    let waits: Vec<_> = (0..6)
        .map(|_| {
            attempts.after_error(
                &Error::Unavailable(delay(None)),
                &RETRY,
                Duration::ZERO,
                0.5,
            )
        })
        .map(seconds)
        .collect();
    assert_eq!(waits, [0.5, 1.0, 2.0, 4.0, 4.0, 4.0]);
}

#[test]
fn unavailable_is_given_up_once_retry_total_is_over() {
    let error = Error::Unavailable(delay(None));
    for (spent, wait) in [
        (0.0, 1.0),
        (99.5, 0.5),
        (100.0, f64::INFINITY),
        (200.0, f64::INFINITY),
    ] {
        let next = Attempts::default().after_error(
            &error,
            &RETRY,
            Duration::from_secs_f64(spent),
            0.999_999_999,
        );
        assert!(
            (seconds(next) - wait).abs() < 0.001 || wait.is_infinite(),
            "{spent}"
        );
    }
    let off = Retry {
        total: Duration::ZERO,
        ..RETRY
    };
    assert_eq!(
        Attempts::default().after_error(&error, &off, Duration::ZERO, 0.5),
        None
    );
}

#[test]
fn a_time_that_an_api_names_is_waited_for() {
    for (error, wait) in [
        (Error::RateLimited(delay(Some(0))), 0.5),
        (Error::RateLimited(delay(Some(7))), 7.0),
        (Error::RateLimited(delay(Some(1_000))), 1_000.0),
        (
            Error::RateLimited(delay(Some(u64::MAX))),
            MAX_WAIT.as_secs_f64(),
        ),
        (Error::Unavailable(delay(Some(30))), 30.0),
        (Error::Unavailable(delay(Some(101))), f64::INFINITY),
    ] {
        let next = Attempts::default().after_error(&error, &RETRY, Duration::ZERO, 0.5);
        assert_eq!(seconds(next).to_string(), wait.to_string(), "{error:?}");
    }
}

#[test]
fn waits_of_rate_limits_do_not_count_as_time_without_an_answer() {
    let mut attempts = Attempts::default();
    attempts.after_error(
        &Error::RateLimited(delay(Some(500))),
        &RETRY,
        Duration::ZERO,
        0.5,
    );
    let unavailable = Error::Unavailable(delay(None));
    for (elapsed, gives_up) in [(500, false), (599, false), (600, true)] {
        let next = attempts.after_error(&unavailable, &RETRY, Duration::from_secs(elapsed), 0.5);
        assert_eq!(next.is_none(), gives_up, "{elapsed}");
    }
}

#[test]
fn an_endless_rate_limit_is_given_up() {
    let mut attempts = Attempts::default();
    let error = Error::RateLimited(delay(Some(1)));
    let tries = (0..100)
        .take_while(|_| {
            attempts
                .after_error(&error, &RETRY, Duration::ZERO, 0.5)
                .is_some()
        })
        .count();
    assert_eq!(tries, 20);
}

#[test]
fn rate_limits_take_an_hour_in_all_or_the_total_where_that_is_longer() {
    let total = |seconds| Retry {
        total: Duration::from_secs(seconds),
        ..RETRY
    };
    for (retry, asked, tries) in [
        (total(100), u64::MAX, 1),
        (total(100), 3_600, 1),
        (total(100), 1_800, 2),
        (total(100), 1_500, 2),
        (total(7_200), 3_600, 2),
        (total(100_000), 3_600, 20),
    ] {
        let mut attempts = Attempts::default();
        let error = Error::RateLimited(delay(Some(asked)));
        let waits = (0..100)
            .map(|_| attempts.after_error(&error, &retry, Duration::ZERO, 0.5))
            .take_while(|next| next.is_some())
            .count();
        assert_eq!(waits, tries, "{retry:?} {asked}");
    }
}

#[test]
fn an_expired_session_is_tried_again_at_once_and_only_once() {
    let mut attempts = Attempts::default();
    let expired = Error::Expired(Failure {
        message: String::new(),
        correlation_id: None,
    });
    assert_eq!(
        attempts.after_error(&expired, &RETRY, Duration::ZERO, 0.5),
        Some(Duration::ZERO)
    );
    assert_eq!(
        attempts.after_error(&expired, &RETRY, Duration::ZERO, 0.5),
        None
    );
}

#[test]
fn any_other_error_is_not_tried_again() {
    let failure = || Failure {
        message: String::new(),
        correlation_id: None,
    };
    for error in [
        Error::InvalidConfig(Vec::new()),
        Error::Unauthorized(failure()),
        Error::Forbidden(failure()),
        Error::Untrusted(failure()),
        Error::InvalidCursor(failure()),
        Error::Protocol(failure()),
        Error::LimitExceeded(failure()),
        Error::Denied(failure()),
        Error::Other(failure()),
    ] {
        let next = Attempts::default().after_error(&error, &RETRY, Duration::ZERO, 0.5);
        assert_eq!(next, None, "{error:?}");
    }
}

#[test]
fn a_retry_after_of_zero_does_not_end_the_back_off() {
    let mut attempts = Attempts::default();
    let now = Error::RateLimited(delay(Some(0)));
    let waits: Vec<_> = (0..21)
        .map(|_| seconds(attempts.after_error(&now, &RETRY, Duration::ZERO, 0.5)))
        .collect();
    assert_eq!(waits[..5], [0.5, 1.0, 2.0, 4.0, 4.0]);
    assert_eq!(waits[19..], [4.0, f64::INFINITY]);
}

proptest! {
    #[test]
    fn no_wait_is_shorter_than_the_back_off(
        faults in prop::collection::vec((any::<bool>(), prop::option::of(0_u64..5_000)), 1..20),
        random in 0.0..1.0_f64,
    ) {
        let retry = Retry { total: Duration::from_secs(100_000), ..RETRY };
        let mut attempts = Attempts::default();
        let mut bound = RETRY.first;
        for (limited, asked) in faults {
            let fault = if limited { Error::RateLimited } else { Error::Unavailable };
            let wait = seconds(attempts.after_error(&fault(delay(asked)), &retry, Duration::ZERO, random));
            let expected = bound.as_secs_f64() * random;
            let asked = asked.map_or(0.0, |asked| asked.min(3600) as f64);
            prop_assert!((wait - expected.max(asked)).abs() < 0.001, "{wait}");
            bound = (bound * 2).min(RETRY.most);
        }
    }

    #[test]
    fn no_wait_outlasts_the_total(
        random in 0.0..1.0_f64,
        spent in 0_u64..200,
        failures in 0_u32..100,
    ) {
        let mut attempts = Attempts { pauses: failures, ..Attempts::default() };
        let spent = Duration::from_secs(spent);
        let next = attempts.after_error(&Error::Unavailable(delay(None)), &RETRY, spent, random);
        match next {
            Some(wait) => {
                prop_assert!(wait <= RETRY.most);
                prop_assert!(spent + wait <= RETRY.total);
            }
            None => prop_assert!(spent >= RETRY.total),
        }
    }
}
