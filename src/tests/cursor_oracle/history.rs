//! What may happen to a tenant and to the runs that collect it.

use proptest::prelude::*;

use crate::world::{DEVICES, MAX_LAG};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// One thing that happens.
#[derive(Clone, Debug)]
pub enum Step {
    /// A device checks in; the API shows it `lag` milliseconds later.
    CheckIn { device: usize, lag: i64 },
    /// Time passes.
    Wait { millis: i64 },
    /// The host's clock steps, and is this far ahead from now on (behind where negative).
    HostClock { error: i64 },
    /// From now on, page keys of the API live this long; `None` for ever.
    KeyLife { millis: Option<i64> },
    /// One call of `collect`.
    Page(Page),
    /// The host begins a walk without a cursor.
    Full,
}

/// One call of `collect` and what the API makes of it.
#[derive(Clone, Debug)]
pub struct Page {
    /// How long the request takes.
    pub millis: i64,
    /// How far the `Date` of the answer is ahead; none where the answer has no `Date`.
    pub date_error: Option<i64>,
    /// The fault of the response.
    pub answer: Answer,
    /// The total on the first page.
    pub total: Total,
    /// The API refuses the page key, though it is not too old.
    pub key_refused: bool,
    /// Where the run breaks off.
    pub broken: Option<Broken>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Whole,
    /// It has no items, and no next key either.
    Empty,
    /// It has no items, but leads to the next page.
    EmptyInTheMiddle,
    /// It says that there are no more pages.
    Last,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Total {
    Right,
    Missing,
    /// More than any walk brings.
    TooHigh,
    /// Only what this page holds.
    OfThePage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// Before the answer was there.
    Asking,
    /// With the page not delivered.
    Delivering,
    /// With the page delivered and its cursor not stored.
    Storing,
}

impl Page {
    /// A page with which nothing is wrong.
    pub const GOOD: Self = Self {
        millis: 10,
        date_error: Some(0),
        answer: Answer::Whole,
        total: Total::Right,
        key_refused: false,
        broken: None,
    };
}

/// How far a clock may be off.
fn clock_error() -> impl Strategy<Value = i64> {
    prop_oneof![
        Just(0),
        -40_000..40_000_i64,
        -3 * HOUR..3 * HOUR,
        prop::sample::select(vec![-40 * DAY, -2 * DAY, 2 * DAY, 40 * DAY]),
    ]
}

fn page() -> impl Strategy<Value = Page> {
    let date_error = prop_oneof![
        24 => Just(Some(0)),
        1 => Just(None),
        3 => clock_error().prop_map(Some),
    ];
    let answer = prop_oneof![
        40 => Just(Answer::Whole),
        1 => Just(Answer::Empty),
        1 => Just(Answer::EmptyInTheMiddle),
        1 => Just(Answer::Last),
    ];
    let total = prop_oneof![
        24 => Just(Total::Right),
        1 => Just(Total::Missing),
        1 => Just(Total::TooHigh),
        1 => Just(Total::OfThePage),
    ];
    let broken = prop_oneof![
        17 => Just(None),
        1 => Just(Some(Broken::Asking)),
        1 => Just(Some(Broken::Delivering)),
        1 => Just(Some(Broken::Storing)),
    ];
    let key_refused = prop::bool::weighted(0.02);
    (0..5_000_i64, date_error, answer, total, key_refused, broken).prop_map(
        |(millis, date_error, answer, total, key_refused, broken)| Page {
            millis,
            date_error,
            answer,
            total,
            key_refused,
            broken,
        },
    )
}

/// A history.
pub fn steps() -> impl Strategy<Value = Vec<Step>> {
    let lag = prop_oneof![Just(0), 0..=MAX_LAG];
    let millis = prop_oneof![3 => 1..2_000_i64, 3 => 1..400_000_i64, 1 => 1..2 * DAY];
    let life = prop_oneof![2 => Just(None), 1 => (1..20_000_i64).prop_map(Some)];
    let step = prop_oneof![
        60 => (0..DEVICES, lag).prop_map(|(device, lag)| Step::CheckIn { device, lag }),
        30 => millis.prop_map(|millis| Step::Wait { millis }),
        80 => page().prop_map(Step::Page),
        // For most of the time the clock is right.
        3 => prop_oneof![2 => Just(0), 1 => clock_error()].prop_map(|error| Step::HostClock { error }),
        3 => life.prop_map(|millis| Step::KeyLife { millis }),
        5 => Just(Step::Full),
    ];
    prop::collection::vec(step, 0..150)
}
