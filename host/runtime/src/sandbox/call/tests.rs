use super::*;

#[test]
fn the_first_exceeded_limit_ends_the_call() {
    let call = CallState::default();
    assert_eq!(call.take_exceeded(), None);
    call.exceed(Limit::Requests);
    call.clone().exceed(Limit::Cpu);
    assert_eq!(call.take_exceeded(), Some(Limit::Requests));
    assert_eq!(call.take_exceeded(), None);
}

#[test]
fn each_call_may_send_its_requests() {
    let call = CallState::default();
    for _ in 0..2 {
        call.begin();
        for admitted in [true, true, false, false] {
            assert_eq!(call.clone().admit_request(2), admitted);
        }
        assert_eq!(call.take_exceeded(), Some(Limit::Requests));
    }
}

#[test]
fn each_call_has_its_own_warnings() {
    let call = CallState::default();
    for _ in 0..2 {
        let admitted = (0..3 * MAX_WARNINGS).filter(|_| call.clone().admit_warning());
        assert_eq!(admitted.count(), MAX_WARNINGS);
        call.end();
    }
}

#[test]
fn a_reason_is_kept_for_its_own_call_and_the_next_one() {
    for calls in 0..4 {
        let call = CallState::default();
        call.begin();
        call.refuse("first".to_owned());
        call.refuse("last".to_owned());
        call.withhold(Limit::ResponseHeaderBytes);
        for _ in 0..calls {
            call.begin();
        }
        let is_kept = calls < 2;
        let (refusal, limit) = (call.take_refusal(), call.take_withheld());
        assert_eq!(refusal, is_kept.then(|| "last".to_owned()), "{calls}");
        assert_eq!(
            limit,
            is_kept.then_some(Limit::ResponseHeaderBytes),
            "{calls}"
        );
        assert_eq!((call.take_refusal(), call.take_withheld()), (None, None));
    }
}

#[test]
fn a_reason_is_forgotten_with_its_instance() {
    let call = CallState::default();
    call.refuse("why".to_owned());
    call.withhold(Limit::ResponseBytes);
    call.forget_reasons();
    assert_eq!((call.take_refusal(), call.take_withheld()), (None, None));
}

#[test]
fn time_in_which_several_requests_wait_counts_once() {
    let start = Instant::now();
    let at = |seconds| start + Duration::from_secs(seconds);
    let call = CallState::default();
    for (now, wait, sum) in [
        (0, 10, 10),
        (2, 3, 10),
        (4, 10, 14),
        (100, 5, 19),
        (101, 0, 19),
    ] {
        call.wait(at(now), Duration::from_secs(wait));
        assert_eq!(call.waited(), Duration::from_secs(sum), "{now} {wait}");
    }
    for (now, sum) in [(101, 15), (104, 18), (105, 19), (150, 19)] {
        assert_eq!(
            call.waited_until(at(now)),
            Duration::from_secs(sum),
            "{now}"
        );
    }
    call.wait(at(200), Duration::MAX);
    assert!(call.waited() < Duration::from_secs(400));
}
