//! Where the secrets come from: the environment, a file or a command, never the configuration file.
//!
//! Nothing here puts a secret, or what may be one by mistake, into a message or a `Debug` text. What is read on the
//! way to a secret is wiped, into memory that never grows, as growing leaves copies behind. What is not in our
//! hands stays: the process's environment, the file, and what the system buffers in a pipe.

use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

use crate::text::similar;
use crate::units::duration;

mod command;
#[cfg(test)]
mod tests;

pub(crate) use self::command::kill_all;

/// The forms of a secret's source, for messages.
const FORMS: &str =
    "{ env = \"NAME\" }, { file = \"path\" } or { command = [\"program\", \"argument\"] }";

/// The longest secret, in bytes: far more than any key or certificate, and less than a wrong file.
const LONGEST: usize = 64 << 10;

/// How long a program may take to print a secret, where `timeout` does not say it.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The shortest secret of a component, in bytes. Shorter values are in answers by chance, where a stand-in would break
/// them.
pub(crate) const MIN_LENGTH: usize = 8;

/// Where one secret comes from.
#[derive(Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// The environment variable of this name.
    Env(String),
    /// The content of this file.
    File(PathBuf),
    /// What a program prints.
    Command {
        /// The program, followed by its arguments. It is looked for as a shell does, runs in the current folder,
        /// reads nothing and may write to the terminal's standard error.
        argv: Vec<String>,
        /// How long the program may take before it is killed.
        timeout: Duration,
    },
}

/// Tells the kind and the place; arguments may hold what should not be shown, so they are counted only.
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

/// Why a value of the configuration does not tell where a secret comes from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// A text or another plain value: most likely the secret itself.
    #[error(
        "must tell where the secret comes from, not hold it: write {FORMS}, take the secret out of this \
         file, and replace it at its issuer if others could read the file"
    )]
    PlainValue,
    /// None or more than one of the three forms.
    #[error("must have exactly one of `env`, `file` and `command`: {FORMS}")]
    NotOne,
    /// A key that no form has.
    #[error("unknown key `{key}`{hint}; write {FORMS}")]
    UnknownKey {
        /// The key.
        key: String,
        /// The nearest known key as a clause, or nothing.
        hint: String,
    },
    /// `env` is not the name of a variable.
    #[error(
        "`env` must be the name of an environment variable (letters, digits and `_`, not beginning with a \
         digit), not the secret itself"
    )]
    EnvName,
    /// `file` is not a path.
    #[error("`file` must be the path of a file that holds the secret and nothing else")]
    FilePath,
    /// `command` is not a program with arguments.
    #[error(
        "`command` must be a list of texts, the program first: {{ command = [\"pass\", \"sophos\"] }}"
    )]
    CommandForm,
    /// `timeout` is not a duration.
    #[error("`timeout` must be a duration in quotes, longer than 0s, such as \"30s\"")]
    Timeout,
    /// `timeout` stands beside another form than `command`.
    #[error("`timeout` belongs to `command`: remove it")]
    TimeoutElsewhere,
}

/// Why a source gave no secret. No message holds what the source gave.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The environment variable is not set; holds how to call it.
    #[error("{0} is not set: set it in the environment that asset-host runs in")]
    NotSet(String),
    /// The file cannot be read.
    #[error("cannot read the secret from {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The program cannot be started.
    #[error("cannot start the program {program:?} that prints the secret: {source}")]
    Start {
        /// The program.
        program: String,
        /// Why not.
        source: io::Error,
    },
    /// The program ran and did not succeed.
    #[error("the program {program:?} that prints the secret {ending}: run it by hand to see why")]
    Failed {
        /// The program.
        program: String,
        /// How it ended: `failed with exit code 1` or `was ended by a signal`.
        ending: String,
    },
    /// The program took too long.
    #[error(
        "the program {program:?} that prints the secret did not end within {} and was killed: run it by hand to see \
         what it waits for, or raise `timeout` beside `command`",
        duration::format(*timeout)
    )]
    TooSlow {
        /// The program.
        program: String,
        /// How long it could take.
        timeout: Duration,
    },
    /// The source gave nothing but white space; holds the source.
    #[error("{0} is empty: it must hold the secret")]
    Empty(String),
    /// The source gave too much; holds the source.
    #[error("{0} is longer than 64 KiB: it must hold the secret and nothing else")]
    TooLong(String),
    /// The secret of a component is too short to be kept from it.
    #[error(
        "the secret has fewer than {MIN_LENGTH} bytes, so it cannot be told from what answers hold by chance: check that its \
         source gives the whole secret, or have its issuer make a longer one"
    )]
    TooShort,
    /// The program's output cannot be read.
    #[error("cannot read what the program {program:?} prints: {source}")]
    Output {
        /// The program.
        program: String,
        /// Why not.
        source: io::Error,
    },
    /// The source gave bytes that are no text; holds the source.
    #[error("{0} is not UTF-8 text: a secret must be text")]
    NotText(String),
}

