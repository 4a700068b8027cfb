//! A walk over one source, as lines of JSON while it goes on: `{"event":…}`, `{"reject":…}` and `{"warning":…}`, after
//! each page `{"page":…}` with its cursor, and `{"error":…}` as the last line if it ended early.

use adapters::{Batch, Error, to_json, walk};
use serde_json::json;

use crate::answer::{Answer, Stream};
use crate::bindings::wasi::http::types::ResponseOutparam;
use crate::request::Account;
use crate::settings;

/// Why a walk ended early.
enum Halt {
    Error(Error),
    ClientGone,
}

impl From<Error> for Halt {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// Collects a source from its cursor to the end of its walk. An error before the first page is the answer's status.
pub(crate) fn stream(account: &Account, response: ResponseOutparam) {
    let (mut response, mut stream) = (Some(response), None);
    let page = |batch: &Batch| {
        if let Some(response) = response.take() {
            let headers = [("content-type", "application/x-ndjson".to_owned())];
            stream = Stream::begin(200, &headers, response);
        }
        let stream = stream.as_ref().ok_or(Halt::ClientGone)?;
        stream.send(lines(batch).as_bytes()).ok_or(Halt::ClientGone)
    };
    let done = walk(
        &account.config,
        account.cursor.clone(),
        settings::patience(),
        page,
    );
    match (done, response, stream) {
        (Err(Halt::Error(error)), Some(response), _) => Answer::error(&error).send(response),
        (Err(Halt::Error(error)), None, Some(stream)) => {
            let line = format!("{}\n", json!({ "error": to_json(&error) }));
            let _ = stream.send(line.as_bytes());
            stream.end();
        }
        (Ok(()), _, Some(stream)) => stream.end(),
        _ => {}
    }
}

/// Returns a page as lines. The text of an event stays as it is.
fn lines(batch: &Batch) -> String {
    let mut lines = String::new();
    for event in &batch.events {
        lines.extend([r#"{"event":"#, &event.json, "}\n"]);
    }
    for reject in &batch.rejects {
        let reject = json!({ "reject": { "id": reject.id, "reason": reject.reason } });
        lines.extend([&reject.to_string(), "\n"]);
    }
    for warning in &batch.warnings {
        lines.extend([&json!({ "warning": warning }).to_string(), "\n"]);
    }
    let page =
        json!({ "page": { "cursor": batch.cursor, "more": batch.more, "mark": batch.mark } });
    lines.extend([&page.to_string(), "\n"]);
    lines
}
