//! What is said about a table that is wrong.

use super::*;

#[test]
fn what_is_wrong_is_named_with_its_remedy() {
    for (table, lines, key, parts) in [
        (
            "",
            "to = \"htpp\"",
            "to",
            &["is not a destination", "did you mean `http`?"][..],
        ),
        ("", "to = \"kafka\"", "to", &["\"sekoia\" or \"http\""]),
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
            HTTP,
            "format = \"splunk\"",
            "format",
            &["splunk", "`elasticsearch-bulk`", "`splunk-hec`"],
        ),
        (
            "to = \"http\"\nurl = \"https://search.example.com/_bulk\"",
            "format = \"elasticsearch-bulk\"",
            "url",
            &[
                "must end in an index",
                "https://search.example.com/devices/_bulk",
            ],
        ),
        (
            "to = \"http\"\nurl = \"https://search.example.com/devices\"",
            "format = \"elasticsearch-bulk-create\"",
            "url",
            &["`/_bulk`"],
        ),
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
            "url",
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
            "to = \"file\"",
            "path = \"{tenant}.ndjson\"",
            "path",
            &["a brace", "{source}", "{{ and }}"],
        ),
        ("to = \"file\"", "path = \"a}b\"", "path", &["a brace"]),
        (
            "to = \"http\"",
            "url = \"https://a.example.com/{canary-7f3a}\"",
            "url",
            &["a brace", "{source}"],
        ),
        (
            "to = \"http\"",
            "url = \"https://{account}.example.com/\"",
            "url",
            &["before its path", "path or query only"],
        ),
        (
            "to = \"http\"",
            "url = \"http{name}://a.example.com/\"",
            "url",
            &["not a valid URL"],
        ),
        (
            "to = \"http\"",
            "url = \"https://a.example.com:{account}/\"",
            "url",
            &["port"],
        ),
        (
            "to = \"http\"",
            "url = \"https://{name}@a.example.com/\"",
            "url",
            &["user name"],
        ),
        (
            HTTP,
            "headers = { x = \"{tenant}\" }",
            "headers.x",
            &["a brace", "{source}"],
        ),
        (
            HTTP,
            "headers = { authorization = \"{name}\" }",
            "headers",
            &["not contain it"],
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
            &["not contain it", "{ env = "],
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
            &["not contain it", "{ env = "],
        ),
        (
            HTTP,
            "headers = { x = { evn = \"canary7f3a\" } }",
            "headers.x",
            &["not contain it", "{ env = "],
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
            &["`gzip`"],
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
