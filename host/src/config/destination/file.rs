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

    fn filled(&self, values: [&str; 3]) -> PathBuf {
        let path = template::fill(&self.path, values);
        let path = Path::new(".").join(&self.relative_to).join(path);
        // The configuration may be named by another path in the next run.
        std::path::absolute(&path).unwrap_or(path)
    }
}

/// Lets ids follow the names in the paths of each account whose names alone could lead to a file of another account,
/// since accounts do not know the names of each other's sources.
pub(in crate::config) fn tell_apart<'a>(
    files: impl Iterator<Item = (&'a str, &'a mut FileConfig)>,
) {
    let (patterns, files): (Vec<_>, Vec<_>) = files
        .map(|(account, file)| {
            let account = path_name::of_text(account);
            (folded(&file.filled([&account, ANY, ANY])), file)
        })
        .unzip();
    let shapes: Vec<_> = patterns.iter().map(|pattern| shape(pattern)).collect();
    for (file, one) in files.into_iter().zip(&shapes) {
        // The first is the account's own.
        let mut met = shapes.iter().filter(|other| may_meet(one, other));
        file.with_ids = !file.path.contains("{source}") && met.nth(1).is_some();
    }
}

/// Returns the number of folders of a path with unknown values, and what it begins and ends with.
fn shape(pattern: &str) -> (usize, &str, &str) {
    let begin = pattern.split(ANY).next().unwrap_or(pattern);
    let end = pattern.rsplit(ANY).next().unwrap_or(pattern);
    (pattern.matches('/').count(), begin, end)
}

/// Returns whether paths of two shapes may be the same.
fn may_meet(one: &(usize, &str, &str), other: &(usize, &str, &str)) -> bool {
    one.0 == other.0
        && (one.1.starts_with(other.1) || other.1.starts_with(one.1))
        && (one.2.ends_with(other.2) || other.2.ends_with(one.2))
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
