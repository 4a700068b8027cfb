//! `to = "http"`: what an intake receives.

use sophos_central_simulator::intake::{Intake, Options};
use sophos_central_simulator::{Fleet, Options as Sophos};

use crate::place::{Kind, PATIENT};
use crate::support::{TOKEN, Workplace};

const ENDPOINTS: u64 = 600;

fn place(more: &str) -> (Workplace, Intake) {
    let intake = Intake::start(Options::new());
    let work = Workplace::new(Sophos::new(Fleet::new(1, ENDPOINTS)));
    work.configure("", PATIENT);
    work.deliver(&format!("{}\n{more}", Kind::Http.keys(intake.url())));
    (work, intake)
}

#[test]
fn bodies_are_lines_or_an_array_compressed_or_not() {
    for (format, content_type, begin) in [
        ("ndjson", "application/x-ndjson", "{"),
        ("array", "application/json", "[{"),
    ] {
        for gzip in [false, true] {
            let (work, intake) = place(&format!("format = \"{format}\"\ngzip = {gzip}"));
            work.collect(0).says(&["events 600, rejects 0"]);
            assert_eq!(intake.ids(), work.simulator.fleet(|fleet| fleet.ids()));
            for delivery in intake.requests() {
                let request = &delivery.request;
                assert_eq!(
                    (request.method.as_str(), request.path.as_str()),
                    ("POST", "/events")
                );
                assert_eq!(request.header("content-type"), Some(content_type));
                assert_eq!(request.header("content-encoding"), gzip.then_some("gzip"));
                assert!(request.body.starts_with(begin.as_bytes()));
                assert_eq!(delivery.sent_bytes < request.body.len() / 2, gzip);
            }
        }
    }
}

#[test]
fn an_intake_gets_what_a_file_would_contain() {
    let (work, intake) = place("");
    work.collect(0);
    let sent: Vec<u8> = intake
        .requests()
        .into_iter()
        .flat_map(|delivery| delivery.request.body)
        .collect();
    let other = Workplace::new(Sophos::new(Fleet::new(1, ENDPOINTS)));
    other.collect(0);
    let file = std::fs::read(other.path("events.ndjson")).unwrap();
    let lines = |bytes: Vec<u8>| {
        let text = String::from_utf8(bytes).unwrap();
        // A device that was never seen has the time of its run.
        text.lines()
            .filter(|line| line.contains("\"last_seen_time\""))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let (sent, file) = (lines(sent), lines(file));
    assert!(sent.len() > 500);
    assert_eq!(sent, file);
}

#[test]
fn batches_are_limited_by_count() {
    for (more, sizes) in [
        ("", &[500, 100][..]),
        ("batch_events = 300", &[300, 200, 100]),
        ("batch_events = 10000", &[500, 100]),
    ] {
        let (work, intake) = place(more);
        work.collect(0);
        let sent: Vec<_> = intake
            .requests()
            .iter()
            .map(|delivery| delivery.events.len())
            .collect();
        assert_eq!(
            sent, sizes,
            "{more}: a page is confirmed before the next begins"
        );
    }
}

#[test]
fn batches_are_limited_by_bytes() {
    const BYTES: usize = 20_000;
    for format in ["ndjson", "array"] {
        let (work, intake) = place(&format!("format = \"{format}\"\nbatch_bytes = {BYTES}"));
        work.collect(0);
        assert_eq!(intake.ids().len() as u64, ENDPOINTS);
        let requests = intake.requests();
        assert!(
            requests
                .iter()
                .all(|delivery| delivery.request.body.len() <= BYTES)
        );
        // They are not much smaller either.
        let total: usize = requests
            .iter()
            .map(|delivery| delivery.request.body.len())
            .sum();
        assert!(
            requests.len() <= 2 + total / (BYTES - 3_000),
            "{} requests",
            requests.len()
        );
    }
}

#[test]
fn an_event_larger_than_a_batch_is_sent_alone() {
    let (work, intake) = place("batch_bytes = 10");
    work.simulator.fleet(|fleet| *fleet = Fleet::new(1, 5));
    work.collect(0);
    let sent: Vec<_> = intake
        .requests()
        .iter()
        .map(|delivery| delivery.events.len())
        .collect();
    assert_eq!(sent, [1; 5]);
}

#[test]
fn allowing_plain_http_logs_a_warning() {
    let (work, intake) = place("allow_plain_http = true");
    work.collect(0).says(&["WARN", "allow_plain_http is on"]);
    assert_eq!(intake.ids(), work.simulator.fleet(|fleet| fleet.ids()));
}

#[test]
fn headers_are_sent_as_configured() {
    let (work, intake) = place(
        "headers = { authorization = { env = \"TEST_TOKEN\", prefix = \"Splunk \" }, \
         x-plain = \"text\", x-key = { env = \"TEST_TOKEN\" }, content-type = \"text/plain\" }",
    );
    work.collect(0);
    let requests = intake.requests();
    assert!(!requests.is_empty());
    for delivery in requests {
        for (name, value) in [
            ("authorization", format!("Splunk {TOKEN}").as_str()),
            ("x-plain", "text"),
            ("x-key", TOKEN),
            ("content-type", "text/plain"),
        ] {
            assert_eq!(delivery.request.header(name), Some(value), "{name}");
        }
    }
}

#[test]
fn one_connection_serves_a_run() {
    let (work, intake) = place("batch_events = 20");
    work.collect(0);
    assert_eq!(intake.requests().len(), 30);
    assert_eq!(intake.connections(), 1);
}

#[test]
fn the_query_of_the_url_is_sent() {
    let (work, intake) = place("");
    work.edit_config("/events\"", "/a/b?source=one&x=%20\"");
    work.collect(0);
    for delivery in intake.requests() {
        assert_eq!(delivery.request.path, "/a/b");
        assert_eq!(delivery.request.raw_query, "source=one&x=%20");
    }
}
