//! A fleet on five pages, collected once to an intake, which has checked in since.

use std::collections::BTreeMap;

use serde_json::Value;
use sophos_central_simulator::intake::{API_KEY, Failure, Intake, Options, Route, UUID};
use sophos_central_simulator::{
    CLIENT_SECRET, Clock, Fleet, Options as Sophos, Route as Asked, instant,
};

use crate::support::{Ran, TOKEN, Workplace};

/// How many endpoints there are.
pub const ENDPOINTS: usize = 250;
/// How many endpoints are on a page.
pub const PAGE: usize = 50;

/// Few retries.
pub const IMPATIENT: &str = r#"
[account.acme.deliver.retry]
total = "60ms"
first = "1ms"
most = "10ms"
"#;

/// Enough retries.
pub const PATIENT: &str = r#"
[account.acme.deliver.retry]
total = "60s"
first = "1ms"
most = "10ms"
"#;

/// Few retries, with short timeouts.
pub const HASTY: &str = r#"
[account.acme.deliver.retry]
total = "60ms"
first = "1ms"
most = "10ms"
[account.acme.deliver.timeouts]
connect = "1s"
answer = "1s"
"#;

/// The kinds of destination that use HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `to = "http"`
    Http,
    /// `to = "sekoia"`
    Sekoia,
    /// `to = "http"` with `format = "elasticsearch-bulk"`
    Bulk,
    /// `to = "http"` with `format = "splunk-hec"`
    Collector,
}

impl Kind {
    /// Those whose answers any success confirms, and the platform.
    pub const ALL: [Kind; 2] = [Kind::Http, Kind::Sekoia];
    /// Those of servers with answers of their own.
    pub const SERVERS: [Kind; 2] = [Kind::Bulk, Kind::Collector];

    /// Returns the route of the intake that takes the events.
    pub fn route(self) -> Route {
        match self {
            Kind::Http => Route::Plain,
            Kind::Sekoia => Route::Connector,
            Kind::Bulk => Route::Bulk,
            Kind::Collector => Route::Collector,
        }
    }

    /// Returns the keys of `[account.acme.deliver]`.
    pub fn keys(self, url: &str) -> String {
        match self {
            Kind::Http => format!("to = \"http\"\nurl = \"{url}/events\""),
            Kind::Sekoia => format!(
                "to = \"sekoia\"\nbase = \"{url}\"\nuuid = \"{UUID}\"\n\
                 api_key = {{ env = \"TEST_API_KEY\" }}\ntask_poll = \"1ms\""
            ),
            Kind::Bulk => {
                format!(
                    "to = \"http\"\nurl = \"{url}/devices/_bulk\"\nformat = \"elasticsearch-bulk\""
                )
            }
            Kind::Collector => format!(
                "to = \"http\"\nurl = \"{url}/services/collector/event\"\nformat = \"splunk-hec\"\n\
                 headers = {{ authorization = {{ env = \"TEST_API_KEY\", prefix = \"Splunk \" }} }}"
            ),
        }
    }
}

/// A destination at which the second walk can fail half-way.
pub struct Place {
    /// The API and the configuration.
    pub work: Workplace,
    /// The destination.
    pub intake: Intake,
    /// The kind of destination.
    pub kind: Kind,
    /// All devices, in the order of the listing.
    pub all: Vec<String>,
    mark: Value,
    third_key: String,
}

impl Place {
    /// A fleet that was delivered, and has checked in since. `more` is for `[account.acme.deliver]`, `tables` follow.
    pub fn new(kind: Kind, more: &str, tables: &str) -> Self {
        Self::with(Options::new(), kind, more, tables)
    }

    /// Does the same with this intake.
    pub fn with(options: Options, kind: Kind, more: &str, tables: &str) -> Self {
        let intake = Intake::start(options);
        let work = Workplace::new(Sophos {
            clock: Clock::Fixed(instant("2026-11-20T12:00:00Z")),
            ..Sophos::new(Fleet::new(1, ENDPOINTS as u64))
        });
        work.configure(&format!("page_size = {PAGE}"), tables);
        work.deliver(&format!("{}\n{more}", kind.keys(intake.url())));
        work.collect(0);
        let all = work.simulator.fleet(|fleet| fleet.ids());
        assert_eq!(intake.ids(), all);
        let requests = work.simulator.requests_of(Asked::Endpoints);
        work.simulator.fleet(|fleet| {
            for index in 0..ENDPOINTS as u64 {
                let moment = format!("2026-11-20T11:00:00.{index:03}Z");
                fleet.check_in(index, instant(&moment));
            }
        });
        intake.clear();
        Self {
            mark: work.cursor().unwrap()["last_seen_cursor"].clone(),
            third_key: requests[2].query("pageFromKey").unwrap().to_owned(),
            work,
            intake,
            kind,
            all,
        }
    }

    /// Makes the first delivery of the third page fail.
    pub fn fault(&self, failure: impl Into<Failure>) {
        self.intake.fault(self.kind.route(), 3, failure);
    }

