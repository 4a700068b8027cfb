//! What the configuration accepts and what it says about the rest.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::config::secret_source::SecretSource;
use crate::config::*;
use crate::contract::limits::{Limits, Timeouts};

mod cluster;
mod folder;
mod limits;
mod refused;

fn load(text: &str) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("asset-host.toml");
    std::fs::write(&path, text).unwrap();
    let config = Config::load(&path)?;
    match config.wrong.is_empty() {
        true => Ok(config),
        false => Err(WrongAccount::errors(&config.wrong)),
    }
}

/// Loads and makes paths relative to the configuration's folder, so that they can be compared.
fn account(text: &str) -> Account {
    let config = load(text).unwrap();
    let folder = config.place.parent().unwrap().to_owned();
    let relative = |path: &Path| path.strip_prefix(&folder).unwrap_or(path).to_owned();
    let mut account = config.accounts[0].clone();
    account.component = relative(&account.component);
    for source in account.secrets.values_mut() {
        if let SecretSource::File(path) = source {
            *path = relative(path);
        }
    }
    if let Some(path) = &mut account.ca_file {
        *path = relative(path);
    }
    account
}

/// The file of the account's source `t1`, which is called Contoso, relative to a folder.
fn path(account: &Account, folder: &Path) -> PathBuf {
    let DestinationConfig::File(file) = &account.deliver else {
        panic!("no file");
    };
    let path = file.path(&SourceName {
        account: &account.name,
        id: "t1",
        name: "Contoso",
        is_ambiguous: false,
    });
    path.strip_prefix(folder).unwrap().to_owned()
}

#[test]
fn a_name_has_an_id_behind_it_unless_the_path_keeps_the_account_apart() {
    let table = |account: &str, path: &str| {
        format!(
            "[account.{account}]\ncomponent = \"c\"\n[account.{account}.deliver]\nto = \"file\"\npath = \"{path}\"\n"
        )
    };
    // Alone, beside another account, beside one of the same name but for upper and lower case.
    for (template, alone, beside, same) in [
        ("{name}.x", "Contoso.x", "Contoso~t1.x", "Contoso~t1.x"),
        (
            "{account}/{name}",
            "acme/Contoso",
            "acme/Contoso",
            "acme/Contoso~t1",
        ),
        (
            "{account}.{name}",
            "acme.Contoso",
            "acme.Contoso",
            "acme.Contoso~t1",
        ),
        (
            "x/{account}~{name}",
            "x/acme~Contoso",
            "x/acme~Contoso",
            "x/acme~Contoso~t1",
        ),
        // The account "a" with the name "b-c" would have the path of "a-b" with "c".
        (
            "{account}-{name}",
            "acme-Contoso",
            "acme-Contoso~t1",
            "acme-Contoso~t1",
        ),
        (
            "{name}{account}/",
            "Contosoacme",
            "Contoso~t1acme",
            "Contoso~t1acme",
        ),
        ("{name}-{source}", "Contoso-t1", "Contoso-t1", "Contoso-t1"),
        ("acme.ndjson", "acme.ndjson", "acme.ndjson", "acme.ndjson"),
    ] {
        for (other, expected) in [("", alone), ("beta", beside), ("ACME", same)] {
            let mut file = table("acme", template);
            if !other.is_empty() {
                // Whatever its path is, and whether or not it is in order.
                file += &table(other, "/elsewhere/x");
                file += "never = 1\n";
            }
            let folder = tempfile::tempdir().unwrap();
            let place = folder.path().join("asset-host.toml");
            std::fs::write(&place, file).unwrap();
            let config = Config::load(&place).unwrap();
            let found = path(config.account("acme").unwrap(), folder.path());
            assert_eq!(found, Path::new(expected), "{template} beside {other}");
        }
    }
}

#[test]
fn the_smallest_file_gets_every_default() {
    let config = load("[account.main]\ncomponent = \"c.wasm\"\n").unwrap();
    let folder = config.place.parent().unwrap();
    assert_eq!(config.state, StateConfig::File(folder.join("state.db")));
    assert_eq!(
        config.accounts,
        [Account {
            name: "main".into(),
            file: config.place.clone(),
            component: folder.join("c.wasm"),
            sha256: None,
            config: serde_json::Map::new(),
            secrets: Default::default(),
            deliver: DestinationConfig::Stdout,
            only: Vec::new(),
            skip: Vec::new(),
            emit: Emit::Seen,
            rate_limits: None,
            full_every: Duration::from_secs(604_800),
            every: None,
            hosts: None,
            allow_addresses: Vec::new(),
            ca_file: None,
            allow_loopback_http: false,
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
                cpu: Duration::from_secs(60),
                requests: 100,
                response_bytes: 67_108_864,
                batch_bytes: 67_108_864,
                event_bytes: 1_048_576,
            },
        }]
    );
}

