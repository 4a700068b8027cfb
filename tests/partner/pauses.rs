//! An answer of 429 pauses the whole account.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use sophos_central_simulator::{Credential, Fault, Options, Route, Simulator, Tenant};

use super::partner;
use crate::support::running::Running;

#[test]
fn no_tenant_sends_a_request_during_a_pause_of_the_account() {
    let work = partner(60, 2);
    let arrived = Arc::new(Mutex::new(Vec::new()));
    let times = Arc::clone(&arrived);
    work.simulator.fault_when(
        Route::Endpoints,
        move |_| {
            let mut times = times.lock().unwrap();
            times.push(Instant::now());
            times.len() == 1
        },
        Fault::rate_limited(Some(2)),
    );
    work.host(&["collect", "--jobs", "4"]).expect(0).says(&[
        "sources 60 (0 failed",
        "events 120,",
        "trying again in 2.0 s",
    ]);
    assert_eq!(work.ids().len(), 120);
    let arrived = arrived.lock().unwrap();
    let pause = arrived[0] + Duration::from_millis(1_900);
    // Requests in transfer, and those that the other jobs started before the answer was read.
    let early = arrived.iter().filter(|time| **time < pause).count();
    assert!(
        early < 20,
        "{early} requests came before the pause was over"
    );
}

#[test]
fn an_account_in_a_pause_holds_no_job() {
    let work = partner(8, 2);
    let pausing = Simulator::start(Options::with_tenants(
        Credential::Partner,
        Tenant::generate(11, 30, 2),
    ));
    pausing.fault_always(Route::Endpoints, Fault::rate_limited(Some(3_600)));
    let config = std::fs::read_to_string(work.path("asset-host.toml")).unwrap();
    let other = config
        .replace("account.acme", "account.pausing")
        .replace(work.simulator.url(), pausing.url())
        .replace("events.ndjson", "other.ndjson");
    work.write("asset-host.toml", &format!("{other}\n{config}"));
    let mut running = Running::start(&work, &["collect", "--jobs", "1"]);
    for _ in 0..8 {
        running.wait_for("up to date");
    }
    running.signal(Signal::TERM);
    let (code, log) = running.end();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("stopped before the end"), "{log}");
    assert_eq!(work.ids().len(), 16);
    let asked = pausing.requests_of(Route::Endpoints).len();
    assert!(asked <= 1, "{asked} requests in the pause");
}
