//! The destinations, each with the same fleet.

use anyhow::Result;
use sophos_central_simulator::SimulatorProcess;
use sophos_central_simulator::intake::{Intake, Options, UUID};

use crate::figure::{Figure, Group};
use crate::place::{Account, Place};
use crate::samples::Samples;
use crate::sizes::microseconds;
use crate::tools::Tools;
use crate::unit::Unit;
use connector_runtime::units::quantity::count;

/// A fleet, delivered to each destination; the first one is what the others are compared to.
pub struct Destinations {
    endpoints: u64,
    kinds: Vec<Kind>,
    /// It runs in this process, whose computing does not count, and keeps what it gets.
    intake: Intake,
    _simulator: SimulatorProcess,
}

struct Kind {
    name: &'static str,
    place: Place,
    cpu: Samples,
}

impl Destinations {
    /// Creates a fleet of this many endpoints.
    ///
    /// # Errors
    ///
    /// If the simulator does not start.
    pub fn new(tools: &Tools, endpoints: u64) -> Result<Self> {
        let simulator = tools.simulator(endpoints, &["--no-gzip"])?;
        let intake = Intake::start(Options::new());
        let file = Account::of(&simulator.url);
        let url = intake.url();
        let http = format!("to = \"http\"\nurl = \"{url}/events\"");
        // Its tasks have ended at the first request for them, so there is nothing to wait for.
        let sekoia = format!(
            "to = \"sekoia\"\nbase = \"{url}\"\nuuid = \"{UUID}\"\n\
             api_key = {{ env = \"SEKOIA_API_KEY\" }}\ntask_poll = \"1ms\""
        );
        let kinds = [
            ("file", file.deliver.clone()),
            ("stdout, to a file", "to = \"stdout\"".to_owned()),
            ("http, NDJSON", http.clone()),
            ("http, NDJSON in gzip", http + "\ngzip = true"),
            ("sekoia", sekoia),
        ];
        let kinds = kinds.into_iter().map(|(name, deliver)| {
            let account = Account {
                deliver,
                ..file.clone()
            };
            Ok(Kind {
                name,
                place: Place::new(tools, &account)?,
                cpu: Samples::default(),
            })
        });
        Ok(Self {
            endpoints,
            kinds: kinds.collect::<Result<_>>()?,
            intake,
            _simulator: simulator,
        })
    }

    /// Measures each once.
    ///
    /// # Errors
    ///
    /// If a run fails.
    pub fn round(&mut self) -> Result<()> {
        for kind in &mut self.kinds {
            let usage = kind.place.collect_anew(self.endpoints)?;
            kind.cpu.add(microseconds(&usage, self.endpoints));
            self.intake.clear();
        }
        Ok(())
    }

    /// Returns the rows.
    pub fn group(&self) -> Group {
        let figure = |kind: &Kind| Figure::new(kind.name, Unit::Microseconds, kind.cpu.clone());
        let mut figures = Vec::new();
        if let Some((first, others)) = self.kinds.split_first() {
            figures.push(figure(first));
            figures.extend(
                others
                    .iter()
                    .map(|kind| figure(kind).against(first.name, &first.cpu)),
            );
        }
        Group {
            title: "Destinations",
            about: format!(
                "Processor time per endpoint of the host's process, for {} endpoints. The intake that takes the \
                 events is another process.",
                count(self.endpoints)
            ),
            figures,
        }
    }
}
