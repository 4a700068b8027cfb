//! Where the secrets come from: the environment, a file or a command, never the configuration file.
//!
//! Nothing here puts a secret, or what may be one by mistake, into a message or a `Debug` text.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use secrecy::SecretString;

use crate::similar;

/// The forms of a secret's source, for messages.
const FORMS: &str =
    "{ env = \"NAME\" }, { file = \"path\" } or { command = [\"program\", \"argument\"] }";

/// Where one secret comes from.
#[derive(Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// The environment variable of this name.
    Env(String),
    /// The content of this file.
    File(PathBuf),
    /// What this program, the first text, prints when it runs with the other texts as its arguments. It is
    /// looked for as a shell does, runs in the current folder, reads nothing and may write to the
    /// terminal's standard error.
    Command(Vec<String>),
}

/// Tells the kind and the place; arguments may hold what should not be shown, so they are counted only.
impl fmt::Debug for SecretSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(formatter, "Env({})", variable(name)),
            Self::File(path) => write!(formatter, "File({path:?})"),
            Self::Command(argv) => {
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
    /// The source gave nothing but white space; holds the source.
    #[error("{0} is empty: it must hold the secret")]
    Empty(String),
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
        const KNOWN: [&str; 3] = ["env", "file", "command"];
        if let Some(key) = table.keys().find(|key| !KNOWN.contains(&key.as_str())) {
            return Err(SourceError::UnknownKey {
                key: key.clone(),
                hint: similar::hint(key, KNOWN),
            });
        }
        let mut entries = table.iter();
        let (Some((key, value)), None) = (entries.next(), entries.next()) else {
            return Err(SourceError::NotOne);
        };
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
                    .map(Self::Command)
                    .ok_or(SourceError::CommandForm)
            }
            _ => Err(SourceError::CommandForm),
        }
    }

    /// Reads the secret, without the line break that most editors and programs put at the end.
    ///
    /// A command is waited for as long as it takes: it may ask a person for a passphrase.
    ///
    /// # Errors
    ///
    /// When the source is not there, fails, or gives nothing or no text.
    pub fn resolve(&self) -> Result<SecretString, SecretError> {
        match self {
            Self::Env(name) => match std::env::var(name) {
                Ok(text) => secret(text.into_bytes(), &variable(name)),
                Err(std::env::VarError::NotPresent) => Err(SecretError::NotSet(variable(name))),
                Err(std::env::VarError::NotUnicode(_)) => Err(SecretError::NotText(variable(name))),
            },
            Self::File(path) => {
                let bytes = std::fs::read(path).map_err(|source| SecretError::File {
                    path: path.clone(),
                    source,
                })?;
                secret(bytes, &format!("the file {}", path.display()))
            }
            Self::Command(argv) => from_command(argv),
        }
    }
}

/// Runs a program and takes what it prints.
fn from_command(argv: &[String]) -> Result<SecretString, SecretError> {
    let (program, arguments) = argv
        .split_first()
        .map_or(("", argv), |(program, arguments)| {
            (program.as_str(), arguments)
        });
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|source| SecretError::Start {
            program: program.to_owned(),
            source,
        })?;
    if !output.status.success() {
        return Err(SecretError::Failed {
            program: program.to_owned(),
            ending: match output.status.code() {
                Some(code) => format!("failed with exit code {code}"),
                None => "was ended by a signal".to_owned(),
            },
        });
    }
    secret(
        output.stdout,
        &format!("the output of the program {program:?}"),
    )
}

