//! What an allow-list must decide, whatever it is written in.

use std::process::Command;

use serde_json::json;

/// The manifest and the config for which the table says what is allowed, beside `http://127.0.0.1:8080`.
const MANIFEST: &str = r#"{"hosts": ["id.example.com", "*.central.example.com"], "config": {"properties":
    {"url": {"format": "uri"}, "plain": {"format": "uri"}, "own": {"format": "uri", "readOnly": true}}}}"#;
const CONFIG: &str = r#"{"url": "https://API.example.net:8443/x?y", "plain": "http://plain.example.net",
    "own": "https://own.example.net"}"#;

/// Method, scheme, authority, and whether a request to it may leave.
const TABLE: &[(&str, &str, &str, bool)] = &[
    ("get", "https", "id.example.com", true),
    ("get", "https", "ID.example.com:443", true),
    ("get", "https", "a.b.central.example.com", true),
    ("get", "https", "api.example.net:8443", true),
    ("get", "http", "127.0.0.1:8080", true),
    ("get", "http", "id.example.com", false),
    ("get", "http", "id.example.com:443", false),
    ("get", "https", "id.example.com:8443", false),
    ("get", "https", "id.example.com.", false),
    ("get", "https", "central.example.com", false),
    ("get", "https", "evilcentral.example.com", false),
    ("get", "https", "api.example.net", false),
    ("get", "http", "plain.example.net", false),
    ("get", "https", "own.example.net", false),
    ("get", "https", "user@id.example.com", false),
    ("get", "https", "id.example.com@evil.example.net", false),
    (
        "get",
        "https",
        "evil.example.net#.central.example.com",
        false,
    ),
    (
        "get",
        "https",
        "evil.example.net\\.central.example.com",
        false,
    ),
    (
        "get",
        "https",
        "evil.example.net%2f.central.example.com",
        false,
    ),
    (
        "get",
        "https",
        "evil.example.net\t.central.example.com",
        false,
    ),
    ("get", "ftp", "id.example.com", false),
    ("TRACE", "https", "id.example.com", false),
    ("connect", "https", "id.example.com", false),
    ("get", "https", "", false),
];

/// Asserts that a command decides as the table says. Its last argument is manifest, config and requests as JSON text; it
/// prints an array of booleans.
pub fn assert_decides(mut command: Command) {
    let requests = TABLE
        .iter()
        .map(|(method, scheme, authority, _)| json!([method, scheme, authority]));
    let requests: Vec<_> = requests.collect();
    let output = command
        .arg(format!("[{MANIFEST}, {CONFIG}, {}]", json!(requests)))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let decided: Vec<bool> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(decided.len(), TABLE.len());
    for (decided, row) in decided.iter().zip(TABLE) {
        assert_eq!(*decided, row.3, "{row:?}");
    }
}
