//! The configuration file: read, checked, and turned into values that need no further check.
//!
//! `file` holds the shape of the TOML text, `account`, `selection` and
//! `destination` what becomes of it. Every message names the file and the key, says what
//! is wrong and what would be right, and never repeats what stands where a secret belongs.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

mod account;
pub(crate) mod destination;
mod file;
mod limits;
#[cfg(test)]
mod limits_tests;
mod reach;
#[cfg(test)]
mod refused_tests;
mod selection;
#[cfg(test)]
mod tests;

pub(crate) use crate::config::account::{Account, Emit, Retry, is_account_name};
pub(crate) use crate::config::destination::{
    BodyFormat, DeliverSecret, Destination, HeaderText, Http, RequestTimeouts, Sekoia,
};
pub(crate) use crate::config::reach::Reach;
pub(crate) use crate::config::selection::Selection;

pub(crate) mod fit;
pub(crate) mod fit_reach;
pub(crate) mod secret_source;

/// The name of the state file where `state.path` gives none.
const STATE: &str = "state.db";

/// A checked configuration.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Config {
    /// The file that it was read from.
    pub file: PathBuf,
    /// The accounts in the order of their names; at least one.
    pub accounts: Vec<Account>,
    /// The state file: `state.path`, by default `state.db`, beside the configuration file.
    pub state: PathBuf,
}

/// One key of the configuration that is not right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The key with the tables that it is in, such as `account.acme.deliver.to`.
    pub key: String,
    /// What is wrong with it and what would be right.
    pub message: String,
}

impl Problem {
    /// Makes a problem of a key and what is wrong with it.
    pub fn new(key: impl Into<String>, message: impl fmt::Display) -> Self {
        Self {
            key: key.into(),
            message: message.to_string(),
        }
    }

    /// Whether it is about this key, or one inside it.
    pub fn is_at(&self, key: &str) -> bool {
        let inside = self.key.strip_prefix(key);
        inside.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.key, self.message)
    }
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// The file is not there.
    #[error(
        "there is no configuration file {}: write one with `asset-host init`, or name another with --config",
        .0.display()
    )]
    Missing(PathBuf),
    /// The file cannot be read.
    #[error("cannot read the configuration file {}: {source}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file is not TOML, or a key is unknown or of the wrong type.
    #[error("{}, line {line}: {problem}", file.display())]
    Unparsable {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The key, or nothing where the text is not even TOML, and what is wrong.
        problem: String,
    },
    /// The file is TOML of the right shape, with values that are not right.
    #[error("{}", in_file(file, problems))]
    Invalid {
        /// The file.
        file: PathBuf,
        /// What is wrong, at least one.
        problems: Vec<Problem>,
    },
    /// `--account` names an account that is not there.
    #[error("--account {name}: {} has no such account{hint}; it has {known}", file.display())]
    UnknownAccount {
        /// The file.
        file: PathBuf,
        /// The name that was asked for.
        name: String,
        /// The nearest name as a clause, or nothing.
        hint: String,
        /// The names of all accounts, separated by commas.
        known: String,
    },
}

/// One line for each problem, with the file before it.
fn in_file(file: &Path, problems: &[Problem]) -> String {
    let lines: Vec<String> = problems
        .iter()
        .map(|problem| format!("{}: {problem}", file.display()))
        .collect();
    lines.join("\n")
}

impl Config {
    /// Reads and checks a configuration file.
    ///
    /// # Errors
    ///
    /// When the file is missing, unreadable, not TOML, or has unknown keys, missing keys or wrong values.
    /// What is wrong with values is collected, so that one run shows all of it.
    pub(crate) fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => ConfigError::Missing(path.to_owned()),
            _ => ConfigError::Unreadable {
                file: path.to_owned(),
                source,
            },
        })?;
        Self::check(path, file::parse(path, &text)?)
    }

    /// Checks the values of a file.
    fn check(path: &Path, file: file::File) -> Result<Self, ConfigError> {
        let folder = path.parent().unwrap_or(Path::new(""));
        let mut problems = Vec::new();
        if file.account.is_empty() {
            problems.push(Problem::new(
                "account",
                "there is no account: add a table such as [account.main], or write a new file with \
                 `asset-host init`",
            ));
        }
        let accounts = file
            .account
            .into_iter()
            .filter_map(|(name, table)| Account::check(name, table, folder, &mut problems))
            .collect();
        let state = file.state.path.unwrap_or_else(|| PathBuf::from(STATE));
        if state.as_os_str().is_empty() {
            problems.push(Problem::new(
                "state.path",
                format_args!("is empty: name a file, such as \"{STATE}\""),
            ));
        }
        if !problems.is_empty() {
            return Err(ConfigError::Invalid {
                file: path.to_owned(),
                problems,
            });
        }
        Ok(Self {
            file: path.to_owned(),
            accounts,
            state: folder.join(state),
        })
    }

    /// Returns the account of this name.
    ///
    /// # Errors
    ///
    /// When there is none; the message lists the names that there are.
    pub(crate) fn account(&self, name: &str) -> Result<&Account, ConfigError> {
        let names = || self.accounts.iter().map(|account| account.name.as_str());
        self.accounts
            .iter()
            .find(|account| account.name == name)
            .ok_or_else(|| ConfigError::UnknownAccount {
                file: self.file.clone(),
                name: name.to_owned(),
                hint: crate::text::similar::hint(name, names()),
                known: names().collect::<Vec<_>>().join(", "),
            })
    }

    /// Returns the accounts that `--account` names, each once and in the order of the configuration; all
    /// of them where it names none.
    ///
    /// # Errors
    ///
    /// When there is no account of one of the names.
    pub(crate) fn select(&self, names: &[String]) -> Result<Vec<&Account>, ConfigError> {
        for name in names {
            self.account(name)?;
        }
        Ok(self
            .accounts
            .iter()
            .filter(|account| names.is_empty() || names.contains(&account.name))
            .collect())
    }

    /// The error that says these problems of this configuration.
    pub(crate) fn invalid(&self, problems: Vec<Problem>) -> ConfigError {
        ConfigError::Invalid {
            file: self.file.clone(),
            problems,
        }
    }
}
