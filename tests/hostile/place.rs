//! A workplace with a guest: its account, what the guest may reach and gets, and the result of a run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sophos_central_simulator::{Fleet, Options, resource_usage};

use crate::resolver;
use crate::support::{QUICK, Ran, Workplace, built};

/// The guest's account. It comes before `acme` in any order.
pub const ACCOUNT: &str = "a-guest";

/// The guest's secret. Each of its forms differs from the others, and no other text contains it.
pub const CANARY: &str = "canary-5e1f0b+\"odd\\chars%&=/é";

/// How many devices `acme` has.
const DEVICES: u64 = 30;

/// A workplace with a guest.
pub struct Place {
    /// The workplace: acme's, with the guest's account added.
    pub work: Workplace,
    component: PathBuf,
    account: String,
    config: String,
    token_url: String,
    tables: String,
    secret: String,
}

impl Place {
    /// Returns a guest of `tests/guests/`, by its name.
    pub fn new(guest: &str) -> Self {
        Self::of(built(&format!("guests/{guest}.wasm")))
    }

    /// Returns a guest by its file.
    pub fn of(component: PathBuf) -> Self {
        let place = Self {
            work: Workplace::new(Options::new(Fleet::new(1, DEVICES))),
            component,
            account: String::new(),
            config: String::new(),
            token_url: "https://token.guest.example/token".to_owned(),
            tables: String::new(),
            secret: CANARY.to_owned(),
        };
        place.work.write("names", "");
        place.write();
        place
    }

    /// Adds lines to the guest's account.
    pub fn account(mut self, lines: &str) -> Self {
        self.account += &format!("{lines}\n");
        self.write();
        self
    }

    /// Adds lines to the guest's config.
    pub fn config(mut self, lines: &str) -> Self {
        self.config += &format!("{lines}\n");
        self.write();
        self
    }

    /// Sets where the guest's secret belongs.
    pub fn token_url(mut self, url: &str) -> Self {
        url.clone_into(&mut self.token_url);
        self.write();
        self
    }

    /// Sets the guest's secret, instead of the canary.
    pub fn secret(mut self, secret: &str) -> Self {
        secret.clone_into(&mut self.secret);
        self
    }

    /// Adds lines to a table of the guest's account, such as `limits`.
    pub fn table(mut self, name: &str, lines: &str) -> Self {
        self.tables += &format!("[account.{ACCOUNT}.{name}]\n{lines}\n");
        self.write();
        self
    }

    /// Sets the names that the host can resolve, a line for each: the name and its addresses.
    pub fn names(self, names: &str) -> Self {
        self.work.write("names", names);
        self
    }

    /// Writes a PEM file, and makes the guest's account trust it.
    pub fn trusts(self, pem: &str) -> Self {
        self.work.write("ca.pem", pem);
        self.account("ca_file = \"ca.pem\"")
    }

    fn write(&self) {
        let Self {
            component,
            account,
            config,
            token_url,
            tables,
            ..
        } = self;
        self.work.configure("", QUICK);
        self.work.append(&format!(
            r#"
[account.{ACCOUNT}]
component = {component:?}
{account}
[account.{ACCOUNT}.config]
token_url = "{token_url}"
{config}
[account.{ACCOUNT}.secrets]
secret = {{ env = "TEST_GUEST_SECRET" }}
[account.{ACCOUNT}.deliver]
to = "file"
path = "guest.ndjson"
[account.{ACCOUNT}.retry]
total = "0s"
{tables}"#
        ));
    }

    /// Runs the host with these arguments, with more variables in its environment.
    pub fn host_with(&self, args: &[&str], variables: &[(&str, &str)]) -> Ran {
        let variables = [variables, &[("TEST_GUEST_SECRET", self.secret.as_str())]].concat();
        resolver::host(&self.work, args, &variables)
    }

    /// Runs the host with these arguments.
    pub fn host(&self, args: &[&str]) -> Ran {
        self.host_with(args, &[])
    }

    /// Collects both accounts like [`Self::collect`], and returns the peak of the host's resident memory too. Names
    /// are not resolved by the test's table.
    #[track_caller]
    pub fn collect_measured(&self, code: i32) -> (Told, u64) {
        // Compiling the components takes more than running them.
        self.host(&["check"]);
        let mut command = self.work.command(&["collect", "--summary", "summary.json"]);
        command.env("TEST_GUEST_SECRET", &self.secret);
        let measurer = Path::new(env!("CARGO_BIN_EXE_resource-usage"));
        let report = self.work.path("usage.json");
        let mut measured = resource_usage::measured(measurer, &report, &command);
        let ran = Ran::of(measured.output().unwrap());
        let told = self.told(ran.expect(code));
        told.acme_is_served(self);
        (told, resource_usage::take(&report).unwrap().peak_memory)
    }

