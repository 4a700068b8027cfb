//! What the platform is sent, and what follows from its tasks.

use http::{HeaderMap, Response};

use super::*;
use crate::config::{Config, DestinationConfig, Format, HttpConfig};
use crate::deliver::test_server::{RETRY, Server, TIMEOUTS, answer, deliver, events, open};
use crate::stop::Stop;

const UUID: &str = "00000000-0000-4000-8000-000000000001";

fn config_below(base: &str) -> HttpConfig {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("asset-host.toml");
    let text = format!(
        "[account.acme]\ncomponent = \"c.wasm\"\n[account.acme.deliver]\nto = \"sekoia\"\nbase = \"{base}\"\n\
         uuid = \"{UUID}\"\napi_key = {{ command = [\"printf\", \"canary-7f3a\"] }}\n"
    );
    std::fs::write(&path, text).unwrap();
    let mut config = Config::load(&path).unwrap();
    let DestinationConfig::Http(mut config) = config.accounts.remove(0).deliver else {
        panic!("no intake");
    };
    config.timeouts = TIMEOUTS;
    config.retry = RETRY;
    tasks(&mut config).wait = Duration::from_secs(60);
    tasks(&mut config).poll = Duration::from_nanos(1);
    *config
}

fn config(server: &Server) -> HttpConfig {
    config_below(&server.origin)
}

