//! The whole configuration, from one file or several.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::config::account::Account;
use crate::config::place::{self, ConfigFile};
use crate::config::problem::{ConfigError, Problem, read};
use crate::config::values;
use crate::text::printable::printable;
use crate::text::similar;

/// A checked configuration.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Config {
    /// What `--config` names.
    pub place: PathBuf,
    /// The accounts that are in order, by name.
    pub accounts: Vec<Account>,
    /// The accounts that are not, by name.
    pub wrong: Vec<WrongAccount>,
    /// The state file.
    pub state: PathBuf,
}

/// An account of which nothing can be collected until its configuration is corrected.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct WrongAccount {
    /// Its name. A file whose accounts are unknown counts as one account with the file's name without `.toml`.
    pub name: String,
    /// The file that it is from.
    pub file: PathBuf,
    /// What is wrong, with file, key and remedy.
    pub error: ConfigError,
}

/// A file as serde reads it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// The accounts by name, each of which is read by itself, so that a mistake in one does not affect the others.
    #[serde(default)]
    account: BTreeMap<String, toml::Value>,
    /// Read by itself.
    #[serde(default, rename = "state")]
    _state: Option<toml::Value>,
}

/// The part of a file that concerns all accounts.
#[derive(Deserialize)]
struct Shared {
    state: Option<State>,
}

/// `[state]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    #[serde(default, deserialize_with = "values::path")]
    path: Option<PathBuf>,
}

/// What is known after some of the files.
#[derive(Default)]
struct Found {
    /// What is in order or not under each name: several where an account is in several files.
    accounts: BTreeMap<String, Vec<(PathBuf, Result<Account, ConfigError>)>>,
    /// Files whose accounts are unknown.
    unreadable: Vec<WrongAccount>,
    /// The file that has `[state]`, and the path in it.
    state: Option<(PathBuf, PathBuf)>,
}

impl Config {
    /// Reads and checks the configuration in a file, in all files of a folder, or on standard input (`-`). What is wrong
    /// with an account, or with one file of several, affects no other account.
    ///
    /// # Errors
    ///
    /// When nothing can be run: there is no file, the only one or every one is unreadable or not TOML, the only one has
    /// unknown keys, there is no account, or `[state]` is wrong or in two files.
    pub(crate) fn load(place: &Path) -> Result<Self, ConfigError> {
        let files = place::read(place)?;
        let is_folder = place.is_dir();
        let (shown, folder) = match files.as_slice() {
            [file] if !is_folder => (file.path.clone(), file.folder.clone()),
            _ => (place.to_owned(), place.to_owned()),
        };
        let count = files.len();
        let mut found = Found::default();
        for file in files {
            found.add(file, is_folder)?;
        }
        if found.unreadable.len() == count {
            let errors = found.unreadable.iter().map(|wrong| &wrong.error);
            return Err(ConfigError::all(errors));
        }
        let state = found.state.take().map(|(_, path)| path);
        let (accounts, wrong) = found.into_accounts();
        if accounts.is_empty() && wrong.is_empty() {
            let none = "there is no account: add a table such as [account.main], or write a new file with \
                        `asset-host init`";
            return Err(ConfigError::of(&shown, &[Problem::new("account", none)]));
        }
        Ok(Self {
            place: shown,
            accounts,
            wrong,
            state: state.unwrap_or_else(|| folder.join("state.db")),
        })
    }

    /// Reads the configuration, or returns `None` if there is none.
    ///
    /// # Errors
    ///
    /// Those of [`Config::load`].
    pub(crate) fn load_if_exists(place: &Path) -> Result<Option<Self>, ConfigError> {
        place::exists(place).then(|| Self::load(place)).transpose()
    }

    /// Returns the account of this name.
    ///
    /// # Errors
    ///
    /// When it is wrong, or there is none; the message lists the known names then.
    pub(crate) fn account(&self, name: &str) -> Result<&Account, ConfigError> {
        if let Some(account) = self.accounts.iter().find(|account| account.name == name) {
            return Ok(account);
        }
        Err(match self.wrong.iter().find(|wrong| wrong.name == name) {
            Some(wrong) => wrong.error.clone(),
            None => self.no_such_account(name),
        })
    }

    fn no_such_account(&self, name: &str) -> ConfigError {
        let accounts = self.accounts.iter().map(|account| account.name.as_str());
        let wrong = self.wrong.iter().map(|wrong| wrong.name.as_str());
        let mut names: Vec<_> = accounts.chain(wrong).collect();
        names.sort_unstable();
        ConfigError::new(format_args!(
            "--account {name}: {} has no such account{}; it has {}",
            self.place.display(),
            similar::hint(name, names.iter().copied()),
            names.join(", ")
        ))
    }

    /// Returns the accounts that `--account` names, each once and in the order of the configuration; all accounts if it
    /// names none. Those that are wrong come second.
    ///
    /// # Errors
    ///
    /// When there is no account of one of the names.
    pub(crate) fn select(
        &self,
        names: &[String],
    ) -> Result<(Vec<&Account>, Vec<&WrongAccount>), ConfigError> {
        let wants = |name: &String| names.is_empty() || names.contains(name);
        let accounts = self.accounts.iter();
        let accounts: Vec<_> = accounts.filter(|account| wants(&account.name)).collect();
        let wrong = self.wrong.iter();
        let wrong: Vec<_> = wrong.filter(|wrong| wants(&wrong.name)).collect();
        let is_known = |name: &&String| {
            accounts.iter().any(|account| account.name == **name)
                || wrong.iter().any(|wrong| wrong.name == **name)
        };
        match names.iter().find(|name| !is_known(name)) {
            Some(unknown) => Err(self.no_such_account(unknown)),
            None => Ok((accounts, wrong)),
        }
    }

