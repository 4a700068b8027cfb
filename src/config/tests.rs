use super::*;

fn fields(json: &str) -> Vec<String> {
    let errors = Config::parse(json).unwrap_err();
    errors.into_iter().map(|error| error.field).collect()
}

#[test]
fn everything_but_the_client_id_has_a_default() {
    let config = Config::parse(r#"{"client_id": "c"}"#).unwrap();
    assert_eq!(
        config.token_url.as_str(),
        "https://id.sophos.com/api/v2/oauth2/token"
    );
    assert_eq!(config.api_host.as_str(), "https://api.central.sophos.com/");
    assert_eq!((config.overlap, config.page_size), (120, 500));
    assert!(config.range.is_none());
}

#[test]
fn every_field_that_does_not_fit_is_named() {
    for (json, expected) in [
        ("", ""),
        ("[]", ""),
        (r#"{"client_id": "c", "clientid": 1}"#, ""),
        ("{}", "/client_id"),
        (r#"{"client_id": " "}"#, "/client_id"),
        (r#"{"client_id": 5}"#, "/client_id"),
        (
            r#"{"client_id": "c", "token_url": "id.sophos.com"}"#,
            "/token_url",
        ),
        (
            r#"{"client_id": "c", "token_url": "http://id.sophos.com/"}"#,
            "/token_url",
        ),
        (
            r#"{"client_id": "c", "api_host": "https://u:p@example.com"}"#,
            "/api_host",
        ),
        (
            r#"{"client_id": "c", "api_host": "http://127.0.0.1.example.com"}"#,
            "/api_host",
        ),
        (r#"{"client_id": "c", "dialect": "cef"}"#, "/dialect"),
        (r#"{"client_id": "c", "overlap": -1}"#, "/overlap"),
        (r#"{"client_id": "c", "overlap": "2m"}"#, "/overlap"),
        (r#"{"client_id": "c", "page_size": 501}"#, "/page_size"),
        (r#"{"client_id": "c", "page_size": 0}"#, "/page_size"),
        (r#"{"client_id": "c", "since": "yesterday"}"#, "/since"),
        (
            r#"{"client_id": "c", "since": "2026-01-02T00:00:00Z", "until": "2026-01-02T00:00:00Z"}"#,
            "/until",
        ),
        (r#"{"client_id": "c", "tenant": "t"}"#, "/tenant"),
        (
            r#"{"client_id": "c", "tenant": ["t", "https://api-eu01.central.sophos.com"]}"#,
            "/tenant",
        ),
        (
            r#"{"client_id": "c", "tenant": {"id": "t", "api_host": "https://api-eu01.central.sophos.com", "x": 1}}"#,
            "/tenant",
        ),
        (
            r#"{"client_id": "c", "tenant": {"id": "t", "api_host": "https://api-eu01.central.sophos.com", "name": 5}}"#,
            "/tenant/name",
        ),
        (
            r#"{"client_id": "c", "tenant": {"id": "t"}}"#,
            "/tenant/api_host",
        ),
        (
            r#"{"client_id": "c", "tenant": {"id": "t", "api_host": "https://example.com"}}"#,
            "/tenant/api_host",
        ),
        (
            r#"{"client_id": "c", "tenant": {"api_host": "https://api-eu01.central.sophos.com"}}"#,
            "/tenant/id",
        ),
        (
            r#"{"client_id": "c", "tenant": {"id": "a b", "api_host": "https://api-eu01.central.sophos.com"}}"#,
            "/tenant/id",
        ),
        (
            r#"{"client_id": "c", "api_host": "x", "tenant": {"id": "t", "api_host": "https://example.com"}}"#,
            "/api_host",
        ),
    ] {
        assert_eq!(fields(json), [expected], "{json}");
    }
    assert_eq!(fields(r#"{"client_id": "", "page_size": 0}"#).len(), 2);
}

#[test]
fn http_is_for_loopback_only() {
    for url in [
        "http://127.0.0.1:8080",
        "http://localhost:1",
        "http://[::1]:1",
    ] {
        let json = format!(r#"{{"client_id": "c", "api_host": "{url}"}}"#);
        assert!(Config::parse(&json).is_ok(), "{url}");
    }
}

#[test]
fn the_schema_is_json_and_names_the_same_fields() {
    let schema: serde_json::Value = serde_json::from_str(SCHEMA).unwrap();
    let mut named: Vec<_> = schema["properties"].as_object().unwrap().keys().collect();
    named.sort();
    assert_eq!(
        named,
        [
            "api_host",
            "client_id",
            "dialect",
            "omit",
            "overlap",
            "page_size",
            "since",
            "tenant",
            "token_url",
            "until"
        ]
    );
}
