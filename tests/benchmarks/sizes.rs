//! Fleets of several sizes, delivered to a file: processor time, memory, state.

use anyhow::Result;
use sophos_central_simulator::SimulatorProcess;
use sophos_central_simulator::resource_usage::Usage;

use crate::figure::{Figure, Group};
use crate::place::{Account, Place};
use crate::samples::Samples;
use crate::tools::Tools;
use crate::unit::Unit;
use connector_runtime::units::quantity::count;

/// Fleets of several sizes.
pub struct Sizes(Vec<Fleet>);

struct Fleet {
    endpoints: u64,
    /// How many rounds it takes part in.
    rounds: usize,
    place: Place,
    cpu: Samples,
    memory: Samples,
    state: Samples,
    _simulator: SimulatorProcess,
}

/// Microseconds of processor time for each endpoint.
pub fn microseconds(usage: &Usage, endpoints: u64) -> f64 {
    usage.cpu.as_secs_f64() * 1e6 / endpoints as f64
}

/// Returns the peak resident memory in MiB.
pub fn mebibytes(usage: &Usage) -> f64 {
    usage.peak_memory as f64 / f64::from(1 << 20)
}

impl Sizes {
    /// Fleets of these sizes, each with the number of rounds that it takes part in.
    ///
    /// # Errors
    ///
    /// If a simulator does not start.
    pub fn new(tools: &Tools, sizes: &[(u64, usize)]) -> Result<Self> {
        let fleet = |&(endpoints, rounds): &(u64, usize)| {
            let simulator = tools.simulator(endpoints, &["--no-gzip"])?;
            Ok(Fleet {
                endpoints,
                rounds,
                place: Place::new(tools, &Account::of(&simulator.url))?,
                cpu: Samples::default(),
                memory: Samples::default(),
                state: Samples::default(),
                _simulator: simulator,
            })
        };
        sizes.iter().map(fleet).collect::<Result<_>>().map(Self)
    }

    /// Measures each once.
    ///
    /// # Errors
    ///
    /// If a run fails.
    pub fn round(&mut self) -> Result<()> {
        for fleet in &mut self.0 {
            if fleet.cpu.count() == fleet.rounds {
                continue;
            }
            let usage = fleet.place.collect_anew(fleet.endpoints)?;
            fleet.cpu.add(microseconds(&usage, fleet.endpoints));
            fleet.memory.add(mebibytes(&usage));
            fleet.state.add(fleet.place.state_bytes()? as f64 / 1024.0);
        }
        Ok(())
    }

    /// Processor time for each endpoint of the fleet of this size.
    pub fn cpu(&self, endpoints: u64) -> Samples {
        self.of(endpoints, |fleet| &fleet.cpu)
    }

    /// Peak memory of the fleet of this size.
    pub fn memory(&self, endpoints: u64) -> Samples {
        self.of(endpoints, |fleet| &fleet.memory)
    }

    fn of(&self, endpoints: u64, what: fn(&Fleet) -> &Samples) -> Samples {
        let mut fleets = self.0.iter();
        let fleet = fleets.find(|fleet| fleet.endpoints == endpoints);
        fleet.map(|fleet| what(fleet).clone()).unwrap_or_default()
    }

    /// Returns a row for each fleet, compared to the smallest.
    fn each(&self, what: fn(&Fleet) -> &Samples, unit: Unit) -> Vec<Figure> {
        let Some((smallest, others)) = self.0.split_first() else {
            return Vec::new();
        };
        let figure = |fleet: &Fleet| Figure::new(count(fleet.endpoints), unit, what(fleet).clone());
        let reference = count(smallest.endpoints);
        let others = others
            .iter()
            .map(|fleet| figure(fleet).against(&reference, what(smallest)));
        std::iter::once(figure(smallest)).chain(others).collect()
    }

    /// Returns the rows of processor time. `few` and `many` are the sizes that tell whether it is linear.
    fn times(&self, few: u64, many: u64) -> Vec<Figure> {
        let row = |fleet: &Fleet| {
            let name = count(fleet.endpoints);
            let figure = Figure::new(name, Unit::Microseconds, fleet.cpu.clone());
            if fleet.endpoints == many {
                figure.against(count(few), &self.cpu(few))
            } else {
                figure
            }
        };
        let mut rows: Vec<_> = self.0.iter().map(row).collect();
        let (less, more) = (few as f64, many as f64);
        let further = self.cpu(many).with(&self.cpu(few), |of_many, of_few| {
            (of_many * more - of_few * less) / (more - less)
        });
        let name = format!("each further one, {} to {}", count(few), count(many));
        rows.push(Figure::new(name, Unit::Microseconds, further));
        rows
    }

    /// Returns the rows: processor time, memory, state. `few` and `many` are the sizes that tell whether time is
    /// linear.
    pub fn groups(&self, few: u64, many: u64) -> [Group; 3] {
        [
            Group {
                title: "Processor time per endpoint",
                about: "User and system time of the host's process, including the component, over a whole first run, \
                        divided by the number of endpoints: records of 1.3 KB in pages of 500, not compressed, no \
                        rate limit, delivered to a file. It includes the start, which weighs more in a small fleet."
                    .to_owned(),
                figures: self.times(few, many),
            },
            Group {
                title: "Peak memory",
                about: "The peak of the host's resident memory in the same runs, with the component's compiled code \
                        cached."
                    .to_owned(),
                figures: self.each(|fleet| &fleet.memory, Unit::Mebibytes),
            },
            Group {
                title: "State",
                about: "The size of the state's files after the same runs. A cursor remembers at most 2,000 devices; \
                        `emit = \"changed\"`, which is off here, stores a fingerprint per device."
                    .to_owned(),
                figures: self.each(|fleet| &fleet.state, Unit::Kibibytes),
            },
        ]
    }
}
