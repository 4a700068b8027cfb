//! What the configuration says about values that are not right.

use crate::config::tests::load;

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
        "hosts = \"id.example.com\"",
        &["line 3", "account.acme.hosts: ", "sequence"],
    ),
    (
        "allow_addresses = [\"10.0.0.0/8\", \"10.0.0.0/33\", \"internal\", \"10.1\", \"\"]",
        &[
            "account.acme.allow_addresses: \"10.0.0.0/33\" is no network",
            "account.acme.allow_addresses: \"internal\" is no network",
            "account.acme.allow_addresses: \"10.1\" is no network",
            "account.acme.allow_addresses: \"\" is no network",
            "such as \"10.0.0.0/8\"",
        ],
    ),
    (
        "ca_file = \"\"",
        &["account.acme.ca_file: is empty", "PEM file"],
    ),
    (
        "timeouts = { tls = \"0s\", request = \"0s\" }",
        &[
            "account.acme.timeouts.tls: ",
            "account.acme.timeouts.request: ",
        ],
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
