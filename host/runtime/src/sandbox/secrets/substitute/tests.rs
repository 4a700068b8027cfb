//! What leaves of a request, and what does not.

use base64::engine::general_purpose::STANDARD;
use http::Method;
use proptest::prelude::*;

use super::*;
use crate::sandbox::secrets::tests::{
    TOKEN_URL, VALUE, example_secrets, head, placeholder_of, secrets, with_value,
};

/// Returns headers and body of a request that was allowed to leave.
fn sent(
    secrets: &Secrets,
    url: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<(HeaderMap, Bytes), Misplaced> {
    let mut head = head(headers);
    let body = substitute(secrets, url, &mut head, body)?;
    Ok((head.headers, body))
}

/// Checks and changes a request as egress does.
fn substitute(
    secrets: &Secrets,
    url: &str,
    head: &mut request::Parts,
    body: &str,
) -> Result<Bytes, Misplaced> {
    let url = Url::parse(url).unwrap();
    secrets.check_places(&url, &head.method, &head.headers)?;
    secrets.substitute(&url, head, Bytes::from(body.to_owned()))
}

fn assert_contains(refused: &Misplaced, part: &str) {
    let message = refused.to_string();
    assert!(message.contains(part), "{message}");
}

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const JSON: (&str, &str) = ("content-type", "application/json");

#[test]
fn what_leaves_is_not_shown() {
    let secrets = example_secrets();
    let mut head = head(&[("x-key", &placeholder_of(&secrets)), FORM]);
    substitute(&secrets, TOKEN_URL, &mut head, "").unwrap();
    let text = format!("{head:?}");
    assert!(!text.contains("canary"), "{text}");
}

#[test]
fn the_value_is_written_as_its_place_needs_it() {
    let secrets = example_secrets();
    let placeholder = placeholder_of(&secrets);
    let in_form = "canary%2B7f3a%2F%22%C3%A9%22+%26%3D";
    let in_json = r#"canary+7f3a/\"é\" &="#;
    for (content_type, before, after) in [
        (
            "application/x-www-form-urlencoded",
            "a=b&s=STANDIN&c=xSTANDINy",
            format!("a=b&s={in_form}&c=x{in_form}y"),
        ),
        (
            "Application/X-WWW-Form-URLencoded; charset=UTF-8",
            "s=STANDIN",
            format!("s={in_form}"),
        ),
        (
            "application/json",
            r#"{"s":"STANDIN","STANDIN":1}"#,
            format!(r#"{{"s":"{in_json}","{in_json}":1}}"#),
        ),
        (
            "APPLICATION/vnd.example+JSON ;charset=utf-8",
            r#"["STANDIN"]"#,
            format!(r#"["{in_json}"]"#),
        ),
    ] {
        let body = before.replace("STANDIN", &placeholder);
        let headers = [("content-type", content_type)];
        let (_, body) = sent(&secrets, TOKEN_URL, &headers, &body).unwrap();
        assert_eq!(body, after, "{content_type}");
    }
}

#[test]
fn the_value_is_put_into_headers_and_the_header_marked() {
    let secrets = secrets(TOKEN_URL, "canary:7f3a=é");
    let placeholder = placeholder_of(&secrets);
    let basic = |text: &str| format!("bAsIc {}", STANDARD.encode(text));
    let credentials = basic(&format!("client:{placeholder}"));
    let unpadded = credentials.trim_end_matches('=').to_owned();
    for (name, before, after) in [
        (
            "authorization",
            format!("Bearer {placeholder}"),
            "Bearer canary:7f3a=é".to_owned(),
        ),
        (
            "x-keys",
            format!("{placeholder}, {placeholder}"),
            "canary:7f3a=é, canary:7f3a=é".to_owned(),
        ),
        (
            "authorization",
            credentials,
            format!("Basic {}", STANDARD.encode("client:canary:7f3a=é")),
        ),
        (
            "authorization",
            unpadded,
            format!("Basic {}", STANDARD.encode("client:canary:7f3a=é")),
        ),
    ] {
        let headers = [(name, before.as_str()), ("x-other", "kept")];
        let (headers, body) = sent(&secrets, TOKEN_URL, &headers, "body").unwrap();
        assert_eq!(headers[name].as_bytes(), after.as_bytes());
        assert!(headers[name].is_sensitive());
        assert_eq!(headers["x-other"], "kept");
        assert_eq!(body, "body");
    }
}

/// Each row: the URL, the method, headers and body, with `STANDIN` for what the component holds.
type Row = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static str,
);

fn refusal(secrets: &Secrets, held: &str, (url, method, headers, body): Row) -> Option<Misplaced> {
    let with = |text: &str| text.replace("STANDIN", held);
    let headers: Vec<(String, String)> = headers
        .iter()
        .map(|(name, value)| (with(name), with(value)))
        .collect();
    let headers: Vec<(&str, &str)> = headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let mut head = head(&headers);
    head.method = Method::from_bytes(with(method).as_bytes()).unwrap();
    substitute(secrets, &with(url), &mut head, &with(body)).err()
}

const ELSEWHERE: &str = "https://api.example.com/token";

#[test]
fn a_secret_leaves_neither_in_a_wrong_place_nor_to_a_wrong_origin() {
    let secrets = example_secrets();
    let held = placeholder_of(&secrets);
    let at = |place: &str| format!("is in {place}");
    let url = || at("its URL");
    let rows: &[(Row, String)] = &[
        (("https://id.example.com/STANDIN", "GET", &[], ""), url()),
        (
            ("https://id.example.com/?a=xSTANDINx", "GET", &[], ""),
            url(),
        ),
        (("https://id.example.com/#STANDIN", "GET", &[], ""), url()),
        (("https://STANDIN.example.com/", "GET", &[], ""), url()),
        (("https://api.example.com/?STANDIN", "GET", &[], ""), url()),
        ((TOKEN_URL, "STANDIN", &[], ""), at("its method")),
        (
            (TOKEN_URL, "GET", &[("xSTANDIN", "a")], ""),
            at("the name of a header"),
        ),
        (
            (ELSEWHERE, "POST", &[FORM], "s=STANDIN"),
            "and not to https://api.example.com".into(),
        ),
        (
            (ELSEWHERE, "POST", &[JSON], r#"["STANDIN"]"#),
            "and not to".into(),
        ),
        ((ELSEWHERE, "POST", &[], "STANDIN"), "and not to".into()),
        (
            (ELSEWHERE, "GET", &[("cookie", "a=STANDIN")], ""),
            "and not to".into(),
        ),
        (
            (
                "https://id.example.com:8443/token",
                "POST",
                &[FORM],
                "s=STANDIN",
            ),
            "and not to".into(),
        ),
        (
            ("http://id.example.com/token", "POST", &[FORM], "s=STANDIN"),
            "and not to".into(),
        ),
        (
            ("http://127.0.0.1/token", "POST", &[FORM], "s=STANDIN"),
            "and not to".into(),
        ),
    ];
    for (row, part) in rows {
        let refused = refusal(&secrets, &held, *row).unwrap();
        let message = refused.to_string();
        assert!(message.contains(part.as_str()), "{row:?}: {message}");
        assert!(message.contains("client_secret"), "{message}");
        assert!(!message.contains(&held), "{message}");
        if part.starts_with("and not to") {
            let bound = "may only go to https://id.example.com, the URL in config.token_url";
            assert!(message.contains(bound), "{message}");
        }
    }
}

#[test]
fn a_placeholder_is_found_in_basic_credentials() {
    let secrets = example_secrets();
    let placeholder = placeholder_of(&secrets);
    let basic = format!("Basic {}", STANDARD.encode(format!("a:{placeholder}")));
    let refused = sent(&secrets, ELSEWHERE, &[("authorization", &basic)], "").unwrap_err();
    assert_contains(&refused, "may only go to");
}

#[test]
fn each_secret_keeps_to_its_own_origin() {
    let secrets = example_secrets();
    let other = secrets.get("other").unwrap();
    let body = format!("a={other}");
    let (_, body_sent) = sent(&secrets, "https://other.example.com/x", &[FORM], &body).unwrap();
    assert_eq!(body_sent, "a=canary-other");
    let refused = sent(&secrets, TOKEN_URL, &[FORM], &body).unwrap_err();
    assert_contains(&refused, "the secret other may only go to");
}

#[test]
fn a_secret_without_an_origin_goes_nowhere() {
    let mut secrets = example_secrets();
    secrets.by_name.get_mut("client_secret").unwrap().origin = None;
    let body = format!("s={}", placeholder_of(&secrets));
    let refused = sent(&secrets, TOKEN_URL, &[FORM], &body).unwrap_err();
    assert_contains(&refused, "may only go to");
}

#[test]
fn unencrypted_a_secret_goes_to_this_machine_only() {
    for (url, goes) in [
        ("http://127.0.0.1:8080/token", true),
        ("http://[::1]:8080/token", true),
        ("http://localhost:8080/token", true),
        ("http://id.example.com/token", false),
        ("http://192.0.2.1/token", false),
    ] {
        let secrets = secrets(url, VALUE);
        let body = format!("s={}", placeholder_of(&secrets));
        let refused = sent(&secrets, url, &[FORM], &body).err();
        let message = refused.map(|refused| refused.to_string());
        let expected = "the secret client_secret may only go by https: set config.token_url to a URL that begins with \
                        https";
        assert_eq!(message.as_deref(), (!goes).then_some(expected), "{url}");
    }
}

#[test]
fn a_body_of_another_kind_is_refused() {
    let secrets = example_secrets();
    let placeholder = placeholder_of(&secrets);
    for headers in [
        &[][..],
        &[("content-type", "text/plain")],
        &[("content-type", "multipart/form-data; boundary=x")],
        &[("content-type", "application/jsonx")],
        &[FORM, JSON],
        &[FORM, ("content-encoding", "gzip")],
    ] {
        let refused = sent(&secrets, TOKEN_URL, headers, &placeholder).unwrap_err();
        assert_contains(&refused, "is in a body that is neither");
    }
}

#[test]
fn a_value_that_fits_no_header_is_refused_there_and_fits_a_body() {
    let secrets = secrets(TOKEN_URL, "canary\n7f3a");
    let placeholder = placeholder_of(&secrets);
    let refused = sent(&secrets, TOKEN_URL, &[("x-key", &placeholder)], "").unwrap_err();
    assert_contains(&refused, "characters that no header may hold");
    assert!(!refused.to_string().contains("canary"), "{refused}");
    let (_, body) = sent(&secrets, TOKEN_URL, &[FORM], &placeholder).unwrap();
    assert_eq!(body, "canary%0A7f3a");
}

/// A placeholder has 71 bytes, a secret may have thousands.
#[test]
fn a_request_that_would_be_too_large_with_the_values_is_refused() {
    let value = "canary".repeat(500);
    let secrets = with_value(&value);
    let placeholder = placeholder_of(&secrets);
    let fitting = MAX_REQUEST_BODY / value.len();
    let (_, body) = sent(&secrets, TOKEN_URL, &[FORM], &placeholder.repeat(fitting)).unwrap();
    assert_eq!(body.len(), fitting * value.len());
    let refused = |headers: &[(&str, &str)], body: &str| {
        let refused = sent(&secrets, TOKEN_URL, headers, body).unwrap_err();
        assert_contains(&refused, "larger than");
        refused.to_string()
    };
    let message = refused(&[FORM], &placeholder.repeat(fitting + 1));
    assert!(message.contains("client_secret"), "{message}");
    assert!(message.contains("the body"), "{message}");
    assert!(message.contains("1 MiB"), "{message}");

    let fitting = MAX_SECRET_HEADERS / value.len();
    let credentials = format!("Basic {}", STANDARD.encode(placeholder.repeat(fitting)));
    let full = placeholder.repeat(fitting);
    let half = placeholder.repeat(fitting / 2 + 1);
    sent(&secrets, TOKEN_URL, &[("x-key", &full)], "").unwrap();
    for headers in [
        &[("x-key", format!("{full}{placeholder}").as_str())][..],
        &[("authorization", credentials.as_str())],
        &[("x-key", half.as_str()), ("x-other", half.as_str())],
    ] {
        let message = refused(headers, "");
        assert!(message.contains("the headers"), "{message}");
        assert!(message.contains("128 KiB"), "{message}");
    }
    // Where it may not go at all, that is what is told.
    let body = placeholder.repeat(1000);
    let elsewhere = sent(&secrets, ELSEWHERE, &[FORM], &body).unwrap_err();
    assert_contains(&elsewhere, "may only go to");
}

/// A value as a person may have one: any text that is not empty.
fn values() -> impl Strategy<Value = String> {
    prop_oneof![".{1,40}", "[ -~]{1,40}", any::<String>()]
        .prop_filter("a secret is not empty", |value| !value.is_empty())
}

/// Headers without any secret.
fn headers() -> impl Strategy<Value = Vec<(String, String)>> {
    prop::collection::vec(("[a-z][a-z-]{0,10}", "[!-~]{0,20}"), 0..6)
}

proptest! {
    #[test]
    fn a_form_decodes_to_the_value(value in values(), before in "[ -~]{0,10}", after in "[ -~]{0,10}") {
        let secrets = with_value(&value);
        let field = format!("{before}{}{after}", placeholder_of(&secrets));
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("a", "b"), ("s", &field), ("c", "d")])
            .finish();
        let (_, body) = sent(&secrets, TOKEN_URL, &[FORM], &body).unwrap();
        let fields: Vec<(String, String)> = url::form_urlencoded::parse(&body).into_owned().collect();
        let expected = [("a", "b"), ("s", &format!("{before}{value}{after}")), ("c", "d")];
        prop_assert_eq!(fields, expected.map(|(name, text)| (name.to_owned(), text.to_owned())));
    }

    #[test]
    fn json_decodes_to_the_value(value in values(), around in any::<String>()) {
        let secrets = with_value(&value);
        let body = serde_json::json!({ "s": [format!("{around}{}{around}", placeholder_of(&secrets))], "n": 1 });
        let (_, body) = sent(&secrets, TOKEN_URL, &[JSON], &body.to_string()).unwrap();
        let expected = serde_json::json!({ "s": [format!("{around}{value}{around}")], "n": 1 });
        prop_assert_eq!(serde_json::from_slice::<serde_json::Value>(&body).unwrap(), expected);
    }

    #[test]
    fn a_request_without_a_placeholder_stays_as_it_is(headers in headers(), body in any::<Vec<u8>>(), path in "[ -~]{0,20}") {
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let mut url = Url::parse(TOKEN_URL).unwrap();
        url.set_path(&path);
        let mut parts = head(&headers);
        let sent = with_value(VALUE).substitute(&url, &mut parts, Bytes::from(body.clone())).unwrap();
        prop_assert_eq!(parts.headers, head(&headers).headers);
        prop_assert_eq!(parts.method, Method::POST);
        prop_assert_eq!(sent, body);
    }

    #[test]
    fn a_placeholder_never_leaves_to_another_origin(
        host in "[a-z]{1,8}\\.example\\.(com|net)",
        scheme in "https?",
        port in prop::option::of(1_u16..),
        content_type in prop::sample::select(vec![FORM.1, JSON.1, "text/plain"]),
        in_body in any::<bool>(),
        around in "[a-z&=\"]{0,10}",
    ) {
        let secrets = with_value(VALUE);
        let mut url = Url::parse(&format!("{scheme}://{host}/token")).unwrap();
        url.set_port(port).unwrap();
        prop_assume!(url.origin() != Url::parse(TOKEN_URL).unwrap().origin());
        let text = format!("{around}{}{around}", placeholder_of(&secrets));
        let (header, body) = if in_body { ("a", text.as_str()) } else { (text.as_str(), "") };
        let headers = [("content-type", content_type), ("x-key", header)];
        let refused = sent(&secrets, url.as_str(), &headers, body);
        let message = refused.unwrap_err().to_string();
        prop_assert!(message.contains("may only go to"), "{}", message);
    }
}
