//! A workplace for one test: a simulated Sophos Central, a folder with a configuration, and the real host
//! with the real component, as `make build` leaves them in `dist/`.
#![allow(dead_code, reason = "each test uses its own part of the workplace")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise, in its helpers too"
)]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use sophos_central_simulator::intake::API_KEY;
use sophos_central_simulator::{CLIENT_ID, CLIENT_SECRET, Options, Simulator};
use tempfile::TempDir;

pub use sophos_central_simulator::project::built;

pub mod running;

/// The tables of the configuration that most tests have: short pauses, and the defaults otherwise.
pub const QUICK: &str = r#"
[account.acme.retry]
total = "2s"
first = "1ms"
most = "10ms"
"#;

/// The secret that the environment variable `TEST_TOKEN` holds, for headers of a destination.
pub const TOKEN: &str = "token-of-the-intake-0451";

/// What [`Workplace::configure`] writes for the destination; replace it with [`Workplace::deliver`].
const TO_FILE: &str = "to = \"file\"\npath = \"events.ndjson\"";

/// Returns the JSON text without white space between its tokens, in its own order: `serde_json::Value` would sort it.
pub fn compact(json: &str) -> String {
    let mut written = Vec::new();
    serde_transcode::transcode(
        &mut serde_json::Deserializer::from_str(json),
        &mut serde_json::Serializer::new(&mut written),
    )
    .unwrap();
    String::from_utf8(written).unwrap()
}

/// The result of a run of the host.
#[derive(Debug)]
pub struct Ran {
    /// The exit code.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error: log and summary.
    pub stderr: String,
}

impl Ran {
    /// Returns the result of a host that has ended with this output.
    pub fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Asserts the exit code, and shows the output if it is another.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "stdout:\n{}\nstderr:\n{}",
            self.stdout,
            self.stderr
        );
        self
    }

    /// Asserts that the outputs together contain each of these texts.
    #[track_caller]
    pub fn says(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(
                self.stdout.contains(text) || self.stderr.contains(text),
                "{text:?} is missing in\nstdout:\n{}\nstderr:\n{}",
                self.stdout,
                self.stderr
            );
        }
        self
    }
}

/// One test's simulator, folder and configuration; the account is `acme`, its destination `events.ndjson`.
pub struct Workplace {
    /// The simulated Sophos Central.
    pub simulator: Simulator,
    folder: TempDir,
}

impl Workplace {
    /// Starts a simulator and writes a configuration for it.
    pub fn new(options: Options) -> Self {
        let workplace = Self {
            simulator: Simulator::start(options),
            folder: tempfile::tempdir().unwrap(),
        };
        workplace.configure("", QUICK);
        workplace
    }

    /// Writes the configuration with more lines in `[account.acme.config]`, and more tables after it.
    pub fn configure(&self, config: &str, tables: &str) {
        let url = self.simulator.url().to_owned();
        self.configure_for(&url, config, tables);
    }

    /// Writes the configuration for an API at another URL.
    pub fn configure_for(&self, url: &str, config: &str, tables: &str) {
        let component = built("sophos-assets.wasm");
        self.write(
            "asset-host.toml",
            &format!(
                r#"
[account.acme]
component = {component:?}
allow_loopback_http = true
rate_limits = []
[account.acme.config]
client_id = "{CLIENT_ID}"
api_host = "{url}"
token_url = "{url}/api/v2/oauth2/token"
{config}
[account.acme.secrets]
client_secret = {{ env = "TEST_CLIENT_SECRET" }}
[account.acme.deliver]
{TO_FILE}
{tables}
{}
"#,
                self.cluster()
            ),
        );
    }

    /// Returns the table that keeps the state on the NATS server at `NATS_URL`, where this is set: `tests/on_cluster.sh`
    /// runs tests so. Each workplace has streams of its own.
    fn cluster(&self) -> String {
        let Ok(url) = std::env::var("NATS_URL") else {
            return String::new();
        };
        let name = self.folder.path().file_name().unwrap().to_str().unwrap();
        let prefix = name.trim_start_matches('.');
        format!(
            "[cluster]\nservers = [{url:?}]\nreplicas = 1\nallow_fewer_replicas = true\nprefix = {prefix:?}\n"
        )
    }

