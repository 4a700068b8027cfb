//! Where an account's events go: `[account.NAME.deliver]`.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::config::problem::{Problem, read};
use crate::config::values;
use crate::text::hex::hex;
use crate::text::similar;

mod format;
mod headers;
mod http;
mod sekoia;
#[cfg(test)]
mod tests;

pub(crate) use self::format::{Format, SekoiaTasks};
#[cfg(test)]
pub(crate) use self::headers::Header;
pub(crate) use self::headers::HeaderText;
pub(crate) use self::http::HttpConfig;
#[cfg(test)]
pub(crate) use self::http::RequestTimeouts;

/// Where an account's events go. Accounts with equal tables have equal destinations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum DestinationConfig {
    /// Standard output.
    #[default]
    Stdout,
    /// The end of a file.
    File { path: PathBuf },
    /// An intake that accepts events by POST.
    Http(Box<HttpConfig>),
}

/// The keys of `to = "file"`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileKeys {
    #[serde(deserialize_with = "values::path")]
    path: PathBuf,
}

impl DestinationConfig {
    /// Reads the table `[account.NAME.deliver]`, whose full name is `key`. Relative paths are relative to `folder`. What
    /// is wrong is added to `problems`.
    pub(super) fn read(
        key: &str,
        mut table: toml::Table,
        folder: &Path,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        let to = table.remove("to");
        let to = to.as_ref().map_or(Some("stdout"), toml::Value::as_str);
        match to {
            Some("stdout") => {
                for other in table.keys() {
                    problems.push(Problem::new(
                        format!("{key}.{other}"),
                        "is not a key of the destination \"stdout\", the default, which has none: add to = \"file\", \
                         \"sekoia\" or \"http\", or remove this key",
                    ));
                }
                Some(Self::Stdout)
            }
            Some("file") => {
                let file: FileKeys = read(key, table, problems)?;
                let path = folder.join(file.path);
                Some(Self::File { path })
            }
            Some("sekoia") => sekoia::read(key, table, folder, problems)
                .map(Box::new)
                .map(Self::Http),
            Some("http") => http::read(key, table, folder, problems)
                .map(Box::new)
                .map(Self::Http),
            None => {
                let key = format!("{key}.to");
                problems.push(Problem::new(key, "must be a text in quotes"));
                None
            }
            Some(other) => {
                let hint = similar::hint(other, ["stdout", "file", "sekoia", "http"]);
                problems.push(Problem::new(
                    format!("{key}.to"),
                    format_args!(
                        "{other:?} is not a destination{hint}; write \"stdout\", \"file\", \"sekoia\" or \"http\""
                    ),
                ));
                None
            }
        }
    }

    /// Returns a digest of the receiver: 64 hexadecimal digits that stay the same for as long as the events go to the same
    /// place, however they are sent there. A URL may hold what should be kept nowhere, hence a digest.
    pub(crate) fn identity(&self) -> String {
        let receiver = match self {
            Self::Stdout => "stdout".to_owned(),
            Self::File { path } => {
                // The configuration may be named by another path in the next run.
                let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
                format!("file {}", path.display())
            }
            // A header may choose the receiver, such as an index; a secret that does so is not seen here.
            Self::Http(http) => {
                let plain = http.headers.iter().filter_map(|header| match &header.text {
                    HeaderText::Plain(text) => Some((&header.name, text.as_bytes())),
                    HeaderText::Secret { .. } => None,
                });
                format!("http {} {:?}", http.url, plain.collect::<Vec<_>>())
            }
        };
        hex(&Sha256::digest(receiver))
    }
}
