//! A folder with a configuration for one list.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;
use sophos_central_simulator::list_server::{List, ListServer, TOKEN};
use tempfile::TempDir;

use crate::support::{Ran, built};

/// The config of most tests, beside the URL.
pub const CSV: &str = "format = \"csv\"\nid = \"id\"";

/// The destination of most tests; [`Place::deliver`] replaces it.
const TO_FILE: &str = "to = \"file\"\npath = \"events.ndjson\"";

pub struct Place {
    pub server: ListServer,
    folder: TempDir,
}

impl Place {
    /// Starts a server of a list, and writes a configuration for it with the default config of CSV.
    pub fn new(list: List) -> Self {
        Self::of(ListServer::start(list))
    }

    /// Starts a server of this text, and writes a configuration for it.
    pub fn csv(text: &str) -> Self {
        Self::new(List::new(text))
    }

    pub fn of(server: ListServer) -> Self {
        let place = Self {
            server,
            folder: tempfile::tempdir().unwrap(),
        };
        place.configure("", CSV);
        place
    }

    /// Writes the configuration with these keys of the account and of its config.
    pub fn configure(&self, account: &str, config: &str) {
        let component = built("asset-list.wasm");
        let url = self.server.url();
        let text = format!(
            r#"
[account.acme]
component = {component:?}
allow_loopback_http = true
{account}
[account.acme.config]
url = "{url}"
{config}
[account.acme.secrets]
token = {{ env = "TEST_LIST_TOKEN" }}
[account.acme.deliver]
{TO_FILE}
[account.acme.retry]
total = "2s"
first = "1ms"
most = "10ms"
"#
        );
        std::fs::write(self.path("asset-host.toml"), text).unwrap();
    }

    /// Replaces the destination.
    pub fn deliver(&self, keys: &str) {
        let path = self.path("asset-host.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(path, text.replace(TO_FILE, keys)).unwrap();
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(built("asset-host"));
        command
            .args(args)
            .current_dir(self.folder.path())
            .env_clear()
            .env("TEST_LIST_TOKEN", TOKEN)
            .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
            .stdin(Stdio::null());
        command
    }

    pub fn host(&self, args: &[&str]) -> Ran {
        Ran::of(self.command(args).output().unwrap())
    }

    #[track_caller]
    pub fn collect(&self, code: i32) -> Ran {
        self.host(&["collect"]).expect(code)
    }

    /// Returns the events that were delivered since the last call, in order.
    pub fn events(&self) -> Vec<Value> {
        let path = self.path("events.ndjson");
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let _ = std::fs::remove_file(path);
        let events = text.lines().map(serde_json::from_str);
        events.collect::<Result<_, _>>().unwrap()
    }

    /// Returns the ids of the devices whose events were delivered since the last call, in order.
    pub fn ids(&self) -> Vec<String> {
        let events = self.events();
        let ids = events.iter().map(|event| event["device"]["uid"].as_str());
        ids.map(|id| id.unwrap().to_owned()).collect()
    }

    /// Returns the reasons of all rejects.
    pub fn rejects(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.path("state.rejects.ndjson")).unwrap_or_default();
        let reason = |line: &str| {
            let reject: Value = serde_json::from_str(line).unwrap();
            reject["reason"].as_str().unwrap().to_owned()
        };
        text.lines().map(reason).collect()
    }

    /// Returns the status that each request could have got: whether it named an entity tag.
    pub fn conditional(&self) -> Vec<bool> {
        let requests = self.server.requests();
        let has_tag = requests
            .iter()
            .map(|request| request.header("if-none-match").is_some());
        has_tag.collect()
    }
}

/// Returns a CSV list of this many devices, with this in front of the name of each host.
pub fn devices(count: usize, host: &str) -> String {
    let rows = (0..count).map(|n| format!("device-{n:06},{host}-{n},2026-11-20T08:41:07Z\n"));
    "id,hostname,last_seen\n".to_owned() + &rows.collect::<String>()
}
