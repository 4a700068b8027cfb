//! The whole configuration, from one file or several.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::config::account::{Account, is_account_name};
use crate::config::cluster::ClusterConfig;
use crate::config::place;
use crate::config::problem::{ConfigError, Problem, read};
use crate::config::state::{StateConfig, StateTable, state_db};
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
    /// Where the state of all accounts is.
    pub state: StateConfig,
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

impl WrongAccount {
    /// Returns the error that reports all of these.
    pub(crate) fn errors<'a>(wrong: impl IntoIterator<Item = &'a Self>) -> ConfigError {
        let errors = wrong.into_iter().map(|wrong| wrong.error.to_string());
        ConfigError::new(Vec::from_iter(errors).join("\n"))
    }
}

/// A file as serde reads it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// The accounts by name, each of which is read by itself, so that a mistake in one does not affect the others.
    #[serde(default)]
    account: BTreeMap<String, toml::Table>,
    state: Option<StateTable>,
    cluster: Option<ClusterConfig>,
}

/// The accounts by name, each with its file, in order or not.
type Accounts = BTreeMap<String, (PathBuf, Result<Account, ConfigError>)>;

impl Config {
    /// Reads and checks the configuration in a file, in all files of a folder, or on standard input (`-`). What is wrong
    /// with an account, or with one file of a folder, affects no other account.
    ///
    /// # Errors
    ///
    /// When nothing can be run: there is no file, the only one is unreadable or wrong as a whole, there is no account, or
    /// `[state]` or `[cluster]` is wrong, or there are two of them.
    pub(crate) fn load(place: &Path) -> Result<Self, ConfigError> {
        let is_folder = place.is_dir();
        let mut accounts = Accounts::new();
        let mut state: Option<(PathBuf, StateConfig)> = None;
        // Why a file that may have `[state]` or `[cluster]` cannot be read.
        let mut unknown = None;
        for path in place::files(place)? {
            let text = place::read(&path);
            match text.clone().and_then(|text| parse(&path, &text)) {
                Ok(file) => {
                    for (name, table) in file.account {
                        let mut problems = Vec::new();
                        let account = Account::read(name.clone(), table, &path, &mut problems);
                        let account = account.filter(|_| problems.is_empty());
                        let account = account.ok_or_else(|| ConfigError::of(&path, &problems));
                        add(&mut accounts, name, &path, account);
                    }
                    let table = file.state.map(|table| folder(&path).join(table.path));
                    let table = table.map(StateConfig::File);
                    let cluster = file
                        .cluster
                        .map(|table| cluster(&path, table))
                        .transpose()?;
                    for new in table.into_iter().chain(cluster.map(StateConfig::Cluster)) {
                        let key = new.key();
                        if let Some((other, old)) = state.replace((path.clone(), new)) {
                            return Err(match old.key() == key {
                                true => twice(&path, key, &other),
                                false => both(&path, key, &other, old.key()),
                            });
                        }
                    }
                }
                Err(error) => {
                    let text = text.unwrap_or_default();
                    // Without its state, every account would begin anew.
                    if !is_folder || names_state(&text) {
                        return Err(error);
                    }
                    if text.is_empty() {
                        unknown = Some(error.clone());
                    }
                    for name in names(&path, &text) {
                        add(&mut accounts, name, &path, Err(error.clone()));
                    }
                }
            }
        }
        if accounts.is_empty() {
            let none = "there is no account: add a table such as [account.main], or write a new file with \
                        `asset-host init`";
            return Err(ConfigError::of(place, &[Problem::new("account", none)]));
        }
        let default = if is_folder { place } else { folder(place) }.join(state_db());
        if let (Some(error), None, false) = (unknown, &state, default.exists()) {
            let why = "it may be the one with [state] or [cluster], which no other file has";
            return Err(ConfigError::new(format_args!("{error}; {why}")));
        }
        let mut config = Self {
            place: place.to_owned(),
            accounts: Vec::new(),
            wrong: Vec::new(),
            state: state.map_or(StateConfig::File(default), |(_, state)| state),
        };
        for (name, (file, account)) in accounts {
            match account {
                Ok(account) => config.accounts.push(account),
                Err(error) => {
                    let name = printable(&name);
                    config.wrong.push(WrongAccount { name, file, error });
                }
            }
        }
        let wrong = config.wrong.iter().map(|wrong| wrong.name.clone());
        let names = config.accounts.iter().map(|account| account.name.clone());
        let names: Vec<_> = names.chain(wrong).collect();
        for (name, files) in config.accounts.iter_mut().filter_map(Account::files) {
            files.tell_apart(name, &names);
        }
        Ok(config)
    }

    /// Reads the configuration, or returns `None` if there is none.
    ///
    /// # Errors
    ///
    /// Those of [`Config::load`].
    pub(crate) fn load_if_exists(place: &Path) -> Result<Option<Self>, ConfigError> {
        place::exists(place).then(|| Self::load(place)).transpose()
    }

