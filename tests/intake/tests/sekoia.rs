//! Sekoia's asset connector and its tasks.

use serde_json::{Value, json};
use sophos_central_simulator::intake::{Intake, Route, TaskStatus};

use super::{ask, push, push_headers, push_target, start};
use crate::client::Reply;

/// Asks for a task.
fn task(intake: &Intake, id: &str) -> Reply {
    let target = format!("/api/v1/tasks/{id}");
    ask(intake, "GET", &target, &push_headers()[..1], b"")
}

fn task_id(reply: &Reply) -> String {
    reply.json()["task_id"].as_str().unwrap().to_owned()
}

#[test]
fn a_push_is_accepted_and_its_task_progresses() {
    let intake = start();
    intake.configure(|options| {
        options.task = vec![
            TaskStatus::Pending,
            TaskStatus::Running,
            TaskStatus::Finished,
        ];
    });
    let (one, other) = (push(&intake, &["a", "b"]), push(&intake, &["c"]));
    assert_eq!((one.status, other.status), (200, 200));
    assert_eq!(intake.ids(), ["a", "b", "c"]);
    let (one, other) = (task_id(&one), task_id(&other));
    assert_ne!(one, other);
    for status in ["PENDING", "RUNNING", "FINISHED", "FINISHED"] {
        let answer = task(&intake, &one).json();
        assert_eq!(
            (&answer["status"], &answer["error"]),
            (&json!(status), &Value::Null)
        );
    }
    assert_eq!(task(&intake, &other).json()["status"], "PENDING");
    assert_eq!(intake.requests_of(Route::Connector).len(), 2);
    assert_eq!(intake.requests_of(Route::Task).len(), 5);
}

#[test]
fn events_of_a_failed_task_are_not_accepted() {
    let intake = start();
    for end in [
        TaskStatus::Failed("no such field".to_owned()),
        TaskStatus::Other("CANCELLED".to_owned()),
    ] {
        let task = vec![TaskStatus::Pending, end];
        intake.task_when(|delivery| delivery.holds("bad"), task);
    }
    let id = task_id(&push(&intake, &["a", "bad"]));
    push(&intake, &["b"]);
    assert_eq!(task(&intake, &id).json()["status"], "PENDING");
    let end = task(&intake, &id).json();
    assert_eq!(
        (&end["status"], &end["error"]),
        (&json!("FAILED"), &json!("no such field"))
    );
    assert_eq!(intake.ids(), ["b"]);
    assert_eq!(intake.requests()[0].accepted, 0);
    intake.clear_tasks();
    push(&intake, &["bad"]);
    assert_eq!(intake.ids(), ["b", "bad"]);
}

#[test]
fn older_platforms_have_no_tasks() {
    let intake = start();
    intake.configure(|options| options.task.clear());
    let reply = push(&intake, &["a"]);
    assert_eq!(reply.status, 200);
    assert_eq!(reply.json().get("task_id"), None);
    assert_eq!(intake.ids(), ["a"]);
    assert_eq!(task(&intake, "none").status, 404);
}

#[test]
fn an_invalid_push_is_refused() {
    let body = r#"{"version":1,"items":[{"device":{"uid":"a"}}]}"#;
    let (target, headers) = (push_target(), push_headers());
    let without = |name: &str| {
        let mut headers = headers.clone();
        headers.retain(|(header, _)| *header != name);
        headers
    };
    let elsewhere = "/api/v2/asset-management/asset-connector/another";
    for (method, target, headers, body, status) in [
        ("PUT", target.as_str(), headers.clone(), body, 405),
        ("POST", elsewhere, headers.clone(), body, 404),
        ("POST", &target, without("authorization"), body, 401),
        ("POST", &target, without("content-type"), body, 400),
        ("POST", &target, without("user-agent"), body, 400),
        (
            "POST",
            &target,
            headers.clone(),
            &body.replace("1,", "2,"),
            400,
        ),
        (
            "POST",
            &target,
            headers.clone(),
            r#"{"version":1,"items":[]}"#,
            400,
        ),
        ("POST", &target, headers.clone(), r#"{"version":1}"#, 400),
        ("POST", &target, headers.clone(), "{", 400),
        ("GET", "/api/v1/tasks/x", without("authorization"), "", 401),
    ] {
        let intake = start();
        let reply = ask(&intake, method, target, &headers, body.as_bytes());
        assert_eq!(reply.status, status, "{body}");
        assert!(reply.json()["message"].is_string());
        assert!(intake.events().is_empty());
    }
}
