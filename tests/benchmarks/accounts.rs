//! Many accounts of one component, each with a small fleet: processor time for each, memory of all.

use anyhow::Result;
use sophos_central_simulator::SimulatorProcess;

use crate::figure::{Figure, Group};
use crate::place::{Account, Place};
use crate::samples::Samples;
use crate::sizes::mebibytes;
use crate::tools::Tools;
use crate::unit::Unit;
use connector_runtime::units::quantity::count;

/// How many endpoints each account has.
const ENDPOINTS: u64 = 50;

/// In how many rounds they take part: they take long.
const ROUNDS: usize = 3;

/// Several numbers of accounts.
pub struct Accounts(Vec<Many>);

struct Many {
    accounts: u64,
    place: Place,
    /// Milliseconds of processor time for each account.
    cpu: Samples,
    memory: Samples,
    _simulator: SimulatorProcess,
}

impl Accounts {
    /// So many accounts each.
    ///
    /// # Errors
    ///
    /// If a simulator does not start.
    pub fn new(tools: &Tools, numbers: &[u64]) -> Result<Self> {
        let many = |&accounts: &u64| {
            let simulator = tools.simulator(ENDPOINTS, &[])?;
            let deliver = "to = \"file\"\npath = \"{account}.ndjson\"".to_owned();
            let account = Account {
                deliver,
                ..Account::of(&simulator.url)
            };
            Ok(Many {
                accounts,
                place: Place::of_many(tools, &account, accounts)?,
                cpu: Samples::default(),
                memory: Samples::default(),
                _simulator: simulator,
            })
        };
        numbers.iter().map(many).collect::<Result<_>>().map(Self)
    }

    /// Measures each once, in the first rounds.
    ///
    /// # Errors
    ///
    /// If a run fails.
    pub fn round(&mut self) -> Result<()> {
        for many in &mut self.0 {
            if many.cpu.count() == ROUNDS {
                continue;
            }
            let usage = many.place.collect_anew(many.accounts * ENDPOINTS)?;
            let each = usage.cpu.as_secs_f64() * 1e3 / many.accounts as f64;
            many.cpu.add(each);
            many.memory.add(mebibytes(&usage));
        }
        Ok(())
    }

    /// Peak memory for each number of accounts.
    pub fn memory(&self) -> Vec<Samples> {
        self.0.iter().map(|many| many.memory.clone()).collect()
    }

    /// Returns the rows.
    pub fn group(&self) -> Group {
        let name = |many: &Many| format!("{} accounts", count(many.accounts));
        let memory = self.0.iter().map(|many| {
            let name = format!("{}: peak memory", name(many));
            Figure::new(name, Unit::Mebibytes, many.memory.clone())
        });
        let cpu = self.0.iter().map(|many| {
            let name = format!("{}: processor time for each", name(many));
            Figure::new(name, Unit::Milliseconds, many.cpu.clone())
        });
        Group {
            title: "Many accounts",
            about: format!(
                "A first run of many accounts of one component, with {ENDPOINTS} endpoints each, `--jobs 4`, delivered to \
                 a file for each account. The processor time includes token, tenant and page of each account, its \
                 approval and its state."
            ),
            figures: cpu.chain(memory).collect(),
        }
    }
}
