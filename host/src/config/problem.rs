//! What is wrong with the configuration, and at which key.

use std::fmt;
use std::path::Path;

use serde::de::DeserializeOwned;

use crate::text::similar;

/// One key of the configuration that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The key with the tables around it, such as `account.acme.deliver.to`.
    pub key: String,
    /// What is wrong with it and what would be right.
    pub message: String,
}

impl Problem {
    pub(crate) fn new(key: impl Into<String>, message: impl fmt::Display) -> Self {
        Self {
            key: key.into(),
            message: message.to_string(),
        }
    }

    /// Returns whether it is about this key or one inside it.
    pub(crate) fn is_at(&self, key: &str) -> bool {
        let inside = self.key.strip_prefix(key);
        inside.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.key, self.message)
    }
}

/// Why there is no configuration, or no account: what is wrong with which file, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct ConfigError(String);

impl ConfigError {
    pub(super) fn new(message: impl fmt::Display) -> Self {
        Self(message.to_string())
    }

    /// Returns the error with one line for each problem, which begins with the file.
    pub(super) fn of(file: &Path, problems: &[Problem]) -> Self {
        let file = file.display();
        let lines = problems.iter().map(|problem| format!("{file}: {problem}"));
        Self(lines.collect::<Vec<_>>().join("\n"))
    }
}

/// Deserializes the table `key`. Returns `None` where a key in it is unknown, missing or wrong, and adds the first of
/// them to `problems`.
pub(super) fn read<T: DeserializeOwned>(
    key: &str,
    table: toml::Table,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    let read: Result<T, serde_path_to_error::Error<toml::de::Error>> =
        serde_path_to_error::deserialize(toml::Value::Table(table));
    match read {
        Ok(value) => Some(value),
        Err(error) => {
            let path = error.path().to_string();
            let keys: Vec<&str> = [key, path.as_str()]
                .into_iter()
                .filter(|key| !matches!(*key, "" | "."))
                .collect();
            let message = in_words_of_toml(error.inner().message());
            problems.push(Problem::new(keys.join("."), message));
            None
        }
    }
}

/// Returns serde's message without the value that it refuses, which may be a secret, and with the nearest known key.
fn in_words_of_toml(message: &str) -> String {
    if message.starts_with("invalid ")
        && let Some((_, expected)) = message.rsplit_once(", expected ")
    {
        return match expected {
            "a string" => "must be a text in quotes".to_owned(),
            "a map" => "must be a table".to_owned(),
            "a sequence" => "must be a list in brackets".to_owned(),
            expected => format!("must be {expected}"),
        };
    }
    if message.starts_with("unknown ")
        && let Some((unknown, expected)) = message.split_once(", ")
    {
        let mut words = message.split('`').skip(1).step_by(2);
        let hint = similar::hint(words.next().unwrap_or_default(), words);
        return format!("{}{hint}; {expected}", unknown.replace("field", "key"));
    }
    message.replacen("missing field", "missing key", 1)
}
