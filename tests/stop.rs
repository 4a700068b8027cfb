//! A run that is asked to stop, and one whose reader leaves: the current page is finished or sent again,
//! and nothing is lost.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;
use sophos_central_simulator::{CLIENT_SECRET, Fault, Fleet, Options, Route};
use support::running::Running;
use support::{Workplace, built};

const ENDPOINTS: u64 = 1_700;

const SIGNALS: [Signal; 2] = [Signal::TERM, Signal::INT];

fn workplace() -> Workplace {
    Workplace::new(Options::new(Fleet::new(1, ENDPOINTS)))
}

/// Asserts that the host exited with 0 and says that there is more.
#[track_caller]
fn assert_stopped(running: Running) {
    let (code, log) = running.end();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("stopped before the end"), "{log}");
}

/// Asserts that the next run delivers the rest, and nothing twice, and says whether it goes on with a walk.
#[track_caller]
fn assert_completes(work: &Workplace, resumed: bool) {
    work.collect(0).says(&[&format!("resumed={resumed}")]);
    assert_eq!(work.ids(), work.simulator.fleet(|fleet| fleet.ids()));
    work.collect(0)
        .says(&["events 0", "full=false", "resumed=false"]);
}

#[test]
fn the_current_page_is_finished_at_every_step() {
    // Token, whoami, and pages of 500 as far as the one before the last. From the second page on the component
    // requests ahead, so that the answer may be held before its page is the current one.
    for (answer, most) in [(1, 0), (2, 0), (3, 500), (4, 1_000), (5, 1_500)] {
        for signal in SIGNALS {
            let work = workplace();
            work.simulator.hold(answer);
            let mut running = Running::start(&work, &["collect"]);
            work.simulator.wait_until_held();
            running.signal(signal);
            running.wait_for("stopping after the current page");
            work.simulator.release();
            assert_stopped(running);
            let delivered = work.ids().len();
            let fewest = if answer > 3 { most - 500 } else { most };
            assert!(
                delivered == most || delivered == fewest,
                "answer {answer}: {delivered}"
            );
            let pages = work.simulator.requests_of(Route::Endpoints).len();
            assert!(pages <= delivered / 500 + 1, "no page but the next one");

            work.simulator.clear_requests();
            assert_completes(&work, delivered > 0);
            let pages = work.simulator.requests_of(Route::Endpoints).len();
            assert_eq!(
                pages,
                4 - delivered / 500 + 1,
                "a page that is stored is not asked for again"
            );
        }
    }
}

#[test]
fn a_stop_during_the_last_page_is_a_complete_run() {
    let work = Workplace::new(Options::new(Fleet::new(1, 300)));
    work.simulator.hold(3);
    let mut running = Running::start(&work, &["collect"]);
    work.simulator.wait_until_held();
    running.signal(Signal::TERM);
    running.wait_for("stopping after the current page");
    work.simulator.release();
    let (code, log) = running.end();
    assert_eq!(code, Some(0), "{log}");
    assert!(!log.contains("stopped before the end"), "{log}");
    assert_completes(&work, false);
}

#[test]
fn a_stop_ends_a_pause_before_a_retry_at_once() {
    for (route, events) in [
        (Route::Token, 0),
        (Route::Whoami, 0),
        (Route::Endpoints, 500),
    ] {
        for signal in SIGNALS {
            let work = workplace();
            let nth = if route == Route::Endpoints { 2 } else { 1 };
            work.simulator
                .fault(route, nth, Fault::rate_limited(Some(600)));
            let mut running = Running::start(&work, &["collect"]);
            running.wait_for("trying again in 600.0 s");
            running.signal(signal);
            assert_stopped(running);
            assert_eq!(work.ids().len(), events);
            assert_completes(&work, events > 0);
        }
    }
}

#[test]
fn a_second_signal_ends_the_run_at_once() {
    for (first, second) in [
        (Signal::TERM, Signal::TERM),
        (Signal::INT, Signal::INT),
        (Signal::INT, Signal::TERM),
    ] {
        let work = workplace();
        work.simulator.hold(4);
        let mut running = Running::start(&work, &["collect"]);
        work.simulator.wait_until_held();
        running.signal(first);
        running.wait_for("send the signal again to stop at once");
        running.signal(second);
        // The answer is still held.
        let (code, log) = running.end();
        assert_eq!(code, Some(130), "{log}");
        work.simulator.clear_holds();
        work.simulator.release();
        // The first page may have been delivered and stored by then, or not.
        work.collect(0);
        let deliveries = work.deliveries();
        assert_eq!(deliveries.len() as u64, ENDPOINTS);
        let repeated: usize = deliveries.values().map(|times| times - 1).sum();
        assert!(repeated <= 500, "{repeated}");
    }
}

