//! What the host keeps and does for a component, outside the component's own memory and computing.

use sophos_central_simulator::Fault;
use sophos_central_simulator::intake::{Failure, Intake, Options, Route};

use crate::measured;
use crate::place::{ACCOUNT, Place, Told};

/// The largest allowed resident memory of the host with a guest of 32 MiB. Without limits, most deeds here take 200
/// MiB or more.
const RESIDENT: u64 = 112 << 20;

/// Returns a guest with 32 MiB of memory, and an accomplice on this machine.
fn with_accomplice(guest: &str, limits: &str, fault: Fault) -> (Place, Intake) {
    let server = Intake::start(Options::new());
    server.fault_always(Route::Plain, Failure::of(fault));
    let place = Place::new(guest)
        .table("limits", &format!("memory_bytes = 33554432\n{limits}"))
        .account("allow_loopback_http = true")
        .config(&format!("api_url = \"{}/\"", server.url()));
    (place, server)
}

/// Collects, and asserts the peak of resident memory.
#[track_caller]
fn collect_within(place: &Place, code: i32, resident: u64) -> Told {
    // Compiling the components takes more, but only once per build.
    let compiled = ["describe", "--account", ACCOUNT];
    place.host(&compiled).expect(0);
    let args = ["collect", "-q", "--summary", "summary.json"];
    let (ran, usage) = measured::run(place, &args);
    let told = place.told(ran.expect(code));
    told.acme_is_served(place);
    let peak = usage.peak_memory;
    assert!(peak < resident, "{} MiB", peak >> 20);
    told
}

/// Does the same with the memory that most guests may take.
#[track_caller]
fn collect(place: &Place, code: i32) -> Told {
    collect_within(place, code, RESIDENT)
}

#[test]
fn requests_held_with_long_texts_stay_within_the_memory_limit() {
    for how in ["method", "authority", "path", "body"] {
        let place = Place::new("requests_kept")
            .table("limits", "memory_bytes = 16777216")
            .config(&format!("how = \"{how}\""));
        let told = collect(&place, 0);
        assert!(
            told.delivered[0].contains(" held"),
            "{how}: {:?}",
            told.delivered
        );
    }
    let place = Place::new("requests_kept").config("how = \"header\"");
    collect(&place, 1).failed(&["total size of fields exceeds limit"]);
}

#[test]
fn requests_held_in_describe_take_little_memory() {
    let place = Place::new("requests_kept_in_describe");
    let describe = ["describe", "--account", "a-guest"];
    // The first time it is compiled.
    for _ in 0..2 {
        let (ran, usage) = measured::run(&place, &describe);
        ran.expect(0);
        assert!(
            usage.peak_memory < RESIDENT,
            "{} MiB",
            usage.peak_memory >> 20
        );
    }
}

#[test]
fn unread_answers_are_read_ahead_within_the_memory_limit() {
    let body = Fault::Body {
        content_type: "text/plain".to_owned(),
        bytes: vec![b'x'; 900 << 10],
    };
    let (place, _server) = with_accomplice("answers_unread", "requests = 1000", body);
    let told = collect(&place.table("timeouts", "connect = \"2s\""), 0);
    let held = told.delivered[0]
        .split(&['"', ' '])
        .find_map(|word| word.parse::<u32>().ok());
    assert!(held >= Some(30), "{:?}", told.delivered);
}

/// The other account in the same process needs some.
#[test]
fn waiting_requests_leave_descriptors_for_others() {
    let (place, server) = with_accomplice("answers_unread", "requests = 1000", Fault::Stall);
    let place = place.table("timeouts", "connect = \"500ms\"\nfirst_byte = \"2s\"");
    let args = ["collect", "--summary", "summary.json"];
    let ran = measured::run_with_descriptors(&place, 128, &args);
    let told = place.told(ran.expect(0));
    told.acme_is_served(&place);
    assert!(
        told.delivered[0].contains("0 answers held"),
        "{:?}",
        told.delivered
    );
    assert_eq!(server.requests().len(), 16, "{}", told.ran.stderr);
    assert!(
        told.ran.stderr.contains("connection limit: 16 requests"),
        "{}",
        told.ran.stderr
    );
}

#[test]
fn an_answer_in_pieces_of_one_byte_takes_only_its_length() {
    const PIECES: usize = 2 << 20;
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let body = "1\r\nx\r\n".repeat(PIECES);
    let answer = format!("{head}{body}0\r\n\r\n").into_bytes();
    let server = Intake::start(Options::new());
    server.fault_always(Route::Plain, Failure::of(Fault::Wire(answer)));
    // From an origin where the secret may go it is kept as a whole, from another one it is read ahead.
    for token_url in [server.url(), "https://token.guest.example/token"] {
        let place = Place::new("response_too_large")
            .table("limits", "memory_bytes = 33554432")
            .account("allow_loopback_http = true")
            .config(&format!("api_url = \"{}/\"", server.url()))
            .token_url(token_url);
        let told = collect_within(&place, 0, 72 << 20);
        assert!(
            told.delivered[0].contains(&PIECES.to_string()),
            "{:?}",
            told.delivered
        );
    }
}

#[test]
fn endless_interim_responses_are_cut_off() {
    let flood = "HTTP/1.1 103 Early Hints\r\n\r\n"
        .repeat(100_000)
        .into_bytes();
    let (place, _server) = with_accomplice("response_too_large", "", Fault::Wire(flood));
    place
        .collect(1)
        .failed(&[])
        .ran
        .says(&["more than 10 interim responses (1xx)"]);
}

#[test]
fn warnings_are_short_and_few() {
    let place = Place::new("log_flood").table("limits", "requests = 100000");
    let told = collect(&place, 0);
    let log = &told.ran.stderr;
    assert!(log.len() < 200_000, "{} bytes", log.len());
    let warned = log.matches("WARN refused").count();
    assert_eq!(warned, 200);
    assert!(log.contains("700 more warnings about this call"));
    let longest = log.lines().map(str::len).max();
    assert!(longest < Some(1000), "{longest:?}");
    // All of them count, logged or not.
    assert_eq!(told.denials()["header"], 300);
}

#[test]
fn rejects_without_a_reason_count_towards_the_limit() {
    Place::new("rejects_flood")
        .collect(1)
        .passed("limits.batch_bytes");

    let told = collect(&Place::new("rejects_flood").config("how = \"200000\""), 1);
    let log = &told.ran.stderr;
    assert!(log.len() < 100_000, "{} bytes", log.len());
    assert!(
        log.contains("rejected 199800 more records of this page"),
        "{log}"
    );
    assert_eq!(told.entry()["rejects_component"], 200_000);
}

#[test]
fn methods_in_disguise() {
    let server = Intake::start(Options::new());
    Place::new("methods_in_disguise")
        .account("allow_loopback_http = true")
        .config(&format!("api_url = \"{}/\"", server.url()))
        .collect(1)
        .denied(&[("method", 3)]);
    assert_eq!(server.requests().len(), 0);
}
