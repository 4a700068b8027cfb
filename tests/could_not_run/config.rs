//! The configuration file: its form, its keys, its values.

use crate::{CLIENT_ID_LINE, MISPLACED, SECRET, refused, refused_when_edited, workplace};

#[test]
fn a_missing_configuration_or_invalid_toml_is_reported() {
    let work = workplace();
    for command in ["check", "collect"] {
        refused(
            &work,
            &["--config", "other.toml", command],
            &["other.toml", "asset-host init", "--config"],
        );
    }
    refused_when_edited(&[
        (
            "[account.acme]\n",
            "[account.acme\n",
            &["line 2", "not TOML"],
        ),
        // A line that cannot be parsed may contain a secret.
        (SECRET, &format!("\"{MISPLACED}"), &["not TOML", "line 12"]),
        (
            "[account.acme]\n",
            "[account.acme]\n[account.acme]\n",
            &["not TOML"],
        ),
    ]);
}

#[test]
fn an_unknown_key_at_any_level_is_reported() {
    refused_when_edited(&[
        (
            "[account.acme]\n",
            "acount = 1\n[account.acme]\n",
            &["acount: unknown key", "did you mean `account`?"],
        ),
        (
            "component =",
            "componnent =",
            &[
                "account.acme.componnent: unknown key",
                "did you mean `component`?",
            ],
        ),
        (
            "client_id =",
            "clientid =",
            &["account.acme.config.clientid", "did you mean `client_id`?"],
        ),
        (
            "client_secret =",
            "client_secert =",
            &[
                "account.acme.secrets.client_secert",
                "did you mean `client_secret`?",
            ],
        ),
        (
            "{ env =",
            "{ evn =",
            &[
                "account.acme.secrets.client_secret",
                "not contain it: write { env = ",
                "{ file = \"path\" }",
            ],
        ),
        (
            "to = \"file\"",
            "too = \"file\"",
            &["account.acme.deliver.too", "add to = "],
        ),
        (
            "[account.acme.deliver]",
            "[account.acme.retry]\ntotl = \"1s\"\n[account.acme.deliver]",
            &[
                "account.acme.retry.totl: unknown key",
                "did you mean `total`?",
            ],
        ),
        (
            "[account.acme.deliver]",
            "[account.acme.timeouts]\nconect = \"1s\"\n[account.acme.deliver]",
            &[
                "account.acme.timeouts.conect: unknown key",
                "did you mean `connect`?",
            ],
        ),
        (
            "[account.acme.deliver]",
            "[state]\npth = \"s.db\"\n[account.acme.deliver]",
            &["state.pth: unknown key", "did you mean `path`?"],
        ),
    ]);
}

#[test]
fn a_value_of_the_wrong_type_is_reported() {
    refused_when_edited(&[
        (
            "allow_loopback_http = true",
            "allow_loopback_http = \"yes\"",
            &["account.acme.allow_loopback_http", "boolean"],
        ),
        (
            "allow_loopback_http",
            "full_every = 7\nallow_loopback_http",
            &["account.acme.full_every", "a duration in quotes"],
        ),
        (
            "allow_loopback_http",
            "full_every = \"7 moons\"\nallow_loopback_http",
            &["account.acme.full_every", "7 moons", "7d"],
        ),
        (
            "to = \"file\"",
            "to = 5",
            &["account.acme.deliver.to", "must be a text in quotes"],
        ),
        (
            CLIENT_ID_LINE,
            "client_id = 5\n",
            &["account.acme.config.client_id", "string"],
        ),
        (
            CLIENT_ID_LINE,
            &format!("{CLIENT_ID_LINE}page_size = \"many\"\n"),
            &["account.acme.config.page_size", "integer"],
        ),
        (
            "[account.acme.secrets]\nclient_secret = { env = \"TEST_CLIENT_SECRET\" }",
            "[account.acme]\nsecrets = 5",
            &["not TOML"],
        ),
        (
            "[account.acme.deliver]\nto = \"file\"",
            "[state]\npath = 1\n[account.acme.deliver]\nto = \"file\"",
            &["state.path", "must be a text in quotes"],
        ),
    ]);
}

#[test]
fn an_unknown_destination_is_reported() {
    refused_when_edited(&[
        (
            "to = \"file\"",
            "to = \"flie\"",
            &[
                "account.acme.deliver.to",
                "\"flie\"",
                "did you mean `file`?",
                "\"stdout\"",
            ],
        ),
        (
            "path = \"events.ndjson\"",
            "",
            &["account.acme.deliver: missing key `path`"],
        ),
        (
            "to = \"file\"",
            "to = \"stdout\"",
            &["account.acme.deliver.path", "to = \"file\""],
        ),
    ]);
    let work = workplace();
    work.edit_config("events.ndjson", "nowhere/events.ndjson");
    refused(
        &work,
        &["collect"],
        &[
            "account.acme.deliver.path: cannot open files in ",
            "/nowhere",
            "folder must exist",
        ],
    );
}

