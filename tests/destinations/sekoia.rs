//! `to = "sekoia"`: what the platform receives.

use sophos_central_simulator::intake::{API_KEY, Intake, Options, Route, UUID};
use sophos_central_simulator::{Fleet, Options as Sophos};

use crate::place::{Kind, PATIENT};
use crate::support::Workplace;

fn place(endpoints: u64, more: &str) -> (Workplace, Intake) {
    let intake = Intake::start(Options::new());
    let work = Workplace::new(Sophos::new(Fleet::new(1, endpoints)));
    work.configure("", PATIENT);
    work.deliver(&format!("{}\n{more}", Kind::Sekoia.keys(intake.url())));
    (work, intake)
}

#[test]
fn pushes_and_tasks_have_the_form_that_the_platform_requires() {
    let (work, intake) = place(30, "");
    work.collect(0).says(&["events 30, rejects 0"]);
    let requests = intake.requests();
    assert_eq!(requests.len(), 2);
    let (push, task) = (&requests[0].request, &requests[1].request);
    assert_eq!(push.method, "POST");
    assert_eq!(
        push.path,
        format!("/api/v2/asset-management/asset-connector/{UUID}")
    );
    assert_eq!(
        push.header("authorization"),
        Some(format!("Bearer {API_KEY}").as_str())
    );
    assert_eq!(push.header("content-type"), Some("application/json"));
    assert_eq!(
        push.header("user-agent"),
        Some(format!("sekoiaio-asset-connector-{UUID}").as_str())
    );
    let body = String::from_utf8(push.body.clone()).unwrap();
    assert!(
        body.starts_with("{\"version\":1,\"items\":[{"),
        "{}",
        &body[..80]
    );
    assert_eq!(task.method, "GET");
    assert!(task.path.starts_with("/api/v1/tasks/"), "{}", task.path);
    assert_eq!(task.header("authorization"), push.header("authorization"));
    let all = work.simulator.fleet(|fleet| fleet.ids());
    assert_eq!(intake.ids(), all);
    for event in intake.events() {
        assert_eq!(event["class_uid"], 5001);
    }
}

#[test]
fn a_page_is_sent_in_batches_of_100_or_as_configured() {
    for (more, sizes) in [
        ("", &[100, 100, 50][..]),
        ("batch = 250", &[250]),
        ("batch = 120", &[120, 120, 10]),
    ] {
        let (work, intake) = place(250, more);
        work.collect(0);
        let pushes = intake.requests_of(Route::Connector);
        let sent: Vec<_> = pushes.iter().map(|push| push.events.len()).collect();
        assert_eq!(sent, sizes, "{more}");
        assert_eq!(intake.ids().len(), 250);
    }
}

#[test]
fn an_idle_tenant_sends_nothing() {
    let (work, intake) = place(0, "");
    work.collect(0).says(&["events 0"]);
    assert_eq!(intake.connections(), 0);
}

#[test]
fn a_base_url_can_end_in_a_slash() {
    let (work, intake) = place(3, "");
    let base = format!("base = \"{}", intake.url());
    work.edit_config(&format!("{base}\""), &format!("{base}/\""));
    work.collect(0);
    assert_eq!(intake.ids().len(), 3);
}
