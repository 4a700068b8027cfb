//! Where the secrets come from: the environment, a file or a command, never the configuration file.
//!
//! No message and no `Debug` text contains a secret, or what may be one by mistake. What is read on the way to a secret
//! is wiped, and read into memory that never grows, as growing leaves copies behind. The process's environment, the file
//! and what the system buffers in a pipe are beyond the host's control.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::text::similar;
use crate::units::duration;

mod command;
mod read;
#[cfg(test)]
mod tests;

pub(crate) use self::command::kill_all;
pub(crate) use self::read::SecretError;
use self::read::{LONGEST, read};

/// The forms of a secret's source, for messages.
const FORMS: &str = "{ env = \"NAME\" }, { file = \"path\" } or { command = [\"program\", \"argument\"] }, and only beside \
     `command` a timeout = \"30s\"";

/// How long a program may take to print a secret if `timeout` does not say.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The shortest secret of a component, in bytes. Shorter values occur in responses by chance, where a placeholder would
/// break them.
const MIN_LENGTH: usize = 8;

/// Where one secret comes from.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "toml::Value")]
pub(crate) enum SecretSource {
    /// The environment variable of this name.
    Env(String),
    /// The content of this file.
    File(PathBuf),
    /// What a program prints.
    Command {
        /// The program, followed by its arguments. It is found as a shell finds it, runs in the current folder,
        /// reads nothing and may write to the terminal's standard error.
        argv: Vec<String>,
        /// How long the program may take before it is killed.
        timeout: Duration,
    },
}

/// Shows the kind and the place; arguments may hold what should not be shown, so only their number is.
impl fmt::Debug for SecretSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(formatter, "Env({})", variable(name)),
            Self::File(path) => write!(formatter, "File({path:?})"),
            Self::Command { argv, .. } => {
                let program = argv.first().map_or("", String::as_str);
                let count = argv.len().saturating_sub(1);
                write!(formatter, "Command({program:?} and {count} arguments)")
            }
        }
    }
}

/// What to say about a text or another plain value: most likely the secret itself.
pub(crate) const PLAIN_VALUE: &str = "must say where the secret comes from, not contain it: write { env = \"NAME\" }, \
     { file = \"path\" } or { command = [\"program\", \"argument\"] }, remove the secret from this file, and replace it \
     at its issuer if others could read the file";

/// The keys of a source.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    env: Option<String>,
    file: Option<PathBuf>,
    command: Option<Vec<String>>,
    #[serde(default, deserialize_with = "duration::positive")]
    timeout: Option<Duration>,
}

/// Reads a source as the configuration writes it. No message repeats a value, as it may be the secret.
impl TryFrom<toml::Value> for SecretSource {
    type Error = String;

    fn try_from(value: toml::Value) -> Result<Self, String> {
        let toml::Value::Table(table) = value else {
            return Err(PLAIN_VALUE.to_owned());
        };
        const KNOWN: [&str; 4] = ["env", "file", "command", "timeout"];
        if let Some(key) = table.keys().find(|key| !KNOWN.contains(&key.as_str())) {
            let hint = similar::hint(key, KNOWN);
            return Err(format!("unknown key `{key}`{hint}; a source is {FORMS}"));
        }
        let form = Form::deserialize(toml::Value::Table(table));
        let form = form.map_err(|_| format!("must be {FORMS}"))?;
        match form {
            Form {
                env: Some(name),
                file: None,
                command: None,
                timeout: None,
            } => {
                if is_variable(&name) {
                    return Ok(Self::Env(name));
                }
                Err("`env` must be the name of an environment variable (letters, digits and `_`, not beginning with a \
                     digit), not the secret itself".to_owned())
            }
            Form {
                env: None,
                file: Some(path),
                command: None,
                timeout: None,
            } if !path.as_os_str().is_empty() => Ok(Self::File(path)),
            Form {
                env: None,
                file: None,
                command: Some(argv),
                timeout,
            } if argv.first().is_some_and(|program| !program.is_empty()) => Ok(Self::Command {
                argv,
                timeout: timeout.unwrap_or(TIMEOUT),
            }),
            _ => Err(format!("must be exactly one of {FORMS}")),
        }
    }
}

impl SecretSource {
    /// Makes a relative path of a file relative to `folder`.
    pub(super) fn resolve_path(&mut self, folder: &Path) {
        if let Self::File(path) = self {
            *path = folder.join(&*path);
        }
    }

    /// Reads the secret, without the line break that most editors and programs put at the end.
    ///
    /// # Errors
    ///
    /// When the source is missing, fails, takes too long, or yields nothing or no text.
    pub(crate) fn resolve(&self) -> Result<SecretString, SecretError> {
        match self {
            Self::Env(name) => match std::env::var_os(name) {
                Some(text) => {
                    let bytes = Zeroizing::new(text.into_encoded_bytes());
                    secret(&bytes, &variable(name))
                }
                None => Err(SecretError::new(format_args!(
                    "{} is not set: set it in the environment that asset-host runs in",
                    variable(name)
                ))),
            },
            Self::File(path) => {
                let bytes = std::fs::File::open(path).and_then(read);
                let bytes = bytes.map_err(|error| {
                    SecretError::new(format_args!(
                        "cannot read the secret from {}: {error}",
                        path.display()
                    ))
                })?;
                secret(&bytes, &format!("the file {}", path.display()))
            }
            Self::Command { argv, timeout } => {
                let printed = command::output(argv, *timeout)?;
                let program = argv.first().map_or("", String::as_str);
                secret(&printed, &format!("the output of the program {program:?}"))
            }
        }
    }
}

/// Returns the secret of a component if it is long enough to be found in responses. That of a destination may be
/// shorter: no component sends it, so none can read it back.
///
/// # Errors
///
/// When it is shorter.
pub(crate) fn long_enough(secret: SecretString) -> Result<SecretString, SecretError> {
    if secret.expose_secret().len() < MIN_LENGTH {
        return Err(SecretError::new(format_args!(
            "the secret has fewer than {MIN_LENGTH} bytes, so it would be found in responses by chance: check that its \
             source yields the whole secret, or have its issuer make a longer one"
        )));
    }
    Ok(secret)
}

/// Makes a secret of what `source` yielded.
fn secret(bytes: &[u8], source: &str) -> Result<SecretString, SecretError> {
    let wrong = |why: &str| SecretError::new(format_args!("{source} {why}"));
    if bytes.len() > LONGEST {
        return Err(wrong(
            "is longer than 64 KiB: it must contain the secret and nothing else",
        ));
    }
    let text =
        str::from_utf8(bytes).map_err(|_| wrong("is not UTF-8 text: a secret must be text"))?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.trim().is_empty() {
        return Err(wrong("is empty: it must contain the secret"));
    }
    Ok(SecretString::from(text))
}

/// Returns whether a text can name an environment variable.
fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Returns what to call a variable in a message. A name that is not in capitals may be the secret itself, put there by
/// mistake, so it is not repeated.
fn variable(name: &str) -> String {
    if name.chars().any(|c| c.is_ascii_lowercase()) {
        "the environment variable that `env` names".to_owned()
    } else {
        format!("the environment variable {name}")
    }
}
