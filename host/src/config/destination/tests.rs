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
    let identity = |lines: &str| check(lines).unwrap().identity(&source("t1", "Contoso"));
    let file = |path: &str| identity(&format!("to = \"file\"\npath = \"{path}\""));
    let stdout = identity("to = \"stdout\"");
    assert_eq!(stdout.len(), 64);
    assert_ne!(stdout, file("a"));
    assert_ne!(file("a"), file("b"));
    assert_eq!(file("a"), file("./a"));
    let here = std::env::current_dir().unwrap().join("folder/a");
    assert_eq!(file("a"), file(here.to_str().unwrap()));
    let http = |lines: &str| identity(&format!("to = \"http\"\n{lines}"));
    assert_eq!(
        http("url = \"https://a.example.com/{name}\""),
        http("url = \"https://a.example.com/Contoso\"")
    );
    let header = "url = \"https://a.example.com/\"\nheaders = { x = \"{source}\" }";
    assert_eq!(http(header), http(&header.replace("{source}", "t1")));
    assert_ne!(http(header), http(&header.replace("{source}", "t2")));
}

#[test]
fn a_renamed_source_has_another_receiver_where_the_path_has_its_name() {
    for (path, is_another) in [("{name}", true), ("{source}", false), ("{account}", false)] {
        let config = check(&format!("to = \"file\"\npath = \"{path}.ndjson\"")).unwrap();
        let [before, after] =
            ["Contoso", "Fabrikam"].map(|name| config.identity(&source("t1", name)));
        assert_eq!(before != after, is_another, "{path}");
    }
}

fn source<'a>(id: &'a str, name: &'a str) -> SourceName<'a> {
    SourceName {
        account: "acme",
        id,
        name,
        is_ambiguous: false,
    }
}

/// The path of a source below the folder of the configuration.
fn path(template: &str, source: &SourceName<'_>) -> String {
    let Ok(DestinationConfig::File(file)) = check(&format!("to = \"file\"\npath = \"{template}\""))
    else {
        panic!("{template}");
    };
    let folder = std::env::current_dir().unwrap().join("folder");
    let path = file.path(source);
    path.strip_prefix(folder)
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned()
}

#[test]
fn a_path_has_what_its_placeholders_stand_for() {
    let contoso = source("t1", "Contoso (UK) Ltd.");
    for (template, expected) in [
        ("events.ndjson", "events.ndjson"),
        ("{account}/{name}.ndjson", "acme/Contoso (UK) Ltd.ndjson"),
        ("{source}.ndjson", "t1.ndjson"),
        ("{{name}}-{{.ndjson", "{name}-{.ndjson"),
    ] {
        assert_eq!(path(template, &contoso), expected, "{template}");
    }
    let ambiguous = SourceName {
        is_ambiguous: true,
        ..contoso
    };
    assert_eq!(
        path("{account}/{name}.ndjson", &ambiguous),
        "acme/Contoso (UK) Ltd~t1.ndjson"
    );
    assert_eq!(path("{source}.ndjson", &ambiguous), "t1.ndjson");
    assert_eq!(path("{name}.ndjson", &source("t1", " ")), "t1.ndjson");
}

#[test]
fn sources_with_one_path_get_their_ids_whoever_was_first() {
    let Ok(DestinationConfig::File(file)) = check("to = \"file\"\npath = \"{name}.ndjson\"") else {
        panic!("no file");
    };
    let mut sources = [
        ("t1", "Contoso"),
        ("t2", "Fabrikam"),
        ("t3", "CONTOSO"),
        ("t4", "contoso."),
        ("t5", "a/b"),
        ("t6", "a\\b"),
        ("t7", "t2"),
        ("t8", ""),
    ];
    for _ in 0..2 {
        let ambiguous = file.ambiguous("acme", sources.into());
        let ambiguous: Vec<_> = ambiguous.iter().map(String::as_str).collect();
        assert_eq!(ambiguous, ["t1", "t3", "t4", "t5", "t6"]);
        sources.reverse();
    }
}

#[test]
fn a_url_keeps_its_structure_whatever_a_source_is_called() {
    let url = |lines: &str, name: &str| {
        let Ok(DestinationConfig::Http(http)) = check(&format!("to = \"http\"\nurl = \"{lines}\""))
        else {
            panic!("{lines}");
        };
        http.url(&source("t/1", name)).to_string()
    };
    for (name, expected) in [
        ("Contoso Ltd", "Contoso%20Ltd"),
        ("a/../b?c#d&e=f\\", "a%2F..%2Fb%3Fc%23d%26e%3Df%5C"),
        (".", "%252E"),
        ("..", "%252E%252E"),
        ("%2e%2E", "%252e%252E"),
        ("a\nb\t\0", "a%0Ab%09%00"),
        ("Köln", "K%C3%B6ln"),
        ("{source}", "%7Bsource%7D"),
        ("", "t%2F1"),
    ] {
        assert_eq!(
            url(
                "https://a.example.com/acme/{name}/bulk?n={name}&s={source}",
                name
            ),
            format!("https://a.example.com/acme/{expected}/bulk?n={expected}&s=t%2F1"),
        );
    }
}

#[test]
fn a_header_is_visible_ascii_whatever_a_source_is_called() {
    let Ok(DestinationConfig::Http(http)) = check(&format!(
        "{HTTP}\nheaders = {{ x = \"<{{name}}> {{account}}\" }}"
    )) else {
        panic!("no http");
    };
    for (name, expected) in [
        ("Contoso Ltd", "<Contoso%20Ltd> acme"),
        ("a\r\nx-evil: 1", "<a%0D%0Ax-evil%3A%201> acme"),
        ("日本\u{7f}", "<%E6%97%A5%E6%9C%AC%7F> acme"),
    ] {
        let value = http.headers[0].text.plain(&source("t1", name)).unwrap();
        assert_eq!(value, expected);
        assert!(value.is_sensitive());
    }
}
