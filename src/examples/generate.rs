//! Prints endpoints as no API sends them, one a line: `generate COUNT`, the same ones at every run.

// The strategies of the property tests; they are the generator.
#[path = "../tests/generate/mod.rs"]
mod generate;

use std::error::Error;
use std::io::{self, Write};

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

fn main() -> Result<(), Box<dyn Error>> {
    let count = std::env::args().nth(1).ok_or("the count is missing")?;
    let count: usize = count.parse()?;
    let mut runner = TestRunner::deterministic();
    let endpoints = generate::endpoint();
    let mut out = io::stdout().lock();
    for _ in 0..count {
        let endpoint = endpoints
            .new_tree(&mut runner)
            .map_err(|reason| reason.message().to_owned())?;
        writeln!(out, "{}", endpoint.current())?;
    }
    Ok(())
}
