//! The mapping alone: the component's `map` in the engine, against the same code compiled for this machine.

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, anyhow};
use rustix::time::{ClockId, clock_gettime};
use sophos_assets::mapping::{self, Dialect, Mapping};
use sophos_central_simulator::{Fleet, RecordSize};
use time::OffsetDateTime;

use crate::figure::{Figure, Group};
use crate::guest::Guest;
use crate::samples::Samples;
use crate::unit::Unit;
use connector_runtime::units::quantity::count;

/// How often each is measured in a round.
const PASSES: usize = 3;

/// Records, and both ways to map them.
pub struct Mappings {
    records: Vec<String>,
    large: Vec<String>,
    guest: Guest,
    native: Samples,
    in_guest: Samples,
    native_large: Samples,
    in_guest_large: Samples,
    ocsf: Samples,
}

impl Mappings {
    /// So many generated records of either size.
    ///
    /// # Errors
    ///
    /// If the component cannot be used.
    pub fn new(component: &Path, count: u64) -> Result<Self> {
        let generated = |size| {
            let fleet = Fleet::new(1, count).with_record_size(size);
            let records = (0..count).map(|index| String::from_utf8(fleet.json(index)));
            records.collect::<Result<Vec<_>, _>>()
        };
        let records = generated(RecordSize::Normal)?;
        let mut guest = Guest::new(component)?;
        // Not measured: code and records come into the caches.
        guest.map_all(&records)?;
        microseconds(&records, |record| natively(&Mapping::default(), record))?;
        Ok(Self {
            records,
            large: generated(RecordSize::Large)?,
            guest,
            native: Samples::default(),
            in_guest: Samples::default(),
            native_large: Samples::default(),
            in_guest_large: Samples::default(),
            ocsf: Samples::default(),
        })
    }

    /// Measures each some times, in turns.
    ///
    /// # Errors
    ///
    /// If a record is not mapped.
    pub fn round(&mut self) -> Result<()> {
        let sekoia = Mapping::default();
        let ocsf = Mapping::of(Dialect::Ocsf.name())?;
        for _ in 0..PASSES {
            let natively = |mapping: &Mapping, records: &[String]| {
                microseconds(records, |record| natively(mapping, record))
            };
            self.native.add(natively(&sekoia, &self.records)?);
            self.in_guest.add(in_guest(&mut self.guest, &self.records)?);
            self.native_large.add(natively(&sekoia, &self.large)?);
            self.in_guest_large
                .add(in_guest(&mut self.guest, &self.large)?);
            self.ocsf.add(natively(&ocsf, &self.records)?);
        }
        Ok(())
    }

    /// Returns the component's time as a multiple of the native one.
    pub fn ratio(&self) -> Samples {
        self.in_guest.over(&self.native)
    }

    /// Returns the rows.
    pub fn group(&self) -> Group {
        let row =
            |name: &str, samples: &Samples| Figure::new(name, Unit::Microseconds, samples.clone());
        Group {
            title: "The mapping alone",
            about: format!(
                "Processor time per record, over {} generated ones, in one process and thread: the export `map` of \
                 the component, in an engine with the host's settings but without the host's checks; and the same \
                 Rust code, from the text of the record to the text of the event, compiled natively in the host's \
                 profile. `map` always writes the dialect `sekoia`; a row above shows what `ocsf` costs in the \
                 component.",
                count(self.records.len() as u64)
            ),
            figures: vec![
                row("natively", &self.native),
                row("in the component", &self.in_guest).against("natively", &self.native),
                row("records of 5 KB, natively", &self.native_large),
                row("records of 5 KB, in the component", &self.in_guest_large)
                    .against("natively", &self.native_large),
                row("`ocsf`, natively", &self.ocsf).against("`sekoia`, natively", &self.native),
            ],
        }
    }
}

/// Returns what the component does, in its order.
fn natively(mapping: &Mapping, record: &str) -> Result<String> {
    let endpoint = mapping::read(record).map_err(|error| anyhow!("{}", error.message))?;
    let mapped = mapping.map(&endpoint, OffsetDateTime::now_utc());
    Ok(mapped.map_err(|error| anyhow!("{}", error.message))?.json)
}

/// Maps every record in the component, and returns the microseconds for each.
fn in_guest(guest: &mut Guest, records: &[String]) -> Result<f64> {
    let before = thread_time();
    guest.map_all(records)?;
    Ok(each(records, before))
}

/// Does it with every record; microseconds for each.
fn microseconds(records: &[String], each_one: impl Fn(&str) -> Result<String>) -> Result<f64> {
    let before = thread_time();
    for record in records {
        black_box(each_one(record)?);
    }
    Ok(each(records, before))
}

/// Returns what each record took since that moment of the thread, in microseconds.
fn each(records: &[String], before: Duration) -> f64 {
    let took = thread_time().saturating_sub(before);
    took.as_secs_f64() * 1e6 / records.len() as f64
}

/// Returns how long the current thread has been computing: who else computes meanwhile does not count.
fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    let nanoseconds = u32::try_from(time.tv_nsec).unwrap_or_default();
    Duration::new(seconds, nanoseconds)
}
