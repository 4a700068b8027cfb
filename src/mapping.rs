//! One Sophos endpoint to one OCSF event.
//!
//! Mapping has two steps, so that a collector can skip a record by id and time before it pays for the event: [`read`]
//! reads the record, [`Mapping::map`] makes the event. Neither reads a clock: the caller passes the time.
//!
//! Everything that an event says is a row of the one table in [`rules`]; [`Mapping::explain`], the
//! documentation and the preview show the same rows.

mod addresses;
mod bytes;
mod dialect;
mod explain;
mod json;
mod object;
mod observables;
mod omit;
mod omit_paths;
mod parse;
mod prepared;
mod record;
mod rule;
pub mod rules;
mod scalar;
mod settings;
mod subject;
mod used;
mod value;
mod writer;

use time::OffsetDateTime;

pub use crate::map_error::MapError;
pub use crate::mapping::dialect::Dialect;
pub use crate::mapping::explain::{Explanation, MappedValue, SourceValue};
pub use crate::mapping::rule::Rule;
pub use crate::mapping::settings::{Mapping, SettingError};
pub use crate::sophos::endpoint::{Endpoint, read};

use crate::json::plain::written_length;
use crate::mapping::parse::{MAX_BYTES, parse};
use crate::mapping::record::Record;
use crate::mapping::rule::Make;
use crate::mapping::rules::Run;
use crate::mapping::subject::Subject;
use crate::mapping::used::Used;
use crate::mapping::value::{Made, Value};
use crate::mapping::writer::Writer;
use crate::sophos::endpoint::require_hostname;

/// The maximum length of `raw_data` in bytes of JSON: half of what a host allows an event by default, which leaves room
/// for the rest of the event.
const MAX_RAW_DATA: usize = 512 << 10;

/// One event, ready to be delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapped {
    /// The event as JSON on one line, without a line break at the end.
    pub json: String,
    /// A hash over everything in the event but heartbeats: two events of one device with the same fingerprint differ at
    /// most in `time`, `device.last_seen_time` and copies of these. Equal on every machine.
    pub fingerprint: u64,
}

impl Mapping {
    /// Maps an endpoint to an OCSF *Device Inventory Info* event. `now` is the event's time if the record has none.
    ///
    /// # Errors
    ///
    /// In the dialect `sekoia`, if `hostname` is missing, empty or not a text. In the dialect `ocsf`, if the endpoint
    /// is longer than 1 MiB, or can only be kept as `raw_data` while `omit` is set or it would take more than 512 KiB.
    pub fn map(&self, endpoint: &Endpoint<'_>, now: OffsetDateTime) -> Result<Mapped, MapError> {
        self.check(endpoint)?;
        let record = match self.dialect {
            Dialect::Sekoia => Some(Record::EMPTY),
            Dialect::Ocsf => {
                let record = parse(endpoint.json);
                if record.is_none() {
                    self.check_unparsed(endpoint)?;
                }
                record
            }
        };
        let subject = self.subject(endpoint, record.as_ref(), now);
        let mut writer = Writer::new();
        let mut used = Used::new(subject.record);
        rules::walk(&subject, self.dialect, |run, index| match run {
            Run::Constants(constants) if self.omit.is_empty() => {
                writer.constants(constants, index);
            }
            run => {
                for rule in run.rules() {
                    self.value(&subject, &mut used, rule, index, |made, is_omitted| {
                        if !is_omitted {
                            writer.value(rule, index, &made.value);
                        }
                    });
                }
            }
        });
        let written = writer.finish();
        Ok(Mapped {
            json: written.json,
            fingerprint: written.fingerprint,
        })
    }

    /// Maps an endpoint as [`Self::map`] does and reports where each value comes from. For a record that no API sends
    /// (more than 1 MiB, more than 8,192 values, or a duplicate name) it returns only the event.
    ///
    /// # Errors
    ///
    /// Those of [`Self::map`].
    pub fn explain(
        &self,
        endpoint: &Endpoint<'_>,
        now: OffsetDateTime,
    ) -> Result<Explanation, MapError> {
        self.check(endpoint)?;
        let Some(record) = parse(endpoint.json) else {
            return Ok(Explanation {
                event: self.map(endpoint, now)?.json,
                ..Explanation::default()
            });
        };
        let subject = self.subject(endpoint, Some(&record), now);
        let mut writer = Writer::new();
        let mut used = Used::new(subject.record);
        let mut explanation = Explanation::default();
        let mut uid_at = None;
        rules::walk(&subject, self.dialect, |run, index| {
            for rule in run.rules() {
                self.value(&subject, &mut used, rule, index, |made, is_omitted| {
                    let list = if is_omitted {
                        &mut explanation.omitted
                    } else {
                        &mut explanation.values
                    };
                    if matches!(made.value, Value::EventUid) {
                        uid_at = Some(list.len());
                    }
                    explain::explain(list, &record, rule, index, made);
                    if !is_omitted {
                        writer.value(rule, index, &made.value);
                    }
                });
            }
        });
        // Fields that no rule uses are listed, unless the dialect has a rule for them.
        if !rules::of(self.dialect).any(|rule| matches!(rule.make, Make::Rest)) {
            let unused = used.rest(|_| true);
            explanation.unused = unused.root().map(explain::pointers).unwrap_or_default();
        }
        let written = writer.finish();
        explanation.event = written.json;
        if let (Some(uid), Some(at)) = (written.uid, uid_at)
            && let Some(value) = explanation.values.get_mut(at)
        {
            value.value_json = format!("\"{uid}\"");
        }
        Ok(explanation)
    }