    /// Returns the same for a command that can do nothing without an account in order.
    ///
    /// # Errors
    ///
    /// Also when each of the accounts is wrong.
    pub(crate) fn select_some(
        &self,
        names: &[String],
    ) -> Result<(Vec<&Account>, Vec<&WrongAccount>), ConfigError> {
        let (accounts, wrong) = self.select(names)?;
        if accounts.is_empty() {
            return Err(ConfigError::all(wrong.iter().map(|wrong| &wrong.error)));
        }
        Ok((accounts, wrong))
    }
}

impl Found {
    /// Adds the content of a file. If the file is one `of_several`, what is wrong with it affects its accounts only.
    fn add(&mut self, file: ConfigFile, of_several: bool) -> Result<(), ConfigError> {
        let ConfigFile { path, folder, text } = file;
        let has_state = text.as_ref().is_ok_and(|text| text.contains("[state]"));
        let table = match text.and_then(|text| parse(&path, &text)) {
            Ok(table) => table,
            // Without its `[state]`, every account would begin anew.
            Err(error) if has_state || !of_several => return Err(error),
            Err(error) => {
                self.add_unreadable(path, error);
                return Ok(());
            }
        };
        let mut problems = Vec::new();
        let Some(Shared { state }) = read("", table.clone(), &mut problems) else {
            return Err(ConfigError::of(&path, &problems));
        };
        if let Some(state) = state {
            self.add_state(&path, folder.join(state.path.unwrap_or("state.db".into())))?;
        }
        let names = table.get("account").and_then(toml::Value::as_table);
        let names: Vec<_> = names.into_iter().flat_map(toml::Table::keys).collect();
        let file: Option<File> = read("", table.clone(), &mut problems);
        let error = ConfigError::of(&path, &problems);
        match file {
            Some(File { account, .. }) => {
                for (name, table) in account {
                    let account = Account::read(&name, table, &path, &folder);
                    self.add_account(name, &path, account);
                }
            }
            None if !of_several => return Err(error),
            None if names.is_empty() => self.add_unreadable(path, error),
            None => {
                for name in names {
                    self.add_account(name.clone(), &path, Err(error.clone()));
                }
            }
        }
        Ok(())
    }

    fn add_unreadable(&mut self, file: PathBuf, error: ConfigError) {
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        let name = printable(&name);
        self.unreadable.push(WrongAccount { name, file, error });
    }

    fn add_account(&mut self, name: String, file: &Path, account: Result<Account, ConfigError>) {
        let of_this_name = self.accounts.entry(name).or_default();
        of_this_name.push((file.to_owned(), account));
    }

    fn add_state(&mut self, file: &Path, path: PathBuf) -> Result<(), ConfigError> {
        if let Some((other, _)) = &self.state {
            let why = format_args!(
                "is in {} as well, and all accounts share one state: remove it from one of the files",
                other.display()
            );
            return Err(ConfigError::of(file, &[Problem::new("state", why)]));
        }
        self.state = Some((file.to_owned(), path));
        Ok(())
    }

    /// Returns the accounts that are in order and those that are not, by name.
    fn into_accounts(self) -> (Vec<Account>, Vec<WrongAccount>) {
        let (mut accounts, mut wrong) = (Vec::new(), Vec::new());
        for mut unreadable in self.unreadable {
            if self.accounts.contains_key(&unreadable.name) {
                unreadable.name.push_str(".toml");
            }
            wrong.push(unreadable);
        }
        for (name, mut of_this_name) in self.accounts {
            let others: Vec<_> = of_this_name
                .iter()
                .skip(1)
                .map(|(file, _)| file.display().to_string())
                .collect();
            let Some((file, account)) = of_this_name.drain(..1).next() else {
                continue;
            };
            let account = if others.is_empty() {
                account
            } else {
                let why = format_args!(
                    "is in {} as well: remove it from all files but one",
                    others.join(", ")
                );
                Err(ConfigError::of(
                    &file,
                    &[Problem::new(format!("account.{name}"), why)],
                ))
            };
            match account {
                Ok(account) => accounts.push(account),
                Err(error) => wrong.push(WrongAccount {
                    name: printable(&name),
                    file,
                    error,
                }),
            }
        }
        wrong.sort_by(|one, other| one.name.cmp(&other.name));
        (accounts, wrong)
    }
}

/// Parses a file. The message does not show the line, which may hold a secret that should not be there.
fn parse(file: &Path, text: &str) -> Result<toml::Table, ConfigError> {
    text.parse().map_err(|error: toml::de::Error| {
        let offset = error.span().map_or(0, |span| span.start);
        let before = text.bytes().take(offset);
        let line = 1 + before.filter(|byte| *byte == b'\n').count();
        ConfigError::new(format_args!(
            "{}, line {line}: not TOML: {}",
            file.display(),
            error.message()
        ))
    })
}
