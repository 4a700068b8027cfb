//! A walk of five pages that fails half-way.

use serde_json::Value;
use sophos_central_simulator::{Clock, Fault, Fleet, Options, Route, instant};

use crate::support::{QUICK, Ran, Workplace};

/// How many endpoints there are.
pub const ENDPOINTS: u64 = 250;
/// How many endpoints are on a page.
pub const PAGE: usize = 50;

/// The tables of a configuration with few retries.
pub const IMPATIENT: &str = r#"
[account.acme.retry]
total = "60ms"
first = "1ms"
most = "10ms"
"#;

/// The tables of a configuration with short timeouts.
pub const HASTY: &str = r#"
[account.acme.retry]
total = "60ms"
first = "1ms"
most = "10ms"
[account.acme.timeouts]
first_byte = "500ms"
between_bytes = "500ms"
"#;

/// A fleet that was collected once and has checked in since, so that the next run walks from the mark.
pub struct Walk {
    /// The simulator and the configuration.
    pub work: Workplace,
    /// `last_seen_cursor` of the stored cursor.
    pub mark: Value,
    /// The key of the third of five pages.
    pub third_key: String,
}

impl Walk {
    /// Returns a walk that retries for two seconds.
    pub fn new() -> Self {
        Self::with_tables(QUICK)
    }

    /// Returns a walk with few retries.
    pub fn impatient() -> Self {
        Self::with_tables(IMPATIENT)
    }

    /// Returns a walk with these tables in its configuration.
    pub fn with_tables(tables: &str) -> Self {
        let work = Workplace::new(Options {
            clock: Clock::Fixed(instant("2026-11-20T12:00:00Z")),
            ..Options::new(Fleet::new(1, ENDPOINTS))
        });
        work.configure(&format!("page_size = {PAGE}"), tables);
        // As with Sophos, the secret belongs to another origin than the API: the host searches and decompresses answers
        // from an origin to which a secret may go.
        work.edit_config(
            "token_url = \"http://127.0.0.1",
            "token_url = \"http://localhost",
        );
        work.collect(0);
        work.forget_events();
        let requests = work.simulator.requests_of(Route::Endpoints);
        work.simulator.fleet(|fleet| {
            for index in 0..ENDPOINTS {
                let moment = format!("2026-11-20T11:00:00.{index:03}Z");
                fleet.check_in(index, instant(&moment));
            }
        });
        work.simulator.clear_requests();
        Self {
            mark: work.cursor().unwrap()["last_seen_cursor"].clone(),
            third_key: requests[2].query("pageFromKey").unwrap().to_owned(),
            work,
        }
    }

    /// Makes the third page fail once.
    pub fn fault(&self, fault: Fault) {
        self.work.simulator.fault(Route::Endpoints, 3, fault);
    }

    /// Makes the third page fail each time.
    pub fn fault_always(&self, fault: Fault) {
        let key = self.third_key.clone();
        self.work.simulator.fault_when(
            Route::Endpoints,
            move |request| request.query("pageFromKey") == Some(&key),
            fault,
        );
    }

    /// Returns the ids of the endpoints, in the order of the listing.
    pub fn all(&self) -> Vec<String> {
        self.work.simulator.fleet(|fleet| fleet.ids())
    }

    /// Asserts that one run gets past the fault with this many retries: every endpoint is delivered, once.
    #[track_caller]
    pub fn weathers(&self, retries: u64) -> Ran {
        let summary = format!("events {ENDPOINTS}, rejects 0, retries {retries},");
        let ran = self.work.collect(0).says(&["(0 failed", &summary]);
        self.assert_all_once();
        ran
    }

    /// Asserts that the run fails at the fault and says so. Earlier pages are delivered; the cursor is at the third
    /// page, and the mark has not advanced.
    #[track_caller]
    pub fn stops(&self, words: &[&str]) -> Ran {
        let ran = self.work.collect(1).says(words).says(&["(1 failed"]);
        assert_eq!(self.work.ids(), self.all()[..2 * PAGE]);
        let cursor = self.work.cursor().unwrap();
        assert_eq!(cursor["last_seen_cursor"], self.mark);
        assert_eq!(cursor["walk"]["page_key"], *self.third_key);
        let state = self.work.state().unwrap();
        for word in words {
            assert!(state.contains(word), "{word:?} is not in\n{state}");
        }
        ran
    }

    /// Asserts that the next run, without the fault, delivers the rest: every endpoint, once over both runs.
    #[track_caller]
    pub fn goes_on(&self) {
        self.work.simulator.clear_faults();
        let rest = ENDPOINTS as usize - 2 * PAGE;
        self.work.collect(0).says(&[&format!("events {rest},")]);
        self.assert_all_once();
    }

    /// Asserts that every endpoint was delivered once, the mark has advanced, and the next run delivers nothing.
    #[track_caller]
    pub fn assert_all_once(&self) {
        assert_eq!(self.work.ids(), self.all());
        self.assert_done();
    }

    /// Asserts that the mark has advanced, and the next run delivers nothing.
    #[track_caller]
    pub fn assert_done(&self) {
        let cursor = self.work.cursor().unwrap();
        assert_eq!(cursor["last_seen_cursor"], "2026-11-20T11:00:00.249Z");
        assert_eq!(cursor["walk"], Value::Null);
        self.work.collect(0).says(&["events 0, rejects 0"]);
    }
}

/// The third page fails once, and the run gets past it with one retry.
#[track_caller]
pub fn weathered(fault: Fault) -> Ran {
    let walk = Walk::new();
    walk.fault(fault);
    walk.weathers(1)
}

/// The third page always fails: the run fails after some retries, and the next one continues once the fault is
/// gone.
#[track_caller]
pub fn given_up(fault: Fault, words: &[&str]) {
    let walk = Walk::impatient();
    walk.fault_always(fault);
    let ran = walk.stops(words);
    assert!(!ran.stderr.contains("retries 0"), "{}", ran.stderr);
    walk.goes_on();
}

/// The third page fails in a way that no retry helps: the run fails there, and the next one continues
/// once the fault is gone.
#[track_caller]
pub fn stopped(fault: Fault, words: &[&str]) {
    let walk = Walk::new();
    walk.fault(fault);
    walk.stops(words).says(&["retries 0"]);
    walk.goes_on();
}
