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

use crate::units::duration;

mod command;
mod read;
#[cfg(test)]
mod tests;

pub(crate) use self::command::kill_all;
use self::read::{MAX_LENGTH, read};

/// What to say about anything that is no source: most likely it is the secret itself.
pub(super) const FORMS: &str = "must say where the secret comes from, not contain it: write { env = \"NAME\" } with the \
     name of an environment variable, { file = \"path\" } or { command = [\"program\", \"argument\"] }, and only beside \
     `command` a timeout = \"30s\"; if the secret stands in this file, remove it, and replace it at its issuer if others \
     could read the file";

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

impl fmt::Debug for SecretSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.place())
    }
}

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

/// Reads a source as the configuration writes it. The message repeats no value and no key, as either may be the secret.
impl TryFrom<toml::Value> for SecretSource {
    type Error = &'static str;

    fn try_from(value: toml::Value) -> Result<Self, &'static str> {
        let form = Form::deserialize(value).map_err(|_| FORMS)?;
        match (form.env, form.file, form.command, form.timeout) {
            (Some(name), None, None, None) if is_variable(&name) => Ok(Self::Env(name)),
            (None, Some(path), None, None) if !path.as_os_str().is_empty() => Ok(Self::File(path)),
            (None, None, Some(argv), timeout)
                if argv.first().is_some_and(|program| !program.is_empty()) =>
            {
                let timeout = timeout.unwrap_or(TIMEOUT);
                Ok(Self::Command { argv, timeout })
            }
            _ => Err(FORMS),
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

    /// Returns what to call the source in a message. A variable that is not in capitals may be the secret itself, put there
    /// by mistake, so it is not repeated, and neither are the arguments of a program.
    fn place(&self) -> String {
        match self {
            Self::Env(name) if name.chars().any(|c| c.is_ascii_lowercase()) => {
                "the environment variable that `env` names".to_owned()
            }
            Self::Env(name) => format!("the environment variable {name}"),
            Self::File(path) => format!("the file {}", path.display()),
            Self::Command { argv, .. } => {
                let program = argv.first().map_or("", String::as_str);
                format!("the output of the program {program:?}")
            }
        }
    }

    /// Reads the secret, without the line break that most editors and programs put at the end.
    ///
    /// # Errors
    ///
    /// When the source is missing, fails, takes too long, or yields nothing or no text. The message contains nothing of
    /// what it yielded.
    pub(crate) fn resolve(&self) -> Result<SecretString, String> {
        let place = self.place();
        let bytes = match self {
            Self::Env(name) => {
                let text = std::env::var_os(name).ok_or_else(|| {
                    format!("{place} is not set: set it in the environment that asset-host runs in")
                })?;
                Zeroizing::new(text.into_encoded_bytes())
            }
            Self::File(path) => std::fs::File::open(path)
                .and_then(read)
                .map_err(|error| format!("cannot read the secret from {place}: {error}"))?,
            Self::Command { argv, timeout } => command::output(argv, *timeout)?,
        };
        if bytes.len() > MAX_LENGTH {
            return Err(format!(
                "{place} is longer than 64 KiB: it must contain the secret and nothing else"
            ));
        }
        let text = str::from_utf8(&bytes)
            .map_err(|_| format!("{place} is not UTF-8 text: a secret must be text"))?;
        let text = text.trim_end_matches(['\r', '\n']);
        if text.trim().is_empty() {
            return Err(format!("{place} is empty: it must contain the secret"));
        }
        Ok(SecretString::from(text))
    }
}

/// Returns the secret of a component if it is long enough to be found in responses. That of a destination may be
/// shorter: no component sends it, so none can read it back.
///
/// # Errors
///
/// When it is shorter.
pub(super) fn long_enough(secret: SecretString) -> Result<SecretString, String> {
    if secret.expose_secret().len() < MIN_LENGTH {
        return Err(format!(
            "the secret has fewer than {MIN_LENGTH} bytes, so it would be found in responses by chance: check that its \
             source yields the whole secret, or have its issuer make a longer one"
        ));
    }
    Ok(secret)
}

/// Returns whether a text can name an environment variable.
fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
