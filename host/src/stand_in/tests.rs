//! What a component gets, what leaves, and what it may read.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, request};
use hyper::body::Bytes;
use proptest::prelude::*;

use super::*;
use crate::config::Config;
use crate::manifest;

const VALUE: &str = "canary+7f3a/\"é\" &=";
const TOKEN_URL: &str = "https://id.example.com/token";

/// The secrets `client_secret`, bound to `token_url`, and `other`, bound to `other_url`.
fn secrets(mode: SecretMode, token_url: &str, value: &str) -> Secrets {
    let mut asked = manifest::tests::example();
    asked["config"]["properties"]["other_url"] = serde_json::json!({ "type": "string", "format": "uri", "default": "https://other.example.com" });
    let mut other = asked["secrets"][0].clone();
    other["name"] = "other".into();
    other["config_field"] = "other_url".into();
    asked["secrets"].as_array_mut().unwrap().push(other);
    let manifest = Manifest::parse(&asked.to_string()).unwrap();

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("asset-host.toml");
    let text = format!(
        "[account.acme]\ncomponent = \"c\"\n[account.acme.config]\ntoken_url = \"{token_url}\""
    );
    std::fs::write(&file, text).unwrap();
    let mut account = Config::load(&file).unwrap().accounts[0].clone();
    account.reach.secret_mode = mode;

    let values = [
        ("client_secret", value),
        ("other", "canary-other"),
        ("unasked", "canary-unasked"),
    ];
    let values = values.map(|(name, value)| (name.to_owned(), SecretString::from(value)));
    Secrets::new(&manifest, &account, values.into()).unwrap()
}

fn standing_in() -> Secrets {
    secrets(SecretMode::StandIn, TOKEN_URL, VALUE)
}

fn stand_in_of(secrets: &Secrets) -> String {
    secrets.get("client_secret").unwrap().to_owned()
}

fn head(headers: &[(&str, &str)]) -> request::Parts {
    let mut head = Request::new(()).into_parts().0;
    head.method = Method::POST;
    for (name, value) in headers {
        head.headers.append(
            HeaderName::from_bytes(name.as_bytes()).unwrap(),
            HeaderValue::from_bytes(value.as_bytes()).unwrap(),
        );
    }
    head
}

/// What a request becomes: its headers, its body, whether a secret is in it.
fn sent(
    secrets: &Secrets,
    url: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<(HeaderMap, Bytes, bool), Misplaced> {
    let mut head = head(headers);
    let body = Bytes::from(body.to_owned());
    let sending = secrets.put_in(&Url::parse(url).unwrap(), &mut head, body)?;
    Ok((head.headers, sending.body, sending.secret))
}

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const JSON: (&str, &str) = ("content-type", "application/json");

#[test]
fn a_component_gets_a_stand_in_of_its_own_for_each_secret_and_run() {
    let (first, second) = (standing_in(), standing_in());
    let mut seen = std::collections::BTreeSet::new();
    for secrets in [&first, &second] {
        for name in ["client_secret", "other"] {
            let stand_in = secrets.get(name).unwrap();
            assert!(stand_in.starts_with(PREFIX), "{stand_in}");
            assert!(
                stand_in
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()),
                "{stand_in}"
            );
            assert!(seen.insert(stand_in.to_owned()), "{stand_in} comes twice");
        }
        for name in ["unasked", "nothing", ""] {
            assert_eq!(secrets.get(name), None, "{name}");
        }
    }
    assert_eq!(Secrets::default().get("client_secret"), None);
}

#[test]
fn a_component_gets_the_value_where_the_account_says_so() {
    let secrets = secrets(SecretMode::Value, TOKEN_URL, VALUE);
    assert_eq!(secrets.get("client_secret"), Some(VALUE));
    assert_eq!(secrets.get("unasked"), None);
}

#[test]
fn debug_shows_neither_value_nor_stand_in() {
    let secrets = standing_in();
    let text = format!("{secrets:?} {secrets:#?}");
    assert!(!text.contains("canary"), "{text}");
    assert!(!text.contains(PREFIX), "{text}");
    for part in [
        "client_secret",
        "https://id.example.com",
        "https://other.example.com",
    ] {
        assert!(text.contains(part), "{text}");
    }

    let mut head = head(&[("x-key", &stand_in_of(&secrets)), FORM]);
    let body = Bytes::from(stand_in_of(&secrets));
    let url = Url::parse(TOKEN_URL).unwrap();
    let sending = secrets.put_in(&url, &mut head, body).unwrap();
    let text = format!("{sending:?} {head:?}");
    assert!(!text.contains("canary"), "{text}");
}

