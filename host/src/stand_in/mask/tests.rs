//! What a component may read of an answer.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::{Compression, write::GzEncoder};
use http::Response;
use proptest::prelude::*;

use super::*;
use crate::stand_in::occurrences::holds;
use crate::stand_in::tests::{
    TOKEN_URL, VALUE, head, secrets, stand_in_of, standing_in, with_value,
};

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
        let masked = secrets.mask(&mut head, Bytes::from(before));
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
    let masked = secrets.mask(&mut answer(&[]), body);
    assert_eq!(masked, format!("[{stand_in} {other}]"));
}

#[test]
fn basic_credentials_that_are_repeated_are_masked_too() {
    let secrets = secrets(SecretMode::StandIn, TOKEN_URL, "canary-7f3a-0b1c");
    let base64 = STANDARD.encode("client:canary-7f3a-0b1c");
    let body = Bytes::from(format!("Authorization: Basic {base64}"));
    let masked = secrets.mask(&mut answer(&[]), body);
    let masked = String::from_utf8(masked.to_vec()).unwrap();
    assert!(masked.contains(&stand_in_of(&secrets)), "{masked}");
    assert!(masked.len() < "Authorization: Basic ".len() + base64.len() + 71);
}

#[test]
fn a_component_that_has_the_value_reads_answers_as_they_are() {
    let secrets = secrets(SecretMode::Value, TOKEN_URL, VALUE);
    let mut head = answer(&[("x-echo", VALUE)]);
    let masked = secrets.mask(&mut head, Bytes::from(VALUE));
    assert_eq!(masked, VALUE);
    assert_eq!(head.headers["x-echo"].as_bytes(), VALUE.as_bytes());
}

#[test]
fn a_value_that_is_in_any_text_by_chance_does_not_break_an_answer() {
    let secrets = with_value("abc");
    let token = Bytes::from("{\"access_token\":\"abcdef\"}");
    let masked = secrets.mask(&mut answer(&[]), token.clone());
    assert_eq!(masked, token);
}

#[test]
fn an_answer_is_looked_through_as_it_is_or_inflated() {
    for (headers, expected) in [
        (&[][..], Ok(Encoding::Plain)),
        (&[("content-encoding", "identity")], Ok(Encoding::Plain)),
        (&[("content-encoding", " Identity, ")], Ok(Encoding::Plain)),
        (&[("transfer-encoding", "chunked")], Ok(Encoding::Plain)),
        (&[("content-encoding", "GZIP")], Ok(Encoding::Gzip)),
        (
            &[("content-encoding", "identity, x-gzip")],
            Ok(Encoding::Gzip),
        ),
        (&[("content-encoding", "gzip, gzip")], Err(Unreadable)),
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
        let head = answer(headers);
        assert_eq!(Encoding::of(&head.headers), expected, "{headers:?}");
    }
}

#[test]
fn a_body_inflates_up_to_the_bound() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&[b'x'; 1000]).unwrap();
    let compressed = encoder.finish().unwrap();
    let (torn, _) = compressed.split_at(compressed.len() - 9);
    assert_eq!(inflated(&compressed, 1000).unwrap(), vec![b'x'; 1000]);
    assert_eq!(inflated(&compressed, 999), Err(NotInflated::TooLarge));
    assert_eq!(inflated(torn, 1000), Err(NotInflated::Damaged));
    assert_eq!(inflated(b"plain", 1000), Err(NotInflated::Damaged));
}

proptest! {
    #[test]
    fn no_answer_keeps_the_value(value in "[ -~é😀]{12,40}", around in any::<String>(), way in 0..4) {
        let secrets = with_value(&value);
        let body = match way {
            0 => format!("{around}{value}{around}"),
            1 => url::form_urlencoded::Serializer::new(around).append_pair("s", &value).finish(),
            2 => serde_json::json!([around, value]).to_string(),
            _ => serde_json::json!([serde_json::json!([around, value]).to_string()]).to_string(),
        };
        let masked = secrets.mask(&mut answer(&[]), Bytes::from(body));
        prop_assert!(!holds(&masked, value.as_bytes()));
        prop_assert!(holds_plainly(&masked, stand_in_of(&secrets).as_bytes()));
    }
}
