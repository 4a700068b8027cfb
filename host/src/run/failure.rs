//! What went wrong with a source, in words for the person who runs the host.

use crate::config::Problem;
use crate::contract::bindings::inventory::connector::types::{Delay, Error, Failure, FieldError};
use crate::sandbox::connector::CallError;

/// One sentence or more: what happened, where, and what to do.
pub(crate) fn explain(error: &CallError<Error>, account: &str) -> String {
    match error {
        CallError::Stopped(stopped) => stopped.to_string(),
        CallError::Told(error) => told(error, account),
    }
}

/// An error with its causes, each told once: some errors name their cause in their own sentence.
pub(crate) fn with_causes(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

fn told(error: &Error, account: &str) -> String {
    match error {
        Error::InvalidConfig(errors) => {
            let problem = |error: &FieldError| {
                let field = error.field.replace('/', ".");
                Problem::new(format!("account.{account}.config{field}"), &error.message).to_string()
            };
            let problems: Vec<_> = errors.iter().map(problem).collect();
            problems.join("; ")
        }
        Error::Unauthorized(failure) => with_id("the credentials are refused", failure),
        Error::Expired(failure) => with_id("the session has ended", failure),
        Error::Forbidden(failure) => with_id("a right is missing", failure),
        Error::RateLimited(delay) => with_id("the API asks for fewer requests", &plain(delay)),
        Error::Unavailable(delay) => with_id("the API is unavailable", &plain(delay)),
        Error::Untrusted(failure) => with_id("the connection is not secure", failure),
        Error::InvalidCursor(failure) => {
            let text = with_id("the stored cursor is refused", failure);
            format!("{text} To drop it: asset-host state reset --account {account}")
        }
        Error::Protocol(failure) => with_id("the API answered what it must not", failure),
        Error::LimitExceeded(failure) => with_id("a limit was passed", failure),
        Error::Denied(failure) => with_id("the request was not let out", failure),
        Error::Other(failure) => with_id("it failed", failure),
    }
}

fn plain(delay: &Delay) -> Failure {
    Failure {
        message: delay.message.clone(),
        correlation_id: delay.correlation_id.clone(),
    }
}

fn with_id(what: &str, failure: &Failure) -> String {
    let id = failure.correlation_id.as_deref();
    let id = id
        .map(|id| format!(" (correlation id {id})"))
        .unwrap_or_default();
    format!("{what}: {}{id}", failure.message)
}

#[cfg(test)]
mod tests {
    use super::{explain, with_causes};
    use crate::contract::bindings::inventory::connector::types::{Error, Failure, FieldError};
    use crate::sandbox::connector::CallError;

    #[test]
    fn a_cause_is_told_once() {
        let cause = || std::io::Error::other("no disk");
        for (error, text) in [
            (
                anyhow::Error::new(cause()).context("cannot write x"),
                "cannot write x: no disk",
            ),
            (
                anyhow::Error::new(cause()).context("cannot write x (no disk); mend it"),
                "cannot write x (no disk); mend it",
            ),
        ] {
            assert_eq!(with_causes(&error), text);
        }
    }

    #[test]
    fn a_field_is_named_as_it_stands_in_the_file() {
        let error = Error::InvalidConfig(vec![FieldError {
            field: "/page_size".into(),
            message: "must be smaller".into(),
        }]);
        assert_eq!(
            explain(&CallError::Told(error), "acme"),
            "account.acme.config.page_size: must be smaller"
        );
    }

    #[test]
    fn the_remedy_and_the_correlation_id_are_there() {
        let error = Error::InvalidCursor(Failure {
            message: "It is damaged.".into(),
            correlation_id: Some("c-1".into()),
        });
        assert_eq!(
            explain(&CallError::Told(error), "acme"),
            "the stored cursor is refused: It is damaged. (correlation id c-1) To drop it: asset-host state \
             reset --account acme"
        );
    }
}
