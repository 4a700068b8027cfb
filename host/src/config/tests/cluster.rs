//! `[cluster]`: what it accepts, and what it says about the rest.

use super::*;
use crate::config::cluster::{ClusterConfig, Credentials};

const ACCOUNT: &str = "[account.acme]\ncomponent = \"c.wasm\"\n";

/// Loads a file with an account and `[cluster]` with these lines, and returns the table and the file's folder.
fn cluster(lines: &str) -> Result<(ClusterConfig, PathBuf), ConfigError> {
    let config = load(&format!("{ACCOUNT}[cluster]\n{lines}"))?;
    let StateConfig::Cluster(cluster) = config.state else {
        panic!("no cluster");
    };
    Ok((cluster, config.place.parent().unwrap().to_owned()))
}

#[test]
fn the_smallest_table_gets_every_default() {
    let (cluster, folder) = cluster("servers = [\"nats://n1:4222\"]").unwrap();
    assert_eq!(
        cluster,
        ClusterConfig {
            servers: vec!["nats://n1:4222".into()],
            credentials: None,
            ca_file: None,
            replicas: 3,
            allow_fewer_replicas: false,
            prefix: "assets".into(),
            lease: Duration::from_secs(5),
            rejects: folder.join("state.rejects.ndjson"),
        }
    );
}

#[test]
fn every_key_arrives_and_relative_paths_are_relative_to_the_file() {
    let (cluster, folder) = cluster(
        "servers = [\"nats://n1:4222\", \"tls://n2.example.com\", \"nats://[::1]:4222/\"]\n\
         credentials = { file = { file = \"nats.creds\" } }\nca_file = \"ca.pem\"\nreplicas = 1\n\
         allow_fewer_replicas = true\nprefix = \"Team-1_x\"\nlease = \"5m\"\nrejects = \"out/rejects.ndjson\"\n",
    )
    .unwrap();
    let servers = [
        "nats://n1:4222",
        "tls://n2.example.com",
        "nats://[::1]:4222/",
    ];
    assert_eq!(
        cluster,
        ClusterConfig {
            servers: servers.map(str::to_owned).to_vec(),
            credentials: Some(Credentials::File(SecretSource::File(
                folder.join("nats.creds")
            ))),
            ca_file: Some(folder.join("ca.pem")),
            replicas: 1,
            allow_fewer_replicas: true,
            prefix: "Team-1_x".into(),
            lease: Duration::from_secs(300),
            rejects: folder.join("out/rejects.ndjson"),
        }
    );
}

#[test]
fn a_token_and_a_user_are_credentials_too() {
    let password = SecretSource::Env("NATS_PASSWORD".into());
    for (credentials, expected) in [
        (
            "{ token = { env = \"NATS_TOKEN\" } }",
            Credentials::Token(SecretSource::Env("NATS_TOKEN".into())),
        ),
        (
            "{ user = { name = \"assets\", password = { env = \"NATS_PASSWORD\" } } }",
            Credentials::User {
                name: "assets".into(),
                password,
            },
        ),
    ] {
        let lines = format!("servers = [\"nats://n1\"]\ncredentials = {credentials}");
        let (cluster, _) = cluster(&lines).unwrap();
        assert_eq!(cluster.credentials, Some(expected));
    }
}

