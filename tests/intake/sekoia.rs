//! What Sekoia's routes require of a request.
//!
//! The forms follow the asset connector of PyPI `sekoia-automation-sdk` 1.27.0: bearer key, JSON, its own user agent, a
//! body of `version` and `items`. That a request without one of them is refused, and with which message, is an assumption.

use serde_json::Value;

use super::options::Options;
use crate::request::Request;

/// Why a request is refused: status and message.
pub(crate) type Refusal = (u16, String);

/// Checks the key.
pub(crate) fn judge_key(options: &Options, request: &Request) -> Result<(), Refusal> {
    let wanted = format!("Bearer {}", options.api_key);
    if request.header("authorization") == Some(&wanted) {
        Ok(())
    } else {
        Err((401, "the API key is not known".to_owned()))
    }
}

/// Checks a push to the connector `uuid`, and returns its items.
pub(crate) fn judge_push(
    options: &Options,
    request: &Request,
    uuid: &str,
) -> Result<Vec<Value>, Refusal> {
    let refuse = |message: &str| Err((400, message.to_owned()));
    if request.method != "POST" {
        return Err((405, "Method Not Allowed".to_owned()));
    }
    judge_key(options, request)?;
    if uuid != options.uuid {
        return Err((404, format!("there is no connector {uuid:?}")));
    }
    let media_type = request.header("content-type").unwrap_or_default();
    if media_type.split(';').next() != Some("application/json") {
        return refuse("the content type is not application/json");
    }
    if request.header("user-agent") != Some(&format!("sekoiaio-asset-connector-{uuid}")) {
        return refuse("the user agent is not that of the connector");
    }
    let Ok(mut body) = serde_json::from_slice::<Value>(&request.body) else {
        return refuse("the body is no JSON");
    };
    if body.get("version") != Some(&Value::from(1)) {
        return refuse("the version is not 1");
    }
    match body.get_mut("items").map(Value::take) {
        Some(Value::Array(items)) if !items.is_empty() && items.iter().all(Value::is_object) => {
            Ok(items)
        }
        _ => refuse("there are no items"),
    }
}
