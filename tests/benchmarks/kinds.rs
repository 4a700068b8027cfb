//! The same fleet in other circumstances: compressed, larger records, the other dialect, one origin for all.

use anyhow::Result;
use sophos_central_simulator::SimulatorProcess;

use crate::figure::{Figure, Group};
use crate::place::{Account, Place, token_url};
use crate::samples::Samples;
use crate::sizes::{mebibytes, microseconds};
use crate::tools::Tools;
use crate::unit::Unit;
use connector_runtime::units::quantity::count;

/// A fleet in several circumstances; the first one is as in the other rows.
pub struct Kinds {
    endpoints: u64,
    kinds: Vec<Kind>,
    _simulators: [SimulatorProcess; 3],
}

struct Kind {
    name: &'static str,
    place: Place,
    cpu: Samples,
    memory: Samples,
}

impl Kinds {
    /// Creates a fleet of this many endpoints.
    ///
    /// # Errors
    ///
    /// If a simulator does not start.
    pub fn new(tools: &Tools, endpoints: u64) -> Result<Self> {
        let plain = tools.simulator(endpoints, &["--no-gzip"])?;
        let gzip = tools.simulator(endpoints, &[])?;
        let large = tools.simulator(endpoints, &["--no-gzip", "--record-size", "large"])?;
        let of_plain = Account::of(&plain.url);
        let ocsf = Account {
            config: "dialect = \"ocsf\"".to_owned(),
            ..of_plain.clone()
        };
        let one_origin = Account {
            token_url: token_url(&plain.url),
            ..of_plain.clone()
        };
        let kinds = [
            ("as above", of_plain),
            ("answers in gzip", Account::of(&gzip.url)),
            ("records of 5 KB", Account::of(&large.url)),
            ("`dialect = \"ocsf\"`", ocsf),
            ("token from the API's own origin", one_origin),
        ];
        let kinds = kinds.into_iter().map(|(name, account)| {
            Ok(Kind {
                name,
                place: Place::new(tools, &account)?,
                cpu: Samples::default(),
                memory: Samples::default(),
            })
        });
        Ok(Self {
            endpoints,
            kinds: kinds.collect::<Result<_>>()?,
            _simulators: [plain, gzip, large],
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
            kind.memory.add(mebibytes(&usage));
        }
        Ok(())
    }

    /// Returns the rows.
    pub fn group(&self) -> Group {
        let mut figures = Vec::new();
        if let Some((plain, others)) = self.kinds.split_first() {
            let (name, cpu, memory) = (plain.name, &plain.cpu, &plain.memory);
            figures.push(Figure::new(name, Unit::Microseconds, cpu.clone()));
            figures.extend(others.iter().map(|kind| {
                Figure::new(kind.name, Unit::Microseconds, kind.cpu.clone()).against(name, cpu)
            }));
            figures.extend(others.iter().map(|kind| {
                let name = format!("peak memory, {}", kind.name);
                Figure::new(name, Unit::Mebibytes, kind.memory.clone()).against(plain.name, memory)
            }));
        }
        Group {
            title: "Other circumstances",
            about: format!(
                "{} endpoints as above, with one difference each: processor time per endpoint, and peak memory.",
                count(self.endpoints)
            ),
            figures,
        }
    }
}
