//! The intake's own rules and faults, as a client sees them.

use std::io;

use serde_json::{Value, json};
use sophos_central_simulator::intake::{API_KEY, Intake, Options, UUID};

use crate::client::{Client, Reply};

mod faults;
mod plain;
mod sekoia;

/// Returns the event of a device, as far as the intake looks at it.
fn event(device: &str) -> Value {
    json!({"device": {"uid": device}})
}

/// One event a line.
fn lines(devices: &[&str]) -> Vec<u8> {
    let lines = devices.iter().map(|device| format!("{}\n", event(device)));
    lines.collect::<String>().into_bytes()
}

fn array(devices: &[&str]) -> Vec<u8> {
    let events: Vec<Value> = devices.iter().map(|device| event(device)).collect();
    json!(events).to_string().into_bytes()
}

/// Posts lines to a plain intake over a new connection.
fn post(intake: &Intake, devices: &[&str]) -> io::Result<Reply> {
    let mut client = Client::at(intake.port());
    client.send("POST", "/events", &[], &lines(devices))?;
    client.receive()
}

/// Returns the target and the headers of a good push.
fn push_target() -> String {
    format!("/api/v2/asset-management/asset-connector/{UUID}")
}

fn push_headers() -> Vec<(&'static str, String)> {
    vec![
        ("authorization", format!("Bearer {API_KEY}")),
        ("content-type", "application/json".to_owned()),
        ("user-agent", format!("sekoiaio-asset-connector-{UUID}")),
    ]
}

/// Sends a request with these headers over a new connection.
fn ask(
    intake: &Intake,
    method: &str,
    target: &str,
    headers: &[(&str, String)],
    body: &[u8],
) -> Reply {
    let headers: Vec<_> = headers
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let mut client = Client::at(intake.port());
    client.send(method, target, &headers, body).unwrap();
    client.receive().unwrap()
}

/// Pushes these devices as Sekoia's connector wants it.
fn push(intake: &Intake, devices: &[&str]) -> Reply {
    let items: Vec<Value> = devices.iter().map(|device| event(device)).collect();
    let body = json!({"version": 1, "items": items}).to_string();
    ask(
        intake,
        "POST",
        &push_target(),
        &push_headers(),
        body.as_bytes(),
    )
}

fn start() -> Intake {
    Intake::start(Options::new())
}
