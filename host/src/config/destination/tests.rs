//! What `[account.NAME.deliver]` accepts and what it says about the rest.

use std::time::Duration;

use ::http::header::{AUTHORIZATION, USER_AGENT};

use super::*;
use crate::config::secret_source::SecretSource;
use crate::config::values::Retry;

mod refused;

/// Reads the lines of a table.
fn check(lines: &str) -> Result<DestinationConfig, Vec<Problem>> {
    check_for("acme", lines)
}

fn check_for(account: &str, lines: &str) -> Result<DestinationConfig, Vec<Problem>> {
    let mut problems = Vec::new();
    let destination = DestinationConfig::read(
        &format!("account.{account}.deliver"),
        format!("[deliver]\n{lines}")
            .parse::<toml::Table>()
            .unwrap()["deliver"]
            .as_table()
            .unwrap()
            .clone(),
        Path::new("folder"),
        &mut problems,
    );
    if problems.is_empty() {
        Ok(destination.unwrap())
    } else {
        Err(problems)
    }
}

#[test]
fn sekoia_has_defaults_for_all_but_the_connector_and_the_key() {
    let smallest = "to = \"sekoia\"\nuuid = \"00000000-0000-4000-8000-00000000000A\"\napi_key = { file = \"key.txt\" }";
    let tasks = SekoiaTasks {
        base: "https://api.sekoia.io".parse().unwrap(),
        wait: Duration::from_secs(300),
        poll: Duration::from_secs(1),
    };
    let connector = "asset-connector/00000000-0000-4000-8000-00000000000a";
    let path = format!("api/v2/asset-management/{connector}");
    let sekoia = HttpConfig {
        url: format!("https://api.sekoia.io/{path}").parse().unwrap(),
        allow_plain_http: false,
        format: Format::Sekoia(tasks),
        headers: vec![
            Header {
                key: "api_key".into(),
                name: AUTHORIZATION,
                text: HeaderText::Secret {
                    prefix: "Bearer ".into(),
                    source: SecretSource::File("folder/key.txt".into()),
                },
            },
            Header {
                key: "uuid".into(),
                name: USER_AGENT,
                text: HeaderText::Plain(
                    "sekoiaio-asset-connector-00000000-0000-4000-8000-00000000000a"
                        .parse()
                        .unwrap(),
                ),
            },
        ],
        gzip: false,
        batch_events: 100,
        batch_bytes: usize::MAX,
        ca_file: None,
        timeouts: RequestTimeouts {
            connect: Duration::from_secs(10),
            answer: Duration::from_secs(60),
        },
        retry: Retry {
            total: Duration::from_secs(600),
            first: Duration::from_secs(1),
            most: Duration::from_secs(60),
        },
    };
    assert_eq!(
        check(smallest),
        Ok(DestinationConfig::Http(Box::new(sekoia.clone())))
    );
    let all = format!(
        "{smallest}\nbase = \"http://127.0.0.1:8080/sub\"\nbatch = 1000\ntask_wait = \"1m\"\ntask_poll = \"2s\"\n\
         ca_file = \"authorities.pem\"\n\
         timeouts = {{ connect = \"1s\", answer = \"2s\" }}\nretry = {{ total = \"0s\", first = \"3s\", most = \"4s\" }}"
    );
    let expected = HttpConfig {
        url: format!("http://127.0.0.1:8080/sub/{path}").parse().unwrap(),
        format: Format::Sekoia(SekoiaTasks {
            base: "http://127.0.0.1:8080/sub".parse().unwrap(),
            wait: Duration::from_secs(60),
            poll: Duration::from_secs(2),
        }),
        batch_events: 1000,
        ca_file: Some("folder/authorities.pem".into()),
        timeouts: RequestTimeouts {
            connect: Duration::from_secs(1),
            answer: Duration::from_secs(2),
        },
        retry: Retry {
            total: Duration::ZERO,
            first: Duration::from_secs(3),
            most: Duration::from_secs(4),
        },
        ..sekoia
    };
    assert_eq!(check(&all), Ok(DestinationConfig::Http(Box::new(expected))));
}