#[test]
fn a_config_that_does_not_fit_the_schema_is_reported() {
    let with = |line: &str| format!("{CLIENT_ID_LINE}{line}\n");
    let work = workplace();
    let url = work.simulator.url();
    refused_when_edited(&[
        (
            CLIENT_ID_LINE,
            "",
            &["account.acme.config.client_id", "is missing", "Client ID"],
        ),
        (
            CLIENT_ID_LINE,
            "client_id = \" \"\n",
            &["account.acme.config.client_id"],
        ),
        (
            CLIENT_ID_LINE,
            "client_id = \"CHANGE-ME\"\n",
            &[
                "account.acme.config.client_id",
                "still \"CHANGE-ME\"",
                "Client ID",
            ],
        ),
        (
            CLIENT_ID_LINE,
            &with("page_size = 501"),
            &["account.acme.config.page_size", "501", "500"],
        ),
        (
            CLIENT_ID_LINE,
            &with("page_size = 0"),
            &["account.acme.config.page_size", "0", "1"],
        ),
        (
            CLIENT_ID_LINE,
            &with("overlap = -1"),
            &["account.acme.config.overlap", "-1", "0"],
        ),
        (
            CLIENT_ID_LINE,
            &with("dialect = \"klingon\""),
            &["account.acme.config.dialect", "klingon", "sekoia"],
        ),
        (
            CLIENT_ID_LINE,
            &with("since = 2026-11-20T08:00:00Z"),
            &[
                "account.acme.config.since",
                "asset-host collect --since TIME",
            ],
        ),
    ]);
    // The port differs from run to run, so these are replaced.
    for (bad, words) in [
        (
            "not a url",
            &["account.acme.config.api_host", "not a url"][..],
        ),
        (
            "http://sophos.example.com",
            &[
                "account.acme.config.api_host",
                "begins with https",
                "https://api.central.sophos.com",
            ],
        ),
        (
            "https://user:pass@sophos.example.com",
            &[
                "account.acme.config.api_host",
                "no user name and no password",
            ],
        ),
    ] {
        work.configure("", "");
        work.edit_config(
            &format!("api_host = \"{url}\""),
            &format!("api_host = \"{bad}\""),
        );
        for command in ["check", "collect"] {
            refused(&work, &[command], &[&["asset-host.toml"], words].concat());
        }
    }
}

/// A rule that a schema cannot express: the component itself checks it.
#[test]
fn an_omit_that_the_dialect_does_not_have_is_reported() {
    let with = |line: &str| format!("{CLIENT_ID_LINE}{line}\n");
    let key = "asset-host.toml: account.acme.config: `omit` does not fit";
    refused_when_edited(&[
        (
            CLIENT_ID_LINE,
            &with("omit = [\"device.ownr\"]"),
            &[
                key,
                "`device.ownr` is not an attribute of the dialect `sekoia`",
            ],
        ),
        (
            CLIENT_ID_LINE,
            &with("dialect = \"ocsf\"\nomit = [\"device.uid\"]"),
            &[key, "no event is complete without it"],
        ),
    ]);
    let work = workplace();
    work.edit_config(CLIENT_ID_LINE, &with("omit = [\"device.ownr\"]"));
    for command in ["approve", "map"] {
        let account = ["--account", "acme"];
        refused(&work, &[&[command], &account[..]].concat(), &[key]);
    }
    // No run has approved anything yet.
    assert!(!work.path("state.db").exists(), "a state was made");
    let ran = work
        .host(&["describe", "--account", "acme", "--json"])
        .expect(0);
    let facts: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let problems = facts["problems"].as_array().unwrap();
    assert_eq!(problems.len(), 1, "{problems:?}");
    let problem = problems[0].as_str().unwrap();
    assert!(
        problem.starts_with("account.acme.config: `omit` does not fit"),
        "{problem}"
    );
    // It is reported with the other problems, and what the schema finds is not reported twice.
    work.edit_config(CLIENT_ID_LINE, "");
    refused(&work, &["check"], &[key, "account.acme.config.client_id"]);
    work.configure("dialect = \"klingon\"", "");
    let ran = refused(&work, &["check"], &["account.acme.config.dialect"]);
    assert!(
        !ran.stderr.contains("account.acme.config:"),
        "{}",
        ran.stderr
    );
}

#[test]
fn an_account_and_its_destination_each_report_what_is_wrong() {
    let work = workplace();
    work.edit_config(SECRET, "\"plain\"");
    work.edit_config("to = \"file\"", "to = \"flie\"");
    let ran = refused(
        &work,
        &["collect"],
        &[
            "account.acme.secrets.client_secret",
            "account.acme.deliver.to",
        ],
    );
    assert_eq!(ran.stderr.matches("asset-host.toml").count(), 2);
}

#[test]
fn with_strict_an_invalid_account_stops_the_run_before_any_request() {
    let work = workplace();
    let config = std::fs::read_to_string(work.path("asset-host.toml")).unwrap();
    let other = config
        .replace("account.acme", "account.zeta")
        .replace(CLIENT_ID_LINE, "");
    work.write("asset-host.toml", &format!("{config}\n{other}"));
    let words = ["account.zeta.config.client_id", "is missing"];
    refused(&work, &["collect", "--strict"], &words);
    work.host(&["check"])
        .expect(1)
        .says(&words)
        .says(&["acme: ok"]);
    // The valid account can run alone.
    work.host(&["check", "--account", "acme"])
        .expect(0)
        .says(&["acme: ok"]);
}

#[test]
fn with_strict_a_url_without_https_stops_the_run_before_any_request() {
    let work = workplace();
    let config = std::fs::read_to_string(work.path("asset-host.toml")).unwrap();
    let url = format!("api_host = \"{}\"", work.simulator.url());
    let other = config
        .replace("account.acme", "account.zeta")
        .replace(&url, "api_host = \"http://sophos.example.com\"");
    work.write("asset-host.toml", &format!("{config}\n{other}"));
    let words = &[
        "asset-host.toml: account.zeta.config.api_host",
        "begins with https",
    ];
    refused(&work, &["collect", "--strict"], words);
    work.host(&["check"]).expect(1).says(words);
}