#[test]
fn accounts_that_have_not_started_are_left_for_the_next_run() {
    let work = workplace();
    let config = std::fs::read_to_string(work.path("asset-host.toml")).unwrap();
    let other = config
        .replace("account.acme", "account.zeta")
        .replace("events.ndjson", "zeta.ndjson");
    work.write("asset-host.toml", &format!("{config}\n{other}"));
    // A token and whoami of each account, and a page of the one that begins; or more of that one.
    work.simulator.hold(5);
    let mut running = Running::start(&work, &["collect", "--jobs", "1"]);
    work.simulator.wait_until_held();
    running.signal(Signal::TERM);
    running.wait_for("stopping after the current page");
    work.simulator.release();
    assert_stopped(running);

    let delivered = |name: &str| {
        let lines = std::fs::read_to_string(work.path(name)).unwrap_or_default();
        lines.lines().count() as u64
    };
    let rest = 2 * ENDPOINTS - delivered("events.ndjson") - delivered("zeta.ndjson");
    assert!(rest >= ENDPOINTS, "an account has not begun");
    // The page that was the current one, and perhaps one that was requested ahead.
    let pages = work.simulator.requests_of(Route::Endpoints).len() as u64;
    assert!(
        pages <= (2 * ENDPOINTS - rest) / 500 + 1,
        "{pages}: no page but the next one"
    );
    work.collect(0)
        .says(&["sources 2 (0 failed", &format!("events {rest}")]);
    assert_eq!(work.ids().len() as u64, ENDPOINTS);
    assert_eq!(delivered("zeta.ndjson"), ENDPOINTS);
}

#[test]
fn a_repeating_run_waits_and_ends_at_a_signal() {
    for signal in SIGNALS {
        let work = workplace();
        let mut running = Running::start(&work, &["collect", "--every", "1h"]);
        running.wait_for("the next run starts in");
        assert!(
            running.read.contains(&format!("events {ENDPOINTS}")),
            "{}",
            running.read
        );
        // The state is free while it waits.
        work.collect(0).says(&["events 0"]);
        running.signal(signal);
        let (code, log) = running.end();
        assert_eq!(code, Some(0), "{log}");
        assert_completes(&work, false);
    }
}

#[test]
fn a_repeating_run_exits_with_the_code_of_its_last_run() {
    let work = workplace();
    work.simulator
        .fault_always(Route::Endpoints, Fault::status(403));
    let mut running = Running::start(&work, &["collect", "--every", "1h"]);
    running.wait_for("the next run starts in");
    running.signal(Signal::TERM);
    let (code, log) = running.end();
    assert_eq!(code, Some(1), "{log}");
}

#[test]
fn a_repeating_run_repeats() {
    let work = workplace();
    let mut running = Running::start(&work, &["collect", "--every", "1s"]);
    running.wait_for(&format!("events {ENDPOINTS}"));
    running.wait_for("events 0,");
    running.wait_for("events 0,");
    running.signal(Signal::TERM);
    let (code, log) = running.end();
    assert_eq!(code, Some(0), "{log}");
    assert_eq!(work.ids().len() as u64, ENDPOINTS);
}

/// Returns the devices in lines of standard output.
fn devices(lines: impl Iterator<Item = String>) -> Vec<String> {
    lines
        .map(|line| {
            let event: Value = serde_json::from_str(&line).unwrap();
            event["device"]["uid"].as_str().unwrap().to_owned()
        })
        .collect()
}

#[test]
fn a_page_whose_reader_leaves_is_sent_again() {
    // Between pages, and within a page that is larger than the pipe.
    for lines in [0_usize, 1, 500, 501, 1_000, 1_100] {
        let work = workplace();
        work.edit_config("to = \"file\"\npath = \"events.ndjson\"", "to = \"stdout\"");
        let between_pages = lines % 500 == 0;
        if between_pages {
            work.simulator.hold(3 + lines as u64 / 500);
        }
        let mut host = work.command(&["collect"]).spawn().unwrap();
        let mut reader = BufReader::new(host.stdout.take().unwrap());
        let lines_read = reader.by_ref().lines().take(lines).map(Result::unwrap);
        let mut received = devices(lines_read);
        if between_pages {
            work.simulator.wait_until_held();
        }
        drop(reader);
        work.simulator.release();
        let output = host.wait_with_output().unwrap();
        let log = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{log}");
        assert!(
            log.contains(
                "standard output was closed by its reader: the current page is not confirmed"
            ),
            "{log}"
        );

        let rest = work.collect(0).stdout;
        assert_eq!(rest.lines().count(), 1_700 - lines / 500 * 500);
        received.extend(devices(rest.lines().map(str::to_owned)));
        received.sort();
        received.dedup();
        assert_eq!(
            received,
            work.simulator.fleet(|fleet| fleet.ids()),
            "{lines} lines"
        );
        work.collect(0).says(&["events 0"]);
    }
}

#[test]
fn a_reader_that_leaves_before_the_first_page_gets_everything_next_time() {
    let work = workplace();
    work.edit_config("to = \"file\"\npath = \"events.ndjson\"", "to = \"stdout\"");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = work.command(&["collect"]).stdout(writer).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(work.cursor().is_none());
    assert_eq!(work.collect(0).stdout.lines().count() as u64, ENDPOINTS);
}

