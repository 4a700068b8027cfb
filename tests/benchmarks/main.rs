//! `make bench`: what a run costs, measured on the real host, component and HTTP, with a simulated Sophos Central in a
//! process of its own.
//!
//! Everything is measured once in each round, beside what it is compared to, so that a machine that is slower for a
//! while disturbs both; and the rounds spread over the whole time, so that what it does meanwhile shows in the range.
//! Nothing here judges but the table of targets, which fails nothing.

mod accounts;
mod changed;
mod destinations;
mod document;
mod fetching;
mod figure;
mod first_request;
mod guest;
mod kinds;
mod machine;
mod mapping;
mod place;
mod samples;
mod sizes;
mod table;
mod targets;
mod tools;
mod unit;

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Result;
use clap::Parser;

use accounts::Accounts;
use changed::Changed;
use destinations::Destinations;
use fetching::Fetching;
use first_request::FirstRequest;
use kinds::Kinds;
use mapping::Mappings;
use sizes::Sizes;
use targets::Measured;
use tools::Tools;

/// Measures the cost of a run, and prints the table.
#[derive(Parser)]
struct Arguments {
    /// Small fleets and two rounds, to try the benchmarks themselves; the figures mean nothing.
    #[arg(long)]
    quick: bool,
    /// Puts the table between the marks of this Markdown file, too.
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

/// How much is measured.
struct Plan {
    rounds: usize,
    /// The sizes of the fleets, each with the number of rounds that it takes part in.
    sizes: [(u64, usize); 5],
    /// Comparisons with other programs, and the destinations, which keep what they receive.
    common: u64,
    destinations: u64,
    /// Numbers of accounts.
    accounts: [u64; 2],
    /// The sizes that show whether time is linear.
    few: u64,
    many: u64,
    records: u64,
}

const WHOLE: Plan = Plan {
    rounds: 7,
    sizes: [
        (1_000, 7),
        (10_000, 7),
        (50_000, 7),
        (200_000, 7),
        // It takes long, and fills 1.6 GB of the disk.
        (1_000_000, 4),
    ],
    common: 50_000,
    destinations: 20_000,
    accounts: [200, 1_000],
    few: 10_000,
    many: 200_000,
    records: 4_000,
};

const QUICK: Plan = Plan {
    rounds: 2,
    sizes: [(500, 2), (1_000, 2), (3_000, 2), (6_000, 2), (12_000, 1)],
    common: 3_000,
    destinations: 1_000,
    accounts: [5, 20],
    few: 1_000,
    many: 6_000,
    records: 500,
};

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let plan = if arguments.quick { QUICK } else { WHOLE };
    let facts = machine::facts(plan.rounds)?;
    let text = format!("{facts}\n{}", measure(&plan)?);
    println!("{text}");
    if let Some(file) = arguments.write {
        document::write(&file, &text)?;
        eprintln!("written to {}", file.display());
    }
    Ok(())
}

/// Measures everything, and returns the tables.
fn measure(plan: &Plan) -> Result<String> {
    let begin = Instant::now();
    let tell = |what: &str| eprintln!("{:4} s  {what}", begin.elapsed().as_secs());
    tell("starting the simulators");
    let tools = Tools::find()?;
    // The first thing that runs the host: it leaves the compiled code.
    let mut first_request = FirstRequest::new(&tools, plan.common)?;
    let mut sizes = Sizes::new(&tools, &plan.sizes)?;
    let mut kinds = Kinds::new(&tools, plan.common)?;
    let mut fetching = Fetching::new(&tools, plan.common)?;
    let mut mappings = Mappings::new(&tools.component, plan.records)?;
    let mut changed = Changed::new(&tools, plan.common)?;
    let mut destinations = Destinations::new(&tools, plan.destinations)?;
    let mut accounts = Accounts::new(&tools, &plan.accounts)?;
    for round in 1..=plan.rounds {
        let tell = |what: &str| tell(&format!("round {round} of {}: {what}", plan.rounds));
        tell("sizes");
        sizes.round()?;
        tell("circumstances");
        kinds.round()?;
        tell("curl");
        fetching.round()?;
        tell("start");
        first_request.round(&tools)?;
        tell("mapping");
        mappings.round()?;
        tell("emit");
        changed.round()?;
        tell("destinations");
        destinations.round()?;
        tell("accounts");
        accounts.round()?;
    }
    tell("done");

    let [(smallest, _), .., (largest, _)] = plan.sizes;
    let targets = targets::targets(Measured {
        cpu: sizes.cpu(plan.common),
        mapping: mappings.ratio(),
        wall: fetching.ratio(),
        memory: [sizes.memory(smallest), sizes.memory(largest)],
        accounts_memory: accounts.memory(),
        start: first_request.warm().clone(),
        compiling_memory: first_request.cold_memory().clone(),
        linearity: sizes.cpu(plan.many).over(&sizes.cpu(plan.few)),
    });
    let [time, memory, state] = sizes.groups(plan.few, plan.many);
    let groups = [
        time,
        kinds.group(),
        fetching.group(),
        memory,
        state,
        first_request.group(),
        mappings.group(),
        changed.group(),
        destinations.group(),
        accounts.group(),
    ];
    let groups = groups.iter().map(table::group).collect::<Vec<_>>();
    Ok(format!("## Targets\n\n{targets}\n{}", groups.join("\n")))
}