#[test]
fn the_value_is_written_as_its_place_needs_it() {
    let secrets = standing_in();
    let stand_in = stand_in_of(&secrets);
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
        let body = before.replace("STANDIN", &stand_in);
        let length = body.len().to_string();
        let headers = [
            ("content-type", content_type),
            ("content-length", &length),
            ("accept-encoding", "gzip"),
            ("accept-encoding", "br"),
            ("range", "bytes=0-3"),
        ];
        let (headers, body, secret) = sent(&secrets, TOKEN_URL, &headers, &body).unwrap();
        assert_eq!(body, after, "{content_type}");
        assert!(secret);
        assert_eq!(headers["content-length"], body.len().to_string());
        let encodings: Vec<_> = headers.get_all("accept-encoding").iter().collect();
        assert_eq!(encodings, ["identity"]);
        assert!(!headers.contains_key("range"));
    }
}

#[test]
fn the_value_is_put_into_headers_and_the_header_marked() {
    let secrets = secrets(SecretMode::StandIn, TOKEN_URL, "canary:7f3a=é");
    let stand_in = stand_in_of(&secrets);
    let basic = |text: &str| format!("bAsIc {}", STANDARD.encode(text));
    let credentials = basic(&format!("client:{stand_in}"));
    let unpadded = credentials.trim_end_matches('=').to_owned();
    for (name, before, after) in [
        (
            "authorization",
            format!("Bearer {stand_in}"),
            "Bearer canary:7f3a=é".to_owned(),
        ),
        (
            "x-keys",
            format!("{stand_in}, {stand_in}"),
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
        let (headers, body, secret) = sent(&secrets, TOKEN_URL, &headers, "body").unwrap();
        assert_eq!(headers[name].as_bytes(), after.as_bytes());
        assert!(headers[name].is_sensitive());
        assert!(secret);
        assert_eq!(headers["accept-encoding"], "identity");
        assert_eq!(headers["x-other"], "kept");
        assert!(!headers.contains_key("content-length"));
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
    let url = Url::parse(&with(url)).unwrap();
    secrets
        .put_in(&url, &mut head, Bytes::from(with(body)))
        .err()
}

const ELSEWHERE: &str = "https://api.example.com/token";

#[test]
fn a_secret_leaves_neither_in_a_wrong_place_nor_to_a_wrong_origin() {
    let stand_ins = standing_in();
    let values = secrets(SecretMode::Value, TOKEN_URL, "canary7f3a");
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
    for (secrets, held) in [
        (&stand_ins, stand_in_of(&stand_ins)),
        (&values, "canary7f3a".to_owned()),
    ] {
        for (row, part) in rows {
            let refused = refusal(secrets, &held, *row).unwrap();
            let message = refused.to_string();
            assert!(message.contains(part.as_str()), "{row:?}: {message}");
            assert!(message.contains("client_secret"), "{message}");
            assert!(!message.contains(&held), "{message}");
            if let Misplaced::Origin {
                config_key,
                bound_to,
                ..
            } = refused
            {
                assert_eq!(config_key, "account.acme.config.token_url");
                assert_eq!(bound_to, "https://id.example.com");
            }
        }
    }
}

#[test]
fn an_encoded_stand_in_is_found_in_the_url_and_in_basic() {
    let secrets = standing_in();
    let stand_in = stand_in_of(&secrets);
    let encoded: String = stand_in
        .bytes()
        .map(|byte| format!("%{byte:02x}"))
        .collect();
    let refused = sent(&secrets, &format!("{TOKEN_URL}?a={encoded}"), &[], "").unwrap_err();
    assert!(matches!(refused, Misplaced::Url { .. }), "{refused}");

    let basic = format!("Basic {}", STANDARD.encode(format!("a:{stand_in}")));
    let refused = sent(&secrets, ELSEWHERE, &[("authorization", &basic)], "").unwrap_err();
    assert!(matches!(refused, Misplaced::Origin { .. }), "{refused}");
}

#[test]
fn each_secret_keeps_to_its_own_origin() {
    let secrets = standing_in();
    let other = secrets.get("other").unwrap();
    let body = format!("a={other}");
    let (_, body_sent, _) = sent(&secrets, "https://other.example.com/x", &[FORM], &body).unwrap();
    assert_eq!(body_sent, "a=canary-other");
    let refused = sent(&secrets, TOKEN_URL, &[FORM], &body).unwrap_err();
    assert!(
        matches!(&refused, Misplaced::Origin { secret, .. } if secret == "other"),
        "{refused}"
    );
}

#[test]
fn a_secret_without_an_origin_goes_nowhere() {
    let mut secrets = standing_in();
    secrets.by_name.get_mut("client_secret").unwrap().origin = None;
    let body = format!("s={}", stand_in_of(&secrets));
    let refused = sent(&secrets, TOKEN_URL, &[FORM], &body).unwrap_err();
    assert!(matches!(refused, Misplaced::Origin { .. }), "{refused}");
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
        let secrets = secrets(SecretMode::StandIn, url, VALUE);
        let body = format!("s={}", stand_in_of(&secrets));
        let refused = sent(&secrets, url, &[FORM], &body).err();
        let config_key = "account.acme.config.token_url".to_owned();
        let secret = "client_secret".to_owned();
        let expected = (!goes).then_some(Misplaced::Unencrypted { secret, config_key });
        assert_eq!(refused, expected, "{url}");
    }
}

#[test]
fn a_body_of_another_kind_is_refused() {
    let secrets = standing_in();
    let stand_in = stand_in_of(&secrets);
    for headers in [
        &[][..],
        &[("content-type", "text/plain")],
        &[("content-type", "multipart/form-data; boundary=x")],
        &[("content-type", "application/jsonx")],
        &[FORM, JSON],
        &[FORM, ("content-encoding", "gzip")],
    ] {
        let refused = sent(&secrets, TOKEN_URL, headers, &stand_in).unwrap_err();
        assert!(matches!(refused, Misplaced::Body { .. }), "{headers:?}");
    }
}

#[test]
fn a_value_that_fits_no_header_is_refused_there_and_fits_a_body() {
    let secrets = secrets(SecretMode::StandIn, TOKEN_URL, "canary\n7f3a");
    let stand_in = stand_in_of(&secrets);
    let refused = sent(&secrets, TOKEN_URL, &[("x-key", &stand_in)], "").unwrap_err();
    assert!(matches!(refused, Misplaced::Value { .. }));
    assert!(!refused.to_string().contains("canary"), "{refused}");
    let (_, body, _) = sent(&secrets, TOKEN_URL, &[FORM], &stand_in).unwrap();
    assert_eq!(body, "canary%0A7f3a");
}

#[test]
fn a_component_with_the_value_keeps_to_the_same_rules_as_far_as_seen() {
    let secrets = secrets(SecretMode::Value, TOKEN_URL, VALUE);
    let form: String = url::form_urlencoded::byte_serialize(VALUE.as_bytes()).collect();
    let json = serde_json::to_string(VALUE).unwrap();
    let basic = format!("Basic {}", STANDARD.encode(format!("c:{VALUE}")));
    for (headers, body) in [
        (&[FORM][..], format!("s={form}")),
        (&[JSON], format!("[{json}]")),
        (&[], VALUE.to_owned()),
        (&[("authorization", basic.as_str())], String::new()),
        (&[("x-key", VALUE)], String::new()),
        (&[("x-key", form.as_str())], String::new()),
    ] {
        let refused = sent(&secrets, ELSEWHERE, headers, &body).unwrap_err();
        assert!(matches!(refused, Misplaced::Origin { .. }), "{refused}");

        let (after, body_after, secret) = sent(&secrets, TOKEN_URL, headers, &body).unwrap();
        assert_eq!(after, head(headers).headers);
        assert_eq!(body_after, body);
        assert!(!secret);
    }
    let refused = sent(&secrets, &format!("{TOKEN_URL}?s={form}"), &[], "").unwrap_err();
    assert!(matches!(refused, Misplaced::Url { .. }), "{refused}");
}

fn answer(headers: &[(&str, &str)]) -> http::response::Parts {
    let mut answer = Response::new(()).into_parts().0;
    answer.headers = head(headers).headers;
    answer
}

#[test]
fn an_answer_that_repeats_the_value_has_the_stand_in_there() {
    let secrets = standing_in();
    let stand_in = stand_in_of(&secrets);
    let other = secrets.get("other").unwrap();
    for (before, after) in [
        (
            format!("<{VALUE}|{VALUE}>"),
            format!("<{stand_in}|{stand_in}>"),
        ),
        (
            r#"{"s":"canary+7f3a\/\"\u00e9\" \u0026="}"#.to_owned(),
            format!(r#"{{"s":"{stand_in}"}}"#),
        ),
        (
            "s=canary%2b7f3a%2f%22%c3%a9%22+%26%3d&t=canary-other".to_owned(),
            format!("s={stand_in}&t={other}"),
        ),
        (String::new(), String::new()),
        ("canary".to_owned(), "canary".to_owned()),
    ] {
        let length = before.len().to_string();
        let mut head = answer(&[
            ("content-length", &length),
            ("x-echo", &format!("a{VALUE}")),
            ("x-canary-other", "a"),
            ("set-cookie", "a=b"),
            ("set-cookie", "a=canary-other"),
        ]);
        let masked = secrets.mask(&mut head, Bytes::from(before)).unwrap();
        assert_eq!(masked, after);
        assert_eq!(head.headers["content-length"], masked.len().to_string());
        assert_eq!(head.headers["x-echo"], format!("a{stand_in}"));
        assert!(!head.headers.contains_key("x-canary-other"));
        let cookies: Vec<_> = head.headers.get_all("set-cookie").iter().cloned().collect();
        assert_eq!(cookies, ["a=b".to_owned(), format!("a={other}")]);
    }
}

#[test]
fn nothing_of_a_secret_stays_that_another_is_part_of() {
    let secrets = secrets(SecretMode::StandIn, TOKEN_URL, "xx-canary-other-7f3a");
    let stand_in = stand_in_of(&secrets);
    let other = secrets.get("other").unwrap();
    let body = Bytes::from("[xx-canary-other-7f3a canary-other]");
    let masked = secrets.mask(&mut answer(&[]), body).unwrap();
    assert_eq!(masked, format!("[{stand_in} {other}]"));
}

#[test]
fn basic_credentials_that_are_repeated_are_masked_too() {
    let secrets = secrets(SecretMode::StandIn, TOKEN_URL, "canary-7f3a-0b1c");
    let base64 = STANDARD.encode("client:canary-7f3a-0b1c");
    let body = Bytes::from(format!("Authorization: Basic {base64}"));
    let masked = secrets.mask(&mut answer(&[]), body).unwrap();
    let masked = String::from_utf8(masked.to_vec()).unwrap();
    assert!(masked.contains(&stand_in_of(&secrets)), "{masked}");
    assert!(masked.len() < "Authorization: Basic ".len() + base64.len() + 71);
}

#[test]
fn a_component_that_has_the_value_reads_answers_as_they_are() {
    let secrets = secrets(SecretMode::Value, TOKEN_URL, VALUE);
    let mut head = answer(&[("x-echo", VALUE)]);
    let masked = secrets.mask(&mut head, Bytes::from(VALUE)).unwrap();
    assert_eq!(masked, VALUE);
    assert_eq!(head.headers["x-echo"].as_bytes(), VALUE.as_bytes());
}

#[test]
fn a_compressed_answer_cannot_be_looked_through() {
    for (headers, expected) in [
        (&[][..], Ok(())),
        (&[("content-encoding", "identity")], Ok(())),
        (&[("content-encoding", " Identity, ")], Ok(())),
        (&[("transfer-encoding", "chunked")], Ok(())),
        (&[("content-encoding", "gzip")], Err(Unreadable)),
        (&[("content-encoding", "identity, br")], Err(Unreadable)),
        (&[("transfer-encoding", "gzip, chunked")], Err(Unreadable)),
        (
            &[
                ("content-encoding", "identity"),
                ("content-encoding", "zstd"),
            ],
            Err(Unreadable),
        ),
    ] {
        let mut head = answer(headers);
        assert_eq!(readable(&head.headers), expected, "{headers:?}");
        let masked = standing_in().mask(&mut head, Bytes::new());
        assert_eq!(masked.map(|_| ()), expected, "{headers:?}");
    }
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
        let secrets = secrets(SecretMode::StandIn, TOKEN_URL, &value);
        let field = format!("{before}{}{after}", stand_in_of(&secrets));
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("a", "b"), ("s", &field), ("c", "d")])
            .finish();
        let (_, body, _) = sent(&secrets, TOKEN_URL, &[FORM], &body).unwrap();
        let fields: Vec<(String, String)> = url::form_urlencoded::parse(&body).into_owned().collect();
        let expected = [("a", "b"), ("s", &format!("{before}{value}{after}")), ("c", "d")];
        prop_assert_eq!(fields, expected.map(|(name, text)| (name.to_owned(), text.to_owned())));
    }

    #[test]
    fn json_decodes_to_the_value(value in values(), around in any::<String>()) {
        let secrets = secrets(SecretMode::StandIn, TOKEN_URL, &value);
        let body = serde_json::json!({ "s": [format!("{around}{}{around}", stand_in_of(&secrets))], "n": 1 });
        let (_, body, _) = sent(&secrets, TOKEN_URL, &[JSON], &body.to_string()).unwrap();
        let expected = serde_json::json!({ "s": [format!("{around}{value}{around}")], "n": 1 });
        prop_assert_eq!(serde_json::from_slice::<serde_json::Value>(&body).unwrap(), expected);
    }

    #[test]
    fn a_request_without_a_stand_in_stays_as_it_is(headers in headers(), body in any::<Vec<u8>>(), path in "[ -~]{0,20}") {
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let mut url = Url::parse(TOKEN_URL).unwrap();
        url.set_path(&path);
        let mut parts = head(&headers);
        let sending = standing_in().put_in(&url, &mut parts, Bytes::from(body.clone())).unwrap();
        prop_assert_eq!(parts.headers, head(&headers).headers);
        prop_assert_eq!(parts.method, Method::POST);
        prop_assert_eq!(sending.body, body);
        prop_assert!(!sending.secret);
    }

    #[test]
    fn a_stand_in_never_leaves_to_another_origin(
        host in "[a-z]{1,8}\\.example\\.(com|net)",
        scheme in "https?",
        port in prop::option::of(1_u16..),
        content_type in prop::sample::select(vec![FORM.1, JSON.1, "text/plain"]),
        in_body in any::<bool>(),
        around in "[a-z&=\"]{0,10}",
    ) {
        let secrets = standing_in();
        let mut url = Url::parse(&format!("{scheme}://{host}/token")).unwrap();
        url.set_port(port).unwrap();
        prop_assume!(url.origin() != Url::parse(TOKEN_URL).unwrap().origin());
        let text = format!("{around}{}{around}", stand_in_of(&secrets));
        let (header, body) = if in_body { ("a", text.as_str()) } else { (text.as_str(), "") };
        let headers = [("content-type", content_type), ("x-key", header)];
        let refused = sent(&secrets, url.as_str(), &headers, body);
        let is_refused = matches!(refused, Err(Misplaced::Origin { .. }));
        prop_assert!(is_refused);
    }

    #[test]
    fn no_answer_keeps_the_value(value in "[ -~é😀]{12,40}", around in any::<String>(), way in 0..4) {
        let secrets = secrets(SecretMode::StandIn, TOKEN_URL, &value);
        let body = match way {
            0 => format!("{around}{value}{around}"),
            1 => url::form_urlencoded::Serializer::new(around).append_pair("s", &value).finish(),
            2 => serde_json::json!([around, value]).to_string(),
            _ => serde_json::json!([serde_json::json!([around, value]).to_string()]).to_string(),
        };
        let masked = secrets.mask(&mut answer(&[]), Bytes::from(body)).unwrap();
        prop_assert!(!occurrences::holds(&masked, value.as_bytes()));
        prop_assert!(occurrences::holds_plainly(&masked, stand_in_of(&secrets).as_bytes()));
    }
}