/// Makes a secret of what `source` gave.
fn secret(bytes: Vec<u8>, source: &str) -> Result<SecretString, SecretError> {
    let mut text = String::from_utf8(bytes).map_err(|_| SecretError::NotText(source.to_owned()))?;
    text.truncate(text.trim_end_matches(['\r', '\n']).len());
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

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    const CANARY: &str = "canary-7f3a";

    fn source(text: &str) -> Result<SecretSource, SourceError> {
        let table: toml::Table = toml::from_str(&format!("secret = {text}")).unwrap();
        SecretSource::from_toml(&table["secret"], Path::new("/etc/asset-host"))
    }

    fn command(script: &str) -> SecretSource {
        SecretSource::Command(["sh", "-c", script].map(str::to_owned).to_vec())
    }

    #[test]
    fn reads_the_three_forms() {
        for (text, expected) in [
            (
                r#"{ env = "SOPHOS_CLIENT_SECRET" }"#,
                SecretSource::Env("SOPHOS_CLIENT_SECRET".into()),
            ),
            (
                r#"{ file = "secret.txt" }"#,
                SecretSource::File("/etc/asset-host/secret.txt".into()),
            ),
            (
                r#"{ file = "/run/secret" }"#,
                SecretSource::File("/run/secret".into()),
            ),
            (
                r#"{ command = ["pass", "sophos"] }"#,
                SecretSource::Command(vec!["pass".into(), "sophos".into()]),
            ),
        ] {
            assert_eq!(source(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn refuses_other_forms_without_repeating_them() {
        for (text, part) in [
            (r#""canary-7f3a""#, "not hold it: write { env"),
            ("77342", "not hold it"),
            (r#"["canary-7f3a"]"#, "not hold it"),
            ("{}", "exactly one of"),
            (r#"{ env = "A", file = "b" }"#, "exactly one of"),
            (
                r#"{ comand = ["pass"] }"#,
                "unknown key `comand`, did you mean `command`?",
            ),
            (
                r#"{ env = "A", value = "canary-7f3a" }"#,
                "unknown key `value`",
            ),
            (
                r#"{ env = "canary-7f3a" }"#,
                "the name of an environment variable",
            ),
            (r#"{ env = "" }"#, "the name of an environment variable"),
            ("{ env = 77342 }", "the name of an environment variable"),
            (r#"{ file = "" }"#, "the path of a file"),
            ("{ file = 77342 }", "the path of a file"),
            (r#"{ command = "echo canary-7f3a" }"#, "a list of texts"),
            ("{ command = [] }", "a list of texts"),
            (r#"{ command = [""] }"#, "a list of texts"),
            (r#"{ command = ["echo", 77342] }"#, "a list of texts"),
        ] {
            let message = source(text).unwrap_err().to_string();
            assert!(message.contains(part), "{text}: {message}");
            assert!(!message.contains(CANARY), "{message}");
            assert!(!message.contains("77342"), "{message}");
        }
    }

    #[test]
    fn trims_line_breaks_at_the_end_and_nothing_else() {
        for (script, expected) in [
            ("printf 'canary-7f3a'", CANARY),
            ("printf 'canary-7f3a\\n'", CANARY),
            ("printf 'canary-7f3a\\r\\n\\n'", CANARY),
            ("printf ' a b \\n'", " a b "),
        ] {
            let secret = command(script).resolve().unwrap();
            assert_eq!(secret.expose_secret(), expected, "{script}");
        }
    }

    #[test]
    fn reads_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret.txt");
        std::fs::write(&path, format!("{CANARY}\n")).unwrap();
        let secret = SecretSource::File(path).resolve().unwrap();
        assert_eq!(secret.expose_secret(), CANARY);
    }

    #[test]
    fn reads_the_environment() {
        let secret = SecretSource::Env("PATH".into()).resolve().unwrap();
        assert_eq!(secret.expose_secret(), std::env::var("PATH").unwrap());
    }

    #[test]
    fn a_failing_source_tells_what_to_do_and_not_what_it_gave() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing.txt");
        let empty = folder.path().join("empty.txt");
        let binary = folder.path().join("binary.dat");
        std::fs::write(&empty, " \n").unwrap();
        std::fs::write(&binary, b"canary-7f3a\xff").unwrap();
        for (source, parts) in [
            (
                SecretSource::Env("ASSET_HOST_NEVER_SET".into()),
                [
                    "environment variable ASSET_HOST_NEVER_SET",
                    "is not set: set it",
                ],
            ),
            (
                SecretSource::Env("canary7f3a".into()),
                ["that `env` names", "is not set: set it"],
            ),
            (SecretSource::File(missing), ["missing.txt", "cannot read"]),
            (SecretSource::File(empty), ["empty.txt", "is empty"]),
            (SecretSource::File(binary), ["binary.dat", "not UTF-8"]),
            (
                SecretSource::Command(vec!["asset-host-no-such-program".into()]),
                ["asset-host-no-such-program", "cannot start"],
            ),
            (
                command("printf canary-7f3a; exit 3"),
                ["\"sh\"", "exit code 3: run it by hand"],
            ),
            (
                command("printf canary-7f3a; kill -9 $$"),
                ["\"sh\"", "ended by a signal"],
            ),
            (command("printf ''"), ["output of the program", "is empty"]),
        ] {
            let message = source.resolve().unwrap_err().to_string();
            for part in parts {
                assert!(message.contains(part), "{message}");
            }
            assert!(!message.contains(CANARY), "{message}");
            assert!(!message.contains("canary7f3a"), "{message}");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let secret = command("printf canary-7f3a").resolve().unwrap();
        for text in [
            format!("{secret:?}"),
            format!("{:?}", command("printf canary-7f3a")),
            format!("{:?}", SecretSource::Env("canary7f3a".into())),
        ] {
            assert!(!text.contains("canary"), "{text}");
        }
    }
}
