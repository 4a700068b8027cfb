//! A connector as an HTTP server, for `wasmtime serve` and other hosts of the world `wasi:http/proxy`.
//!
//! Whoever can reach the server can use the account: it belongs on loopback, or behind something that asks who is there.
//! The requests do not say where the connector may go, as it takes the secret along; the environment does.

mod answer;
mod bindings;
mod collect;
mod request;
mod settings;

use adapters::{collection, explanation_to_json, mapping, page_of_sources, source_to_json};
use bindings::exports::wasi::http::incoming_handler::Guest;
use bindings::wasi::http::types::{IncomingRequest, Method, ResponseOutparam};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::request::Body;

/// The component, whose export is below.
pub(crate) struct Component;

impl Guest for Component {
    fn handle(request: IncomingRequest, response: ResponseOutparam) {
        let path = request.path_with_query().unwrap_or_default();
        let answer = match (request.method(), path.as_str()) {
            (Method::Get, "/describe") => Answer::json(200, collection::describe()),
            (Method::Post, "/collect") => {
                match request::read(&request).and_then(|body| body.account()) {
                    Ok(account) => return collect::stream(&account, response),
                    Err(problem) => problem,
                }
            }
            (Method::Post, path @ ("/check" | "/discover" | "/map" | "/explain")) => {
                let answer = request::read(&request).and_then(|body| call(path, body));
                answer.unwrap_or_else(|problem| problem)
            }
            _ => Answer::problem(
                404,
                "path",
                "there are GET /describe, and POST /check, /discover, /collect, /map and /explain",
            ),
        };
        answer.send(response);
    }
}

/// Calls what one call of the connector answers.
fn call(path: &str, body: Body) -> Result<Answer, Answer> {
    match path {
        "/check" => {
            let account = body.account()?;
            let account =
                collection::check(&account.config).map_err(|error| Answer::error(&error))?;
            let account = json!({ "id": account.id, "kind": account.kind, "name": account.name, "notes": account.notes });
            Ok(Answer::json(200, account.to_string()))
        }
        "/discover" => {
            let account = body.account()?;
            let page = page_of_sources(&account.config, account.next.as_deref());
            let page = page.map_err(|error| Answer::error(&error))?;
            let sources: Result<Vec<_>, _> = page.sources.iter().map(source_to_json).collect();
            let sources = sources.map_err(|error| Answer::not_json(&error))?.join(",");
            let next = Value::from(page.next);
            Ok(Answer::json(
                200,
                format!(r#"{{"sources":[{sources}],"next":{next}}}"#),
            ))
        }
        "/map" => {
            let event = mapping::map(&body.record()?).map_err(|error| Answer::map_error(&error))?;
            Ok(Answer::json(200, event))
        }
        _ => {
            let (record, dialect) = (body.record()?, body.dialect.unwrap_or_default());
            let explanation = mapping::explain(&record, &dialect);
            let explanation = explanation.map_err(|error| Answer::map_error(&error))?;
            let json = explanation_to_json(&explanation);
            Ok(Answer::json(
                200,
                json.map_err(|error| Answer::not_json(&error))?,
            ))
        }
    }
}
