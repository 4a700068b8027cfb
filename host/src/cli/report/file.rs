//! A file that is replaced as a whole: who reads it sees the old text or the new one, never a part.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A file that each write replaces.
#[derive(Debug, Clone)]
pub(crate) struct WholeFile {
    path: PathBuf,
    /// In the same folder, as a file can be moved into place within one file system only.
    temporary: PathBuf,
}

/// Why a file was not written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteError {
    /// The path names no file.
    #[error("{}: is a folder or no name of a file; name a file", .0.display())]
    NoFile(PathBuf),
    /// The system does not let it be written.
    #[error("{}: cannot be written ({source}); its folder must exist, be writable and have room", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system reports.
        source: io::Error,
    },
}

impl WholeFile {
    /// Takes the file at `path`, which need not exist, and tries whether its folder can be written, so that a
    /// wrong path is told before any work is done.
    ///
    /// # Errors
    ///
    /// When the path is a folder, has no file name, or its folder cannot be written.
    pub(crate) fn new(path: &Path) -> Result<Self, WriteError> {
        let no_file = || WriteError::NoFile(path.to_owned());
        let name = path.file_name().ok_or_else(no_file)?;
        if path.is_dir() {
            return Err(no_file());
        }
        // Hidden and with an end of its own: collectors that read all files of a folder pass it over.
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{}.tmp", std::process::id()));
        let file = Self {
            path: path.to_owned(),
            temporary: path.with_file_name(hidden),
        };
        file.fill(b"").map_err(|source| file.error(source))?;
        fs::remove_file(&file.temporary).map_err(|source| file.error(source))?;
        Ok(file)
    }

    /// Replaces the file by one that holds `text`, which is on the disk before the file has its name.
    ///
    /// # Errors
    ///
    /// When it cannot be written; the file is then as it was.
    pub(crate) fn write(&self, text: &str) -> Result<(), WriteError> {
        let written = self
            .fill(text.as_bytes())
            .and_then(|()| fs::rename(&self.temporary, &self.path));
        written.map_err(|source| {
            // What is left of it helps nobody, and the first fault is the one to tell.
            let _ = fs::remove_file(&self.temporary);
            self.error(source)
        })
    }

    fn fill(&self, bytes: &[u8]) -> io::Result<()> {
        // One that a killed process with the same number left.
        match fs::remove_file(&self.temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&self.temporary)?;
        file.write_all(bytes)?;
        file.sync_all()
    }

    fn error(&self, source: io::Error) -> WriteError {
        WriteError::Io {
            path: self.path.clone(),
            source,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[test]
    fn replaces_the_file_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("summary.json");
        let file = WholeFile::new(&path).unwrap();
        assert_eq!(names(folder.path()), [""; 0]);
        for text in ["a longer text", "short", ""] {
            file.write(text).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
            assert_eq!(names(folder.path()), ["summary.json"]);
        }
    }

    #[test]
    fn who_has_the_old_file_open_reads_it_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("summary.json");
        let file = WholeFile::new(&path).unwrap();
        file.write("the old one").unwrap();
        let mut open = fs::File::open(&path).unwrap();
        file.write("the new one").unwrap();
        let mut text = String::new();
        io::Read::read_to_string(&mut open, &mut text).unwrap();
        assert_eq!(text, "the old one");
    }

    #[test]
    fn goes_over_what_a_killed_process_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("summary.json");
        let file = WholeFile::new(&path).unwrap();
        fs::write(&file.temporary, "half of a te").unwrap();
        file.write("whole").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "whole");
        assert_eq!(names(folder.path()), ["summary.json"]);
    }

    #[test]
    fn a_path_that_cannot_be_written_is_told_before_the_work() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing/summary.json");
        let message = WholeFile::new(&missing).unwrap_err().to_string();
        assert!(message.contains("missing/summary.json"), "{message}");
        assert!(message.contains("its folder must exist"), "{message}");
        for path in [folder.path(), Path::new("/"), Path::new("..")] {
            let error = WholeFile::new(path).unwrap_err();
            assert!(matches!(error, WriteError::NoFile(_)), "{error}");
        }
    }

    #[test]
    fn a_write_that_fails_is_told_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("summary.json");
        let file = WholeFile::new(&path).unwrap();
        // In the way of the file that is moved into place.
        fs::create_dir(&path).unwrap();
        let message = file.write("text").unwrap_err().to_string();
        assert!(message.contains("summary.json"), "{message}");
        assert_eq!(names(folder.path()), ["summary.json"]);
    }
}
