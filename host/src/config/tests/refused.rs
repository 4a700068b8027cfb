//! What the configuration says about values that are not right.

use super::*;

/// Each row: lines below `[account.acme]` with a component, and what the message must contain.
const REFUSED: &[(&str, &[&str])] = &[
    (
        "sha265 = \"00\"",
        &[
            "account.acme",
            "`sha265`, did you mean `sha256`?",
            "`component`",
        ],
    ),
    (
        "delivr = { to = \"stdout\" }",
        &["account.acme", "`delivr`, did you mean `deliver`?"],
    ),
    (
        "sha256 = \"00\"",
        &["account.acme.sha256: ", "64 hexadecimal digits", "describe"],
    ),
    (
        "full_every = \"weekly\"",
        &[
            "account.acme.full_every: ",
            "\"weekly\"",
            "90s, 10m, 3h or 7d",
        ],
    ),
    (
        "full_every = 7",
        &["account.acme.full_every: ", "a duration in quotes"],
    ),
    (
        "full_every = \"0s\"",
        &["account.acme.full_every: must be longer than 0s"],
    ),
    (
        "every = \"0s\"",
        &["account.acme.every: must be longer than 0s"],
    ),
    ("[account]\nother = 5", &["account.other: must be a table"]),
    (
        "allow_loopback_http = \"yes\"",
        &["account.acme.allow_loopback_http: must be a boolean"],
    ),
    (
        "hosts = \"id.example.com\"",
        &["account.acme.hosts: must be a list"],
    ),
    (
        "allow_addresses = [\"10.0.0.0/8\", \"10.0.0.0/33\"]",
        &[
            "account.acme.allow_addresses: \"10.0.0.0/33\" is not a valid network",
            "such as \"10.0.0.0/8\"",
        ],
    ),
    (
        "allow_addresses = [\"10.1\"]",
        &["account.acme.allow_addresses: \"10.1\" is not a valid network"],
    ),
    (
        "allow_addresses = [\"\"]",
        &["account.acme.allow_addresses: \"\" is not a valid network"],
    ),
    (
        "ca_file = \"\"",
        &["account.acme.ca_file: must be the path of a file, and is empty"],
    ),
    (
        "emit = \"change\"",
        &["account.acme.emit: ", "`change`, did you mean `changed`?"],
    ),
    (
        "rate_limits = [{ requests = 0, seconds = 1 }]",
        &["account.acme.rate_limits: must have one request"],
    ),
    (
        "rate_limits = [{ requests = 5 }]",
        &["account.acme.rate_limits[0]: missing key `seconds`"],
    ),
    (
        "deliver = { to = \"kafka\" }",
        &["account.acme.deliver.to: \"kafka\"", "\"stdout\", \"file\""],
    ),
    (
        "deliver = { to = \"fiel\", path = \"x\" }",
        &["account.acme.deliver.to: ", "did you mean `file`?"],
    ),
    ("deliver = 7", &["account.acme.deliver: must be a table"]),
    (
        "deliver = { to = \"file\" }",
        &["account.acme.deliver: missing key `path`"],
    ),
    (
        "deliver = { to = \"file\", path = \"\" }",
        &["account.acme.deliver.path: ", "empty"],
    ),
    (
        "deliver = { path = \"x\" }",
        &["account.acme.deliver.path: ", "add to = \"file\""],
    ),
    (
        "deliver = { to = \"file\", paht = \"x\" }",
        &["account.acme.deliver", "`paht`, did you mean `path`?"],
    ),
    (
        "retry = { total = \"1h\", first = \"0s\" }",
        &["account.acme.retry.first: ", "longer than 0s"],
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
        "client_secret = \"canary-7f3a\"",
        &["account.acme", "unknown key `client_secret`"],
    ),
    ("timeouts = 7", &["account.acme.timeouts: ", "must be "]),
    ("config = \"x\"", &["account.acme.config: must be a table"]),
    (
        "config = { factor = nan }",
        &["account.acme.config: ", "`nan`"],
    ),
    (
        "secrets = \"canary-7f3a\"",
        &["account.acme.secrets: must be a table"],
    ),
    (
        "secrets = { client_secret = \"canary-7f3a\" }",
        &[
            "account.acme.secrets.client_secret: ",
            "not contain it: write { env = ",
        ],
    ),
    (
        "secrets = { client_secret = { evn = \"canary-7f3a\" } }",
        &["account.acme.secrets.client_secret: ", "write { env = "],
    ),
    (
        "secrets = { client_secret = canary-7f3a }",
        &["line 3", "not TOML"],
    ),
    (
        "secrets = { client_secret = \"canary-7f3a }",
        &["line 3", "not TOML"],
    ),
    (
        "only = \"canary-7f3a\"",
        &["account.acme.only: must be a list"],
    ),
    ("component = \"twice.wasm\"", &["line 3", "duplicate key"]),
    (
        "[account.\"a b\"]\ncomponent = \"c\"",
        &["account.\"a b\": ", "letters, digits"],
    ),
    (
        "[account.other]",
        &["account.other: missing key `component`"],
    ),
    (
        "[account.other]\ncomponent = \"\"",
        &["account.other.component: ", "empty"],
    ),
    ("[state]\npath = \"\"", &["state.path: ", "empty"]),
    (
        "[state]\nfile = \"x\"",
        &["state", "unknown key `file`", "`path`"],
    ),
    (
        "[accounts.x]",
        &["unknown key `accounts`, did you mean `account`?"],
    ),
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
fn each_account_and_each_destination_reports_what_is_wrong_with_it() {
    let message = load(
        "[account.a]\ncomponent = \"c\"\nfull_every = \"0s\"\ndeliver = { to = \"x\" }\n[account.b]\ncomponent = \"\"",
    )
    .unwrap_err()
    .to_string();
    for key in [
        "account.a.deliver.to",
        "account.a.full_every",
        "account.b.component",
    ] {
        assert!(message.contains(key), "{message}");
    }
    assert_eq!(message.lines().count(), 3, "{message}");
}
