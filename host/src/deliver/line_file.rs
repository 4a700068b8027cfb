//! Files to which several processes append whole lines: the events' and the rejects'.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

/// How many bytes are read at a time while searching for the last line break.
pub(super) const BLOCK: u64 = 64 * 1024;

/// Does something while nobody else who has opened the file does, in this process or in another one.
pub(super) fn locked<T>(file: &File, action: impl FnOnce() -> T) -> T {
    // Some network file systems have no locks; a file there cannot be shared.
    let is_locked = file.lock().is_ok();
    let result = action();
    if is_locked {
        // Closing the file would release the lock as well.
        let _ = file.unlock();
    }
    result
}

/// Puts what was written to a file on the disk.
///
/// # Errors
///
/// When that fails; what was written may then be lost.
pub(super) fn sync(file: &File) -> io::Result<()> {
    where_supported(file.sync_data())
}

/// Puts the name of a new file on the disk.
///
/// # Errors
///
/// When its folder cannot be opened or synchronised.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    where_supported(File::open(folder)?.sync_all())
}

/// Some file systems have nothing to synchronise, and say so (EINVAL, ENOSYS).
fn where_supported(synced: io::Result<()>) -> io::Result<()> {
    synced.or_else(|error| match error.kind() {
        io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported => Ok(()),
        _ => Err(error),
    })
}

/// Whether an open file is the one under a path.
///
/// # Errors
///
/// When the path cannot be looked up for another reason than that nothing is there.
pub(super) fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let found = match std::fs::metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    let open = file.metadata()?;
    Ok((found.dev(), found.ino()) == (open.dev(), open.ino()))
}

/// Whether an open file has a name left. Without one its content is gone once it is closed.
///
/// # Errors
///
/// When the system does not say it.
pub(super) fn has_name(file: &File) -> io::Result<bool> {
    Ok(file.metadata()?.nlink() > 0)
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
///
/// # Errors
///
/// When the file cannot be read.
pub(super) fn ending(file: &File) -> io::Result<Ending> {
    let length = file.metadata()?.len();
    let whole = end_of_lines(file, length)?;
    let end = whole.saturating_sub(1);
    Ok(Ending {
        whole,
        line: read_range(file, end_of_lines(file, end)?, end)?,
        tail: read_range(file, whole, length)?,
    })
}

fn read_range(file: &File, start: u64, end: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(end - start).unwrap_or(usize::MAX)];
    file.read_exact_at(&mut bytes, start)?;
    Ok(bytes)
}

/// Returns the offset behind the last line break before `end`, reading backwards.
fn end_of_lines(file: &File, mut end: u64) -> io::Result<u64> {
    // The last byte is a line break in every file of whole lines.
    let mut size = 1;
    while end > 0 {
        let start = end.saturating_sub(size);
        let block = read_range(file, start, end)?;
        if let Some(position) = block.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + position as u64 + 1);
        }
        end = start;
        size = BLOCK;
    }
    Ok(0)
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
    fn a_file_is_at_its_path_until_it_is_moved_and_has_a_name_until_it_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let [path, moved] = ["lines", "moved"].map(|name| folder.path().join(name));
        let file = File::create(&path).unwrap();
        let look = || (is_at(&file, &path).unwrap(), has_name(&file).unwrap());
        assert_eq!(look(), (true, true));
        std::fs::rename(&path, &moved).unwrap();
        assert_eq!(look(), (false, true));
        File::create(&path).unwrap();
        assert_eq!(look(), (false, true));
        std::fs::remove_file(&moved).unwrap();
        assert_eq!(look(), (false, false));
    }

    #[test]
    fn an_action_has_the_lock_and_releases_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        let [one, other] = [(); 2].map(|()| File::create(&path).unwrap());
        locked(&one, || assert!(other.try_lock().is_err()));
        other.try_lock().unwrap();
    }

    #[test]
    fn a_file_that_has_nothing_to_synchronise_is_no_error() {
        sync(&File::open("/dev/null").unwrap()).unwrap();
        sync_folder(Path::new("a file in the working folder")).unwrap();
        let error = sync_folder(Path::new("/nowhere/file")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
