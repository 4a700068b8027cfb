//! A file that is replaced atomically: a reader sees the old text or the new one, never a part of either.

use std::fs::Permissions;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use tempfile::NamedTempFile;

/// A file that every write replaces.
#[derive(Debug, Clone)]
pub(crate) struct ReportFile(PathBuf);

impl ReportFile {
    /// Checks that the file at `path`, which need not exist, can be written, so that a wrong path is reported before any
    /// work is done.
    ///
    /// # Errors
    ///
    /// When the path is a folder, has no file name, or its folder cannot be written.
    pub(crate) fn new(path: &Path) -> anyhow::Result<Self> {
        if path.file_name().is_none() || path.is_dir() {
            bail!("{}: is not a file name; name a file", path.display());
        }
        let file = Self(path.to_owned());
        file.temporary().with_context(|| file.unwritable())?;
        Ok(file)
    }

    /// Replaces the file by one that holds `text`, which is on the disk before the file has its name.
    ///
    /// # Errors
    ///
    /// When it cannot be written; the file is then unchanged.
    pub(crate) fn write(&self, text: &str) -> anyhow::Result<()> {
        self.replace(text).with_context(|| self.unwritable())
    }

    fn replace(&self, text: &str) -> io::Result<()> {
        let mut file = self.temporary()?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(&self.0)?;
        Ok(())
    }

    /// Creates a file in the same folder, as a file is only renamed atomically within a file system.
    fn temporary(&self) -> io::Result<NamedTempFile> {
        let folder = self.0.parent().filter(|path| !path.as_os_str().is_empty());
        tempfile::Builder::new()
            // Collectors that read every file of a folder ignore hidden ones and this extension.
            .prefix(".asset-host.")
            .suffix(".tmp")
            // Others read the file, as far as the umask lets them.
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(folder.unwrap_or(Path::new(".")))
    }

    fn unwritable(&self) -> String {
        format!(
            "{}: cannot be written; its folder must exist, be writable and have room",
            self.0.display()
        )
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

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
        let file = ReportFile::new(&path).unwrap();
        assert_eq!(names(folder.path()), [""; 0]);
        for text in ["a longer text", "short", ""] {
            file.write(text).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
            assert_eq!(names(folder.path()), ["summary.json"]);
        }
    }

    #[test]
    fn other_users_may_read_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("summary.json");
        let plain = folder.path().join("plain");
        fs::write(&plain, "").unwrap();
        ReportFile::new(&path).unwrap().write("text").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&path), mode(&plain));
    }

    #[test]
    fn a_reader_of_the_old_file_reads_it_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("summary.json");
        let file = ReportFile::new(&path).unwrap();
        file.write("the old one").unwrap();
        let mut open = fs::File::open(&path).unwrap();
        file.write("the new one").unwrap();
        let mut text = String::new();
        io::Read::read_to_string(&mut open, &mut text).unwrap();
        assert_eq!(text, "the old one");
    }

    #[test]
    fn a_path_that_cannot_be_written_is_reported_before_the_work() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing/summary.json");
        let message = ReportFile::new(&missing).unwrap_err().to_string();
        assert!(message.contains("missing/summary.json"), "{message}");
        assert!(message.contains("its folder must exist"), "{message}");
        for path in [folder.path(), Path::new("/"), Path::new("..")] {
            let message = ReportFile::new(path).unwrap_err().to_string();
            assert!(message.contains("is not a file name"), "{message}");
        }
    }

    #[test]
    fn a_failed_write_is_reported_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("summary.json");
        let file = ReportFile::new(&path).unwrap();
        // A file cannot be renamed to a folder.
        fs::create_dir(&path).unwrap();
        let message = file.write("text").unwrap_err().to_string();
        assert!(message.contains("summary.json"), "{message}");
        assert_eq!(names(folder.path()), ["summary.json"]);
    }
}
