//! How long a run takes, beside `curl` fetching the very same pages from the very same simulator.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use sophos_central_simulator::resource_usage::Usage;
use sophos_central_simulator::{CLIENT_ID, CLIENT_SECRET, DEFAULT_TENANT, SimulatorProcess};
use tempfile::TempDir;

use crate::figure::{Figure, Group};
use crate::place::{Account, Place, measure, token_url};
use crate::samples::Samples;
use crate::tools::Tools;
use crate::unit::Unit;
use connector_runtime::units::quantity::count;

/// How many endpoints a page has.
const PAGE: u64 = 500;

/// How often both run per round: they are short, and time is disturbed more easily than processor time.
const PAIRS: usize = 2;

/// A fleet, and what `curl` needs to fetch it.
pub struct Fetching {
    endpoints: u64,
    place: Place,
    curl: Curl,
    wall: Samples,
    curls_wall: Samples,
    cpu: Samples,
    curls_cpu: Samples,
    _simulator: SimulatorProcess,
}

struct Curl {
    folder: TempDir,
    measurer: PathBuf,
}

#[derive(Deserialize)]
struct Token {
    access_token: String,
}

#[derive(Deserialize)]
struct Page {
    items: Vec<serde::de::IgnoredAny>,
    pages: Pages,
}

#[derive(Deserialize)]
struct Pages {
    #[serde(rename = "nextKey")]
    next_key: Option<String>,
}

impl Fetching {
    /// Creates a fleet of this many endpoints; its listing is walked once to learn the page keys.
    ///
    /// # Errors
    ///
    /// If the simulator does not start, or `curl` fails.
    pub fn new(tools: &Tools, endpoints: u64) -> Result<Self> {
        let simulator = tools.simulator(endpoints, &["--no-gzip"])?;
        let curl = Curl {
            folder: TempDir::new()?,
            measurer: tools.measurer.clone(),
        };
        curl.configure(&simulator.url, endpoints)?;
        Ok(Self {
            endpoints,
            place: Place::new(tools, &Account::of(&simulator.url))?,
            curl,
            wall: Samples::default(),
            curls_wall: Samples::default(),
            cpu: Samples::default(),
            curls_cpu: Samples::default(),
            _simulator: simulator,
        })
    }

    /// Measures each some times, in turns.
    ///
    /// # Errors
    ///
    /// If a run fails.
    pub fn round(&mut self) -> Result<()> {
        for _ in 0..PAIRS {
            let curl = self.curl.fetch()?;
            let host = self.place.collect_anew(self.endpoints)?;
            self.curls_wall.add(curl.wall.as_secs_f64());
            self.wall.add(host.wall.as_secs_f64());
            self.curls_cpu.add(curl.cpu.as_secs_f64());
            self.cpu.add(host.cpu.as_secs_f64());
        }
        Ok(())
    }

    /// Returns how long the host takes, as a multiple of `curl`.
    pub fn ratio(&self) -> Samples {
        self.wall.over(&self.curls_wall)
    }

    /// Returns the rows.
    pub fn group(&self) -> Group {
        let row = |name: &str, samples: &Samples| Figure::new(name, Unit::Seconds, samples.clone());
        Group {
            title: "Time, compared with curl",
            about: format!(
                "The same {} endpoints from the same simulator: one `curl` process that fetches every page into a \
                 file of its own, over one connection, one after the other; and a whole first run of the host, from \
                 the start of its process to its end. `curl` is given the page keys and a token; the host \
                 requests them.",
                count(self.endpoints)
            ),
            figures: vec![
                row("curl, from start to end", &self.curls_wall),
                row("host, from start to end", &self.wall).against("curl", &self.curls_wall),
                row("curl, processor time", &self.curls_cpu),
                row("host, processor time", &self.cpu).against("curl", &self.curls_cpu),
            ],
        }
    }
}

impl Curl {
    /// Writes the configuration that fetches every page.
    fn configure(&self, url: &str, endpoints: u64) -> Result<()> {
        let form = [
            format!("client_id={CLIENT_ID}"),
            format!("client_secret={CLIENT_SECRET}"),
            "grant_type=client_credentials".to_owned(),
            "scope=token".to_owned(),
        ];
        let mut arguments = Vec::new();
        for field in &form {
            arguments.extend(["--data-urlencode", field]);
        }
        let token_url = token_url(url);
        arguments.push(&token_url);
        let Token { access_token } = serde_json::from_slice(&output(&arguments)?)?;
        let headers = [
            format!("Authorization: Bearer {access_token}"),
            format!("X-Tenant-ID: {DEFAULT_TENANT}"),
        ];

        let mut config = String::from("fail\nsilent\nshow-error\n");
        for header in &headers {
            writeln!(config, "header = {header:?}")?;
        }
        let (mut found, mut number) = (0, 0);
        let first = format!("{url}/endpoint/v1/endpoints?view=full&sort=id&pageSize={PAGE}");
        let mut next = Some(first.clone());
        while let Some(page_url) = next {
            let [authorization, tenant] = &headers;
            let answer = output(&["--header", authorization, "--header", tenant, &page_url])?;
            let page: Page = serde_json::from_slice(&answer)?;
            found += page.items.len() as u64;
            writeln!(
                config,
                "url = {page_url:?}\noutput = \"page-{number}.json\""
            )?;
            number += 1;
            next = page.pages.next_key.map(|key| {
                let key: String = form_urlencoded::byte_serialize(key.as_bytes()).collect();
                format!("{first}&pageFromKey={key}")
            });
        }
        ensure!(
            found == endpoints,
            "{found} endpoints were listed, not {endpoints}"
        );
        fs::write(self.folder.path().join("curl.config"), config)?;
        Ok(())
    }

    fn fetch(&self) -> Result<Usage> {
        let mut curl = Command::new("curl");
        curl.args(["--disable", "--config", "curl.config"])
            .current_dir(self.folder.path())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default());
        measure(&self.measurer, self.folder.path(), &curl)
    }
}

/// Returns what `curl` prints with these arguments.
fn output(arguments: &[&str]) -> Result<Vec<u8>> {
    let output = Command::new("curl")
        .args(["--disable", "--fail", "--silent", "--show-error"])
        .args(arguments)
        .output()
        .context("curl does not start: install it")?;
    ensure!(
        output.status.success(),
        "curl failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(output.stdout)
}
