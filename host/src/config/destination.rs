//! Where an account's events go: `[account.NAME.deliver]`.

use std::path::Path;

use sha2::{Digest, Sha256};

use crate::config::problem::{Problem, read};
use crate::text::hex::hex;
use crate::text::similar;

mod file;
mod format;
mod headers;
mod http;
mod path_name;
mod sekoia;
mod template;
#[cfg(test)]
mod tests;

pub(crate) use self::file::FileConfig;
pub(crate) use self::format::{Format, SekoiaTasks};
#[cfg(test)]
pub(crate) use self::headers::Header;
pub(crate) use self::headers::HeaderText;
pub(crate) use self::http::HttpConfig;
#[cfg(test)]
pub(crate) use self::http::RequestTimeouts;
pub(crate) use self::template::SourceName;

/// Where an account's events go. Accounts with equal tables have equal destinations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum DestinationConfig {
    /// Standard output.
    #[default]
    Stdout,
    /// The end of a file.
    File(FileConfig),
    /// An intake that accepts events by POST.
    Http(Box<HttpConfig>),
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
                let mut file: FileConfig = read(key, table, problems)?;
                folder.clone_into(&mut file.relative_to);
                Some(Self::File(file))
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

    /// Returns a digest of the receiver of a source: 64 hexadecimal digits that stay the same for as long as its events
    /// go to the same place, however they are sent there. A URL may hold what should be kept nowhere, hence a digest.
    pub(crate) fn identity(&self, source: &SourceName<'_>) -> String {
        let receiver = match self {
            Self::Stdout => "stdout".to_owned(),
            Self::File(file) => format!("file {}", file.path(source).display()),
            // A header may choose the receiver, such as an index; a secret that does so is not seen here.
            Self::Http(http) => {
                let value = |text: &HeaderText| Some(text.plain(source)?.as_bytes().to_vec());
                let headers = http.headers.iter();
                let plain: Vec<_> = headers
                    .filter_map(|header| Some((&header.name, value(&header.text)?)))
                    .collect();
                format!("http {} {plain:?}", http.url(source))
            }
        };
        hex(&Sha256::digest(receiver))
    }
}