    /// Collects both accounts, and asserts the exit code, and that acme was collected.
    #[track_caller]
    pub fn collect(&self, code: i32) -> Told {
        self.collect_with(code, &[])
    }

    /// Does the same with more arguments.
    #[track_caller]
    pub fn collect_with(&self, code: i32, more: &[&str]) -> Told {
        let args = [&["collect", "--summary", "summary.json"], more].concat();
        let told = self.told(self.host(&args).expect(code));
        told.acme_is_served(self);
        told
    }

    /// Returns the result of a run that wrote a summary.
    pub fn told(&self, ran: Ran) -> Told {
        let summary = std::fs::read_to_string(self.work.path("summary.json")).unwrap();
        Told {
            ran,
            summary: serde_json::from_str(&summary).unwrap(),
            delivered: self.delivered(),
            lookups: resolver::lookups(&self.work),
        }
    }

    /// The lines that were delivered for the guest.
    pub fn delivered(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.work.path("guest.ndjson")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// Asserts that the guest could not run: nothing was requested or delivered for it, and acme was collected.
    #[track_caller]
    pub fn could_not_run(&self, words: &[&str]) {
        self.host(&["collect", "--account", ACCOUNT])
            .expect(2)
            .says(words);
        assert_eq!(self.work.simulator.connections(), 0);
        self.host(&["collect"]).expect(1).says(words);
        assert_eq!(self.delivered(), [""; 0]);
        assert_eq!(self.work.ids().len() as u64, DEVICES);
    }
}

/// The result of a run.
pub struct Told {
    /// The exit code and the outputs.
    pub ran: Ran,
    /// The summary.
    pub summary: Value,
    /// The lines that were delivered for the guest.
    pub delivered: Vec<String>,
    /// The names that the host has looked up.
    pub lookups: Vec<String>,
}

impl Told {
    /// Returns the guest's entry of the summary.
    pub fn entry(&self) -> &Value {
        self.entry_of(ACCOUNT)
    }

    fn entry_of(&self, account: &str) -> &Value {
        let mut entries = self.summary["sources"].as_array().unwrap().iter();
        entries.find(|entry| entry["account"] == account).unwrap()
    }

    /// Asserts that the guest's source failed with a reason that contains this text, and that nothing of it was
    /// delivered.
    #[track_caller]
    pub fn failed(self, words: &[&str]) -> Self {
        assert_eq!(self.delivered, [""; 0]);
        let entry = self.entry();
        assert_eq!(entry["outcome"], "failed", "{entry}");
        let reason = entry["reason"].as_str().unwrap();
        for word in words {
            assert!(reason.contains(word), "{word:?} is not in {reason:?}");
        }
        assert_eq!(self.summary["totals"]["failed"], 1);
        self
    }

    /// Asserts that the guest exceeded this limit, and what the failure is.
    #[track_caller]
    pub fn passed(self, limit: &str) -> Self {
        self.failed(&[limit])
    }

    /// Asserts how many of the guest's requests were refused, by rule.
    #[track_caller]
    pub fn denied(self, expected: &[(&str, u64)]) -> Self {
        let expected: BTreeMap<_, _> = expected
            .iter()
            .map(|(rule, count)| ((*rule).to_owned(), *count))
            .collect();
        assert_eq!(self.denials(), expected, "{}", self.ran.stderr);
        // Each of them is in the log, too.
        let log = self.ran.stderr.replace('"', "");
        for (rule, count) in expected {
            let logged = log.matches(&format!("rule={rule}")).count();
            assert_eq!(logged as u64, count, "{}", self.ran.stderr);
        }
        self
    }

    /// Returns how many requests were refused, by rule.
    pub fn denials(&self) -> BTreeMap<String, u64> {
        let denied = self.summary["denied"].as_array();
        let of_guest = denied.into_iter().flatten().map(|denied| {
            assert_eq!(denied["account"], ACCOUNT);
            let rule = denied["rule"].as_str().unwrap().to_owned();
            (rule, denied["requests"].as_u64().unwrap())
        });
        of_guest.collect()
    }

    /// Asserts that no name was looked up.
    #[track_caller]
    pub fn asked_for_no_name(self) -> Self {
        assert_eq!(self.lookups, [""; 0]);
        self
    }

    /// Asserts that all of acme's devices were delivered in this run, once each.
    #[track_caller]
    pub fn acme_is_served(&self, place: &Place) {
        let entry = self.entry_of("acme");
        assert_eq!(entry["outcome"], "up_to_date", "{entry}");
        assert_eq!(entry["events"], DEVICES, "{entry}");
        assert_eq!(place.work.ids().len() as u64, DEVICES);
    }
}
