//! Errors as sentences for the person who runs the program.

use crate::config::Problem;
use crate::contract::bindings::inventory::connector::types::{Delay, Error, Failure, FieldError};
use crate::sandbox::connector::CallError;

/// Returns what happened, where, and what to do, in one or more sentences.
pub(crate) fn describe_error(error: &CallError<Error>, account: &str) -> String {
    match error {
        CallError::Stopped(stopped) => stopped.to_string(),
        CallError::Told(error) => describe_told(error, account),
    }
}

/// Returns an error with its causes, each once: some errors name their cause in their own message.
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

fn describe_told(error: &Error, account: &str) -> String {
    match error {
        Error::InvalidConfig(errors) => {
            let problem = |error: &FieldError| {
                let field = error.field.replace('/', ".");
                Problem::new(format!("account.{account}.config{field}"), &error.message).to_string()
            };
            let problems: Vec<_> = errors.iter().map(problem).collect();
            problems.join("; ")
        }
        Error::Unauthorized(failure) => with_id("the API refused the credentials", failure),
        Error::Expired(failure) => with_id("the session has expired", failure),
        Error::Forbidden(failure) => with_id("a permission is missing", failure),
        Error::RateLimited(delay) => with_id("the API asks for fewer requests", &plain(delay)),
        Error::Unavailable(delay) => with_id("the API is unavailable", &plain(delay)),
        Error::Untrusted(failure) => with_id("the connection is not secure", failure),
        Error::InvalidCursor(failure) => {
            let text = with_id("the stored cursor is not valid", failure);
            format!("{text} To drop it: asset-host state reset --account {account}")
        }
        Error::Protocol(failure) => with_id("invalid response from the API", failure),
        Error::LimitExceeded(failure) => with_id("a limit was exceeded", failure),
        Error::Denied(failure) => with_id("the request was not allowed", failure),
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
    use super::{describe_error, with_causes};
    use crate::contract::bindings::inventory::connector::types::{Error, Failure, FieldError};
    use crate::sandbox::connector::CallError;

    #[test]
    fn a_cause_is_named_once() {
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
    fn a_field_is_named_as_in_the_file() {
        let error = Error::InvalidConfig(vec![FieldError {
            field: "/page_size".into(),
            message: "must be smaller".into(),
        }]);
        assert_eq!(
            describe_error(&CallError::Told(error), "acme"),
            "account.acme.config.page_size: must be smaller"
        );
    }

    #[test]
    fn the_message_has_the_remedy_and_the_correlation_id() {
        let error = Error::InvalidCursor(Failure {
            message: "It is damaged.".into(),
            correlation_id: Some("c-1".into()),
        });
        assert_eq!(
            describe_error(&CallError::Told(error), "acme"),
            "the stored cursor is not valid: It is damaged. (correlation id c-1) To drop it: asset-host state \
             reset --account acme"
        );
    }
}
