//! What the bulk API of Elasticsearch and OpenSearch requires of a request, and how it answers.
//!
//! The forms follow the reference of both for `POST /INDEX/_bulk`: pairs of lines, a line break at the end, one item for
//! each action in the answer, `errors` where one of them failed.

use serde_json::{Value, json};

use super::sekoia::Refusal;
use crate::answer::Answer;
use crate::request::Request;

/// The line before an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// `index` or `create`
    pub kind: String,
    /// `_id`
    pub id: String,
}

/// Checks a request, and returns its actions and events.
pub(crate) fn judge(request: &Request) -> Result<(Vec<Action>, Vec<Value>), Refusal> {
    let refuse = |message: &str| Err((400, message.to_owned()));
    if !matches!(request.method.as_str(), "POST" | "PUT") {
        return Err((405, "Method Not Allowed".to_owned()));
    }
    let media_type = request.header("content-type").unwrap_or_default();
    if !matches!(media_type, "application/x-ndjson" | "application/json") {
        return Err((406, "Content-Type header is not supported".to_owned()));
    }
    if request.path == "/_bulk" {
        return refuse("index is missing");
    }
    let text = String::from_utf8_lossy(&request.body);
    let Some(text) = text.strip_suffix('\n') else {
        return refuse("The bulk request must be terminated by a newline [\\n]");
    };
    let lines: Option<Vec<Value>> = text
        .split('\n')
        .map(|line| serde_json::from_str(line).ok())
        .collect();
    let Some(lines) = lines.filter(|lines| lines.len() % 2 == 0) else {
        return refuse("Malformed action/metadata line");
    };
    let mut actions = Vec::new();
    let mut events = Vec::new();
    for pair in lines.chunks(2) {
        let [action, event] = pair else { continue };
        let fields = action.as_object().filter(|fields| fields.len() == 1);
        let Some((kind, target)) = fields.and_then(|fields| fields.iter().next()) else {
            return refuse("Malformed action/metadata line");
        };
        if !matches!(kind.as_str(), "index" | "create") || !event.is_object() {
            return refuse("Malformed action/metadata line");
        }
        actions.push(Action {
            kind: kind.clone(),
            id: target["_id"].as_str().unwrap_or_default().to_owned(),
        });
        events.push(event.clone());
    }
    Ok((actions, events))
}

/// Returns the answer with what became of each event: its status and, where it failed, the type of the error.
pub(crate) fn answer(actions: &[Action], fates: &[(u16, String)]) -> Answer {
    let items = actions.iter().zip(fates).map(|(action, (status, error))| {
        let id = &action.id;
        // The real ones repeat values of the event in their reasons.
        let item = match error.is_empty() {
            true => json!({"_index": "devices", "_id": id, "status": status, "result": "created"}),
            false => json!({
                "_index": "devices", "_id": id, "status": status,
                "error": {"type": error, "reason": format!("{error}: [canary]")},
            }),
        };
        json!({action.kind.as_str(): item})
    });
    let items: Vec<Value> = items.collect();
    let errors = fates.iter().any(|(_, error)| !error.is_empty());
    let body = json!({"took": 3, "errors": errors, "items": items});
    Answer::json(200, body.to_string().into_bytes())
}

/// Returns the answer to a request that is refused as a whole.
pub(crate) fn refuse((status, reason): Refusal) -> Answer {
    let error = json!({"type": "illegal_argument_exception", "reason": reason});
    let body = json!({"error": error, "status": status});
    Answer::json(status, body.to_string().into_bytes())
}
