//! Files to which several processes append whole lines: the events' and the rejects'.

use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt};
use std::path::Path;

/// How many bytes are read at first to find the last line.
pub(super) const BLOCK: u64 = 64 * 1024;

/// Puts what was written to a file on the disk.
pub(super) fn sync(file: &File) -> io::Result<()> {
    where_supported(file.sync_data())
}

/// Puts the name of a new file on the disk.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new(""));
    where_supported(File::open(Path::new(".").join(folder))?.sync_all())
}

/// Creates a folder below `above`, with those between them, and puts their names on the disk.
pub(super) fn create_folder(folder: &Path, above: &Path) -> io::Result<()> {
    if folder == above || folder.is_dir() {
        return Ok(());
    }
    create_folder(folder.parent().unwrap_or(above), above)?;
    let created = DirBuilder::new().mode(0o750).create(folder);
    // Another source may have created it.
    if folder.is_dir() { Ok(()) } else { created }?;
    sync_folder(folder)
}

/// Some file systems have nothing to synchronise, and say so (EINVAL, ENOSYS).
fn where_supported(synced: io::Result<()>) -> io::Result<()> {
    synced.or_else(|error| match error.kind() {
        io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported => Ok(()),
        _ => Err(error),
    })
}

/// The end of a file of lines.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Ending {
    /// Where the last whole line ends, in bytes from the beginning; 0 where there is none.
    pub whole: u64,
    /// The last whole line, without its line break.
    pub line: Vec<u8>,
    /// What follows it: what a kill or a power cut has left of a line.
    pub tail: Vec<u8>,
}

/// Reads the last whole line of a file that is open to read, and what follows it.
pub(super) fn ending(file: &File) -> io::Result<Ending> {
    let length = file.metadata()?.len();
    let mut size = BLOCK;
    loop {
        let start = length.saturating_sub(size);
        let mut bytes = vec![0; usize::try_from(length - start).unwrap_or(usize::MAX)];
        file.read_exact_at(&mut bytes, start)?;
        let mut parts = bytes.rsplitn(3, |byte| *byte == b'\n');
        let tail = parts.next().unwrap_or_default();
        let line = parts.next().unwrap_or_default();
        // Without a line break before it, the line may begin further ahead.
        if start == 0 || parts.next().is_some() {
            return Ok(Ending {
                whole: length - tail.len() as u64,
                line: line.to_vec(),
                tail: tail.to_vec(),
            });
        }
        size = size.saturating_mul(4);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ending_is_the_last_line_and_what_follows_it() {
        let block = usize::try_from(BLOCK).unwrap();
        let long = "y".repeat(block + 1);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        for (lines, last) in [
            (String::new(), ""),
            ("\n".to_owned(), ""),
            ("one\n".to_owned(), "one"),
            ("one\n\n".to_owned(), ""),
            (format!("one\n{long}\n"), &long),
        ] {
            for length in [0, 1, block - 1, block, block + 1, 3 * block] {
                let tail = "x".repeat(length);
                std::fs::write(&path, format!("{lines}{tail}")).unwrap();
                let expected = Ending {
                    whole: lines.len() as u64,
                    line: last.into(),
                    tail: tail.into(),
                };
                assert_eq!(ending(&File::open(&path).unwrap()).unwrap(), expected);
            }
        }
    }

    #[test]
    fn a_file_that_has_nothing_to_synchronise_is_no_error() {
        sync(&File::open("/dev/null").unwrap()).unwrap();
        sync_folder(Path::new("a file in the working folder")).unwrap();
        let error = sync_folder(Path::new("/nowhere/file")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
