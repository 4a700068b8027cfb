//! Why an instance was stopped and dropped, in words for the person who runs the host.

use std::fmt;

use wasmtime::Trap;
use wasmtime::component::ResourceTableError;
use wasmtime_wasi::I32Exit;

use crate::contract::check::Breach;
use crate::contract::limits::{Limit, Limits, MAX_INSTANCES, Timeouts};
use crate::text::printable::printable;

/// The longest text of the engine that is repeated, in characters.
const LONGEST_TEXT: usize = 500;

/// The instance was stopped and dropped.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stopped {
    /// A limit was passed.
    #[error("{}", past(*limit, allowed))]
    Passed {
        /// The limit.
        limit: Limit,
        /// How much it allows, as people read it.
        allowed: String,
    },
    /// It trapped; the text says by what.
    #[error("the component failed: {0}. Please report this to its maker")]
    Trapped(String),
    /// It returned what it must not.
    #[error("the component broke the contract: {0}. Please report this to its maker")]
    Broke(#[from] Breach),
}

impl Stopped {
    /// A limit of these was passed.
    pub fn passed(limit: Limit, limits: &Limits, timeouts: &Timeouts) -> Self {
        Self::Passed {
            limit,
            allowed: limit.allowed(limits, timeouts),
        }
    }

    /// Whether the call took too long, which may be the fault of a slow API alone.
    pub fn is_timeout(&self) -> bool {
        matches!(
            self,
            Self::Passed {
                limit: Limit::Call,
                ..
            }
        )
    }

    /// The engine ended a call with `error`.
    pub fn by_engine(error: &wasmtime::Error, limits: &Limits, timeouts: &Timeouts) -> Self {
        if let Some(trap) = error.downcast_ref::<Trap>() {
            return match in_words(*trap) {
                _ if *trap == Trap::StackOverflow => Self::passed(Limit::Stack, limits, timeouts),
                Some(words) => Self::Trapped(format!("{words} ({trap})")),
                None => Self::Trapped(trap.to_string()),
            };
        }
        if error.is::<I32Exit>() {
            return Self::Trapped("it ended itself in the middle of a call".to_owned());
        }
        if let Some(ResourceTableError::Full) = error.downcast_ref() {
            return Self::Trapped(format!(
                "it holds more than {} requests, bodies, streams and the like at once",
                limits.handles()
            ));
        }
        Self::Trapped(text(error))
    }

    /// No instance came about because of `error`, which the engine has no type for where it counts too many.
    pub fn at_birth(error: &wasmtime::Error, limits: &Limits, timeouts: &Timeouts) -> Self {
        match Self::by_engine(error, limits, timeouts) {
            Self::Trapped(words) if !error.is::<Trap>() => Self::Trapped(format!(
                "it cannot be instantiated: {words} (at most {MAX_INSTANCES} core instances, memories and tables, \
                 each, are allowed)"
            )),
            other => other,
        }
    }
}

/// The root cause is the sentence; what comes before it is a backtrace of the component's functions.
fn text(error: &wasmtime::Error) -> String {
    let text = printable(&error.root_cause().to_string());
    text.chars().take(LONGEST_TEXT).collect()
}

/// What a trap means; none where the engine's own words have to do.
fn in_words(trap: Trap) -> Option<&'static str> {
    Some(match trap {
        Trap::UnreachableCodeReached => "it gave up by itself, as after a panic",
        Trap::MemoryOutOfBounds => "it read or wrote outside of its memory",
        Trap::TableOutOfBounds | Trap::IndirectCallToNull | Trap::BadSignature => {
            "it called a function that is not there"
        }
        Trap::IntegerOverflow | Trap::IntegerDivisionByZero | Trap::BadConversionToInteger => {
            "it computed what has no result"
        }
        Trap::StringOutOfBounds | Trap::ListOutOfBounds | Trap::UnalignedPointer => {
            "it handed over what is not in its memory"
        }
        Trap::InvalidChar | Trap::InvalidDiscriminant => {
            "it handed over a value that does not exist"
        }
        Trap::CannotEnterComponent | Trap::CannotLeaveComponent => {
            "it made a call where it may make none"
        }
        _ => return None,
    })
}

