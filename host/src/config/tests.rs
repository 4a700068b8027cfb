//! What the configuration accepts and what it says about the rest.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::*;
use crate::limits::Limits;
use crate::secrets::SecretSource;

pub(super) fn load(text: &str) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("asset-host.toml");
    std::fs::write(&path, text).unwrap();
    Config::load(&path)
}

/// Loads and makes paths relative to the configuration's folder, so that they can be compared.
pub(super) fn account(text: &str) -> Account {
    let config = load(text).unwrap();
    let folder = config.file.parent().unwrap().to_owned();
    let relative = |path: &Path| path.strip_prefix(&folder).unwrap_or(path).to_owned();
    let mut account = config.accounts[0].clone();
    account.component = relative(&account.component);
    for source in account.secrets.values_mut() {
        if let SecretSource::File(path) = source {
            *path = relative(path);
        }
    }
    if let Destination::File { path } = &mut account.deliver {
        *path = relative(path);
    }
    account
}

#[test]
fn the_smallest_file_gets_every_default() {
    let config = load("[account.main]\ncomponent = \"c.wasm\"\n").unwrap();
    let folder = config.file.parent().unwrap();
    assert_eq!(config.state, folder.join("state.db"));
    assert_eq!(
        config.accounts,
        [Account {
            name: "main".into(),
            component: folder.join("c.wasm"),
            sha256: None,
            config: serde_json::Map::new(),
            secrets: Default::default(),
            deliver: Destination::Stdout,
            selection: Selection::default(),
            emit: Emit::Seen,
            rate_limits: None,
            full_every: Duration::from_secs(604_800),
            reach: Reach::default(),
            retry: Retry {
                total: Duration::from_secs(600),
                first: Duration::from_secs(1),
                most: Duration::from_secs(60),
            },
            timeouts: Timeouts {
                connect: Duration::from_secs(10),
                tls: Duration::from_secs(10),
                first_byte: Duration::from_secs(60),
                between_bytes: Duration::from_secs(30),
                request: Duration::from_secs(180),
                call: Duration::from_secs(300),
            },
            limits: Limits {
                memory_bytes: 268_435_456,
                table_elements: 100_000,
                instances: 100,
                cpu: Duration::from_secs(60),
                requests: 100,
                response_bytes: 67_108_864,
                response_header_bytes: 65_536,
                batch_bytes: 67_108_864,
                event_bytes: 1_048_576,
                cursor_bytes: 1_048_576,
                empty_pages: 1000,
            },
        }]
    );
}

#[test]
fn every_key_arrives() {
    let text = r#"
        [account.acme]
        component = "connectors/sophos-assets.wasm"
        sha256 = "ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef0123456789"
        full_every = "1d 12h"
        allow_loopback_http = true
        [account.acme.config]
        client_id = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
        page_size = 250
        factor = 0.5
        wide = true
        since_when = 2026-01-31T08:00:00Z
        regions = ["eu01", "us03"]
        nested = { a = 1 }
        [account.acme.secrets]
        client_secret = { env = "SOPHOS_CLIENT_SECRET" }
        other = { file = "other.txt" }
        third = { command = ["pass", "sophos"] }
        [account.acme.deliver]
        to = "file"
        path = "acme.ndjson"
        [account.acme.retry]
        total = "0s"
        first = "2s"
        most = "2m"
        [account.acme.timeouts]
        connect = "1s"
        first_byte = "2s"
        between_bytes = "3s"
        call = "4s"
        [account.beta]
        component = "/opt/b.wasm"
        deliver = { to = "stdout" }
        [state]
        path = "/var/lib/asset-host/state.db"
    "#;
    let config = load(text).unwrap();
    assert_eq!(config.state, Path::new("/var/lib/asset-host/state.db"));
    assert_eq!(config.accounts[1].name, "beta");
    assert_eq!(config.accounts[1].component, Path::new("/opt/b.wasm"));

    let account = account(text);
    assert_eq!(
        account.component,
        Path::new("connectors/sophos-assets.wasm")
    );
    assert_eq!(
        account.sha256.as_deref(),
        Some("abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789")
    );
    assert_eq!(
        serde_json::Value::Object(account.config),
        serde_json::json!({
            "client_id": "3fa85f64-5717-4562-b3fc-2c963f66afa6", "page_size": 250, "factor": 0.5, "wide": true,
            "since_when": "2026-01-31T08:00:00Z", "regions": ["eu01", "us03"], "nested": { "a": 1 },
        })
    );
    assert_eq!(
        account.secrets.into_values().collect::<Vec<_>>(),
        [
            SecretSource::Env("SOPHOS_CLIENT_SECRET".into()),
            SecretSource::File("other.txt".into()),
            SecretSource::Command(vec!["pass".into(), "sophos".into()]),
        ]
    );
    assert_eq!(
        account.deliver,
        Destination::File {
            path: "acme.ndjson".into()
        }
    );
    assert_eq!(account.full_every, Duration::from_secs(36 * 60 * 60));
    assert!(account.reach.allow_loopback_http);
    assert_eq!(account.retry.total, Duration::ZERO);
    assert_eq!(account.retry.first, Duration::from_secs(2));
    assert_eq!(account.retry.most, Duration::from_secs(120));
    let timeouts = account.timeouts;
    assert_eq!(
        [
            timeouts.connect,
            timeouts.first_byte,
            timeouts.between_bytes,
            timeouts.call
        ]
        .map(|duration| duration.as_secs()),
        [1, 2, 3, 4]
    );
}

