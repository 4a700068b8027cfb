//! An account with its folder, and the host that is run there, measured.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use sophos_central_simulator::intake::API_KEY;
use sophos_central_simulator::resource_usage::{self, Usage};
use sophos_central_simulator::{CLIENT_ID, CLIENT_SECRET};
use tempfile::TempDir;

use crate::tools::Tools;

/// The settings of an account that differ from the defaults.
#[derive(Clone, Debug)]
pub struct Account {
    /// The API's URL.
    pub api_host: String,
    /// Where the token comes from.
    pub token_url: String,
    /// More lines for `[account.demo]`.
    pub lines: String,
    /// More lines for `[account.demo.config]`.
    pub config: String,
    /// The lines of `[account.demo.deliver]`.
    pub deliver: String,
}

impl Account {
    /// Creates the account of a simulator, delivered to a file.
    ///
    /// Its token comes from another origin than its pages, as Sophos' do: what an origin answers where a secret may go
    /// is looked through for it.
    pub fn of(simulator: &str) -> Self {
        Self {
            api_host: simulator.to_owned(),
            token_url: token_url(&simulator.replace("127.0.0.1", "localhost")),
            lines: String::new(),
            config: String::new(),
            deliver: "to = \"file\"\npath = \"events.ndjson\"".to_owned(),
        }
    }
}

/// Returns where a simulator gives its token.
pub fn token_url(origin: &str) -> String {
    format!("{origin}/api/v2/oauth2/token")
}

/// A folder with the configuration of one account, or of many alike.
pub struct Place {
    folder: TempDir,
    host: PathBuf,
    measurer: PathBuf,
    cache: PathBuf,
}

/// The content of the file of `--summary`.
#[derive(Deserialize)]
struct Summary {
    totals: Totals,
}

#[derive(Deserialize)]
struct Totals {
    events: u64,
    unchanged: u64,
    retries: u64,
}

impl Place {
    /// Writes the configuration.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn new(tools: &Tools, account: &Account) -> Result<Self> {
        let folder = TempDir::new()?;
        let component = &tools.component;
        let Account {
            api_host,
            token_url,
            lines,
            config,
            deliver,
        } = account;
        let text = format!(
            r#"
[account.demo]
component = {component:?}
allow_loopback_http = true
rate_limits = []
{lines}
[account.demo.config]
client_id = "{CLIENT_ID}"
api_host = "{api_host}"
token_url = "{token_url}"
{config}
[account.demo.secrets]
client_secret = {{ env = "SOPHOS_CLIENT_SECRET" }}
[account.demo.deliver]
{deliver}
[account.demo.retry]
total = "0s"
"#
        );
        Self::with(tools, folder, &text)
    }

    /// Writes the configuration of many accounts that differ in their names only.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn of_many(tools: &Tools, account: &Account, accounts: u64) -> Result<Self> {
        let one = Self::new(tools, account)?;
        let text = fs::read_to_string(one.path("asset-host.toml"))?;
        let named = |number| text.replace("account.demo", &format!("account.demo-{number}"));
        let all: String = (0..accounts).map(named).collect();
        Self::with(tools, TempDir::new()?, &all)
    }

    fn with(tools: &Tools, folder: TempDir, config: &str) -> Result<Self> {
        fs::write(folder.path().join("asset-host.toml"), config)?;
        Ok(Self {
            folder,
            host: tools.host.clone(),
            measurer: tools.measurer.clone(),
            cache: tools.cache.path().to_owned(),
        })
    }

    /// Returns a file's path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Returns the host's `collect`, yet to be started, with compiled code in that folder.
    pub fn command(&self, cache: &Path) -> Command {
        let mut command = Command::new(&self.host);
        command
            .args(["collect", "--summary", "summary.json"])
            .current_dir(self.folder.path())
            .env_clear()
            .env("SOPHOS_CLIENT_SECRET", CLIENT_SECRET)
            .env("SEKOIA_API_KEY", API_KEY)
            .env("XDG_CACHE_HOME", cache)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        command
    }

    /// Collects; asserts how many events were delivered and how many devices were left out as unchanged, and that
    /// nothing was retried.
    ///
    /// # Errors
    ///
    /// If the host fails, or it is another number.
    pub fn collect(&self, events: u64, unchanged: u64) -> Result<Usage> {
        self.collect_with(&self.cache, events, unchanged)
    }

    /// Collects with compiled code in another folder.
    ///
    /// # Errors
    ///
    /// As for [`Self::collect`].
    pub fn collect_with(&self, cache: &Path, events: u64, unchanged: u64) -> Result<Usage> {
        let usage = measure(&self.measurer, self.folder.path(), &self.command(cache))?;
        let summary = fs::read(self.path("summary.json"))?;
        let Summary { totals } = serde_json::from_slice(&summary)?;
        ensure!(
            (totals.events, totals.unchanged, totals.retries) == (events, unchanged, 0),
            "{} events, {} unchanged and {} retries in the place of {events} and {unchanged}",
            totals.events,
            totals.unchanged,
            totals.retries
        );
        self.forget_events()?;
        Ok(usage)
    }

    /// Collects this many endpoints as if it were the first time.
    ///
    /// # Errors
    ///
    /// As for [`Self::collect`].
    pub fn collect_anew(&self, endpoints: u64) -> Result<Usage> {
        self.forget_state()?;
        self.collect(endpoints, 0)
    }

    /// Returns how many bytes the stored state has.
    ///
    /// # Errors
    ///
    /// If the folder cannot be read.
    pub fn state_bytes(&self) -> Result<u64> {
        let mut bytes = 0;
        for file in self.files_of_state()? {
            bytes += fs::metadata(file)?.len();
        }
        Ok(bytes)
    }

    /// Deletes the state, so that the next run is the first one.
    ///
    /// # Errors
    ///
    /// If it cannot be deleted.
    pub fn forget_state(&self) -> Result<()> {
        for file in self.files_of_state()? {
            fs::remove_file(file)?;
        }
        Ok(())
    }

    fn files_of_state(&self) -> Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(self.folder.path())? {
            let entry = entry?;
            let is_file = entry.file_type()?.is_file();
            if is_file && entry.file_name().to_string_lossy().starts_with("state.") {
                files.push(entry.path());
            }
        }
        Ok(files)
    }

    fn forget_events(&self) -> Result<()> {
        for entry in fs::read_dir(self.folder.path())? {
            let path = entry?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == "ndjson")
            {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }
}

/// Runs a command to its end, measured; `folder` takes what is to be kept of it meanwhile.
///
/// # Errors
///
/// If it fails: with the end of what it printed.
pub fn measure(measurer: &Path, folder: &Path, command: &Command) -> Result<Usage> {
    let report = folder.join("usage.json");
    let log = folder.join("log");
    // The host refuses to deliver to /dev/null.
    let out = fs::File::create(folder.join("out"))?;
    let status = resource_usage::measured(measurer, &report, command)
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(fs::File::create(&log)?)
        .status()
        .with_context(|| format!("{} does not start", measurer.display()))?;
    ensure!(
        status.success(),
        "{:?} failed with {status}:\n{}",
        command.get_program(),
        fs::read_to_string(&log)?
    );
    resource_usage::take(&report)
}
