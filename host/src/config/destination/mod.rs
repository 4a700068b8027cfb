//! Where an account's events go: `[account.NAME.deliver]`.

use std::path::{Path, PathBuf};

use super::{Problem, file};
use crate::similar;

/// The destinations that there are.
const KNOWN: [&str; 2] = ["stdout", "file"];

/// Where an account's events go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// Standard output, the default.
    Stdout,
    /// The end of a file.
    File {
        /// The file.
        path: PathBuf,
    },
}

impl Destination {
    /// Checks the table `[account.NAME.deliver]`, whose name with all tables is `key`; a relative path is
    /// relative to `folder`. What is wrong is added to `problems`, and the answer is then none.
    pub(super) fn check(
        key: &str,
        table: file::Deliver,
        folder: &Path,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        let (subkey, message) = match (table.to.as_deref(), table.path) {
            (None | Some("stdout"), None) => return Some(Self::Stdout),
            (Some("file"), Some(path)) if !path.as_os_str().is_empty() => {
                return Some(Self::File {
                    path: folder.join(path),
                });
            }
            (Some("file"), _) => (
                "path",
                "is missing or empty: name the file to append to, such as path = \"events.ndjson\""
                    .to_owned(),
            ),
            (None | Some("stdout"), Some(_)) => (
                "path",
                "belongs to a file, and the events go to stdout: write to = \"file\", or remove it"
                    .to_owned(),
            ),
            (Some(other), _) => (
                "to",
                format!(
                    "{other:?} is not a destination{}; known are \"stdout\" and \"file\"",
                    similar::hint(other, KNOWN)
                ),
            ),
        };
        problems.push(Problem::new(format!("{key}.{subkey}"), message));
        None
    }
}