/// Each row: lines of `[cluster]`, and what the message must contain. The servers are in order where the row has none.
const REFUSED: &[(&str, &[&str])] = &[
    (
        "servers = []",
        &["cluster.servers: ", "one server at least"],
    ),
    (
        "servers = \"nats://n1\"",
        &["cluster.servers: must be a list"],
    ),
    (
        "servers = [\"nats://n1\", \"nats://user:canary@n2\"]",
        &["cluster.servers[1]: ", "nats://HOST:PORT", "`credentials`"],
    ),
    (
        "servers = [\"nats://canary@n1\"]",
        &["cluster.servers[0]: "],
    ),
    (
        "servers = [\"nats://n1,nats://n2\"]",
        &["cluster.servers[0]: ", "one server in each text"],
    ),
    (
        "servers = [\"nats://n1:4222,n2:4222\"]",
        &["cluster.servers[0]: "],
    ),
    ("servers = [\"nats://n1,n2\"]", &["cluster.servers[0]: "]),
    ("servers = [\"n1:4222\"]", &["cluster.servers[0]: "]),
    ("servers = [\"http://n1:4222\"]", &["cluster.servers[0]: "]),
    ("servers = [\"nats://\"]", &["cluster.servers[0]: "]),
    (
        "servers = [\"nats://n1/canary\"]",
        &["cluster.servers[0]: "],
    ),
    (
        "servers = [\"nats://n1?token=canary\"]",
        &["cluster.servers[0]: "],
    ),
    (
        "servers = [\"nats://n1#canary\"]",
        &["cluster.servers[0]: "],
    ),
    (
        "replicas = 0",
        &["cluster.replicas: must be a number from 1 to 5"],
    ),
    (
        "replicas = 6",
        &["cluster.replicas: must be a number from 1 to 5"],
    ),
    (
        "replicas = 1",
        &[
            "cluster.replicas: must be 3 or more",
            "allow_fewer_replicas = true",
        ],
    ),
    (
        "replicas = 2\nallow_fewer_replicas = false",
        &["cluster.replicas: "],
    ),
    ("prefix = \"\"", &["cluster.prefix: ", "letters, digits"]),
    ("prefix = \"a.b\"", &["cluster.prefix: "]),
    ("prefix = \"a b\"", &["cluster.prefix: "]),
    ("prefix = \"ä\"", &["cluster.prefix: "]),
    ("prefix = \"*\"", &["cluster.prefix: "]),
    ("lease = \"0s\"", &["cluster.lease: must be longer than 0s"]),
    (
        "lease = \"999ms\"",
        &["cluster.lease: ", "\"1s\" to \"5m\""],
    ),
    ("lease = \"301s\"", &["cluster.lease: "]),
    ("lease = 5", &["cluster.lease: ", "a duration in quotes"]),
    ("ca_file = \"\"", &["cluster.ca_file: ", "empty"]),
    ("rejects = \"\"", &["cluster.rejects: ", "empty"]),
    (
        "credentials = \"canary\"",
        &[
            "cluster.credentials: must be one of { file = SECRET }",
            "not contain it",
        ],
    ),
    (
        "credentials = { canary = \"x\" }",
        &["cluster.credentials: "],
    ),
    (
        "credentials = { token = \"canary\" }",
        &["cluster.credentials: "],
    ),
    (
        "credentials = { file = \"canary.creds\" }",
        &["cluster.credentials: "],
    ),
    (
        "credentials = { user = \"canary\" }",
        &["cluster.credentials: "],
    ),
    (
        "credentials = { user = { name = \"x\", password = \"canary\" } }",
        &["cluster.credentials: "],
    ),
    ("credentials = {}", &["cluster.credentials: "]),
    (
        "server = \"x\"",
        &["unknown key `server`, did you mean `servers`?"],
    ),
    ("path = \"x\"", &["unknown key `path`"]),
];

#[test]
fn what_is_wrong_is_named_with_file_key_and_remedy() {
    for (lines, parts) in REFUSED {
        let servers = match lines.starts_with("servers") {
            true => "",
            false => "servers = [\"nats://n1\"]\n",
        };
        let message = cluster(&format!("{servers}{lines}"));
        let message = message.unwrap_err().to_string();
        assert!(message.contains("asset-host.toml: "), "{lines}: {message}");
        for part in *parts {
            assert!(message.contains(part), "{lines}: {part}: {message}");
        }
        assert!(!message.contains("canary"), "{lines}: {message}");
    }
    let message = cluster("").unwrap_err().to_string();
    assert!(
        message.contains("cluster: missing key `servers`"),
        "{message}"
    );
}

#[test]
fn all_that_is_wrong_is_reported_at_once() {
    let lines = "servers = [\"n1\", \"n2\"]\nreplicas = 1\nprefix = \".\"\nlease = \"1h\"";
    let message = cluster(lines).unwrap_err().to_string();
    assert_eq!(message.lines().count(), 5, "{message}");
}

#[test]
fn a_file_with_state_and_cluster_is_refused() {
    let text = format!("{ACCOUNT}[state]\n[cluster]\nservers = [\"nats://n1\"]");
    let message = load(&text).unwrap_err().to_string();
    for part in ["cluster: [state] is in ", "remove one of the two"] {
        assert!(message.contains(part), "{part}: {message}");
    }
}

#[test]
fn a_process_refuses_another_cluster_and_shows_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("asset-host.toml");
    let write = |lines: &str| std::fs::write(&place, format!("{ACCOUNT}{lines}")).unwrap();
    let servers = "[cluster]\nservers = [\"nats://n1\"]\n";
    write(&format!(
        "{servers}credentials = {{ token = {{ env = \"canary\" }} }}"
    ));
    let config = Config::load(&place).unwrap();
    assert_eq!(config.load_again().unwrap(), config);
    for (lines, part) in [
        (servers.to_owned(), "cluster: has changed since"),
        (
            format!("{servers}prefix = \"other\""),
            "cluster: was the streams assets on nats://n1 when this process started, and is the streams other on",
        ),
        (String::new(), "state: was the streams assets on nats://n1"),
    ] {
        write(&lines);
        let message = config.load_again().unwrap_err().to_string();
        assert!(message.contains(part), "{part}: {message}");
        assert!(message.contains("restart it, or undo that"), "{message}");
        assert!(!message.contains("canary"), "{message}");
    }
}
