//! A request as the intake understood it.

use std::io::Read;

use flate2::read::MultiGzDecoder;
use serde_json::Value;

use super::bulk::Action;
use crate::request::Request;

/// The kinds of destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Route {
    /// Any other path: a plain HTTP intake.
    Plain,
    /// `POST /api/v2/asset-management/asset-connector/{uuid}`
    Connector,
    /// `GET /api/v1/tasks/{id}`
    Task,
    /// `POST /{index}/_bulk`
    Bulk,
    /// `POST /services/collector/event`
    Collector,
}

impl Route {
    /// Returns the route of a path, and what follows its fixed part.
    pub(crate) fn at(path: &str) -> (Route, &str) {
        let connector = path.strip_prefix("/api/v2/asset-management/asset-connector/");
        let task = path.strip_prefix("/api/v1/tasks/");
        match (connector, task) {
            (Some(uuid), _) => (Route::Connector, uuid),
            (_, Some(id)) => (Route::Task, id),
            _ if path.ends_with("/_bulk") => (Route::Bulk, ""),
            _ if path == "/services/collector/event" => (Route::Collector, ""),
            _ => (Route::Plain, ""),
        }
    }
}

/// A request, and the fate of its events.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The request. Its body is decompressed; its headers are as sent.
    pub request: Request,
    /// How many bytes the body had as sent.
    pub sent_bytes: usize,
    /// Which kind of destination was asked.
    pub route: Route,
    /// The events in the body, in their order; none where it holds no events or cannot be read.
    pub events: Vec<Value>,
    /// The line before each event of a bulk request.
    pub actions: Vec<Action>,
    /// How many of them were accepted: the first ones, but for [`Intake::item_when`](super::Intake::item_when).
    pub accepted: usize,
}

impl Delivery {
    /// Returns the ids of the devices whose events it holds, in their order: `device.uid`.
    pub fn ids(&self) -> Vec<&str> {
        self.events.iter().filter_map(device).collect()
    }

    /// Returns whether it holds an event of this device.
    pub fn holds(&self, device: &str) -> bool {
        self.ids().contains(&device)
    }
}

/// Returns the device of an event.
pub(crate) fn device(event: &Value) -> Option<&str> {
    event.pointer("/device/uid")?.as_str()
}

/// Decompresses the body of a request.
///
/// # Errors
///
/// Returns its error, if its encoding is not gzip, or damaged.
pub(crate) fn inflate(request: &mut Request) -> Result<(), String> {
    match request.header("content-encoding") {
        None | Some("identity") => Ok(()),
        Some("gzip") => {
            let mut body = Vec::new();
            MultiGzDecoder::new(request.body.as_slice())
                .read_to_end(&mut body)
                .map_err(|error| format!("the body is no gzip: {error}"))?;
            request.body = body;
            Ok(())
        }
        Some(other) => Err(format!("the content encoding {other:?} is not known")),
    }
}

/// Returns the events of a plain body: a JSON array, else one JSON object a line, each line with its line break.
///
/// # Errors
///
/// Returns its error.
pub(crate) fn events(body: &[u8]) -> Result<Vec<Value>, String> {
    let text = std::str::from_utf8(body).map_err(|_| "the body is not UTF-8".to_owned())?;
    let events: Vec<Value> = if text.starts_with('[') {
        serde_json::from_str(text).map_err(|error| format!("the body is no JSON: {error}"))?
    } else {
        let Some(lines) = text.strip_suffix('\n') else {
            return Err("the body does not end in a line break".to_owned());
        };
        lines
            .split('\n')
            .map(serde_json::from_str)
            .collect::<Result<_, _>>()
            .map_err(|error| format!("a line is no JSON: {error}"))?
    };
    if events.is_empty() {
        return Err("the body holds no event".to_owned());
    }
    match events.iter().position(|event| !event.is_object()) {
        Some(place) => Err(format!("event {place} is no object")),
        None => Ok(events),
    }
}
