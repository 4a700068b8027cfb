use super::*;
use crate::deliver::waiting::Waiting;
use crate::run::progress::{LineProgress, Progress, Waits};
use crate::run::report::Tally;
use crate::sandbox::rate_limit::SharedLimiter;

/// A run with what is shown of it.
struct Shown {
    progress: Progress,
    board: Arc<Mutex<Board>>,
}

impl Shown {
    fn of(sources: usize) -> Self {
        let mut shown = None;
        let progress = Progress::new(|board| shown = Some(board));
        progress.expect(sources);
        Self {
            progress,
            board: shown.unwrap(),
        }
    }

    fn source(&self, name: &str) -> LineProgress {
        let line = self
            .progress
            .begin("acme", name.to_owned(), tally(0, 0), waits());
        line.run();
        line
    }

    /// The lines on a terminal, some seconds from now.
    fn lines(&self, later: u64, rows: usize, columns: usize) -> Vec<String> {
        let now = Instant::now() + Duration::from_secs(later);
        let text = text(&self.board.lock().unwrap(), now, rows, columns);
        text.lines().map(str::to_owned).collect()
    }
}

fn waits() -> Waits {
    Waits {
        limiter: SharedLimiter::new(&[]),
        call: Waiting::default(),
        destination: Waiting::default(),
    }
}

fn tally(events: u64, unchanged: u64) -> Option<Tally> {
    Some(Tally {
        events,
        unchanged,
        ..Tally::default()
    })
}

#[test]
fn a_run_shows_what_is_done_and_the_time_that_is_left_where_totals_are_known() {
    let shown = Shown::of(3);
    let one = shown.source("One");
    one.change(|line| line.total = Some(10_000));
    one.change(|line| line.tally = tally(1_000, 500));
    one.change(|line| line.tally = tally(2_000, 500));
    let two = shown.source("Two");
    two.change(|line| line.tally = tally(100, 0));
    assert_eq!(
        shown.lines(10, 24, 80),
        [
            "sources 0 of 3, events 2,100, 210/s",
            "  acme One: events 2,000, 25 %, 30 s left",
            "  acme Two: events 100",
        ]
    );
    drop(two);
    let three = shown.source("Three");
    three.change(|line| line.total = Some(100));
    three.change(|line| line.tally = tally(2, 0));
    assert_eq!(
        shown.lines(10, 24, 80),
        [
            "sources 1 of 3, events 2,102, 210/s, 8 min left",
            "  acme One: events 2,000, 25 %, 30 s left",
            "  acme Three: events 2, 2 %, 8 min left",
        ]
    );
    drop((one, three));
    assert_eq!(
        shown.lines(10, 24, 80),
        ["sources 3 of 3, events 2,102, 210/s"]
    );
}

#[test]
fn a_line_says_what_it_waits_for_and_until_when() {
    let shown = Shown::of(4);
    let one = shown.source("One");
    one.waits.limiter.pause(Duration::from_millis(41_900));
    let two = shown.source("Two");
    two.waits.destination.begin(Duration::from_millis(8_900));
    let three = shown.source("Three");
    three.waits.call.begin(Duration::from_secs(3_605));
    let four = shown.source("Four");
    four.waits.call.begin(Duration::from_millis(900));
    let other = shown.progress.begin("other", String::new(), None, waits());
    other.run();
    assert_eq!(
        shown.lines(0, 24, 80)[1..],
        [
            "  acme Four: events 0",
            "  other: listing its sources",
            "  acme One: events 0; rate limit: 41 s",
            "  acme Two: events 0; destination: trying again in 8 s",
            "  acme Three: events 0; API: trying again in 60 min",
        ]
    );
}

#[test]
fn more_lines_than_fit_are_counted() {
    let shown = Shown::of(40);
    let _sources: Vec<_> = (1..=40)
        .map(|number| shown.source(&format!("Tenant {number}")))
        .collect();
    // It has no job yet.
    let _waits = shown
        .progress
        .begin("acme", "Last".to_owned(), tally(0, 0), waits());
    for (rows, count, last) in [
        (50, 13, "  … and 29 more"),
        (10, 7, "  … and 35 more"),
        (2, 2, "  … and 40 more"),
    ] {
        let lines = shown.lines(0, rows, 80);
        assert_eq!(lines.len(), count, "{rows}");
        assert_eq!(lines.last().unwrap(), last, "{rows}");
    }
    for line in shown.lines(0, 50, 12) {
        assert!(console::measure_text_width(&line) <= 12, "{line}");
    }
}

#[test]
fn accounts_are_counted_until_none_is_left() {
    let shown = Shown::of(0);
    let one = shown.progress.account("one");
    let two = shown.progress.account("two");
    shown.progress.expect(1);
    let source = shown
        .progress
        .begin("one", String::new(), tally(0, 0), waits());
    source.run();
    source.change(|line| line.total = Some(2));
    source.change(|line| line.tally = tally(1, 0));
    // How long the second one takes is not known.
    assert_eq!(
        shown.lines(10, 24, 80),
        [
            "accounts 0 of 2, sources 0 of 1, events 1, 0/s",
            "  one: events 1, 50 %, 10 s left"
        ]
    );
    drop(two);
    assert_eq!(
        shown.lines(10, 24, 80)[0],
        "accounts 1 of 2, sources 0 of 1, events 1, 0/s, 10 s left"
    );
    drop((source, one));
    assert_eq!(
        shown.lines(10, 24, 80),
        ["accounts 2 of 2, sources 1 of 1, events 1, 0/s"]
    );
    let _three = shown.progress.account("three");
    assert_eq!(shown.lines(10, 24, 80), ["sources 0 of 0, events 0, 0/s"]);
}
