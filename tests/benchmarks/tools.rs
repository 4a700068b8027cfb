//! The programs that are measured, and those that measure.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use sophos_central_simulator::SimulatorProcess;
use tempfile::TempDir;

/// Where everything is.
pub struct Tools {
    /// `asset-host`, as `make build` leaves it.
    pub host: PathBuf,
    /// `sophos-assets.wasm`, likewise.
    pub component: PathBuf,
    /// `resource-usage`, built with this program.
    pub measurer: PathBuf,
    /// The host's folder of compiled code, apart from the user's own.
    pub cache: TempDir,
    simulator: PathBuf,
}

impl Tools {
    /// Finds them.
    ///
    /// # Errors
    ///
    /// If one is missing.
    pub fn find() -> Result<Self> {
        let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dist");
        let dist = dist
            .canonicalize()
            .context("dist/ is missing: run `make build`")?;
        let own = std::env::current_exe()?;
        let beside = own.parent().context("this program is in no folder")?;
        let tools = Self {
            host: dist.join("asset-host"),
            component: dist.join("sophos-assets.wasm"),
            measurer: beside.join("resource-usage"),
            cache: TempDir::new()?,
            simulator: dist.join("sophos-central-simulator"),
        };
        for file in [
            &tools.host,
            &tools.component,
            &tools.measurer,
            &tools.simulator,
        ] {
            if !file.exists() {
                bail!("{} is missing: run `make bench`", file.display());
            }
        }
        Ok(tools)
    }

    /// Starts a simulator of this many endpoints, in a process of its own.
    ///
    /// # Errors
    ///
    /// If it does not start.
    pub fn simulator(&self, endpoints: u64, arguments: &[&str]) -> Result<SimulatorProcess> {
        let endpoints = endpoints.to_string();
        let arguments = [&["--endpoints", &endpoints], arguments].concat();
        SimulatorProcess::start(&self.simulator, &arguments)
    }
}