/// Each row: lines below `[account.acme]` with a component, and what the message must contain.
const REFUSED: &[(&str, &[&str])] = &[
    (
        "sha265 = \"00\"",
        &["line 3", "account.acme", "`sha265`", "`sha256`"],
    ),
    (
        "sha256 = \"00\"",
        &["account.acme.sha256: ", "64 hexadecimal digits", "describe"],
    ),
    (
        "full_every = \"weekly\"",
        &[
            "line 3",
            "account.acme.full_every: ",
            "\"weekly\"",
            "90s, 10m, 3h or 7d",
        ],
    ),
    (
        "full_every = 7",
        &[
            "line 3",
            "account.acme.full_every: ",
            "a duration in quotes",
        ],
    ),
    (
        "full_every = \"0s\"",
        &["account.acme.full_every: ", "collect --full"],
    ),
    (
        "allow_loopback_http = \"yes\"",
        &["line 3", "account.acme.allow_loopback_http: ", "boolean"],
    ),
    (
        "deliver = { to = \"kafka\" }",
        &[
            "account.acme.deliver.to: ",
            "\"kafka\"",
            "\"stdout\", \"file\"",
        ],
    ),
    (
        "deliver = { to = \"fiel\", path = \"x\" }",
        &["account.acme.deliver.to: ", "did you mean `file`?"],
    ),
    (
        "deliver = { to = \"file\" }",
        &["account.acme.deliver.path: ", "path = \"events.ndjson\""],
    ),
    (
        "deliver = { to = \"file\", path = \"\" }",
        &["account.acme.deliver.path: ", "empty"],
    ),
    (
        "deliver = { path = \"x\" }",
        &["account.acme.deliver.path: ", "to = \"file\""],
    ),
    (
        "deliver = { to = \"file\", paht = \"x\" }",
        &["line 3", "account.acme.deliver", "`paht`", "`path`"],
    ),
    (
        "retry = { total = \"1h\", first = \"0s\" }",
        &["account.acme.retry.first: ", "longer than 0s", "1s"],
    ),
    ("retry = { most = \"0s\" }", &["account.acme.retry.most: "]),
    (
        "retry = { first = \"2m\" }",
        &[
            "account.acme.retry.first: ",
            "2m",
            "longer than `most`",
            "1m",
        ],
    ),
    (
        "timeouts = { connect = \"0s\" }",
        &["account.acme.timeouts.connect: ", "10s"],
    ),
    (
        "timeouts = { first_byte = \"0s\", between_bytes = \"0s\", call = \"0s\" }",
        &[
            "account.acme.timeouts.first_byte: ",
            "account.acme.timeouts.between_bytes: ",
            "account.acme.timeouts.call: ",
        ],
    ),
    (
        "client_secret = \"canary-7f3a\"",
        &["line 3", "account.acme", "unknown field `client_secret`"],
    ),
    (
        "timeouts = 7",
        &["line 3", "account.acme.timeouts: ", "expected a table"],
    ),
    ("config = \"x\"", &["account.acme.config: must be a table"]),
    (
        "config = { factor = nan }",
        &["account.acme.config: ", "`nan`"],
    ),
    (
        "secrets = \"canary-7f3a\"",
        &["account.acme.secrets: must be a table", "{ env = "],
    ),
    (
        "secrets = { client_secret = \"canary-7f3a\" }",
        &[
            "account.acme.secrets.client_secret: ",
            "not hold it: write { env = ",
        ],
    ),
    (
        "secrets = { client_secret = { evn = \"canary-7f3a\" } }",
        &[
            "account.acme.secrets.client_secret: ",
            "did you mean `env`?",
        ],
    ),
    (
        "secrets = { client_secret = canary-7f3a }",
        &["line 3", "not TOML"],
    ),
    (
        "secrets = { client_secret = \"canary-7f3a }",
        &["line 3", "not TOML"],
    ),
    ("component = \"twice.wasm\"", &["line 3", "duplicate key"]),
    (
        "[account.\"a b\"]\ncomponent = \"c\"",
        &["account.\"a b\": ", "letters, digits"],
    ),
    ("[account.other]", &["account.other", "component"]),
    (
        "[account.other]\ncomponent = \"\"",
        &["account.other.component: is empty"],
    ),
    ("[state]\npath = \"\"", &["state.path: is empty"]),
    (
        "[state]\nfile = \"x\"",
        &["line 4", "state", "`file`", "`path`"],
    ),
    ("[accounts.x]", &["line 3", "`accounts`", "`account`"]),
];