#[test]
fn a_stop_ends_a_wait_for_the_rate_limit_at_once() {
    for signal in SIGNALS {
        let work = workplace();
        // Token, whoami, and the first page.
        work.edit_config(
            "rate_limits = []",
            "rate_limits = [{ requests = 3, seconds = 3600 }]",
        );
        let mut running = Running::start(&work, &["collect", "-v"]);
        running.wait_for("for the rate limit");
        running.signal(signal);
        assert_stopped(running);
        assert_eq!(work.ids().len(), 500);
        work.edit_config(
            "rate_limits = [{ requests = 3, seconds = 3600 }]",
            "rate_limits = []",
        );
        assert_completes(&work, true);
    }
}

#[test]
fn a_stop_ends_the_wait_for_the_reader_of_a_pipe_at_once() {
    let work = workplace();
    let made = std::process::Command::new("mkfifo")
        .arg(work.path("pipe"))
        .status();
    assert!(made.unwrap().success());
    work.deliver("to = \"file\"\npath = \"pipe\"");
    let mut running = Running::start(&work, &["collect"]);
    running.wait_for("waits for its reader");
    running.signal(Signal::TERM);
    assert_stopped(running);
    assert!(work.cursor().is_none());
}

/// Starts the host with a program for its secret, which waits for a child that never ends.
fn start_with_a_secret_that_hangs(work: &Workplace, command: &str) -> Running {
    let script = "echo started $$ >&2; sleep 1000 & wait";
    work.edit_config(
        "client_secret = { env = \"TEST_CLIENT_SECRET\" }",
        &format!("client_secret = {{ command = [\"sh\", \"-c\", \"{script}\"] }}"),
    );
    let mut running = Running::start(work, &[command]);
    running.wait_for("started ");
    running
}

/// Waits until the host and all processes with its standard error have ended.
#[track_caller]
fn end_of_all(running: Running) -> (Option<i32>, String) {
    let group = running.read.split_whitespace().last().unwrap().to_owned();
    let (sender, ended) = std::sync::mpsc::channel();
    std::thread::spawn(move || sender.send(running.end()));
    ended
        .recv_timeout(std::time::Duration::from_secs(20))
        .unwrap_or_else(|_| {
            let group = Pid::from_raw(group.parse().unwrap()).unwrap();
            kill_process_group(group, Signal::KILL).unwrap();
            panic!("the program that prints the secret is left behind")
        })
}

#[test]
fn a_program_for_a_secret_that_hangs_ends_with_the_run() {
    for (command, code) in [("collect", 0), ("check", 130)] {
        for signal in SIGNALS {
            let work = workplace();
            let running = start_with_a_secret_that_hangs(&work, command);
            running.signal(signal);
            let (ended, log) = end_of_all(running);
            assert_eq!(ended, Some(code), "{log}");
            assert!(work.simulator.requests().is_empty());
        }
    }
}

#[test]
fn a_program_for_a_destination_secret_that_hangs_ends_with_the_run() {
    let work = workplace();
    work.deliver(
        "to = \"sekoia\"\nuuid = \"00000000-0000-4000-8000-000000000000\"\n\
         api_key = { command = [\"sh\", \"-c\", \"echo started $$ >&2; sleep 1000 & wait\"] }",
    );
    let mut running = Running::start(&work, &["collect"]);
    running.wait_for("started ");
    running.signal(Signal::TERM);
    let (code, log) = end_of_all(running);
    assert_eq!(code, Some(0), "{log}");
    assert!(work.simulator.requests().is_empty());
}

#[test]
fn a_program_may_ask_for_a_secret_on_the_terminal() {
    let work = workplace();
    work.edit_config(
        "client_secret = { env = \"TEST_CLIENT_SECRET\" }",
        "client_secret = { command = [\"sh\", \"-c\", \"read secret </dev/tty && echo $secret\"] }",
    );
    let mut terminal = std::process::Command::new("script")
        .args(["-qec", "\"$HOST\" check", "/dev/null"])
        .current_dir(work.path("."))
        .env("HOST", built("asset-host"))
        .env("SHELL", "/bin/sh")
        .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut keys = terminal.stdin.take().unwrap();
    writeln!(keys, "{CLIENT_SECRET}").unwrap();
    let output = terminal.wait_with_output().unwrap();
    drop(keys);
    let shown = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{shown}");
    assert!(shown.contains("acme: ok"), "{shown}");
}

#[test]
fn a_rejects_file_that_is_locked_for_ever_does_not_keep_a_stop() {
    let work = workplace();
    work.simulator
        .fleet(|fleet| fleet.edit(0, |record| record["hostname"] = Value::Null));
    work.write("state.rejects.ndjson", "");
    let rejects = std::fs::File::open(work.path("state.rejects.ndjson")).unwrap();
    rejects.lock().unwrap();
    let mut running = Running::start(&work, &["collect", "--stop-within", "1ms"]);
    running.wait_for("rejected a record");
    running.signal(Signal::TERM);
    let (code, log) = running.end();
    assert_eq!(code, Some(1), "{log}");
    assert!(log.contains("sent again in the next run"), "{log}");
    drop(rejects);
    work.collect(1);
    assert_eq!(
        work.deliveries().len() as u64,
        ENDPOINTS - 1,
        "nothing is missing"
    );
}
