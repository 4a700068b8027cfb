//! The whole configuration file.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::config::account::Account;
use crate::config::problem::{Problem, read};
use crate::config::values;
use crate::text::similar;

/// A checked configuration.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Config {
    /// The file that it was read from.
    pub file: PathBuf,
    /// The accounts in the order of their names; at least one.
    pub accounts: Vec<Account>,
    /// The state file.
    pub state: PathBuf,
}

/// The file as serde reads it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// The accounts by name, each of which is read by itself, so that a mistake in one does not hide those in others.
    #[serde(default)]
    account: BTreeMap<String, toml::Table>,
    #[serde(default)]
    state: State,
}

/// `[state]`
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct State {
    #[serde(deserialize_with = "values::path")]
    path: PathBuf,
}

impl Default for State {
    fn default() -> Self {
        Self {
            path: "state.db".into(),
        }
    }
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error(
        "there is no configuration file {}: write one with `asset-host init`, or name another with --config",
        .0.display()
    )]
    Missing(PathBuf),
    #[error("cannot read the configuration file {}: {source}", file.display())]
    Unreadable { file: PathBuf, source: io::Error },
    /// The message does not show the line, which may hold a secret that should not be there.
    #[error("{}, line {line}: not TOML: {problem}", file.display())]
    NotToml {
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        problem: String,
    },
    #[error("{}", in_file(file, problems))]
    Invalid {
        file: PathBuf,
        /// What is wrong, at least one.
        problems: Vec<Problem>,
    },
    #[error("--account {name}: {} has no such account{hint}; it has {known}", file.display())]
    UnknownAccount {
        file: PathBuf,
        name: String,
        /// The nearest name as a clause, or nothing.
        hint: String,
        /// The names of all accounts, separated by commas.
        known: String,
    },
}

/// Returns one line for each problem, which begins with the file.
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
    /// When the file is missing, unreadable or not TOML, or has unknown keys, missing keys or wrong values. Each account
    /// and each destination reports what is wrong with it.
    pub(crate) fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => ConfigError::Missing(path.to_owned()),
            _ => ConfigError::Unreadable {
                file: path.to_owned(),
                source,
            },
        })?;
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            let offset = error.span().map_or(0, |span| span.start);
            let before = text.as_bytes().iter().take(offset);
            ConfigError::NotToml {
                file: path.to_owned(),
                line: 1 + before.filter(|byte| **byte == b'\n').count(),
                problem: error.message().to_owned(),
            }
        })?;
        let mut problems = Vec::new();
        match Self::check(path, table, &mut problems) {
            Some(config) if problems.is_empty() => Ok(config),
            _ => Err(ConfigError::Invalid {
                file: path.to_owned(),
                problems,
            }),
        }
    }

    /// Checks the content of the file `path`. What is wrong is added to `problems`.
    pub(super) fn check(
        path: &Path,
        table: toml::Table,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        let file: File = read("", table, problems)?;
        let folder = path.parent().unwrap_or(Path::new(""));
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
            .filter_map(|(name, table)| Account::read(name, table, folder, problems))
            .collect();
        Some(Self {
            file: path.to_owned(),
            accounts,
            state: folder.join(file.state.path),
        })
    }

    /// Returns the account of this name.
    ///
    /// # Errors
    ///
    /// When there is none; the message lists the known names.
    pub(crate) fn account(&self, name: &str) -> Result<&Account, ConfigError> {
        let names = || self.accounts.iter().map(|account| account.name.as_str());
        self.accounts
            .iter()
            .find(|account| account.name == name)
            .ok_or_else(|| ConfigError::UnknownAccount {
                file: self.file.clone(),
                name: name.to_owned(),
                hint: similar::hint(name, names()),
                known: names().collect::<Vec<_>>().join(", "),
            })
    }

    /// Returns the accounts that `--account` names, each once and in the order of the configuration; all accounts if it
    /// names none.
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

    /// Returns the error that reports these problems of this configuration.
    pub(crate) fn invalid(&self, problems: Vec<Problem>) -> ConfigError {
        ConfigError::Invalid {
            file: self.file.clone(),
            problems,
        }
    }
}
