//! Where the next walk begins.
//!
//! A pure function of the stored state, the interval and the person's wish, so that a table can test it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::state::source_state::SourceState;

/// What the person asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Wanted {
    /// What was seen since the last run, or everything where that is due.
    #[default]
    Normal,
    /// Everything; an interrupted walk over everything is resumed (`--full`).
    Full,
    /// Everything, from the beginning (`--full --restart`).
    FullRestart,
}

/// Where a walk begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Start {
    /// The stored cursor, for the first call of `collect`; `None` to walk over everything from the beginning.
    pub cursor: Option<String>,
    /// Whether the walk goes over everything, from the beginning or from where it was interrupted.
    pub full: bool,
    /// Whether it goes on where an earlier run was interrupted.
    pub resumed: bool,
}

impl Start {
    /// A walk over everything, from the beginning.
    pub(crate) const EVERYTHING: Self = Self {
        cursor: None,
        full: true,
        resumed: false,
    };
}

/// Returns where the next walk over a source begins.
///
/// Everything is walked where nothing is stored, where it is asked for, and where the last full walk ended
/// `full_every` ago or longer; an interrupted full walk is resumed instead, unless it is to start over. Any
/// other walk begins at the stored cursor.
pub(crate) fn next_walk(
    state: Option<&SourceState>,
    full_every: Duration,
    wanted: Wanted,
    now: OffsetDateTime,
) -> Start {
    let Some(state) = state.filter(|state| state.cursor.is_some()) else {
        return Start::EVERYTHING;
    };
    let interrupted = state.walking && state.full;
    let everything = match wanted {
        Wanted::FullRestart => true,
        Wanted::Full => !interrupted,
        Wanted::Normal => !interrupted && is_due(state.last_full_at, full_every, now),
    };
    if everything {
        return Start::EVERYTHING;
    }
    Start {
        cursor: state.cursor.clone(),
        full: interrupted,
        resumed: state.walking,
    }
}

/// Returns whether a full walk is due. A last one far in the future was stored under a wrong clock and does not count; one
/// a little in the future was stored before the clock was corrected.
fn is_due(last: Option<OffsetDateTime>, every: Duration, now: OffsetDateTime) -> bool {
    last.is_none_or(|last| (now - last).unsigned_abs() >= every)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Wanted::{Full, FullRestart, Normal};
    use proptest::prelude::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn at(seconds: i64) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(1_769_846_400 + seconds).unwrap()
    }

    fn state(
        cursor: Option<&str>,
        walking: bool,
        full: bool,
        last_full: Option<i64>,
    ) -> SourceState {
        SourceState {
            account: "acme".into(),
            source: "t1".into(),
            name: "t1".into(),
            cursor: cursor.map(str::to_owned),
            mark: None,
            walking,
            full,
            full_started_at: None,
            last_full_at: last_full.map(at),
            last_success_at: None,
            last_error: None,
            last_error_at: None,
            gone_at: None,
            updated_at: at(0),
        }
    }

    #[test]
    fn begins_where_the_rules_say() {
        let from = |full, resumed| Start {
            cursor: Some("c".into()),
            full,
            resumed,
        };
        let idle = |last| Some(state(Some("c"), false, false, last));
        let walking = |last| Some(state(Some("c"), true, false, last));
        let interrupted = |last| Some(state(Some("c"), true, true, last));
        for (case, state, wanted, expected) in [
            ("nothing stored", None, Normal, Start::EVERYTHING),
            ("nothing stored, full", None, Full, Start::EVERYTHING),
            (
                "nothing stored, restart",
                None,
                FullRestart,
                Start::EVERYTHING,
            ),
            (
                "an error only",
                Some(state(None, false, false, None)),
                Normal,
                Start::EVERYTHING,
            ),
            (
                "full walk a second before due",
                idle(Some(-3599)),
                Normal,
                from(false, false),
            ),
            (
                "full walk due to the second",
                idle(Some(-3600)),
                Normal,
                Start::EVERYTHING,
            ),
            (
                "full walk overdue",
                idle(Some(-9999)),
                Normal,
                Start::EVERYTHING,
            ),
            ("no full walk ever", idle(None), Normal, Start::EVERYTHING),
            (
                "clock put back a little",
                idle(Some(60)),
                Normal,
                from(false, false),
            ),
            (
                "last full walk under a wrong clock",
                idle(Some(86_400)),
                Normal,
                Start::EVERYTHING,
            ),
            (
                "interrupted walk, not due",
                walking(Some(-1)),
                Normal,
                from(false, true),
            ),
            (
                "interrupted walk, due",
                walking(Some(-3600)),
                Normal,
                Start::EVERYTHING,
            ),
            (
                "interrupted first full walk",
                interrupted(None),
                Normal,
                from(true, true),
            ),
            (
                "interrupted later full walk",
                interrupted(Some(-9999)),
                Normal,
                from(true, true),
            ),
            ("full asked for", idle(Some(-1)), Full, Start::EVERYTHING),
            (
                "full asked for in a walk",
                walking(Some(-1)),
                Full,
                Start::EVERYTHING,
            ),
            (
                "full asked for in a full walk",
                interrupted(Some(-1)),
                Full,
                from(true, true),
            ),
            ("restart", idle(Some(-1)), FullRestart, Start::EVERYTHING),
            (
                "restart in a full walk",
                interrupted(Some(-1)),
                FullRestart,
                Start::EVERYTHING,
            ),
        ] {
            assert_eq!(
                next_walk(state.as_ref(), HOUR, wanted, at(0)),
                expected,
                "{case}"
            );
        }
    }

    proptest! {
        /// Whatever is stored: a walk from a cursor is a full one only if it resumes one.
        #[test]
        fn a_cursor_is_only_ever_the_stored_one(
            cursor in proptest::option::of("[a-z]{0,3}"),
            walking: bool,
            full: bool,
            last in proptest::option::of(-10_000_i64..10_000),
            wanted in prop_oneof![Just(Normal), Just(Full), Just(FullRestart)],
            every in 1_u64..20_000,
        ) {
            let state = state(cursor.as_deref(), walking, full, last);
            let start = next_walk(Some(&state), Duration::from_secs(every), wanted, at(0));
            if start.cursor.is_some() {
                prop_assert_eq!(start.cursor, cursor);
                prop_assert_eq!(start.full, walking && full);
                prop_assert!(wanted != FullRestart);
                prop_assert!(wanted != Full || start.full);
            } else {
                prop_assert!(start.full);
            }
        }
    }
}
