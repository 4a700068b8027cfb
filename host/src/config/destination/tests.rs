//! What `[account.NAME.deliver]` accepts and what it says about the rest.

use std::time::Duration;

use super::*;
use crate::config::destination::headers::Header;
use crate::config::secret_source::SecretSource;
use crate::config::values::Retry;

/// Reads the lines of a table.
fn check(lines: &str) -> Result<Destination, Vec<Problem>> {
    check_for("acme", lines)
}

fn check_for(account: &str, lines: &str) -> Result<Destination, Vec<Problem>> {
    let mut problems = Vec::new();
    let destination = Destination::read(
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
    let sekoia = Sekoia {
        base: "https://api.sekoia.io".parse().unwrap(),
        uuid: "00000000-0000-4000-8000-00000000000A".into(),
        api_key: DeliverSecret {
            key: "account.acme.deliver.api_key".into(),
            source: SecretSource::File("folder/key.txt".into()),
        },
        batch: 100,
        task_wait: Duration::from_secs(300),
        task_poll: Duration::from_secs(1),
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
    assert_eq!(check(smallest), Ok(Destination::Sekoia(sekoia.clone())));
    let all = format!(
        "{smallest}\nbase = \"http://127.0.0.1:8080/sub\"\nbatch = 1000\ntask_wait = \"1m\"\ntask_poll = \"2s\"\n\
         ca_file = \"authorities.pem\"\n\
         timeouts = {{ connect = \"1s\", answer = \"2s\" }}\nretry = {{ total = \"0s\", first = \"3s\", most = \"4s\" }}"
    );
    let expected = Sekoia {
        base: "http://127.0.0.1:8080/sub".parse().unwrap(),
        batch: 1000,
        task_wait: Duration::from_secs(60),
        task_poll: Duration::from_secs(2),
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
    assert_eq!(check(&all), Ok(Destination::Sekoia(expected)));
}

#[test]
fn http_has_defaults_for_all_but_the_url() {
    let smallest = "to = \"http\"\nurl = \"https://intake.example.com/events?stream=1\"";
    let http = Http {
        url: "https://intake.example.com/events?stream=1"
            .parse()
            .unwrap(),
        allow_plain_http: false,
        format: BodyFormat::Ndjson,
        headers: Vec::new(),
        gzip: false,
        batch_events: 500,
        batch_bytes: 1_048_576,
        ca_file: None,
        timeouts: RequestTimeouts::default(),
        retry: Retry::default(),
    };
    assert_eq!(check(smallest), Ok(Destination::Http(http.clone())));
    let all = format!(
        "{smallest}\nformat = \"array\"\ngzip = true\nbatch_events = 10\nbatch_bytes = 1000\n\
         ca_file = \"/etc/authorities.pem\"\n\
         [deliver.headers]\nX-Tenant = \"blue\"\nauthorization = {{ env = \"TOKEN\", prefix = \"Bearer \" }}"
    );
    let expected = Http {
        format: BodyFormat::Array,
        headers: vec![
            Header {
                name: "x-tenant".parse().unwrap(),
                text: HeaderText::Plain("blue".parse().unwrap()),
            },
            Header {
                name: "authorization".parse().unwrap(),
                text: HeaderText::Secret {
                    prefix: "Bearer ".into(),
                    secret: DeliverSecret {
                        key: "account.acme.deliver.headers.authorization".into(),
                        source: SecretSource::Env("TOKEN".into()),
                    },
                },
            },
        ],
        gzip: true,
        batch_events: 10,
        batch_bytes: 1000,
        ca_file: Some("/etc/authorities.pem".into()),
        ..http
    };
    assert_eq!(check(&all), Ok(Destination::Http(expected)));
}

/// A table that is right but for the lines behind it.
const SEKOIA: &str =
    "to = \"sekoia\"\nuuid = \"00000000-0000-4000-8000-000000000001\"\napi_key = { env = \"KEY\" }";
const HTTP: &str = "to = \"http\"\nurl = \"https://intake.example.com/\"";

#[test]
fn what_is_wrong_is_named_with_its_remedy() {
    for (table, lines, key, parts) in [
        (
            "",
            "to = \"htpp\"",
            "to",
            &["\"htpp\"", "did you mean `http`?"][..],
        ),
        ("", "to = \"kafka\"", "to", &["\"sekoia\" and \"http\""]),
        (
            "",
            "url = \"https://example.com\"",
            "url",
            &["destination \"stdout\"", "add to = "],
        ),
        (
            SEKOIA,
            "path = \"x\"",
            "path",
            &["unknown key `path`", "`uuid`"],
        ),
        (
            HTTP,
            "batch = 5",
            "batch",
            &["unknown key `batch`; expected one of `url`"],
        ),
        (
            "to = \"file\"\npath = \"x\"",
            "retry = {}",
            "retry",
            &["unknown key `retry`", "`path`"],
        ),
        (
            "",
            "ca_file = \"authorities.pem\"",
            "ca_file",
            &["destination \"stdout\"", "remove this key"],
        ),
        (HTTP, "ca_file = \"\"", "ca_file", &["is empty"]),
        (
            "to = \"sekoia\"\napi_key = { env = \"KEY\" }",
            "",
            "",
            &["missing key `uuid`"],
        ),
        (
            "to = \"sekoia\"\napi_key = { env = \"KEY\" }",
            "uuid = \"0000\"",
            "uuid",
            &["UUID"],
        ),
        (
            "to = \"sekoia\"\napi_key = { env = \"KEY\" }",
            "uuid = \"00000000-0000-4000-8000-00000000000g\"",
            "uuid",
            &["UUID"],
        ),
        (
            "to = \"sekoia\"\nuuid = \"00000000-0000-4000-8000-000000000001\"",
            "",
            "",
            &["missing key `api_key`"],
        ),
        (
            "to = \"sekoia\"\nuuid = \"00000000-0000-4000-8000-000000000001\"",
            "api_key = \"canary-7f3a\"",
            "api_key",
            &["not contain it"],
        ),
        (
            SEKOIA,
            "base = \"api.example.com\"",
            "base",
            &["not a valid URL"],
        ),
        (
            SEKOIA,
            "base = \"ftp://api.example.com\"",
            "base",
            &["https://"],
        ),
        (
            SEKOIA,
            "base = \"http://api.example.com\"",
            "base",
            &["without TLS", "https://"],
        ),
        (
            SEKOIA,
            "base = \"https://u:canary-7f3a@api.example.com\"",
            "base",
            &["password"],
        ),
        (
            SEKOIA,
            "base = \"https://api.example.com/?canary-7f3a\"",
            "base",
            &["after `?`"],
        ),
        (SEKOIA, "batch = 0", "batch", &["from 1 to 1000"]),
        (SEKOIA, "batch = 1001", "batch", &["from 1 to 1000"]),
        (
            SEKOIA,
            "task_wait = \"0s\"",
            "task_wait",
            &["longer than 0s"],
        ),
        (
            SEKOIA,
            "task_poll = \"0s\"",
            "task_poll",
            &["longer than 0s"],
        ),
        (
            SEKOIA,
            "timeouts = { answer = \"0s\" }",
            "timeouts.answer",
            &["longer than 0s"],
        ),
        (
            SEKOIA,
            "retry = { first = \"2m\" }",
            "retry.first",
            &["longer than `most`"],
        ),
        ("to = \"http\"", "", "", &["missing key `url`"]),
        (
            "to = \"http\"",
            "url = \"http://u@127.0.0.1/\"",
            "url",
            &["user name", "headers"],
        ),
        (
            "to = \"http\"",
            "url = \"https://intake.example.com/#canary-7f3a\"",
            "url",
            &["after `#`"],
        ),
        (
            "to = \"http\"\nurl = \"http://intake.example.com/\"",
            "headers = { x-key = { env = \"KEY\" } }",
            "url",
            &["without TLS", "https://"],
        ),
        (
            "to = \"http\"\nurl = \"http://192.0.2.1:8080/?key=canary-7f3a\"",
            "headers = { x = \"canary-7f3a\" }",
            "url",
            &["without TLS", "https://", "allow_plain_http = true"],
        ),
        (
            "to = \"http\"\nurl = \"http://intake.example.com/\"\nheaders = { x-key = { env = \"KEY\" } }",
            "allow_plain_http = true",
            "allow_plain_http",
            &["a secret", "https://", "remove the header"],
        ),
        (
            SEKOIA,
            "allow_plain_http = true",
            "allow_plain_http",
            &["unknown key `allow_plain_http`"],
        ),
        (
            HTTP,
            "format = \"arrray\"",
            "format",
            &["`arrray`", "did you mean `array`?"],
        ),
        (
            HTTP,
            "batch_events = 10001",
            "batch_events",
            &["from 1 to 10000"],
        ),
        (
            HTTP,
            "batch_bytes = 0",
            "batch_bytes",
            &["from 1 to 104857600"],
        ),
        (
            HTTP,
            "headers = \"canary-7f3a\"",
            "headers",
            &["must be a table"],
        ),
        (
            HTTP,
            "headers = { \"x y\" = \"1\" }",
            "headers",
            &["\"x y\" is not a valid name of a header"],
        ),
        (
            HTTP,
            "headers = { x = \"1\", X = \"2\" }",
            "headers",
            &["\"x\" is there twice"],
        ),
        (
            HTTP,
            "headers = { x = 1 }",
            "headers.x",
            &["in quotes", "{ env = "],
        ),
        (
            HTTP,
            "headers = { x = \"a\\nb\" }",
            "headers.x",
            &["a character"],
        ),
        (
            HTTP,
            "headers = { Authorization = \"Bearer canary-7f3a\" }",
            "headers",
            &["not contain it"],
        ),
        (
            HTTP,
            "headers = { x = { env = \"KEY\", prefix = 7 } }",
            "headers.x",
            &["`prefix`"],
        ),
        (
            HTTP,
            "headers = { x = { prefix = \"a\" } }",
            "headers.x",
            &["exactly one of"],
        ),
        (
            HTTP,
            "headers = { x = { evn = \"canary7f3a\" } }",
            "headers.x",
            &["did you mean `env`?"],
        ),
        (HTTP, "headers = { Host = \"x\" }", "headers", &["`url`"]),
        (
            HTTP,
            "headers = { content-length = \"1\" }",
            "headers",
            &["remove it"],
        ),
        (
            HTTP,
            "headers = { content-encoding = \"gzip\" }",
            "headers",
            &["gzip = true"],
        ),
        (
            HTTP,
            "headers = { transfer-encoding = \"x\" }",
            "headers",
            &["remove it"],
        ),
    ] {
        let problems = check(&format!("{table}\n{lines}")).unwrap_err();
        assert_eq!(problems.len(), 1, "{lines}: {problems:?}");
        let table = "account.acme.deliver".to_owned();
        let expected = match key {
            "" => table,
            key => format!("{table}.{key}"),
        };
        assert_eq!(problems[0].key, expected, "{lines}");
        let message = problems[0].to_string();
        for part in parts {
            assert!(message.contains(part), "{part}: {message}");
        }
        assert!(!message.contains("canary"), "{message}");
    }
}

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
    let Ok(Destination::Http(http)) = check(
        "to = \"http\"\nurl = \"http://intake.example.com/\"\nheaders = { x = \"1\" }\nallow_plain_http = true",
    ) else {
        panic!("no http");
    };
    assert!(http.allow_plain_http);
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
