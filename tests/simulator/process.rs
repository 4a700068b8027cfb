//! The simulator as a process of its own, for measurements: then neither its memory nor its computing is the
//! measurer's.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

/// A running `sophos-central-simulator`, ended when dropped.
pub struct SimulatorProcess {
    /// Where it is: `http://127.0.0.1:PORT`.
    pub url: String,
    /// The client id that it knows.
    pub client_id: String,
    /// The secret that belongs to it.
    pub client_secret: String,
    child: Child,
}

impl SimulatorProcess {
    /// Starts the program with these arguments. It is listening when this returns.
    ///
    /// # Errors
    ///
    /// If it does not start, or does not print the line that it should.
    pub fn start(program: &Path, arguments: &[&str]) -> Result<Self> {
        let name = program.display();
        let child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{name} does not start"))?;
        let mut process = Self {
            url: String::new(),
            client_id: String::new(),
            client_secret: String::new(),
            child,
        };
        let stdout = process.child.stdout.take().context("no standard output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let mut words = line.split_whitespace();
        let (Some(url), Some(id), Some(secret)) = (words.next(), words.next(), words.next()) else {
            bail!("{name} printed no URL, client id and secret");
        };
        url.clone_into(&mut process.url);
        id.clone_into(&mut process.client_id);
        secret.clone_into(&mut process.client_secret);
        Ok(process)
    }
}

impl Drop for SimulatorProcess {
    fn drop(&mut self) {
        // It has ended already where this fails.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