    /// Reads the configuration again, for a process that works with its state.
    ///
    /// # Errors
    ///
    /// Those of [`Config::load`], and when it names another state, as it does when the file that named it is gone: every
    /// account would begin anew.
    pub(crate) fn load_again(&self) -> Result<Self, ConfigError> {
        let new = Self::load(&self.place)?;
        if new.state != self.state {
            let (key, old, new) = (new.state.key(), self.state.place(), new.state.place());
            let change = match old == new {
                true => "has changed since this process started".to_owned(),
                false => format!("was {old} when this process started, and is {new} now"),
            };
            let why = format_args!("{change}: restart it, or undo that");
            return Err(ConfigError::of(&self.place, &[Problem::new(key, why)]));
        }
        Ok(new)
    }

    /// Returns the account of this name.
    ///
    /// # Errors
    ///
    /// When it is wrong, or there is none.
    pub(crate) fn account(&self, name: &str) -> Result<&Account, ConfigError> {
        let (_, wrong) = self.select(&[name.to_owned()])?;
        let account = self.accounts.iter().find(|account| account.name == name);
        account.ok_or_else(|| WrongAccount::errors(wrong))
    }

    /// Returns the accounts that `--account` names, each once and in the order of the configuration; all accounts if it
    /// names none. Those that are wrong come second.
    ///
    /// # Errors
    ///
    /// When there is no account of one of the names; the message lists the known ones.
    pub(crate) fn select(
        &self,
        names: &[String],
    ) -> Result<(Vec<&Account>, Vec<&WrongAccount>), ConfigError> {
        let accounts = self.accounts.iter().map(|account| account.name.as_str());
        let wrong = self.wrong.iter().map(|wrong| wrong.name.as_str());
        let known: BTreeSet<_> = accounts.chain(wrong).collect();
        if let Some(name) = names.iter().find(|name| !known.contains(name.as_str())) {
            return Err(ConfigError::new(format_args!(
                "--account {name}: {} has no such account{}; it has {}",
                self.place.display(),
                similar::hint(name, known.iter().copied()),
                Vec::from_iter(known.iter().copied()).join(", ")
            )));
        }
        let wants = |name: &String| names.is_empty() || names.contains(name);
        let accounts = self.accounts.iter().filter(|account| wants(&account.name));
        let wrong = self.wrong.iter().filter(|wrong| wants(&wrong.name));
        Ok((accounts.collect(), wrong.collect()))
    }
}

/// Adds an account, unless another file has one of this name: then neither is in order.
fn add(accounts: &mut Accounts, name: String, file: &Path, account: Result<Account, ConfigError>) {
    match accounts.get_mut(&name) {
        Some((other, first)) if first.is_ok() => {
            *first = Err(twice(file, &format!("account.{name}"), other));
        }
        Some(_) => {}
        None => {
            accounts.insert(name, (file.to_owned(), account));
        }
    }
}

fn twice(file: &Path, key: &str, other: &Path) -> ConfigError {
    let other = other.display();
    let why = format_args!("is in {other} as well: remove it from one of the two files");
    ConfigError::of(file, &[Problem::new(key, why)])
}

/// Reports two tables that exclude each other.
fn both(file: &Path, key: &str, other: &Path, other_key: &str) -> ConfigError {
    let other = other.display();
    let why = format_args!("[{other_key}] is in {other} as well: remove one of the two");
    ConfigError::of(file, &[Problem::new(key, why)])
}

/// Checks `[cluster]` of a file.
fn cluster(file: &Path, mut table: ClusterConfig) -> Result<ClusterConfig, ConfigError> {
    let mut problems = Vec::new();
    table.check(folder(file), &mut problems);
    match problems.is_empty() {
        true => Ok(table),
        false => Err(ConfigError::of(file, &problems)),
    }
}

/// Returns the folder that relative paths in a file are relative to.
fn folder(file: &Path) -> &Path {
    file.parent().unwrap_or(Path::new(""))
}

/// Returns whether a file that cannot be parsed seems to have `[state]` or `[cluster]`.
fn names_state(text: &str) -> bool {
    let words = |line: &str| line.replace(['[', '"', '\'', ' ', '\t'], "");
    text.lines().map(words).any(|line| {
        let rest = line.strip_prefix("state");
        let rest = rest.or_else(|| line.strip_prefix("cluster"));
        rest.is_some_and(|rest| rest.starts_with([']', '.', '=']))
    })
}

/// Returns the accounts of a file that cannot be parsed, by its tables' headings; without one, the file's own name.
fn names(file: &Path, text: &str) -> BTreeSet<String> {
    let headings = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("[account."));
    let names = headings.filter_map(|heading| heading.split(['.', ']']).next());
    let names: BTreeSet<_> = names
        .filter(|name| is_account_name(name))
        .map(str::to_owned)
        .collect();
    match (names.is_empty(), file.file_stem()) {
        (true, Some(stem)) => BTreeSet::from([stem.to_string_lossy().into_owned()]),
        _ => names,
    }
}

/// Parses a file. The message does not show the line, which may hold a secret that should not be there.
fn parse(path: &Path, text: &str) -> Result<File, ConfigError> {
    let table = text.parse().map_err(|error: toml::de::Error| {
        let offset = error.span().map_or(0, |span| span.start);
        let before = text.bytes().take(offset);
        let line = 1 + before.filter(|byte| *byte == b'\n').count();
        let (file, error) = (path.display(), error.message());
        ConfigError::new(format_args!("{file}, line {line}: not TOML: {error}"))
    })?;
    let mut problems = Vec::new();
    let file = read("", table, &mut problems);
    file.ok_or_else(|| ConfigError::of(path, &problems))
}
