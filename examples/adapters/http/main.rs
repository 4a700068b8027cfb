//! A connector as an HTTP server, for `wasmtime serve` and other hosts of the world `wasi:http/proxy`.
//!
//! Whoever can reach the server can use the account: it belongs on loopback, or behind something that asks who is there.
//! The requests do not say where the connector may go, as it takes the secret along; the environment does.

mod answer;
mod bindings;
mod collect;
mod request;
mod settings;

use adapters::{account_to_json, collection, explanation_to_json, list, mapping, source_to_json};
use bindings::exports::wasi::http::incoming_handler::Guest;
use bindings::wasi::http::types::{IncomingRequest, Method, ResponseOutparam};

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

/// Answers what is answered in one piece.
fn call(path: &str, body: Body) -> Result<Answer, Answer> {
    match path {
        "/check" => {
            let account = body.account()?;
            let checked = settings::patience().call(|| collection::check(&account.config));
            let checked = checked.map_err(|error| Answer::error(&error))?;
            Ok(Answer::json(200, account_to_json(&checked)))
        }
        "/discover" => {
            let account = body.account()?;
            let sources = list(&account.config, settings::patience());
            let sources = sources.map_err(|error| Answer::error(&error))?;
            let lines: Result<Vec<_>, _> = sources.iter().map(source_to_json).collect();
            let lines = lines.map_err(|error| Answer::not_json(&error))?;
            Ok(Answer::lines(&lines))
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
            let json = json.map_err(|error| Answer::not_json(&error))?;
            Ok(Answer::json(200, json))
        }
    }
}
