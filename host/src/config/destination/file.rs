//! The end of a file: `to = "file"`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{Deserializer, Error};

use crate::config::destination::template::{Part, SourceName, Template};
use crate::config::problem::{Problem, read as read_table};
use crate::config::values;

/// The file or files of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileConfig {
    /// What a relative path is relative to.
    folder: PathBuf,
    path: Template,
    /// Whether a path of another account could be the same, so that each `{name}` has an id behind it.
    with_ids: bool,
}

/// The keys of `to = "file"`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    #[serde(deserialize_with = "path")]
    path: Template,
}

impl FileConfig {
    /// Reads the table `key` of a destination `to = "file"`.
    pub(super) fn read(
        key: &str,
        table: toml::Table,
        folder: &Path,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        let Keys { path } = read_table(key, table, problems)?;
        Some(Self {
            folder: folder.to_owned(),
            path,
            with_ids: false,
        })
    }

    /// Returns the file of a source.
    pub(crate) fn path(&self, source: &SourceName<'_>) -> PathBuf {
        let is_ambiguous = source.is_ambiguous || self.with_ids;
        let source = SourceName {
            is_ambiguous,
            ..*source
        };
        self.absolute(&self.path.path(&source))
    }

    /// Returns the folder above all files of the account, which must exist: those that placeholders name are created.
    pub(crate) fn folder(&self) -> PathBuf {
        let text = self.path.first_text();
        let folder = text.rfind('/').and_then(|slash| text.get(..=slash));
        self.absolute(folder.unwrap_or_default())
    }

    /// Returns the ids of the sources, among all of an account, whose names alone would lead two of them to one path.
    /// The id follows the name of each of these, so that it does not matter which of them was there first.
    pub(crate) fn ambiguous<'a>(
        &self,
        account: &str,
        sources: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> BTreeSet<String> {
        let mut ids: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        for (id, name) in sources.filter(|_| self.path.has(&Part::Name)) {
            let source = SourceName {
                account,
                id,
                name,
                is_ambiguous: false,
            };
            let path = folded(&self.path(&source));
            ids.entry(path).or_default().insert(id);
        }
        let shared = ids.into_values().filter(|ids| ids.len() > 1);
        shared.flatten().map(str::to_owned).collect()
    }

    /// The configuration may be named by another path in the next run.
    fn absolute(&self, path: &str) -> PathBuf {
        let path = Path::new(".").join(&self.folder).join(path);
        std::path::absolute(&path).unwrap_or(path)
    }

    /// Returns what all paths of an account have in common.
    fn shape(&self, account: &str) -> Shape {
        let (begin, end) = self.path.path_ends(account);
        let any = self.absolute(&self.path.fill(|_| "x".to_owned()));
        Shape {
            begin: folded(&self.absolute(&begin)),
            end: folded(Path::new(&end)),
            depth: any.components().count(),
        }
    }
}

/// What all paths of an account begin and end with, and the number of their components.
struct Shape {
    begin: String,
    end: String,
    depth: usize,
}

impl Shape {
    /// Returns whether a path of one account may be a path of another.
    fn may_meet(&self, other: &Self) -> bool {
        let (begins, ends) = ((&self.begin, &other.begin), (&self.end, &other.end));
        self.depth == other.depth
            && (begins.0.starts_with(begins.1) || begins.1.starts_with(begins.0))
            && (ends.0.ends_with(ends.1) || ends.1.ends_with(ends.0))
    }
}

/// Lets ids follow the names in the paths of each account whose names alone could lead to a file of another account,
/// since accounts do not know the names of each other's sources.
pub(in crate::config) fn tell_apart<'a>(
    files: impl Iterator<Item = (&'a str, &'a mut FileConfig)>,
) {
    let mut files: Vec<_> = files
        .map(|(account, file)| (file.shape(account), file))
        .collect();
    let may_meet = |(index, (shape, file)): (usize, &(Shape, &mut FileConfig))| {
        let mut others = files.iter().enumerate();
        file.path.has(&Part::Name)
            && !file.path.has(&Part::Source)
            && others.any(|(other, (others, _))| other != index && shape.may_meet(others))
    };
    let with_ids: Vec<bool> = files.iter().enumerate().map(may_meet).collect();
    for ((_, file), with_ids) in files.iter_mut().zip(with_ids) {
        file.with_ids = with_ids;
    }
}

/// Returns a path as file systems see it that do not distinguish upper and lower case.
fn folded(path: &Path) -> String {
    path.to_string_lossy().to_uppercase().to_lowercase()
}

fn path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Template, D::Error> {
    let path: PathBuf = values::path(deserializer)?;
    Template::parse(&path.to_string_lossy()).map_err(D::Error::custom)
}