impl SecretSource {
    /// Reads a source from its value in the configuration; a relative file is relative to `folder`.
    ///
    /// # Errors
    ///
    /// Any value that is not one of the three forms.
    pub fn from_toml(value: &toml::Value, folder: &Path) -> Result<Self, SourceError> {
        let toml::Value::Table(table) = value else {
            return Err(SourceError::PlainValue);
        };
        const KNOWN: [&str; 4] = ["env", "file", "command", "timeout"];
        if let Some(key) = table.keys().find(|key| !KNOWN.contains(&key.as_str())) {
            return Err(SourceError::UnknownKey {
                key: key.clone(),
                hint: similar::hint(key, KNOWN),
            });
        }
        let mut forms = table.iter().filter(|(key, _)| *key != "timeout");
        let (Some((key, value)), None) = (forms.next(), forms.next()) else {
            return Err(SourceError::NotOne);
        };
        let timeout = table.get("timeout").map(timeout).transpose()?;
        if timeout.is_some() && key != "command" {
            return Err(SourceError::TimeoutElsewhere);
        }
        match (key.as_str(), value) {
            ("env", toml::Value::String(name)) if is_variable(name) => Ok(Self::Env(name.clone())),
            ("env", _) => Err(SourceError::EnvName),
            ("file", toml::Value::String(path)) if !path.is_empty() => {
                Ok(Self::File(folder.join(path)))
            }
            ("file", _) => Err(SourceError::FilePath),
            (_, toml::Value::Array(items)) => {
                let argv: Option<Vec<String>> = items
                    .iter()
                    .map(|item| item.as_str().map(str::to_owned))
                    .collect();
                argv.filter(|argv| argv.first().is_some_and(|program| !program.is_empty()))
                    .map(|argv| Self::Command {
                        argv,
                        timeout: timeout.unwrap_or(TIMEOUT),
                    })
                    .ok_or(SourceError::CommandForm)
            }
            _ => Err(SourceError::CommandForm),
        }
    }

    /// Reads the secret, without the line break that most editors and programs put at the end.
    ///
    /// # Errors
    ///
    /// When the source is not there, fails, takes too long, or gives nothing or no text.
    pub fn resolve(&self) -> Result<SecretString, SecretError> {
        match self {
            Self::Env(name) => match std::env::var_os(name) {
                Some(text) => {
                    let bytes = Zeroizing::new(text.into_encoded_bytes());
                    secret(&bytes, &variable(name))
                }
                None => Err(SecretError::NotSet(variable(name))),
            },
            Self::File(path) => {
                let bytes = std::fs::File::open(path).and_then(read);
                let bytes = bytes.map_err(|source| SecretError::File {
                    path: path.clone(),
                    source,
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

/// Reads the value of `timeout`.
fn timeout(value: &toml::Value) -> Result<Duration, SourceError> {
    value
        .as_str()
        .and_then(|text| duration::parse(text).ok())
        .filter(|timeout| !timeout.is_zero())
        .ok_or(SourceError::Timeout)
}

/// The secret of a component, if it is long enough to be found in answers. That of a destination may be shorter: no
/// component sends it, so none can read it back.
///
/// # Errors
///
/// When it is not.
pub(crate) fn long_enough(secret: SecretString) -> Result<SecretString, SecretError> {
    if secret.expose_secret().len() < MIN_LENGTH {
        return Err(SecretError::TooShort);
    }
    Ok(secret)
}

/// Reads to the end, or a byte more than the longest secret.
fn read(source: impl Read) -> io::Result<Zeroizing<Vec<u8>>> {
    // More space than is read, else the vector grows to see that nothing follows.
    let mut bytes = Zeroizing::new(Vec::with_capacity(2 * LONGEST));
    let most = LONGEST as u64 + 1;
    source.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Makes a secret of what `source` gave.
fn secret(bytes: &[u8], source: &str) -> Result<SecretString, SecretError> {
    if bytes.len() > LONGEST {
        return Err(SecretError::TooLong(source.to_owned()));
    }
    let text = str::from_utf8(bytes).map_err(|_| SecretError::NotText(source.to_owned()))?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.trim().is_empty() {
        return Err(SecretError::Empty(source.to_owned()));
    }
    Ok(SecretString::from(text))
}

/// Whether a text can name an environment variable.
fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// What to call a variable in a message. A name that is not in capitals may be the secret itself, put
/// there by mistake, so it is not repeated.
fn variable(name: &str) -> String {
    if name.chars().any(|c| c.is_ascii_lowercase()) {
        "the environment variable that `env` names".to_owned()
    } else {
        format!("the environment variable {name}")
    }
}