    /// Adds tables to the end of the configuration, such as those of another account.
    pub fn append(&self, tables: &str) {
        let config = std::fs::read_to_string(self.path("asset-host.toml")).unwrap();
        self.write("asset-host.toml", &format!("{config}\n{tables}\n"));
    }

    /// Replaces a text of the configuration, which must be there.
    #[track_caller]
    pub fn edit_config(&self, from: &str, to: &str) {
        let config = std::fs::read_to_string(self.path("asset-host.toml")).unwrap();
        assert!(
            config.contains(from),
            "{from:?} is not in the configuration"
        );
        self.write("asset-host.toml", &config.replace(from, to));
    }

    /// Replaces the destination that [`Workplace::configure`] wrote with these keys.
    #[track_caller]
    pub fn deliver(&self, keys: &str) {
        self.edit_config(TO_FILE, keys);
    }

    /// Returns a file's path in the test's folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Returns every file in the test's folder, also those in folders of it.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        let mut folders = vec![self.path("")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => folders.push(path),
                    false => files.push(path),
                }
            }
        }
        files
    }

    /// Writes a file in the test's folder.
    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// Returns the host with these arguments, in the test's folder, yet to be started.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(built("asset-host"));
        command
            .args(args)
            .current_dir(self.folder.path())
            .env_clear()
            .env("TEST_CLIENT_SECRET", CLIENT_SECRET)
            .env("TEST_TOKEN", TOKEN)
            .env("TEST_API_KEY", API_KEY)
            .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs the host to its end.
    pub fn host(&self, args: &[&str]) -> Ran {
        Ran::of(self.command(args).output().unwrap())
    }

    /// Starts the host; its outputs are dropped.
    pub fn start(&self, args: &[&str]) -> Child {
        self.command(args)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// Collects, and asserts the exit code.
    #[track_caller]
    pub fn collect(&self, code: i32) -> Ran {
        self.host(&["collect"]).expect(code)
    }

    /// Returns every event that was delivered, in order. Every line must be one.
    pub fn events(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.path("events.ndjson")).unwrap_or_default();
        assert!(
            text.is_empty() || text.ends_with('\n'),
            "the last line is torn"
        );
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Returns how many lines were delivered so far, by a host that may be writing.
    pub fn lines(&self) -> usize {
        std::fs::read(self.path("events.ndjson")).map_or(0, |bytes| {
            bytes.iter().filter(|byte| **byte == b'\n').count()
        })
    }

    /// Returns how often each device was delivered, by its id.
    pub fn deliveries(&self) -> BTreeMap<String, usize> {
        let mut deliveries = BTreeMap::new();
        for event in self.events() {
            let id = event["device"]["uid"].as_str().unwrap().to_owned();
            *deliveries.entry(id).or_default() += 1;
        }
        deliveries
    }

    /// Returns the ids of what was delivered since the destination was last emptied; each may be there once only.
    #[track_caller]
    pub fn ids(&self) -> Vec<String> {
        let deliveries = self.deliveries();
        let twice: Vec<_> = deliveries.iter().filter(|(_, times)| **times > 1).collect();
        assert!(twice.is_empty(), "delivered more than once: {twice:?}");
        deliveries.into_keys().collect()
    }

    /// Empties the destination.
    pub fn forget_events(&self) {
        std::fs::write(self.path("events.ndjson"), "").unwrap();
    }

    /// Returns what `state show` prints; `None` if nothing is stored.
    pub fn state(&self) -> Option<String> {
        let shown = self.host(&["state", "show", "--account", "acme"]);
        (shown.code == Some(0)).then_some(shown.stdout)
    }

    /// Returns the stored cursor; `None` if nothing is stored.
    pub fn cursor(&self) -> Option<Value> {
        let shown = self.state()?;
        let (_, cursor) = shown.split_once("\ncursor\n")?;
        Some(serde_json::from_str(cursor).unwrap())
    }
}