#[test]
fn what_is_wrong_is_named_with_file_key_and_remedy() {
    for (lines, parts) in REFUSED {
        let text = format!("[account.acme]\ncomponent = \"c.wasm\"\n{lines}\n");
        let message = load(&text).unwrap_err().to_string();
        assert!(message.contains("asset-host.toml"), "{lines}: {message}");
        for part in *parts {
            assert!(message.contains(part), "{lines}: {part}: {message}");
        }
        assert!(!message.contains("canary"), "{lines}: {message}");
    }
}

#[test]
fn all_wrong_values_are_told_at_once() {
    let message = load(
        "[account.a]\ncomponent = \"\"\nfull_every = \"0s\"\n[account.b]\ncomponent = \"c\"\ndeliver = { to = \"x\" }",
    )
    .unwrap_err()
    .to_string();
    for key in [
        "account.a.component",
        "account.a.full_every",
        "account.b.deliver.to",
    ] {
        assert!(message.contains(key), "{message}");
    }
    assert_eq!(message.lines().count(), 3, "{message}");
}

#[test]
fn a_file_without_account_says_how_to_get_one() {
    for text in ["", "[state]\npath = \"x\"", "[account]"] {
        let message = load(text).unwrap_err().to_string();
        assert!(
            message.contains("account: there is no account"),
            "{message}"
        );
        assert!(message.contains("asset-host init"), "{message}");
    }
}

#[test]
fn a_missing_file_is_named_with_the_command_that_writes_one() {
    let message = Config::load(Path::new("/nonexistent/my.toml"))
        .unwrap_err()
        .to_string();
    for part in ["/nonexistent/my.toml", "asset-host init", "--config"] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn an_unreadable_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let message = Config::load(folder.path()).unwrap_err().to_string();
    assert!(message.contains("cannot read"), "{message}");
    assert!(
        message.contains(folder.path().to_str().unwrap()),
        "{message}"
    );
}

#[test]
fn accounts_are_chosen_by_name() {
    let config = load(
        "[account.beta]\ncomponent = \"c\"\n[account.acme]\ncomponent = \"c\"\n[account.core]\ncomponent = \"c\"",
    )
    .unwrap();
    let names = |wanted: &[&str]| -> Vec<String> {
        let wanted: Vec<String> = wanted.iter().map(|name| (*name).to_owned()).collect();
        let accounts = config.select(&wanted).unwrap();
        accounts
            .iter()
            .map(|account| account.name.clone())
            .collect()
    };
    assert_eq!(names(&[]), ["acme", "beta", "core"]);
    assert_eq!(names(&["core", "acme", "core"]), ["acme", "core"]);

    let message = config.select(&["acmee".into()]).unwrap_err().to_string();
    for part in [
        "--account acmee",
        "did you mean `acme`?",
        "acme, beta, core",
    ] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn secrets_that_cannot_be_read_are_all_named() {
    let config = load(
        "[account.acme]\ncomponent = \"c\"\n[account.acme.secrets]\na = { env = \"ASSET_HOST_NEVER_SET\" }\n\
         b = { file = \"missing.txt\" }\nc = { command = [\"true\"] }",
    )
    .unwrap();
    let problems = config.accounts[0].resolve_secrets().unwrap_err();
    let message = config.invalid(problems).to_string();
    for part in [
        "account.acme.secrets.a: the environment variable ASSET_HOST_NEVER_SET is not set",
        "account.acme.secrets.b: cannot read",
        "account.acme.secrets.c: the output of the program \"true\" is empty",
    ] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn paths_are_relative_to_the_file_even_without_a_folder() {
    let file = file::parse(
        Path::new("asset-host.toml"),
        "[account.a]\ncomponent = \"c.wasm\"",
    )
    .unwrap();
    let config = Config::check(Path::new("asset-host.toml"), file).unwrap();
    assert_eq!(config.state, PathBuf::from("state.db"));
    assert_eq!(config.accounts[0].component, PathBuf::from("c.wasm"));
}
