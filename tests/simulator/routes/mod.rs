//! The routes of the simulated API, one a file.

pub(crate) mod endpoints;
pub(crate) mod tenants;
pub(crate) mod token;
pub(crate) mod whoami;

use crate::answer::Refusal;
use crate::request::Request;

/// Reads a boolean parameter; absent is false.
fn boolean(request: &Request, name: &str) -> Result<bool, Refusal> {
    match request.query(name) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(other) => Err(Refusal::api(
            400,
            format!("{name} must be true or false, not {other:?}"),
        )),
    }
}

/// Reads a number of at least 1.
fn positive(request: &Request, name: &str, default: usize) -> Result<usize, Refusal> {
    match request.query(name) {
        None => Ok(default),
        Some(text) => match text.parse() {
            Ok(number) if number > 0 => Ok(number),
            _ => Err(Refusal::api(
                400,
                format!("{name} must be a whole number from 1, not {text:?}"),
            )),
        },
    }
}

/// Refuses a parameter that the simulator does not know. The real API may ignore it; a client that sends one has made
/// a mistake that nobody would see.
fn only_known(request: &Request, known: &[&str]) -> Result<(), Refusal> {
    match request
        .query
        .iter()
        .find(|(name, _)| !known.contains(&name.as_str()))
    {
        Some((name, _)) => Err(Refusal::api(
            400,
            format!("the simulator does not know the parameter {name:?}"),
        )),
        None => Ok(()),
    }
}
