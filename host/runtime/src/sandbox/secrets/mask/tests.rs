//! What a component may read of an answer.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use flate2::{Compression, write::GzEncoder};
use http::Response;
use proptest::prelude::*;

use super::*;
use crate::sandbox::secrets::find::spellings;
use crate::sandbox::secrets::find::tests::{ENCODERS, values};
use crate::sandbox::secrets::tests::{
    TOKEN_URL, VALUE, example_secrets, head, placeholder_of, secrets, with_value,
};

fn answer(headers: &[(&str, &str)]) -> http::response::Parts {
    let mut answer = Response::new(()).into_parts().0;
    answer.headers = head(headers).headers;
    answer
}

/// An answer's body with every value taken out, of any size.
fn masked(secrets: &Secrets, head: &mut http::response::Parts, body: Bytes) -> Bytes {
    secrets.mask(head, body, u64::MAX, || true).unwrap()
}

#[test]
fn an_answer_that_repeats_the_value_has_the_placeholder_there() {
    let secrets = example_secrets();
    let placeholder = placeholder_of(&secrets);
    let other = secrets.get("other").unwrap();
    for (before, after) in [
        (
            format!("<{VALUE}|{VALUE}>"),
            format!("<{placeholder}|{placeholder}>"),
        ),
        (
            r#"{"s":"canary+7f3a/\"é\" \u0026="}"#.to_owned(),
            format!(r#"{{"s":"{placeholder}"}}"#),
        ),
        (
            "s=canary%2b7f3a%2f%22%c3%a9%22+%26%3d&t=canary-other".to_owned(),
            format!("s={placeholder}&t={other}"),
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
        let masked = masked(&secrets, &mut head, Bytes::from(before));
        assert_eq!(masked, after);
        assert_eq!(head.headers["content-length"], masked.len().to_string());
        assert_eq!(head.headers["x-echo"], format!("a{placeholder}"));
        assert!(!head.headers.contains_key("x-canary-other"));
        let cookies: Vec<_> = head.headers.get_all("set-cookie").iter().cloned().collect();
        assert_eq!(cookies, ["a=b".to_owned(), format!("a={other}")]);
    }
}

#[test]
fn nothing_of_a_secret_stays_that_another_is_part_of() {
    let secrets = secrets(TOKEN_URL, "xx-canary-other-7f3a");
    let placeholder = placeholder_of(&secrets);
    let other = secrets.get("other").unwrap();
    let body = Bytes::from("[xx-canary-other-7f3a canary-other]");
    let masked = masked(&secrets, &mut answer(&[]), body);
    assert_eq!(masked, format!("[{placeholder} {other}]"));
}

#[test]
fn basic_credentials_that_are_repeated_are_masked_too() {
    let secrets = secrets(TOKEN_URL, "canary-7f3a-0b1c");
    let base64 = STANDARD.encode("client:canary-7f3a-0b1c");
    let body = Bytes::from(format!("Authorization: Basic {base64}"));
    let masked = masked(&secrets, &mut answer(&[]), body);
    let masked = String::from_utf8(masked.to_vec()).unwrap();
    assert!(masked.contains(&placeholder_of(&secrets)), "{masked}");
    assert!(masked.len() < "Authorization: Basic ".len() + base64.len() + 71);
}

/// From little on the wire much can be inflated, and a placeholder is longer than a short value.
#[test]
fn a_body_that_would_be_too_large_with_the_placeholder_is_withheld() {
    let secrets = with_value("12345678");
    let body = Bytes::from("12345678".repeat(1000));
    let length = 1000 * placeholder_of(&secrets).len() as u64;
    for (most, expected) in [
        (length, Ok(length)),
        (length - 1, Err(Withheld::TooLarge)),
        (8000, Err(Withheld::TooLarge)),
    ] {
        let masked = secrets.mask(&mut answer(&[]), body.clone(), most, || true);
        let masked = masked.map(|body| body.len() as u64);
        assert_eq!(masked, expected, "{most}");
    }
    // The rest of the text counts as well.
    let body = Bytes::from(format!("12345678{}", ".".repeat(100)));
    let masked = secrets.mask(&mut answer(&[]), body, 100, || true);
    assert_eq!(masked, Err(Withheld::TooLarge));
}

#[test]
fn a_search_ends_when_nobody_waits_for_it_any_more() {
    let body = Bytes::from(vec![b'a'; 10 << 20]);
    let mut asked = 0;
    let masked = example_secrets().mask(&mut answer(&[]), body, u64::MAX, || {
        asked += 1;
        asked < 3
    });
    assert_eq!(masked, Err(Withheld::GivenUp));
    assert_eq!(asked, 3);
}

#[test]
fn a_token_with_the_secret_in_it_is_masked() {
    let value = "canary7f3aCANARY";
    let secrets = with_value(value);
    let payload = serde_json::json!({ "iss": "https://id.example.com", "note": value });
    let token = [r#"{"alg":"HS256"}"#, &payload.to_string(), "signature"]
        .map(|part| URL_SAFE_NO_PAD.encode(part))
        .join(".");
    let body = serde_json::json!({ "access_token": token, "expires_in": 3600 }).to_string();
    let masked = masked(&secrets, &mut answer(&[]), Bytes::from(body));
    let masked: serde_json::Value = serde_json::from_slice(&masked).unwrap();
    let token = masked["access_token"].as_str().unwrap();
    assert!(token.contains(&placeholder_of(&secrets)), "{token}");
    assert_eq!(token.split('.').count(), 3);
}

#[test]
fn an_answer_is_looked_through_as_it_is_or_inflate() {
    for (headers, expected) in [
        (&[][..], Ok(false)),
        (&[("content-encoding", "identity")], Ok(false)),
        (&[("content-encoding", " Identity, ")], Ok(false)),
        (&[("transfer-encoding", "chunked")], Ok(false)),
        (&[("content-encoding", "GZIP")], Ok(true)),
        (&[("content-encoding", "identity, x-gzip")], Ok(true)),
        (
            &[("content-encoding", "gzip, gzip")],
            Err(Withheld::Unreadable),
        ),
        (
            &[("content-encoding", "identity, br")],
            Err(Withheld::Unreadable),
        ),
        (
            &[("transfer-encoding", "gzip, chunked")],
            Err(Withheld::Unreadable),
        ),
        (
            &[
                ("content-encoding", "identity"),
                ("content-encoding", "zstd"),
            ],
            Err(Withheld::Unreadable),
        ),
    ] {
        let head = answer(headers);
        assert_eq!(is_gzip(&head.headers), expected, "{headers:?}");
    }
}

#[test]
fn a_body_inflates_up_to_the_bound() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&[b'x'; 1000]).unwrap();
    let compressed = encoder.finish().unwrap();
    let (torn, _) = compressed.split_at(compressed.len() - 9);
    assert_eq!(inflate(&compressed, 1000).unwrap(), vec![b'x'; 1000]);
    assert_eq!(inflate(&compressed, 999), Err(Withheld::TooLarge));
    assert_eq!(inflate(torn, 1000), Err(Withheld::Damaged));
    assert_eq!(inflate(b"plain", 1000), Err(Withheld::Damaged));
}

#[test]
fn a_response_without_a_body_may_name_gzip() {
    let secrets = secrets(TOKEN_URL, VALUE);
    let mut head = answer(&[("content-encoding", "gzip")]);
    let body = secrets.mask(&mut head, Bytes::new(), 100, || true);
    assert_eq!(body, Ok(Bytes::new()));
}

proptest! {
    #[test]
    fn no_answer_keeps_a_secret_in_a_known_encoding(
        value in values(),
        around in "[ -$&-\\[\\]-~é]{0,12}",
        encoder in prop::sample::select(&ENCODERS[..]),
    ) {
        let secrets = with_value(&value);
        let body = encoder.1(&format!("{around}{value}{around}"));
        let masked = masked(&secrets, &mut answer(&[]), Bytes::from(body));
        prop_assert!(holds(&masked, placeholder_of(&secrets).as_bytes()));
        let spellings = spellings(&value);
        prop_assert!(spellings.iter().all(|spelling| spelling.find(&masked).next().is_none()));
    }
}
