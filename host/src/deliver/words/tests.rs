//! What is taken out of a destination's words, and what stays.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn event(json: &Value) -> Event {
    Event {
        device: "00000000-0000-0000-0000-000000000001".into(),
        json: json.to_string(),
        fingerprint: 0,
    }
}

fn example() -> Event {
    event(&json!({
        "severity": "Informational", "severity_id": 1,
        "class_name": "Device Inventory Info", "class_uid": 5001,
        "device": {
            "uid": "00000000-0000-0000-0000-000000000001", "hostname": "example-workstation",
            "type": "Desktop", "type_id": 2, "ip": "192.0.2.10",
            "owner": { "name": "EXAMPLE\\user", "full_name": "Exämple\tUser" },
            "desc": "device-4711 of 2026, 4711234"
        }
    }))
}

#[test]
fn the_code_and_the_message_are_kept_and_nothing_else() {
    for (body, words) in [
        ("", None),
        ("<html>Forbidden</html>", None),
        ("{}", None),
        (r#"{"message":" "}"#, None),
        (r#"{"message":["a"]}"#, None),
        (r#"{"message":"No right.","trace":"t"}"#, Some("No right.")),
        (
            r#"{"code":"E403","message":"No right."}"#,
            Some("E403: No right."),
        ),
        (
            r#"{"code":7,"text":"Incorrect index"}"#,
            Some("7: Incorrect index"),
        ),
        (r#"{"code":"E403"}"#, Some("E403")),
        (
            r#"{"error":{"code":"E1","message":"Bad"}}"#,
            Some("E1: Bad"),
        ),
        (r#"{"title":"Bad","status":400}"#, Some("Bad")),
        (r#"{"detail":"a\nb"}"#, Some("a b")),
    ] {
        let found = of_body(body.as_bytes(), &[], &[]);
        assert_eq!(found.as_deref(), words, "{body}");
    }
}

#[test]
fn what_an_event_holds_is_taken_out() {
    let secrets = [SecretString::from("canary-7f3a")];
    for (text, words) in [
        ("hostname example-workstation is bad", "hostname … is bad"),
        ("hostname EXAMPLE-WORKSTATION is bad", "hostname … is bad"),
        ("owner EXAMPLE\\user", "owner …"),
        ("owner \"EXAMPLE\\\\user\"", "owner \"…\""),
        ("owner Exämple User twice, Exämple User", "owner … twice, …"),
        ("cut off: example-wor", "cut off: …"),
        ("192.0.2.10", "…"),
        ("192.0.2.10192.0.2.10", "…"),
        ("key canary-7f3a", "key …"),
        ("type Desktop is unknown", "type Desktop is unknown"),
        ("user2 is unknown", "user2 is unknown"),
        ("User is unknown: example", "… is unknown: …"),
        ("workstation example_user, cut: worksta", "… …_…, cut: …"),
        (
            "2026, build 4711, staff 4711234",
            "2026, build 4711, staff …",
        ),
        ("the device of this class", "the device of this class"),
        ("class Device Inventory Info", "class …"),
        (
            "device 00000000-0000-0000-0000-000000000001",
            "device 00000000-0000-0000-0000-000000000001",
        ),
    ] {
        assert_eq!(safe(text, &[example()], &secrets), words, "{text}");
    }
}

#[test]
fn a_word_that_names_a_machine_as_well_is_taken_out() {
    let event = event(&json!({ "type": "Desktop", "type_id": 2, "hostname": "desktop" }));
    assert_eq!(safe("Desktop is bad", &[event], &[]), "… is bad");
}

#[test]
fn an_event_that_is_no_json_is_taken_out_as_a_whole() {
    let event = Event {
        json: "no json".into(),
        ..example()
    };
    assert_eq!(safe("got: no json", &[event], &[]), "got: …");
}

#[test]
fn a_long_text_is_cut() {
    let text = safe(&"ä".repeat(5000), &[], &[]);
    assert_eq!(text.chars().count(), MOST);
    assert!(text.ends_with('…'), "{text}");
}

proptest! {
    #[test]
    fn nothing_that_an_event_holds_is_left(
        values in prop::collection::vec("[a-zA-Zäß\\\\\"\n\u{1b} .-]{4,12}", 1..8),
        pieces in prop::collection::vec((any::<prop::sample::Index>(), "[a-z :]{0,5}", any::<bool>()), 0..80),
        secret in "[a-z0-9]{1,10}",
    ) {
        let event = event(&json!({ "list": values, "nested": { "secret": 1 } }));
        let mut text = String::new();
        for (index, between, escaped) in pieces {
            let value = index.get(&values);
            text.push_str(&if escaped { json!(value).to_string() } else { value.clone() });
            text.push_str(&between);
            text.push_str(&secret);
        }
        let body = json!({ "code": values[0], "message": text }).to_string();
        // White space alone says nothing.
        let kept = of_body(body.as_bytes(), &[event], &[SecretString::from(secret.clone())]).unwrap_or_default();
        prop_assert!(kept.chars().count() <= MOST);
        prop_assert!(!kept.contains(char::is_control));
        prop_assert!(!kept.contains(&secret), "{kept}");
        for value in values {
            prop_assert!(!kept.contains(printable(&value).as_str()), "{value:?}: {kept}");
            let escaped = json!(value).to_string();
            prop_assert!(!kept.contains(&escaped[1..escaped.len() - 1]), "{value:?}: {kept}");
        }
    }

    #[test]
    fn no_part_of_what_an_event_holds_is_left(
        values in prop::collection::vec("[A-Za-z0-9ÄÖß]{1,9}([\\\\ @._\n-][A-Za-z0-9ä]{1,9}){0,3}", 1..6),
        pieces in prop::collection::vec(
            (any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<bool>(), "[ :/='_]{1,3}"),
            0..8,
        ),
    ) {
        let parts: Vec<&str> = values.iter().flat_map(|value| value.split(is_between)).collect();
        let mut text = String::new();
        for (value, part, upper, between) in &pieces {
            text.push_str(&if *upper { part.get(&parts).to_uppercase() } else { value.get(&values).clone() });
            text.push_str(between);
        }
        let kept = safe(&text, &[event(&json!({ "list": values }))], &[]);
        // A word that was cut off may be anything.
        let whole = kept.trim_end_matches('…').trim_end_matches(char::is_alphanumeric);
        for word in whole.split(is_between) {
            let is_number = word.bytes().all(|byte| byte.is_ascii_digit());
            let held = parts.iter().any(|part| part.to_lowercase() == word.to_lowercase());
            prop_assert!(!held || word.chars().count() < if is_number { 6 } else { 4 }, "{word}: {kept}");
        }
    }

    #[test]
    fn any_text_is_made_safe(text in "\\PC{0,300}", value in "\\PC{0,20}") {
        let kept = safe(&text, &[event(&json!({ "a": value }))], &[]);
        prop_assert!(kept.chars().count() <= MOST);
    }
}
