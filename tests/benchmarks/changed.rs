//! `emit = "changed"`: the cost of comparing each device with its last event.

use anyhow::Result;
use sophos_central_simulator::resource_usage::Usage;
use sophos_central_simulator::{Fleet, Gzip, Options, Simulator};
use time::OffsetDateTime;

use crate::figure::{Figure, Group};
use crate::place::{Account, Place};
use crate::samples::Samples;
use crate::sizes::microseconds;
use crate::tools::Tools;
use crate::unit::Unit;
use connector_runtime::units::quantity::count;

/// How many of a hundred devices change in the second of two runs.
const CHANGED: u64 = 3;

/// A fleet that is collected by two accounts: one is sent everything that was seen, one what has changed.
pub struct Changed {
    endpoints: u64,
    simulator: Simulator,
    seen: Place,
    changed: Place,
    seen_first: Samples,
    changed_first: Samples,
    seen_again: Samples,
    unchanged: Samples,
    some_changed: Samples,
    round: u64,
}

impl Changed {
    /// Creates a fleet of this many endpoints, in this process, as it is changed between the runs.
    ///
    /// # Errors
    ///
    /// If the simulator does not start.
    pub fn new(tools: &Tools, endpoints: u64) -> Result<Self> {
        let simulator = Simulator::try_start(Options {
            gzip: Gzip::Never,
            record_requests: false,
            ..Options::new(Fleet::new(1, endpoints))
        })?;
        let seen = Account::of(simulator.url());
        let changed = Account {
            lines: "emit = \"changed\"".to_owned(),
            ..seen.clone()
        };
        Ok(Self {
            endpoints,
            seen: Place::new(tools, &seen)?,
            changed: Place::new(tools, &changed)?,
            simulator,
            seen_first: Samples::default(),
            changed_first: Samples::default(),
            seen_again: Samples::default(),
            unchanged: Samples::default(),
            some_changed: Samples::default(),
            round: 0,
        })
    }

    /// Collects everything, lets every device check in, collects again, lets some change and every one check in, and
    /// collects once more; with both accounts in turns.
    ///
    /// # Errors
    ///
    /// If a run fails, or delivers another number of events than it should.
    pub fn round(&mut self) -> Result<()> {
        let all = self.endpoints;
        let each = |usage: Usage| microseconds(&usage, all);
        self.round += 1;
        self.seen_first.add(each(self.seen.collect_anew(all)?));
        self.changed_first
            .add(each(self.changed.collect_anew(all)?));
        self.check_in();
        self.seen_again.add(each(self.seen.collect(all, 0)?));
        self.unchanged.add(each(self.changed.collect(0, all)?));
        let changed = self.change();
        self.check_in();
        self.some_changed
            .add(each(self.changed.collect(changed, all - changed)?));
        Ok(())
    }

    /// Every device checks in.
    fn check_in(&self) {
        let now = OffsetDateTime::now_utc();
        self.simulator.fleet(|fleet| {
            for index in 0..self.endpoints {
                fleet.check_in(index, now);
            }
        });
    }

    /// Gives some devices a new name; returns how many.
    fn change(&self) -> u64 {
        let changed = self.endpoints * CHANGED / 100;
        // Spread over all pages.
        let step = self.endpoints / changed.max(1);
        self.simulator.fleet(|fleet| {
            for index in (0..changed).map(|place| place * step) {
                fleet.edit(index, |record| {
                    if let Some(fields) = record.as_object_mut() {
                        let name = format!("renamed-{}-{index}", self.round);
                        fields.insert("hostname".to_owned(), name.into());
                    }
                });
            }
        });
        changed
    }

    /// Returns the rows.
    pub fn group(&self) -> Group {
        let row =
            |name: &str, samples: &Samples| Figure::new(name, Unit::Microseconds, samples.clone());
        Group {
            title: "`emit = \"changed\"`",
            about: format!(
                "Processor time per endpoint, for {} endpoints: in a full run, which stores a fingerprint for each, \
                 and in runs after each of them has checked in, with no other change, or with another change of \
                 {CHANGED} in a hundred.",
                count(self.endpoints)
            ),
            figures: vec![
                row("`seen`, first run", &self.seen_first),
                row("`changed`, first run", &self.changed_first)
                    .against("`seen`, first run", &self.seen_first),
                row("`seen`, later run", &self.seen_again),
                row("`changed`, nothing changed", &self.unchanged)
                    .against("`seen`, later run", &self.seen_again),
                row("`changed`, 3 % changed", &self.some_changed)
                    .against("`seen`, later run", &self.seen_again),
            ],
        }
    }
}