#[test]
fn every_key_arrives() {
    let text = r#"
        [account.acme]
        component = "connectors/example-assets.wasm"
        sha256 = "ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef0123456789"
        full_every = "1d 12h"
        every = "6h"
        allow_loopback_http = true
        hosts = ["id.example.com", "*.eu.example.com"]
        allow_addresses = ["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"]
        ca_file = "ca.pem"
        [account.acme.config]
        client_id = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
        page_size = 250
        factor = 0.5
        wide = true
        since_when = 2026-01-31T08:00:00Z
        regions = ["eu01", "us03"]
        nested = { a = 1 }
        [account.acme.secrets]
        client_secret = { env = "EXAMPLE_CLIENT_SECRET" }
        other = { file = "other.txt" }
        third = { command = ["pass", "example"] }
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
        tls = "5s"
        request = "6s"
        [account.beta]
        component = "/opt/b.wasm"
        deliver = { to = "stdout" }
        [state]
        path = "/var/lib/asset-host/state.db"
    "#;
    let config = load(text).unwrap();
    let state = Path::new("/var/lib/asset-host/state.db");
    assert_eq!(config.state.path(), Some(state));
    assert_eq!(config.accounts[1].name, "beta");
    assert_eq!(config.accounts[1].component, Path::new("/opt/b.wasm"));

    let account = account(text);
    assert_eq!(
        account.component,
        Path::new("connectors/example-assets.wasm")
    );
    assert_eq!(
        account.sha256.as_deref(),
        Some("abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789")
    );
    assert!(path(&account, Path::new("/")).ends_with("acme.ndjson"));
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
            SecretSource::Env("EXAMPLE_CLIENT_SECRET".into()),
            SecretSource::File("other.txt".into()),
            SecretSource::Command {
                argv: vec!["pass".into(), "example".into()],
                timeout: Duration::from_secs(30),
            },
        ]
    );
    assert_eq!(account.full_every, Duration::from_secs(36 * 60 * 60));
    assert_eq!(account.every, Some(Duration::from_secs(6 * 60 * 60)));
    assert_eq!(
        account.hosts,
        Some(vec!["id.example.com".into(), "*.eu.example.com".into()])
    );
    assert_eq!(
        account.allow_addresses,
        ["10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32"].map(|network| network.parse().unwrap())
    );
    assert_eq!(account.ca_file, Some("ca.pem".into()));
    assert!(account.allow_loopback_http);
    assert_eq!(account.retry.total, Duration::ZERO);
    assert_eq!(account.retry.first, Duration::from_secs(2));
    assert_eq!(account.retry.most, Duration::from_secs(120));
    let timeouts = account.timeouts;
    assert_eq!(
        [
            timeouts.connect,
            timeouts.first_byte,
            timeouts.between_bytes,
            timeouts.call,
            timeouts.tls,
            timeouts.request
        ]
        .map(|duration| duration.as_secs()),
        [1, 2, 3, 4, 5, 6]
    );
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
    let file = folder.path().join("latin-1.toml");
    std::fs::write(&file, b"# \xe9").unwrap();
    let message = Config::load(&file).unwrap_err().to_string();
    assert!(message.contains("cannot read"), "{message}");
    assert!(message.contains(file.to_str().unwrap()), "{message}");
}

#[test]
fn accounts_are_chosen_by_name() {
    let config = load(
        "[account.beta]\ncomponent = \"c\"\n[account.acme]\ncomponent = \"c\"\n[account.core]\ncomponent = \"c\"",
    )
    .unwrap();
    let names = |wanted: &[&str]| -> Vec<String> {
        let wanted: Vec<String> = wanted.iter().map(|name| (*name).to_owned()).collect();
        let (accounts, _) = config.select(&wanted).unwrap();
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
    let message = config.accounts[0].invalid(&problems).to_string();
    for part in [
        "account.acme.secrets.a: the environment variable ASSET_HOST_NEVER_SET is not set",
        "account.acme.secrets.b: cannot read",
        "account.acme.secrets.c: the output of the program \"true\" is empty",
    ] {
        assert!(message.contains(part), "{message}");
    }
}
