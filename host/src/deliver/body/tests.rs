//! Which bodies complain, however long they are.

use proptest::prelude::*;
use serde_json::Value;

use super::*;

#[test]
fn a_body_may_say_that_not_all_was_taken() {
    for (body, complains) in [
        ("", false),
        ("ok", false),
        ("{\"accepted\":10}\n{\"errors\":true}", false),
        ("null", false),
        ("[]", false),
        ("{}", false),
        ("{", true),
        ("<html>error</html>", false),
        (r#"{"errors":false}"#, false),
        (r#"{"errors":[]}"#, false),
        (r#"{"errors":0}"#, false),
        (r#"{"errors":true}"#, true),
        (r#"{"errors":1}"#, true),
        (r#"{"errors":["bad"]}"#, true),
        (r#"{"took":3,"errors":true,"items":[{"index":{"sta"#, true),
        (r#"{"took":3,"errors":false,"items":[{"index":{"sta"#, true),
        (r#"{"error":null}"#, false),
        (r#"{"error":false}"#, false),
        (r#"{"error":""}"#, false),
        (r#"{"error":{}}"#, false),
        (r#"{"error":"bad"}"#, true),
        (r#"{"error":{"type":"bad"}}"#, true),
        (r#"{"failures":[{"error":"bad"}]}"#, true),
        (r#"{"success":true}"#, false),
        (r#"{"success":false}"#, true),
        (r#"{"ok":false}"#, true),
        (r#"{"status":"ok"}"#, false),
        (r#"{"status":"PENDING"}"#, false),
        (r#"{"status":200}"#, false),
        (r#"{"status":"Error"}"#, true),
        (r#"{"status":"FAILED"}"#, true),
        (r#"{"status":"failure"}"#, true),
        (r#"{"status":400}"#, true),
        (r#"{"result":"partial"}"#, true),
        (r#"{"text":"Success","code":0}"#, false),
        (r#"{"text":"Server is busy","code":9}"#, true),
        (r#"{"code":9}"#, false),
        (r#"{"accepted":10}"#, false),
        (r#"{"accepted":11}"#, false),
        (r#"{"accepted":5}"#, true),
        (r#"{"accepted":0}"#, true),
        (r#"{"accepted":true}"#, false),
        (r#"{"received":9}"#, true),
        (r#"{"ingested":9,"failed":1}"#, true),
        (r#"{"ingested":10,"failed":0}"#, false),
        (r#"{"processed":9}"#, true),
        (r#"{"count":1}"#, false),
        (r#"{"rejected":1}"#, true),
        (r#"{"dropped":1}"#, true),
        (r#"{"task_id":"t-1"}"#, false),
        (r#"[{"status":202},{"status":202}]"#, false),
        (r#"[{"status":202},{"status":400,"error":"bad"}]"#, true),
        (r#"["ok",{"status":400},null,7]"#, true),
        (r#"["error",null,[],7,{"status":202}]"#, false),
        (r#"[{"status":202},{"status":400},{"sta"#, true),
        (r#"[{"status":202},{"status":202},{"sta"#, true),
        (r#"[{"status":400}"#, true),
    ] {
        let found = complaint(body.as_bytes(), 10);
        assert_eq!(found.is_some(), complains, "{body}: {found:?}");
    }
}

proptest! {
    #[test]
    fn any_body_is_judged(body in prop::collection::vec(any::<u8>(), 0..100), sent in 0_usize..10) {
        let _ = complaint(&body, sent);
    }

    #[test]
    fn unknown_fields_of_any_form_hide_no_complaint(
        items in 0_usize..50,
        text in "[a-z\\\\\"{}\\[\\]]{0,20}",
        complains in any::<bool>(),
    ) {
        let item = serde_json::json!({ "index": { "error": text, "status": 500, "other": [text, 1.5, null] } });
        let other = Value::from(vec![item; items]).to_string();
        let text = Value::from(text.as_str());
        let body = format!(r#"{{{text}:{other},"items":{other},"errors":{complains}}}"#);
        prop_assert_eq!(complaint(body.as_bytes(), 10).is_some(), complains, "{}", body);
    }

    #[test]
    fn an_array_that_is_cut_off_tells_of_every_whole_item(
        before in 0_usize..20,
        after in 0_usize..20,
        end in any::<prop::sample::Index>(),
    ) {
        let item = |status: u16| serde_json::json!({ "status": status });
        let statuses = std::iter::repeat_n(202, before).chain([422]).chain(std::iter::repeat_n(202, after));
        let body = Value::Array(statuses.map(item).collect()).to_string();
        let told = body.find("422}").unwrap() + 4;
        let end = told + end.index(body.len() - told + 1);
        prop_assert!(complaint(&body.as_bytes()[..end], before + 1 + after).is_some());
    }
}
