//! The rules, in the order in which they are tested and printed.

use std::fmt;

use anyhow::{Result, anyhow, bail, ensure};
use connector_runtime::Manifest;
use serde_json::Value;
use url::Url;

use crate::guest::Guest;
use crate::network::{Sent, first_list};
use crate::rules::collection::Walk;

mod collection;
mod faults;
mod manifest;
mod mapping;
mod secrets;
mod texts;

/// The component under test, and what is known of it so far.
pub(crate) struct Subject {
    guest: Guest,
    config: String,
    /// Records of the vendor's API.
    records: Vec<String>,
    manifest: Option<Manifest>,
    walk: Option<Walk>,
    /// Every request so far.
    sent: Vec<Sent>,
    failed: bool,
}

/// Why a rule cannot be tested.
#[derive(Debug)]
struct Untested(&'static str);

impl fmt::Display for Untested {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0)
    }
}

impl std::error::Error for Untested {}

impl Subject {
    /// Returns one that is collected with this config; `{}` maps without one.
    pub(crate) fn new(guest: Guest, config: String, records: Vec<String>) -> Self {
        Self {
            guest,
            config,
            records,
            manifest: None,
            walk: None,
            sent: Vec::new(),
            failed: false,
        }
    }

    /// Tests all rules, and returns whether one failed.
    pub(crate) async fn test(mut self) -> bool {
        let linked = self.guest.linked().map(|_| ());
        let is_linked = linked.is_ok();
        self.report("fits-the-contract", linked);
        if !is_linked {
            return true;
        }
        let result = self.manifest_is_stable().await;
        self.report("manifest-is-stable", result);
        let result = self.manifest_fits_its_schema().await;
        self.report("manifest-fits-its-schema", result);
        let result = self.needs_nothing("describe");
        self.report("describe-needs-nothing", result);

        let result = self.check_answers().await;
        self.report("check-answers", result);
        let result = self.sources_are_listed().await;
        self.report("sources-are-listed", result);
        let result = self.walk_ends().await;
        self.report("walk-ends", result);
        let result = self.events_are_events();
        self.report("events-are-events", result);
        let result = self.event_is_of_its_device();
        self.report("event-is-of-its-device", result);
        let result = self.cursor_is_taken_back().await;
        self.report("cursor-is-taken-back", result);
        let result = self.call_can_be_repeated().await;
        self.report("call-can-be-repeated", result);
        let result = self.junk_cursor_is_refused().await;
        self.report("junk-cursor-is-refused", result);
        let result = self.time_is_a_cursor().await;
        self.report("time-is-a-cursor", result);
        let result = self.reserved_fields_are_taken().await;
        self.report("reserved-fields-are-taken", result);
        let result = self.cursor_of_a_range_is_its_own().await;
        self.report("cursor-of-a-range-is-its-own", result);
        let result = self.walk_begins_again().await;
        self.report("walk-begins-again", result);
        self.remember_requests();
        self.learn_records();

        let result = self.any_text_is_mapped().await;
        self.report("any-text-is-mapped", result);
        let result = self.any_text_is_explained().await;
        self.report("any-text-is-explained", result);
        let result = self.explanation_is_of_the_event().await;
        self.report("explanation-is-of-the-event", result);
        let result = self.unknown_dialect_is_refused().await;
        self.report("unknown-dialect-is-refused", result);
        let result = self.config_fault_comes_first().await;
        self.report("config-fault-comes-first", result);
        let result = self.mapping_takes_the_config().await;
        self.report("mapping-takes-the-config", result);
        let result = self.needs_nothing("map or explain");
        self.report("mapping-needs-nothing", result);

        let result = self.malformed_record_is_a_reject().await;
        self.report("malformed-record-is-a-reject", result);
        let result = self.any_answer_is_survived().await;
        self.report("any-answer-is-survived", result);
        self.remember_requests();

        let result = self.no_host_beyond_the_manifest();
        self.report("no-host-beyond-the-manifest", result);
        let result = self.secret_goes_where_it_may();
        self.report("secret-goes-where-it-may", result);
        let result = self.secret_stays_secret();
        self.report("secret-stays-secret", result);
        self.failed
    }

    #[allow(clippy::print_stdout, reason = "the report is the program's output")]
    fn report(&mut self, rule: &str, result: Result<()>) {
        match result {
            Ok(()) => println!("ok {rule}"),
            Err(why) if why.is::<Untested>() => println!("untested {rule}: {why:#}"),
            Err(why) => {
                self.failed = true;
                // What a component says may have any characters.
                let why: String = format!("{why:#}").escape_debug().take(2000).collect();
                println!(
                    "FAILED {rule}: {}",
                    why.replace("\\\"", "\"").replace("\\'", "'")
                );
            }
        }
    }

    fn manifest(&self) -> Result<&Manifest> {
        self.manifest
            .as_ref()
            .ok_or_else(|| Untested("there is no valid manifest").into())
    }

    fn walk(&self) -> Result<&Walk> {
        self.walk
            .as_ref()
            .ok_or_else(|| Untested("no walk came to its end").into())
    }

    /// Checks that no request was sent and no secret was read since the last [`Self::remember_requests`].
    fn needs_nothing(&self, call: &str) -> Result<()> {
        let network = &self.guest.network;
        let (sent, secrets) = (network.take_sent(), network.take_secrets_read());
        if let Some(sent) = sent.first() {
            bail!("{call} sent a request to {}", sent.url);
        }
        ensure!(secrets == 0, "{call} asked for a secret");
        Ok(())
    }

    fn remember_requests(&mut self) {
        self.guest.network.take_secrets_read();
        self.sent.extend(self.guest.network.take_sent());
    }

    /// Takes records out of the lists in JSON responses.
    fn learn_records(&mut self) {
        for sent in &self.sent {
            if self.records.len() >= 5 {
                break;
            }
            let mut json = serde_json::from_str::<Value>(&sent.answer).unwrap_or_default();
            let list = first_list(&mut json);
            self.records.extend(
                list.into_iter()
                    .flatten()
                    .take(3)
                    .map(|record| record.to_string()),
            );
        }
    }

    /// Returns the URL in a field of the config, or its default.
    fn config_url(&self, field: &str) -> Result<Option<Url>> {
        let config: Value = serde_json::from_str(&self.config)?;
        let default = || {
            let schema = self.manifest().ok()?.config.field(field)?;
            let schema = serde_json::to_value(schema).ok()?;
            Some(schema.get("default")?.as_str()?.to_owned())
        };
        let text = match config.get(field).and_then(Value::as_str) {
            Some(text) => Some(text.to_owned()),
            None => default(),
        };
        Ok(text.and_then(|text| Url::parse(&text).ok()))
    }
}

/// Returns what says that a call failed with the component's own error.
fn describe_error(call: &str, error: &impl fmt::Debug) -> anyhow::Error {
    anyhow!("{call} failed: {error:?}")
}