fn tasks(config: &mut HttpConfig) -> &mut SekoiaTasks {
    match &mut config.format {
        Format::Sekoia(tasks) => tasks,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_page_goes_in_batches_as_the_platform_wants_them() {
    for (base, prefix) in [("", ""), ("/", ""), ("/sub/", "/sub"), ("/sub", "/sub")] {
        let server = Server::start(|_, _| answer(200, "{}")).await;
        let config = config_below(&format!("{}{base}", server.origin));
        assert_eq!(deliver(&config, 101).await.unwrap(), []);
        let seen = server.seen();
        let sizes: Vec<usize> = seen
            .iter()
            .map(|request| request.text().matches("hostname").count())
            .collect();
        assert_eq!(sizes, [100, 1]);
        assert_eq!(
            seen[1].text(),
            "{\"version\":1,\"items\":[{\"hostname\":\"host-0100\"}]}"
        );
        for request in &seen {
            assert_eq!(request.method, "POST");
            assert_eq!(
                request.path,
                format!("{prefix}/api/v2/asset-management/asset-connector/{UUID}")
            );
            assert_eq!(request.header("authorization"), "Bearer canary-7f3a");
            assert_eq!(request.header("content-type"), "application/json");
            assert_eq!(
                request.header("user-agent"),
                format!("sekoiaio-asset-connector-{UUID}")
            );
            serde_json::from_slice::<serde_json::Value>(&request.body).unwrap();
        }
    }
}

#[tokio::test]
async fn a_batch_is_confirmed_once_its_task_has_finished() {
    let server = Server::start(|request, number| match number {
        0 => answer(200, r#"{"task_id":"a/b ?"}"#),
        1 => answer(200, r#"{"status":"PENDING"}"#),
        2 => answer(200, r#"{"status":"RUNNING"}"#),
        3 => answer(200, "not JSON"),
        _ => {
            assert_eq!(request.method, "GET");
            answer(200, r#"{"status":"FINISHED"}"#)
        }
    })
    .await;
    let delivered = deliver(&config(&server), 2).await.unwrap();
    assert_eq!(delivered, []);
    let seen = server.seen();
    assert_eq!(seen.len(), 5);
    for request in &seen[1..] {
        assert_eq!(request.path, "/api/v1/tasks/a%2Fb%20%3F");
        assert_eq!(request.header("authorization"), "Bearer canary-7f3a");
        assert_eq!(
            request.header("user-agent"),
            format!("sekoiaio-asset-connector-{UUID}")
        );
    }
}

#[tokio::test]
async fn all_batches_of_a_page_are_sent_before_their_tasks_are_waited_for() {
    let server = Server::start(|request, number| match request.method.as_str() {
        "POST" => answer(200, &format!("{{\"task_id\":{number}}}")),
        _ if request.path.ends_with('1') && number < 8 => answer(200, r#"{"status":"RUNNING"}"#),
        _ => answer(200, r#"{"status":"FINISHED"}"#),
    })
    .await;
    assert_eq!(deliver(&config(&server), 250).await.unwrap(), []);
    let asked: Vec<String> = server
        .seen()
        .iter()
        .map(|request| request.path.rsplit('/').next().unwrap().to_owned())
        .collect();
    assert_eq!(asked, [UUID, UUID, UUID, "0", "1", "1", "1", "1", "1", "2"]);
}

#[test]
fn a_task_is_named_by_a_text_or_a_number() {
    let done = || Some("done".to_owned());
    let task = |id: &str| Some(format!("task {id}"));
    for (body, expected) in [
        ("", done()),
        ("{}", done()),
        (r#"{"task_id":null}"#, done()),
        (r#"{"task_id":""}"#, done()),
        (r#"{"message":"Accepted"}"#, done()),
        (r#"{"task_id":"t-1"}"#, task("t-1")),
        (r#"{"task_id":17}"#, task("17")),
        (
            r#"{"task_id":18446744073709551615}"#,
            task("18446744073709551615"),
        ),
        (r#"{"task_id":-1}"#, None),
        (r#"{"task_id":1.5}"#, None),
        (r#"{"task_id":true}"#, None),
        (r#"{"task_id":["t-1"]}"#, None),
        (r#"{"task_id":{"id":"t-1"}}"#, None),
        (r#"{"code":"E1","message":"Bad"}"#, None),
        ("[]", None),
        ("ok", None),
    ] {
        let found = accepted(body.as_bytes()).map(|sent| match sent {
            Sent::Settled(Ok(refused)) if refused.is_empty() => "done".to_owned(),
            Sent::Pending(task) => format!("task {}", task.id),
            Sent::Settled(outcome) => panic!("{body}: {outcome:?}"),
        });
        assert_eq!(found, expected, "{body}");
    }
}

#[tokio::test]
async fn a_failed_task_is_halved_down_to_the_event_that_fails() {
    let server = Server::start(|request, _| {
        if request.method == "GET" {
            return if request.path.ends_with("bad") {
                answer(
                    200,
                    r#"{"status":"FAILED","error":{"code":"E7","message":"host-0002 of canary-7f3a is bad"}}"#,
                )
            } else {
                answer(200, r#"{"status":"FINISHED"}"#)
            };
        }
        let bad = request.text().contains("host-0002");
        let id = if bad { "bad" } else { "good" };
        answer(200, &format!("{{\"task_id\":\"{id}\"}}"))
    })
    .await;
    let delivered = deliver(&config(&server), 8).await.unwrap();
    assert_eq!(delivered.len(), 1);
    assert_eq!(delivered[0].index, 2);
    assert_eq!(delivered[0].reason, "the task ended as FAILED (E7)");
}

#[tokio::test]
async fn a_task_that_the_platform_does_not_show_counts_as_accepted() {
    for status in [401, 403, 404] {
        let server = Server::start(move |request, _| match request.method.as_str() {
            "POST" => answer(200, r#"{"task_id":"t-1"}"#),
            _ => answer(status, r#"{"status":"FAILED"}"#),
        })
        .await;
        let delivered = deliver(&config(&server), 2).await.unwrap();
        assert_eq!(delivered, []);
        assert_eq!(server.seen().len(), 2, "{status}");
    }
}

#[tokio::test]
async fn an_answer_without_a_status_does_not_end_a_task() {
    for (status, body) in [
        (201, r#"{"status":"FAILED"}"#),
        (302, ""),
        (400, r#"{"status":"FAILED"}"#),
        (408, ""),
        (410, ""),
        (429, ""),
        (500, ""),
        (503, r#"{"status":"FINISHED"}"#),
        (200, "<!doctype html><html>Please sign in</html>"),
        (200, "}{"),
        (200, "{}"),
        (200, r#"{"status":""}"#),
    ] {
        let server = Server::start(move |request, number| match request.method.as_str() {
            "POST" => answer(200, r#"{"task_id":"t-1"}"#),
            _ if number < 4 => answer(status, body),
            _ => answer(200, r#"{"status":"FAILED","error":"bad"}"#),
        })
        .await;
        let error = deliver(&config(&server), 1).await.unwrap_err();
        // The task failed in the end; the event has no other one to be compared with.
        let message = error.to_string();
        assert!(
            message.contains("the task ended as FAILED (bad)"),
            "{message}"
        );
        assert_eq!(server.seen().len(), 5, "{status} {body}");
    }
}

#[tokio::test]
async fn a_task_that_does_not_finish_in_time_leaves_the_page_unconfirmed() {
    for (status, body, why) in [
        (200, r#"{"status":"PENDING"}"#, "still pending"),
        (200, r#"{"status":"RUNNING"}"#, "still pending"),
        (200, "<html>", "the answer is 200 OK"),
        (500, "", "the answer is 500 Internal Server Error"),
    ] {
        let server = Server::start(move |request, _| match request.method.as_str() {
            "POST" => answer(200, r#"{"task_id":"t-1"}"#),
            _ => answer(status, body),
        })
        .await;
        let mut config = config(&server);
        tasks(&mut config).wait = Duration::from_millis(20);
        let message = deliver(&config, 2).await.unwrap_err().to_string();
        for part in [
            server.origin.as_str(),
            "a batch of 2 events",
            "task_wait (20ms",
            why,
            "is sent again in the next run",
        ] {
            assert!(message.contains(part), "{part}: {message}");
        }
        assert!(server.seen().len() > 2);
    }
}

#[tokio::test]
async fn a_query_waits_as_long_as_the_platform_asks() {
    for (retry_after, queries) in [("0", 2), ("1", 2), ("61", 1)] {
        let server = Server::start(move |request, number| match request.method.as_str() {
            "POST" => answer(200, r#"{"task_id":"t-1"}"#),
            _ if number == 1 => Response::builder()
                .status(429)
                .header("retry-after", retry_after)
                .body(String::new())
                .unwrap(),
            _ => answer(200, r#"{"status":"FINISHED"}"#),
        })
        .await;
        let began = Instant::now();
        let delivered = deliver(&config(&server), 1).await;
        assert_eq!(server.seen().len(), 1 + queries, "{retry_after}");
        match retry_after {
            // That is longer than the page may wait.
            "61" => assert!(delivered.unwrap_err().to_string().contains("task_wait (1m")),
            asked => {
                assert_eq!(delivered.unwrap(), []);
                assert!(began.elapsed() >= Duration::from_secs(asked.parse().unwrap()));
            }
        }
    }
}

#[tokio::test]
async fn a_task_is_waited_for_although_the_run_is_asked_to_stop() {
    let stop = Stop::new(Duration::ZERO);
    let requested = stop.clone();
    let server = Server::start(move |request, number| match request.method.as_str() {
        "POST" => answer(200, r#"{"task_id":"t-1"}"#),
        _ if number < 3 => {
            requested.request();
            answer(200, r#"{"status":"PENDING"}"#)
        }
        _ => answer(200, r#"{"status":"FINISHED"}"#),
    })
    .await;
    let sekoia = open(&config(&server), &stop).unwrap();
    let delivered = sekoia.deliver(&events(1)).await.result.unwrap();
    assert_eq!(delivered, []);
    assert_eq!(server.seen().len(), 4);
}

#[test]
fn pauses_double_to_five_times_the_first() {
    let first = Duration::from_secs(1);
    let pauses: Vec<u64> =
        std::iter::successors(Some(first), |pause| Some(next_pause(*pause, first)))
            .map(|pause| pause.as_secs())
            .take(5)
            .collect();
    assert_eq!(pauses, [1, 2, 4, 5, 5]);
}

#[test]
fn a_task_has_the_status_of_its_answer() {
    let reply = |code, body: &str| Reply {
        status: StatusCode::from_u16(code).unwrap(),
        headers: HeaderMap::new(),
        body: body.into(),
        is_cut_off: false,
    };
    for (body, expected) in [
        (r#"{"status":"FINISHED"}"#, Some("FINISHED")),
        (r#"{"status":"PENDING"}"#, Some("PENDING")),
        (r#"{"status":"CANCELED","error":null}"#, Some("CANCELED")),
        (r#"{"status":"\u00c9CHEC"}"#, Some("ÉCHEC")),
        ("", None),
        (r#"{"status":7}"#, None),
        (r#"{"status":""}"#, None),
        (r#"{"status":null}"#, None),
    ] {
        assert_eq!(status(&reply(200, body)).as_deref(), expected, "{body}");
    }
    for code in [202, 204, 302, 400, 405, 429, 500, 502, 503] {
        let body = r#"{"status":"FINISHED"}"#;
        assert_eq!(status(&reply(code, body)), None, "{code}");
    }
}