#[test]
fn http_has_defaults_for_all_but_the_url() {
    let smallest = "to = \"http\"\nurl = \"https://intake.example.com/events?stream=1\"";
    let http = HttpConfig {
        url: "https://intake.example.com/events?stream=1"
            .parse()
            .unwrap(),
        allow_plain_http: false,
        format: Format::Ndjson,
        headers: Vec::new(),
        gzip: false,
        batch_events: 500,
        batch_bytes: 1_048_576,
        ca_file: None,
        timeouts: RequestTimeouts::default(),
        retry: Retry::default(),
    };
    assert_eq!(
        check(smallest),
        Ok(DestinationConfig::Http(Box::new(http.clone())))
    );
    let all = format!(
        "{smallest}\nformat = \"array\"\ngzip = true\nbatch_events = 10\nbatch_bytes = 1000\n\
         ca_file = \"/etc/authorities.pem\"\n\
         [deliver.headers]\nX-Tenant = \"blue\"\nauthorization = {{ env = \"TOKEN\", prefix = \"Bearer \" }}"
    );
    let expected = HttpConfig {
        format: Format::Array,
        headers: vec![
            Header {
                key: "headers.X-Tenant".into(),
                name: "x-tenant".parse().unwrap(),
                text: HeaderText::Plain("blue".parse().unwrap()),
            },
            Header {
                key: "headers.authorization".into(),
                name: AUTHORIZATION,
                text: HeaderText::Secret {
                    prefix: "Bearer ".into(),
                    source: SecretSource::Env("TOKEN".into()),
                },
            },
        ],
        gzip: true,
        batch_events: 10,
        batch_bytes: 1000,
        ca_file: Some("/etc/authorities.pem".into()),
        ..http
    };
    assert_eq!(check(&all), Ok(DestinationConfig::Http(Box::new(expected))));
}

/// A table that is right but for the lines behind it.
const SEKOIA: &str =
    "to = \"sekoia\"\nuuid = \"00000000-0000-4000-8000-000000000001\"\napi_key = { env = \"KEY\" }";
const HTTP: &str = "to = \"http\"\nurl = \"https://intake.example.com/\"";

#[test]
fn a_secret_may_go_to_this_very_machine_without_tls() {
    for host in ["127.0.0.1", "localhost", "[::1]"] {
        check(&format!(
            "to = \"http\"\nurl = \"http://{host}:8080/\"\nheaders = {{ authorization = {{ env = \"KEY\" }} }}"
        ))
        .unwrap();
    }
}

#[test]
fn events_may_go_without_tls_where_the_operator_says_so() {
    check("to = \"http\"\nurl = \"http://[::1]:8080/\"").unwrap();
    let Ok(DestinationConfig::Http(http)) = check(
        "to = \"http\"\nurl = \"http://intake.example.com/\"\nheaders = { x = \"1\" }\nallow_plain_http = true",
    ) else {
        panic!("no http");
    };
    assert!(http.allow_plain_http);
}

#[test]
fn a_format_may_need_a_path() {
    for (format, path) in [
        ("elasticsearch-bulk", "devices/_bulk"),
        ("elasticsearch-bulk-create", "sub/devices/_bulk?pipeline=x"),
        ("splunk-hec", "services/collector/event"),
        ("array", "_bulk"),
    ] {
        check(&format!(
            "to = \"http\"\nurl = \"https://x.example.com/{path}\"\nformat = \"{format}\""
        ))
        .unwrap();
    }
}

#[test]
fn equal_tables_of_two_accounts_are_equal_destinations() {
    let of = |account: &str, lines: &str| check_for(account, lines).unwrap();
    let secret = "headers = { b = { env = \"KEY\" }, a = \"1\" }";
    let all = [
        "to = \"stdout\"".to_owned(),
        "to = \"file\"\npath = \"x\"".to_owned(),
        SEKOIA.to_owned(),
        format!("{SEKOIA}\nbatch = 5"),
        SEKOIA.replace("KEY", "OTHER"),
        HTTP.to_owned(),
        format!("{HTTP}\n{secret}"),
        format!("{HTTP}\n{}", secret.replace("KEY", "OTHER")),
    ];
    for (index, one) in all.iter().enumerate() {
        for (other_index, other) in all.iter().enumerate() {
            let equal = of("acme", one) == of("umbrella", other);
            assert_eq!(equal, index == other_index, "{one}\n{other}");
        }
    }
}

#[test]
fn debug_shows_no_value_of_a_header_and_no_query() {
    let destination = check(
        "to = \"http\"\nurl = \"https://intake.example.com/?token=canary-7f3a\"\nheaders = { x = \"canary-7f3a\" }",
    )
    .unwrap();
    let text = format!("{destination:?}");
    assert!(text.contains("intake.example.com"), "{text}");
    assert!(!text.contains("canary"), "{text}");
}

#[test]
fn each_receiver_has_an_identity_of_its_own() {
    let file = |path: &str| DestinationConfig::File { path: path.into() };
    let identities = [DestinationConfig::Stdout, file("a"), file("b")].map(|to| to.identity());
    assert_ne!(identities[0], identities[1]);
    assert_ne!(identities[1], identities[2]);
    assert_eq!(identities[1], file("a").identity());
    assert_eq!(identities[0].len(), 64);
    let here = std::env::current_dir().unwrap();
    assert_eq!(
        identities[1],
        file(here.join("a").to_str().unwrap()).identity()
    );
    assert_eq!(identities[1], file("./a").identity());
}
