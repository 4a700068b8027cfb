//! The file that keeps the cursor of each source: one JSON object, one file an account.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs::{self, File};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The cursors of an account's sources by their ids.
pub(crate) struct Cursors {
    file: Option<PathBuf>,
    known: BTreeMap<String, String>,
}

impl Cursors {
    /// Reads a file; one that does not exist yet has no cursor. Without a file nothing is kept.
    pub(crate) fn read(file: Option<&Path>) -> Result<Self, String> {
        let text = match file.map(fs::read_to_string) {
            None => "{}".to_owned(),
            Some(Err(error)) if error.kind() == io::ErrorKind::NotFound => "{}".to_owned(),
            Some(text) => text.map_err(|error| unreadable(file, &error))?,
        };
        let known = serde_json::from_str(&text).map_err(|error| unreadable(file, &error))?;
        Ok(Self {
            file: file.map(PathBuf::from),
            known,
        })
    }

    /// Returns the cursor of a source.
    pub(crate) fn get(&self, source: &str) -> Option<&str> {
        self.known.get(source).map(String::as_str)
    }

    /// Returns the ids of all sources that were collected before.
    pub(crate) fn sources(&self) -> impl Iterator<Item = &str> {
        self.known.keys().map(String::as_str)
    }

    /// Stores the cursor of a source, whose events are written by now. The file is replaced as a whole.
    pub(crate) fn store(&mut self, source: &str, cursor: &str) -> Result<(), String> {
        self.known.insert(source.to_owned(), cursor.to_owned());
        let Some(file) = &self.file else {
            return Ok(());
        };
        // Another run may be writing, too.
        let random = RandomState::new().build_hasher().finish();
        let new = file.with_added_extension(format!("{random:x}.new"));
        let text = serde_json::to_vec(&self.known).map_err(|error| error.to_string())?;
        let stored = write_synced(&new, &text).and_then(|()| fs::rename(&new, file));
        stored.map_err(|error| format!("cannot store the cursors: {error}"))
    }
}

fn unreadable(file: Option<&Path>, why: &dyn Display) -> String {
    let file = file.unwrap_or(Path::new("")).display();
    format!("the cursors in {file} cannot be read: {why}")
}

fn write_synced(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(text)?;
    file.sync_all()
}