/// Returns the sentence about a limit that was exceeded.
fn past(limit: Limit, allowed: &str) -> impl fmt::Display {
    let maker = "report this to the component's maker";
    let (happened, raise) = match limit {
        Limit::Stack => (
            "its calls are nested deeper, as in an endless recursion,",
            "",
        ),
        Limit::Alone => (
            "a call of describe, map or explain, which need no network, took longer",
            "",
        ),
        Limit::MemoryBytes => ("it asked for more memory", "if its pages are just large"),
        Limit::TableElements => ("its tables have more elements", ""),
        Limit::Instances => ("it has more core instances, memories or tables", ""),
        Limit::Cpu => ("a call computed longer", "if its pages are just large"),
        Limit::Call => ("a call took longer", "if the API is just slow"),
        Limit::Requests => ("a call sent more requests", "if a page just needs so many"),
        Limit::ResponseBytes => (
            "the body of a response was larger",
            "if the API's pages are just large",
        ),
        Limit::ResponseHeaderBytes => (
            "a response had more than 100 headers, or they were larger",
            "",
        ),
        Limit::BatchBytes => ("a page was larger", "if its pages are just large"),
        Limit::EventBytes => ("an event was larger", "if its events are just large"),
        Limit::CursorBytes => ("a cursor was larger", ""),
        Limit::EmptyPages => ("more pages in a row had no event", ""),
        Limit::Pages => ("a walk had more pages", ""),
    };
    match limit.key() {
        Some(key) => format!(
            "the component was stopped: {happened} than `{key}` ({allowed}) allows; raise it {raise}, else {maker}"
        ),
        None => format!(
            "the component was stopped: {happened} than the host allows ({allowed}). Please {maker}"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by_engine(error: impl Into<wasmtime::Error>) -> String {
        let error = error.into();
        Stopped::by_engine(&error, &Limits::default(), &Timeouts::default()).to_string()
    }

    #[test]
    fn a_trap_is_told_in_plain_words_with_the_engines_own() {
        for (trap, words) in [
            (
                Trap::UnreachableCodeReached,
                "the component failed: it gave up by itself, as after a panic (wasm trap: wasm `unreachable` \
                 instruction executed). Please report this to its maker",
            ),
            (
                Trap::StackOverflow,
                "the component was stopped: its calls are nested deeper, as in an endless recursion, than the host \
                 allows (512 KiB). Please report this to the component's maker",
            ),
        ] {
            assert_eq!(by_engine(trap), words);
        }
        assert!(by_engine(I32Exit(3)).contains("it ended itself"));
        assert!(by_engine(ResourceTableError::Full).contains("at once"));
    }

    #[test]
    fn what_has_no_type_is_short_and_on_one_line() {
        let words = by_engine(wasmtime::Error::msg(format!(
            "x\n\u{1b}[2J{}",
            "y".repeat(5000)
        )));
        assert!(words.len() < 600, "{words}");
        assert!(!words.contains(char::is_control), "{words}");
    }

    #[test]
    fn a_limit_is_told_with_its_name_how_much_it_allows_and_what_to_do() {
        let stopped = |limit| Stopped::passed(limit, &Limits::default(), &Timeouts::default());
        assert_eq!(
            stopped(Limit::Call).to_string(),
            "the component was stopped: a call took longer than `timeouts.call` (5m) allows; raise it if the API is \
             just slow, else report this to the component's maker"
        );
        assert_eq!(
            stopped(Limit::CursorBytes).to_string(),
            "the component was stopped: a cursor was larger than the host allows (1 MiB). Please report this to the \
             component's maker"
        );
    }

    #[test]
    fn an_instance_that_does_not_come_about_is_told_with_the_limit_that_may_be_meant() {
        let error = wasmtime::Error::msg("instance count too high at 101");
        let words = Stopped::at_birth(&error, &Limits::default(), &Timeouts::default()).to_string();
        for part in ["count too high at 101", "at most 100 core instances"] {
            assert!(words.contains(part), "{words}");
        }
    }
}
