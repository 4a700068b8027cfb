//! Where an account's events go: `[account.NAME.deliver]`.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::config::problem::{Problem, read};
use crate::config::values;
use crate::text::similar;

mod address;
pub(crate) mod headers;
mod http;
mod identity;
mod request;
mod sekoia;
#[cfg(test)]
mod tests;

pub(crate) use self::headers::HeaderText;
pub(crate) use self::http::{BodyFormat, Http};
pub(crate) use self::request::{DeliverSecret, RequestTimeouts};
pub(crate) use self::sekoia::Sekoia;

/// Where an account's events go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Destination {
    /// Standard output.
    #[default]
    Stdout,
    /// The end of a file.
    File { path: PathBuf },
    /// The asset connector of a Sekoia.io platform.
    Sekoia(Sekoia),
    /// Any intake that accepts events by POST.
    Http(Http),
}

/// The keys of `to = "file"`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(deserialize_with = "values::path")]
    path: PathBuf,
}

impl Destination {
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
                let file: File = read(key, table, problems)?;
                let path = folder.join(file.path);
                Some(Self::File { path })
            }
            Some("sekoia") => Sekoia::read(key, table, folder, problems).map(Self::Sekoia),
            Some("http") => Http::read(key, table, folder, problems).map(Self::Http),
            None => {
                problems.push(Problem::new(
                    format!("{key}.to"),
                    "must be a text in quotes",
                ));
                None
            }
            Some(other) => {
                let hint = similar::hint(other, ["stdout", "file", "sekoia", "http"]);
                problems.push(Problem::new(
                    format!("{key}.to"),
                    format_args!(
                        "{other:?} is not a destination{hint}; known are \"stdout\", \"file\", \"sekoia\" and \"http\""
                    ),
                ));
                None
            }
        }
    }
}