    /// Makes every delivery of a device of the third page fail.
    pub fn fault_always(&self, failure: impl Into<Failure>) {
        let third = self.all[2 * PAGE..3 * PAGE].to_vec();
        self.intake.fault_when(
            self.kind.route(),
            move |delivery| {
                delivery
                    .ids()
                    .iter()
                    .any(|id| third.iter().any(|other| other == id))
            },
            failure,
        );
    }

    /// Runs `collect`, and asserts its exit code, and that no secret is in the outputs or files.
    #[track_caller]
    pub fn collect(&self, code: i32) -> Ran {
        let ran = self.work.collect(code);
        self.assert_no_secret(&ran);
        ran
    }

    /// Asserts that no secret is in the outputs or in a file beside the configuration.
    #[track_caller]
    pub fn assert_no_secret(&self, ran: &Ran) {
        let state = self.work.state().unwrap_or_default();
        let mut places = vec![
            (
                "standard output".to_owned(),
                ran.stdout.clone().into_bytes(),
            ),
            ("the log".to_owned(), ran.stderr.clone().into_bytes()),
            ("the state as shown".to_owned(), state.into_bytes()),
        ];
        for entry in std::fs::read_dir(self.work.path(".")).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                places.push((path.display().to_string(), std::fs::read(path).unwrap()));
            }
        }
        for secret in [TOKEN, API_KEY, CLIENT_SECRET] {
            for (place, bytes) in &places {
                let found = bytes
                    .windows(secret.len())
                    .any(|part| part == secret.as_bytes());
                assert!(!found, "a secret is in {place}");
            }
        }
    }

    /// Asserts that the run fails at the third page and says why. Earlier pages were accepted; the cursor is at the
    /// third page, and the mark has not advanced.
    #[track_caller]
    pub fn fails(&self, words: &[&str]) -> Ran {
        let ran = self.collect(1).says(words);
        let state = self.work.state().unwrap();
        for word in words {
            assert!(state.contains(word), "{word:?} is not in\n{state}");
        }
        let cursor = self.work.cursor().unwrap();
        assert_eq!(cursor["last_seen_cursor"], self.mark);
        assert_eq!(cursor["walk"]["page_key"], *self.third_key);
        let deliveries = self.intake.deliveries();
        for id in &self.all[..2 * PAGE] {
            assert_eq!(deliveries.get(id), Some(&1), "{id}");
        }
        for id in &self.all[3 * PAGE..] {
            assert_eq!(deliveries.get(id), None, "no page overtakes another");
        }
        ran
    }

    /// Asserts that the next run, without the fault, delivers the rest. Every device was accepted; those of the third
    /// page as often as the fault let them pass and once more, all others once.
    #[track_caller]
    pub fn goes_on(&self) {
        let before = self.intake.deliveries();
        self.intake.clear_faults();
        self.intake.clear_tasks();
        self.intake.release();
        self.collect(0);
        let mut expected: BTreeMap<String, usize> =
            self.all.iter().map(|id| (id.clone(), 1)).collect();
        for id in &self.all[2 * PAGE..3 * PAGE] {
            *expected.get_mut(id).unwrap() += before.get(id).copied().unwrap_or(0);
        }
        assert_eq!(self.intake.deliveries(), expected);
        self.assert_done();
    }

    /// Asserts that one run gets past the fault: every device was accepted, once.
    #[track_caller]
    pub fn weathers(&self) -> Ran {
        let ran = self.collect(0);
        assert_eq!(self.intake.ids(), self.all);
        self.assert_done();
        ran
    }

    /// Asserts that the mark has advanced, and the next run delivers nothing.
    #[track_caller]
    pub fn assert_done(&self) {
        let cursor = self.work.cursor().unwrap();
        assert_eq!(cursor["last_seen_cursor"], "2026-11-20T11:00:00.249Z");
        assert_eq!(cursor["walk"], Value::Null);
        let requests = self.intake.requests().len();
        self.collect(0).says(&["events 0"]);
        assert_eq!(
            self.intake.requests().len(),
            requests,
            "nothing to send, nothing sent"
        );
    }
}

/// Returns the rejects: the lines of the one file beside the state that has `rejects` in its name.
pub fn rejects(work: &Workplace) -> Vec<Value> {
    let files: Vec<_> = std::fs::read_dir(work.path("."))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let name = path.file_name().unwrap().to_string_lossy();
            name.contains("rejects")
        })
        .collect();
    assert!(files.len() <= 1, "{files:?}");
    let text = files
        .first()
        .map(|file| std::fs::read_to_string(file).unwrap())
        .unwrap_or_default();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The delivery of the third page always fails, with either kind of destination: the run fails, and the
/// next one continues once the fault is gone.
#[track_caller]
pub fn given_up(tables: &str, failure: &Failure, words: &[&str]) {
    for kind in Kind::ALL {
        let place = Place::new(kind, "", tables);
        place.fault_always(failure.clone());
        let host = place.intake.url().replace("http://", "");
        place.fails(&[words, &[host.as_str()]].concat());
        place.goes_on();
    }
}

/// The delivery of the third page fails once, with either kind of destination, and the run gets past it by
/// a retry.
#[track_caller]
pub fn weathered(failure: &Failure) {
    for kind in Kind::ALL {
        let place = Place::new(kind, "", PATIENT);
        place.fault(failure.clone());
        place.weathers().says(&["retries 1"]);
    }
}
