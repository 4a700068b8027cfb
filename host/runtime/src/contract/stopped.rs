//! Why an instance was stopped and dropped, in words for the person who runs the host.

use std::borrow::Cow;

use wasmtime::Trap;
use wasmtime::component::ResourceTableError;
use wasmtime_wasi::I32Exit;

use crate::contract::limits::{Limit, Limits, MAX_INSTANCES, Timeouts};
use crate::text::printable::printable;
use crate::units::quantity;

/// The most characters of a message of the engine that are repeated.
const MAX_MESSAGE: usize = 500;

/// Why an instance was stopped and dropped.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stopped {
    /// It exceeded a limit.
    #[error("{}", exceeded(*limit, allowed))]
    LimitExceeded {
        /// The limit.
        limit: Limit,
        /// How much it allows, as people read it.
        allowed: String,
    },
    /// It trapped; the text says why.
    #[error("the component failed: {0}. Please report this to its maker")]
    Trapped(String),
    /// It returned what the contract does not allow.
    /// The sentence holds no content of what the component returned, as that may be personal data, but for a device's id.
    #[error("the component broke the contract: {0}. Please report this to its maker")]
    ContractViolation(Cow<'static, str>),
}

impl Stopped {
    /// The component's list of sources never ends, as a page is followed by an earlier one.
    pub const SOURCES_IN_A_CIRCLE: Self = Self::ContractViolation(Cow::Borrowed(
        "its list of sources goes in a circle and would never end",
    ));
    /// The component's list of sources is too long.
    pub const TOO_MANY_SOURCE_PAGES: Self = Self::ContractViolation(Cow::Borrowed(
        "it lists more than 10,000 pages of sources, or more than 512 MiB of them",
    ));

    /// Returns that a component violated the contract, as this sentence says.
    pub(in crate::contract) fn violation(sentence: impl Into<Cow<'static, str>>) -> Self {
        Self::ContractViolation(sentence.into())
    }

    /// Returns that one of these limits was exceeded.
    pub fn limit_exceeded(limit: Limit, limits: &Limits, timeouts: &Timeouts) -> Self {
        Self::LimitExceeded {
            limit,
            allowed: limit.allowed(limits, timeouts),
        }
    }

    /// Checks the size of what a component returned.
    ///
    /// # Errors
    ///
    /// The limit, where more than `max` bytes are returned.
    pub(in crate::contract) fn check_size(
        limit: Limit,
        length: usize,
        max: usize,
    ) -> Result<(), Self> {
        if length <= max {
            return Ok(());
        }
        Err(Self::LimitExceeded {
            limit,
            allowed: quantity::bytes(max as u64),
        })
    }

    /// Returns whether a call took too long, which a slow API alone may cause.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::LimitExceeded { limit, .. } if *limit == Limit::Call)
    }

    /// Returns why the engine ended a call with `error`.
    pub fn by_engine(error: &wasmtime::Error, limits: &Limits, timeouts: &Timeouts) -> Self {
        if let Some(trap) = error.downcast_ref::<Trap>() {
            return match meaning(*trap) {
                _ if *trap == Trap::StackOverflow => {
                    Self::limit_exceeded(Limit::Stack, limits, timeouts)
                }
                Some(words) => Self::Trapped(format!("{words} ({trap})")),
                None => Self::Trapped(trap.to_string()),
            };
        }
        if error.is::<I32Exit>() {
            return Self::Trapped("it exited in the middle of a call".to_owned());
        }
        if let Some(ResourceTableError::Full) = error.downcast_ref() {
            return Self::Trapped(format!(
                "it holds more than {} requests, bodies, streams and the like at once",
                limits.handles()
            ));
        }
        Self::Trapped(message(error))
    }

    /// Returns why the engine made no instance. `error` has no type of its own where the engine counts too many.
    pub fn by_instantiation(error: &wasmtime::Error, limits: &Limits, timeouts: &Timeouts) -> Self {
        match Self::by_engine(error, limits, timeouts) {
            Self::Trapped(words) if !error.is::<Trap>() => Self::Trapped(format!(
                "it cannot be instantiated: {words} (at most {MAX_INSTANCES} core instances, memories and tables, \
                 each, are allowed)"
            )),
            other => other,
        }
    }
}

