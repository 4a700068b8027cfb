//! Sekoia's tasks: a batch is confirmed when the platform has ingested it, not when it has accepted it.

use sophos_central_simulator::Fault;
use sophos_central_simulator::intake::{Failure, Options, Route, TaskStatus};

use crate::place::{IMPATIENT, Kind, PAGE, PATIENT, Place, rejects};
use crate::support::running::Running;

fn place(more: &str, tables: &str) -> Place {
    Place::new(Kind::Sekoia, more, tables)
}

#[test]
fn a_task_is_queried_until_it_has_finished() {
    let place = place("", PATIENT);
    place.intake.configure(|options| {
        options.task = vec![
            TaskStatus::Pending,
            TaskStatus::Pending,
            TaskStatus::Running,
            TaskStatus::Finished,
        ];
    });
    let ran = place.weathers();
    assert!(
        !ran.stderr.contains("counts as delivered"),
        "{}",
        ran.stderr
    );
    assert_eq!(place.intake.requests_of(Route::Connector).len(), 5);
    assert_eq!(place.intake.requests_of(Route::Task).len(), 5 * 4);
}

#[test]
fn nothing_is_confirmed_before_the_task_ends() {
    let place = place("", PATIENT);
    place
        .intake
        .configure(|options| options.task = vec![TaskStatus::Pending, TaskStatus::Finished]);
    let before = place.work.cursor();
    // The push of the first page, and two answers about its task.
    place.intake.hold(3);
    let mut running = Running::start(&place.work, &["collect"]);
    place.intake.wait_until_held();
    assert_eq!(place.work.cursor(), before);
    running.host.kill().unwrap();
    running.end();
    place.intake.release();

    place.collect(0);
    let deliveries = place.intake.deliveries();
    for (index, id) in place.all.iter().enumerate() {
        let times = if index < PAGE { 2 } else { 1 };
        assert_eq!(deliveries.get(id), Some(&times), "{index}");
    }
    place.assert_done();
}

#[test]
fn older_platforms_confirm_with_their_answer() {
    let options = Options {
        task: Vec::new(),
        ..Options::new()
    };
    let place = Place::with(options, Kind::Sekoia, "", PATIENT);
    place.weathers();
    assert!(place.intake.requests_of(Route::Task).is_empty());
}

#[test]
fn a_task_that_does_not_finish_in_time_fails_the_source_and_its_page_is_sent_again() {
    for status in [TaskStatus::Pending, TaskStatus::Running] {
        let place = place("task_wait = \"50ms\"", PATIENT);
        let third = place.all[2 * PAGE].clone();
        place
            .intake
            .task_when(move |delivery| delivery.holds(&third), vec![status]);
        let ran = place.fails(&["task_wait (50ms", "sent again in the next run"]);
        assert!(
            !ran.stderr.contains("counts as delivered"),
            "{}",
            ran.stderr
        );
        place.goes_on();
    }
}

#[test]
fn a_task_route_that_keeps_failing_fails_the_source() {
    let place = place("task_wait = \"100ms\"", PATIENT);
    place
        .intake
        .fault_always(Route::Task, Failure::of(Fault::html()));
    place.collect(1).says(&["task_wait (100ms", "200 OK"]);
    place.intake.clear();
    place.intake.clear_faults();
    place.weathers();
}

#[test]
fn a_task_that_the_platform_does_not_show_counts_as_delivered_with_a_warning() {
    for status in [401, 403, 404] {
        let place = place("", PATIENT);
        place
            .intake
            .fault_always(Route::Task, Failure::status(status));
        place
            .weathers()
            .says(&["WARN", &status.to_string(), "counts as delivered"]);
        assert_eq!(
            place.intake.requests_of(Route::Connector).len(),
            5,
            "{status}"
        );
    }
}

/// Answers that say nothing about a task.
fn no_news() -> Vec<Failure> {
    let statuses = [204, 302, 400, 408, 410, 500, 502, 503].map(|code| {
        Failure::of(Fault::Status {
            code,
            headers: Vec::new(),
            body: Some(Vec::new()),
        })
    });
    let others = [Fault::html(), Fault::garbage(), Fault::empty_object()].map(Failure::of);
    let limited = [
        Failure::retry_after(429, "0"),
        Failure::status(429),
        Failure::retry_after(429, "1"),
    ];
    statuses.into_iter().chain(others).chain(limited).collect()
}

#[test]
fn a_task_is_queried_again_after_an_answer_that_says_nothing_about_it() {
    for failure in no_news() {
        let place = place("", PATIENT);
        place.intake.fault(Route::Task, 3, failure);
        let ran = place.weathers();
        assert!(
            !ran.stderr.contains("counts as delivered"),
            "{}",
            ran.stderr
        );
        assert_eq!(place.intake.requests_of(Route::Connector).len(), 5);
        assert_eq!(place.intake.requests_of(Route::Task).len(), 6);
    }
}

#[test]
fn a_task_that_fails_after_an_answer_that_says_nothing_about_it_is_a_failed_delivery() {
    for failure in no_news() {
        let place = place("", IMPATIENT);
        let third = place.all[2 * PAGE..3 * PAGE].to_vec();
        place.intake.task_when(
            move |delivery| third.iter().any(|id| delivery.holds(id)),
            vec![TaskStatus::Failed("no such field".to_owned())],
        );
        place.intake.fault(Route::Task, 3, failure);
        place.fails(&["the task ended as FAILED"]);
        place.goes_on();
    }
}

#[test]
fn a_task_that_ends_with_an_unknown_status_is_a_failed_delivery() {
    let place = place("", IMPATIENT);
    let third = place.all[2 * PAGE].clone();
    place.intake.task_when(
        move |delivery| delivery.holds(&third),
        vec![TaskStatus::Other("CANCELLED".to_owned())],
    );
    place.collect(1).says(&["CANCELLED"]);
    let rejects = rejects(&place.work);
    assert_eq!(rejects.len(), 1);
    assert_eq!(rejects[0]["id"], *place.all[2 * PAGE]);
    assert_eq!(place.intake.ids().len(), place.all.len() - 1);
    place.assert_done();
}

#[test]
fn a_task_route_that_breaks_or_stalls_loses_nothing_and_blocks_nothing() {
    for fault in [Fault::Close, Fault::Reset, Fault::Truncate, Fault::Stall] {
        let timeouts = "[account.acme.deliver.timeouts]\nanswer = \"1s\"";
        let place = place("", &format!("{PATIENT}\n{timeouts}"));
        place.intake.fault(Route::Task, 3, fault);
        place.weathers();
    }
}
