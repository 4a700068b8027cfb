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
mod tests;