    /// Prepares an endpoint for the rules. `record` is its tree, if it could be parsed into one.
    fn subject<'a>(
        &'a self,
        endpoint: &'a Endpoint<'a>,
        record: Option<&'a Record<'a>>,
        now: OffsetDateTime,
    ) -> Subject<'a> {
        let mut subject = Subject::new(endpoint, record, now, self.dialect, &self.omit);
        if self.dialect == Dialect::Ocsf {
            let id = endpoint.tenant_id.as_deref().unwrap_or_default();
            let named = self.tenant.as_ref();
            let named = named.filter(|tenant| tenant.id.eq_ignore_ascii_case(id));
            subject.tenant_name = named.map(|tenant| &*tenant.name);
            subject.observables = observables::of(&subject);
            subject.shows_state = rules::shows_state(subject.record, &self.omit);
        }
        subject
    }

    fn check(&self, endpoint: &Endpoint<'_>) -> Result<(), MapError> {
        match self.dialect {
            Dialect::Sekoia => require_hostname(endpoint),
            Dialect::Ocsf => Ok(()),
        }
    }

    /// Checks an endpoint that could not be parsed into a tree and is kept as `raw_data`: it must not be too long, nor
    /// contain what `omit` leaves out.
    fn check_unparsed(&self, endpoint: &Endpoint<'_>) -> Result<(), MapError> {
        let name = self.dialect.name();
        let refused = |offset, message: String| Err(MapError::at(endpoint.json, offset, message));
        if endpoint.json.len() > MAX_BYTES {
            return refused(
                MAX_BYTES,
                format!(
                    "the endpoint is longer than 1 MiB, the most that the dialect `{name}` takes"
                ),
            );
        }
        if self.omit.has("raw_data") {
            return Ok(());
        }
        if written_length(endpoint.json) > MAX_RAW_DATA {
            return refused(
                0,
                "the endpoint has more than 8,192 values or a duplicate name, and is too large for `raw_data`, which may \
                 take at most 512 KiB"
                    .to_owned(),
            );
        }
        if !self.omit.is_empty() {
            return refused(
                0,
                "the endpoint has more than 8,192 values or a duplicate name, and `raw_data` would show what `omit` \
                 leaves out; add `raw_data` to `omit` to get the event without it"
                    .to_owned(),
            );
        }
        Ok(())
    }

    /// Calls `each` with the value of a rule, if it has one, and whether `omit` leaves it out. Adds the sources of the
    /// value to `used`.
    fn value(
        &self,
        subject: &Subject<'_>,
        used: &mut Used<'_>,
        rule: &'static Rule,
        index: usize,
        mut each: impl FnMut(&Made<'_>, bool),
    ) {
        let is_omitted = self.omit.has(rule.path);
        let made = match rule.make {
            Make::Text(text) => Some(value::text(text)),
            Make::Integer(number) => Some(value::integer(number)),
            Make::True => Some(value::boolean(true)),
            Make::Value(make) => make(subject, index),
            Make::EventUid => Some(value::made(Value::EventUid)),
            Make::Part => rule
                .sources
                .first()
                .and_then(|source| subject.record.at(source, index))
                .map(|part| value::made(Value::Part(part))),
            Make::Rest => {
                // A member of the endpoint that is left out must not show here either.
                let withholds = |name: &str| {
                    !is_omitted && omit_paths::has_member(&self.omit, name, self.dialect)
                };
                let mut rest = |is_withheld: bool| {
                    let rest = used.rest(|name| withholds(name) == is_withheld);
                    if let Some(rest) = rest.root() {
                        let made = value::made(Value::Part(rest));
                        each(&made, is_omitted || is_withheld);
                    }
                };
                rest(false);
                if !self.omit.is_empty() {
                    rest(true);
                }
                return;
            }
        };
        if let Some(made) = &made {
            used.add(rule, made.origin);
            for repeat in made.repeats {
                used.add(rule, *repeat);
            }
            each(made, is_omitted);
        }
    }
}
