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
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct State {
    #[serde(deserialize_with = "values::path")]
    path: Option<PathBuf>,
}

/// Why there is no configuration: what is wrong with which file, and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct ConfigError(String);

impl Config {
    /// Reads and checks a configuration file.
    ///
    /// # Errors
    ///
    /// When the file is missing, unreadable or not TOML, or has unknown keys, missing keys or wrong values. Each account
    /// and each destination reports what is wrong with it.
    pub(crate) fn load(path: &Path) -> Result<Self, ConfigError> {
        let file = path.display();
        let text = std::fs::read_to_string(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => ConfigError(format!(
                "there is no configuration file {file}: write one with `asset-host init`, or name another with --config"
            )),
            _ => ConfigError(format!("cannot read the configuration file {file}: {error}")),
        })?;
        // The message does not show the line, which may hold a secret that should not be there.
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            let offset = error.span().map_or(0, |span| span.start);
            let before = text.bytes().take(offset);
            let line = 1 + before.filter(|byte| *byte == b'\n').count();
            ConfigError(format!(
                "{file}, line {line}: not TOML: {}",
                error.message()
            ))
        })?;
        let mut problems = Vec::new();
        match Self::check(path, table, &mut problems) {
            Some(config) if problems.is_empty() => Ok(config),
            _ => Err(in_file(path, &problems)),
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
            state: folder.join(file.state.path.unwrap_or("state.db".into())),
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
            .ok_or_else(|| {
                ConfigError(format!(
                    "--account {name}: {} has no such account{}; it has {}",
                    self.file.display(),
                    similar::hint(name, names()),
                    names().collect::<Vec<_>>().join(", ")
                ))
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
        in_file(&self.file, &problems)
    }
}

/// Returns the error with one line for each problem, which begins with the file.
fn in_file(file: &Path, problems: &[Problem]) -> ConfigError {
    let lines: Vec<String> = problems
        .iter()
        .map(|problem| format!("{}: {problem}", file.display()))
        .collect();
    ConfigError(lines.join("\n"))
}
