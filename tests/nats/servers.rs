//! One NATS server, or a cluster of several.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{env, thread};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::server::Server;

/// How long servers may take to elect a leader and to become current.
const PATIENCE: Duration = Duration::from_secs(120);

/// What the configuration of the servers says beside what all tests need.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'a> {
    /// Lines in the block `jetstream`.
    pub jetstream: &'a str,
    /// Lines at the top, such as `authorization`.
    pub server: &'a str,
}

impl Default for Settings<'_> {
    fn default() -> Self {
        Self {
            jetstream: "sync_interval: always",
            server: "",
        }
    }
}

/// NATS servers with JetStream on loopback, killed when dropped.
pub struct Servers {
    program: PathBuf,
    servers: Vec<Server>,
}

impl Servers {
    /// Starts this many servers whose files are in `folder`. They have a leader when this returns.
    ///
    /// # Errors
    ///
    /// If the program is missing, or the servers do not become ready.
    pub fn start(folder: &Path, count: usize, settings: Settings<'_>) -> Result<Self> {
        // Another program may take a port between its choice and the server's start.
        let mut result = Self::try_start(folder, count, settings);
        for _ in 0..2 {
            if result.is_ok() {
                break;
            }
            result = Self::try_start(folder, count, settings);
        }
        result
    }

    fn try_start(folder: &Path, count: usize, settings: Settings<'_>) -> Result<Self> {
        let servers = (1..=count)
            .map(|number| Server::new(folder, number))
            .collect::<Result<Vec<_>>>()?;
        let mut all = Self {
            program: program()?,
            servers,
        };
        all.configure(settings)?;
        for server in &mut all.servers {
            server.start(&all.program)?;
        }
        all.wait_until_ready()?;
        Ok(all)
    }

    /// Writes the configuration of all servers, which they read when they are started.
    ///
    /// # Errors
    ///
    /// If a file cannot be written.
    pub fn configure(&self, settings: Settings<'_>) -> Result<()> {
        let routes: Vec<_> = self.servers.iter().map(|server| server.route).collect();
        for server in &self.servers {
            let others = routes
                .iter()
                .copied()
                .filter(|route| *route != server.route);
            let others: Vec<_> = others.collect();
            server.configure(settings.jetstream, settings.server, &others)?;
        }
        Ok(())
    }

    /// Returns the addresses at which clients reach the servers.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.servers.iter().map(|server| server.client).collect()
    }

    /// Returns the URLs of the servers, as a configuration lists them.
    pub fn urls(&self) -> Vec<String> {
        let urls = self.addresses().into_iter();
        urls.map(|address| format!("nats://{address}")).collect()
    }

    /// Kills a server, 0 being the first, as `kill -9` does.
    pub fn kill(&mut self, index: usize) {
        if let Some(server) = self.servers.get_mut(index) {
            server.kill();
        }
    }

    /// Starts a server that was killed. It may not be current when this returns.
    ///
    /// # Errors
    ///
    /// If the system starts no process.
    pub fn restart(&mut self, index: usize) -> Result<()> {
        let server = self.servers.get_mut(index).context("no such server")?;
        server.start(&self.program)
    }

    /// Waits until the servers that run have a leader and are current.
    ///
    /// # Errors
    ///
    /// If one ends, or they are not ready within two minutes; the error has the end of their logs.
    pub fn wait_until_ready(&mut self) -> Result<()> {
        let end = Instant::now() + PATIENCE;
        let is_cluster = self.servers.len() > 1;
        loop {
            let mut is_ready = true;
            for server in &mut self.servers {
                if server.is_running() {
                    is_ready &= server.is_current() && (!is_cluster || server.leader().is_some());
                } else if server.has_ended() {
                    bail!("a server has ended\n{}", self.logs());
                }
            }
            if is_ready {
                return Ok(());
            }
            if Instant::now() > end {
                bail!(
                    "the servers are not ready after {PATIENCE:?}\n{}",
                    self.logs()
                );
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Returns the index of the server that leads the cluster; `None` without a leader.
    pub fn leader(&self) -> Option<usize> {
        let name = self.servers.iter().find_map(Server::leader)?;
        let number: usize = name.strip_prefix("server-")?.parse().ok()?;
        number.checked_sub(1)
    }

    /// Returns what the monitoring port of a server answers at a path, such as `/jsz`; `Null` if it does not.
    pub fn monitor(&self, index: usize, path: &str) -> Value {
        let server = self.servers.get(index);
        server
            .and_then(|server| server.monitor(path).ok())
            .unwrap_or_default()
    }

    /// Returns the memory that each running server has resident now, and the most that it had, in bytes.
    pub fn memory(&self) -> Vec<(u64, u64)> {
        self.servers.iter().filter_map(Server::memory).collect()
    }

    /// Returns the end of the servers' logs, for the message of a failure.
    pub fn logs(&self) -> String {
        self.servers.iter().map(Server::log).collect()
    }
}

/// Returns the program: what `NATS_SERVER` names, else where `make test` installs it.
fn program() -> Result<PathBuf> {
    let default = || {
        let home = PathBuf::from(env::var_os("HOME").unwrap_or_default());
        home.join(".cache/sophos-assets/venv/bin/nats-server")
    };
    let program = env::var_os("NATS_SERVER").map_or_else(default, PathBuf::from);
    if !program.exists() {
        bail!(
            "{} is missing: run `make nats-server` first, or let NATS_SERVER name a nats-server 2.12 or newer",
            program.display()
        );
    }
    Ok(program)
}
