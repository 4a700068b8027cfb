//! The end of a file: `to = "file"`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{Deserializer, Error};

use crate::config::destination::path_name;
use crate::config::destination::template::{self, SourceName};
use crate::config::values;

/// What stands for an unknown value in a path.
const ANY: &str = "\u{3}";

/// The file or files of an account: the keys of `to = "file"`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileConfig {
    #[serde(deserialize_with = "path")]
    path: String,
    /// What a relative path is relative to.
    #[serde(skip)]
    pub(super) relative_to: PathBuf,
    /// Whether a path of another account could be the same, so that the id follows each name.
    #[serde(skip)]
    with_ids: bool,
}

impl FileConfig {
    /// Returns the file of a source.
    pub(crate) fn path(&self, source: &SourceName<'_>) -> PathBuf {
        let name = match source.is_ambiguous || self.with_ids {
            true => path_name::with_id(source.name(), source.id),
            false => path_name::of_text(source.name()),
        };
        let account = path_name::of_text(source.account);
        self.filled([&account, &path_name::of_id(source.id), &name])
    }

    /// Returns the folder above all files of the account, which must exist: those that placeholders name are created.
    pub(crate) fn folder(&self) -> PathBuf {
        let mut path = self.filled([ANY; 3]);
        while path.pop() && path.to_string_lossy().contains(ANY) {}
        path
    }

    /// Returns the ids of the sources, among all of an account, whose names alone would lead two of them to one path.
    /// The id follows the name of each of these, so that it does not matter which of them was there first.
    pub(crate) fn ambiguous(&self, account: &str, names: BTreeMap<&str, &str>) -> BTreeSet<String> {
        let mut ids: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (id, name) in names {
            let source = SourceName {
                account,
                id,
                name,
                is_ambiguous: false,
            };
            ids.entry(folded(&self.path(&source))).or_default().push(id);
        }
        ids.retain(|_, ids| self.path.contains("{name}") && ids.len() > 1);
        ids.into_values().flatten().map(str::to_owned).collect()
    }

    /// Lets ids follow the names where the path does not keep the account apart from `all` others, whose sources it does not
    /// know. That depends on no other account's path or folder, so that a change of one moves no other account's files.
    pub(in crate::config) fn tell_apart(&mut self, account: &str, all: &[String]) {
        let is_same = |other: &&String| other.eq_ignore_ascii_case(account);
        let is_alone = all.len() == 1;
        // Neither the name of an account nor a name in a path contains one of these.
        let is_apart = ["/", ".", "~"].iter().any(|end| {
            let begins = self.path.starts_with("{account}") || self.path.contains("/{account}");
            begins && self.path.contains(&format!("{{account}}{end}"))
        });
        let is_unique = all.iter().filter(is_same).count() == 1;
        self.with_ids = !(is_alone || is_apart && is_unique || self.path.contains("{source}"));
    }

    fn filled(&self, values: [&str; 3]) -> PathBuf {
        let path = template::fill(&self.path, values);
        let path = Path::new(".").join(&self.relative_to).join(path);
        // The configuration may be named by another path in the next run.
        std::path::absolute(&path).unwrap_or(path)
    }
}

/// Returns a path as file systems see it that do not distinguish upper and lower case.
fn folded(path: &Path) -> String {
    path.to_string_lossy().to_uppercase().to_lowercase()
}

fn path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let path: PathBuf = values::path(deserializer)?;
    let path = path.to_string_lossy();
    template::check(&path).map_err(D::Error::custom)?;
    Ok(path.into_owned())
}