/// Returns the root cause as text; what comes before it is a backtrace of the component's functions.
fn message(error: &wasmtime::Error) -> String {
    let text = printable(&error.root_cause().to_string());
    text.chars().take(MAX_MESSAGE).collect()
}

/// Returns what a trap means; `None` where only the engine's own words are known.
fn meaning(trap: Trap) -> Option<&'static str> {
    Some(match trap {
        Trap::UnreachableCodeReached => "it aborted, as after a panic",
        Trap::MemoryOutOfBounds => "it read or wrote outside of its memory",
        Trap::TableOutOfBounds | Trap::IndirectCallToNull | Trap::BadSignature => {
            "it called a function that does not exist"
        }
        Trap::IntegerOverflow | Trap::IntegerDivisionByZero | Trap::BadConversionToInteger => {
            "it computed what has no result, such as a division by zero"
        }
        Trap::StringOutOfBounds | Trap::ListOutOfBounds | Trap::UnalignedPointer => {
            "it passed data that is not in its memory"
        }
        Trap::InvalidChar | Trap::InvalidDiscriminant => "it passed a value that does not exist",
        Trap::CannotEnterComponent | Trap::CannotLeaveComponent => {
            "it made a call where it is not allowed to"
        }
        _ => return None,
    })
}

/// Returns the sentence about a limit that was exceeded.
fn exceeded(limit: Limit, allowed: &str) -> String {
    let (key, subject) = limit.key_and_subject();
    match key {
        Some(key) => format!(
            "the component exceeded `{key}` ({allowed}) and was stopped: {subject}; raise it if the account needs more, \
             else report this to the component's maker"
        ),
        None => format!(
            "the component exceeded a limit of the host ({allowed}) and was stopped: {subject}. Please report this to \
             the component's maker"
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
    fn a_trap_is_reported_in_plain_words_and_the_engines_own() {
        for (trap, words) in [
            (
                Trap::UnreachableCodeReached,
                "the component failed: it aborted, as after a panic (wasm trap: wasm `unreachable` \
                 instruction executed). Please report this to its maker",
            ),
            (
                Trap::StackOverflow,
                "the component exceeded a limit of the host (512 KiB) and was stopped: stack of an instance, as in an \
                 endless recursion. Please report this to the component's maker",
            ),
        ] {
            assert_eq!(by_engine(trap), words);
        }
        assert!(by_engine(I32Exit(3)).contains("it exited"));
        assert!(by_engine(ResourceTableError::Full).contains("at once"));
    }

    #[test]
    fn an_untyped_error_is_short_and_on_one_line() {
        let words = by_engine(wasmtime::Error::msg(format!(
            "x\n\u{1b}[2J{}",
            "y".repeat(5000)
        )));
        assert!(words.len() < 600, "{words}");
        assert!(!words.contains(char::is_control), "{words}");
    }

    #[test]
    fn an_exceeded_limit_is_reported_with_its_key_its_value_and_a_remedy() {
        let stopped =
            |limit| Stopped::limit_exceeded(limit, &Limits::default(), &Timeouts::default());
        assert_eq!(
            stopped(Limit::Call).to_string(),
            "the component exceeded `timeouts.call` (5m) and was stopped: one call, waits included; raise it if the \
             account needs more, else report this to the component's maker"
        );
        assert_eq!(
            stopped(Limit::CursorBytes).to_string(),
            "the component exceeded a limit of the host (1 MiB) and was stopped: cursor of one page. Please report this to \
             the component's maker"
        );
    }

    #[test]
    fn a_failed_instantiation_is_reported_with_the_limit_that_may_be_the_cause() {
        let error = wasmtime::Error::msg("instance count too high at 101");
        let words =
            Stopped::by_instantiation(&error, &Limits::default(), &Timeouts::default()).to_string();
        for part in ["count too high at 101", "at most 100 core instances"] {
            assert!(words.contains(part), "{words}");
        }
    }
}
