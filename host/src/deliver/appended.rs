//! Files to which several processes append whole lines: the events' and the rejects'.
//!
//! A line counts once it is on the disk. What a kill or a power cut leaves of one is found before the next one
//! is written behind it; what becomes of it is the caller's matter.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

/// How many bytes are read at a time while the last line break is looked for.
pub(crate) const BLOCK: u64 = 64 * 1024;

/// How often a file that becomes shorter while its end is looked for is looked at again.
const LOOKS: u32 = 5;

/// Does something while no other process, and nobody else who has opened the file, does the same. Waits for
/// those who do.
pub(crate) fn alone<T>(file: &File, action: impl FnOnce() -> T) -> T {
    // Some network file systems have no locks; a file there is simply not to be shared.
    let locked = file.lock().is_ok();
    let answer = action();
    if locked {
        // Closing the file would release the lock as well.
        let _ = file.unlock();
    }
    answer
}

/// Puts what was written to a file on the disk.
///
/// # Errors
///
/// When that fails; what was written may then be lost.
pub(crate) fn sync(file: &File) -> io::Result<()> {
    where_possible(file.sync_data())
}

/// Puts the name of a new file on the disk.
///
/// # Errors
///
/// When its folder cannot be opened or synchronised.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    where_possible(File::open(folder)?.sync_all())
}

/// Some file systems have nothing to synchronise, and say so (EINVAL, ENOSYS).
fn where_possible(synced: io::Result<()>) -> io::Result<()> {
    synced.or_else(|error| match error.kind() {
        io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported => Ok(()),
        _ => Err(error),
    })
}

/// Whether a file that is open is the one under a path.
///
/// # Errors
///
/// When the path cannot be looked up for another reason than that nothing is there.
pub(crate) fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let found = match std::fs::metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    let open = file.metadata()?;
    Ok((found.dev(), found.ino()) == (open.dev(), open.ino()))
}

/// Whether a file that is open has any name left: without one its content goes when it is closed.
///
/// # Errors
///
/// When the system does not say it.
pub(crate) fn has_name(file: &File) -> io::Result<bool> {
    Ok(file.metadata()?.nlink() > 0)
}

/// Returns where the last line of a file that is open to read ends, in bytes from its beginning, and what
/// follows it: nothing in a file of whole lines. A file may be cut to nothing meanwhile.
///
/// # Errors
///
/// When the file cannot be read.
pub(crate) fn torn_line(file: &File) -> io::Result<(u64, Vec<u8>)> {
    looked_at(file, torn_line_before)
}

/// The end of a file of lines.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Ending {
    /// Where the last whole line ends, in bytes from the beginning; 0 where there is none.
    pub whole: u64,
    /// The last whole line, without its line break.
    pub line: Vec<u8>,
    /// What follows it.
    pub tail: Vec<u8>,
}

/// Reads the last whole line of a file that is open to read, and what follows it. A file may be cut to nothing
/// meanwhile.
///
/// # Errors
///
/// When the file cannot be read.
pub(crate) fn ending(file: &File) -> io::Result<Ending> {
    looked_at(file, |file, length| {
        let (whole, tail) = torn_line_before(file, length)?;
        let end = whole.saturating_sub(1);
        let line = read_range(file, end_of_lines(file, end)?, end)?;
        Ok(Ending { whole, line, tail })
    })
}

/// Looks at a file by its length, again where it becomes shorter meanwhile.
fn looked_at<T>(file: &File, look: impl Fn(&File, u64) -> io::Result<T>) -> io::Result<T> {
    let mut looks = 1;
    loop {
        match look(file, file.metadata()?.len()) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && looks < LOOKS => {
                looks += 1;
            }
            found => return found,
        }
    }
}

fn torn_line_before(file: &File, length: u64) -> io::Result<(u64, Vec<u8>)> {
    let whole = end_of_lines(file, length)?;
    Ok((whole, read_range(file, whole, length)?))
}

fn read_range(file: &File, start: u64, end: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(end - start).unwrap_or(usize::MAX)];
    file.read_exact_at(&mut bytes, start)?;
    Ok(bytes)
}

/// Returns the offset behind the last line break before `end`, reading backwards.
fn end_of_lines(file: &File, mut end: u64) -> io::Result<u64> {
    // The last byte tells it for every file that is whole.
    let mut size = 1;
    while end > 0 {
        let start = end.saturating_sub(size);
        let mut block = vec![0; usize::try_from(end - start).unwrap_or(usize::MAX)];
        file.read_exact_at(&mut block, start)?;
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
    fn a_torn_line_is_what_follows_the_last_line_break() {
        let block = usize::try_from(BLOCK).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        for lines in ["", "\n", "one\n", "one\ntwo\n"] {
            for length in [0, 1, block - 1, block, block + 1, 3 * block] {
                let tail = "x".repeat(length);
                std::fs::write(&path, format!("{lines}{tail}")).unwrap();
                let found = torn_line(&File::open(&path).unwrap()).unwrap();
                assert_eq!(found, (lines.len() as u64, tail.into_bytes()));
            }
        }
    }

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
            for tail in ["", "x", &"x".repeat(block)] {
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
    fn who_is_alone_has_the_lock_and_gives_it_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        let [one, other] = [(); 2].map(|()| File::create(&path).unwrap());
        alone(&one, || assert!(other.try_lock().is_err()));
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
