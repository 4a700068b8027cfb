//! Events to the end of a file, one a line.
//!
//! A page is confirmed once it is on the disk. What a kill or a power cut leaves of a line is cut off before
//! anything is written behind it, and never more than that: programs that follow the file have not taken
//! the torn line, but would begin anew if the lines before it went.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use async_trait::async_trait;

use super::{DeliverError, Delivered, Destination, lines};
use crate::bindings::inventory::connector::types::Event;

/// How many bytes are read at a time while the last line break is looked for.
const BLOCK: u64 = 64 * 1024;

/// A file, or something else with a path, such as a named pipe.
#[derive(Debug)]
pub struct File {
    file: std::fs::File,
    path: PathBuf,
    /// Whether it is a file on a disk, which can be read, cut, synchronised and shared.
    regular: bool,
}

impl File {
    /// Opens a file to append events, creates it if it is missing, and cuts off a torn last line. A named
    /// pipe is waited for until it has a reader.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened, created or cut, or ends in something that is not an event.
    pub fn open(path: &Path) -> Result<Self, DeliverError> {
        let open_error = |source| DeliverError::Open {
            path: path.to_owned(),
            source,
        };
        let found = match std::fs::metadata(path) {
            Ok(metadata) => Some(metadata.is_file()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(open_error(error)),
        };
        let regular = found.unwrap_or(true);
        let file = OpenOptions::new()
            .append(true)
            // A pipe that was open to read as well would never notice that its reader has gone.
            .read(regular)
            .create(regular)
            .open(path)
            .map_err(open_error)?;
        if found.is_none() {
            sync_folder(path).map_err(open_error)?;
        }
        let file = Self {
            file,
            path: path.to_owned(),
            regular,
        };
        if regular {
            file.alone(|| file.cut_torn_line())?;
        }
        Ok(file)
    }

    /// Appends to a file on a disk.
    fn append(&self, bytes: &[u8]) -> Result<(), DeliverError> {
        self.cut_torn_line()?;
        let mut file = &self.file;
        file.write_all(bytes).map_err(|error| self.error(error))?;
        self.file.sync_data().or_else(|error| match error.kind() {
            // Some file systems have nothing to synchronise, and say so (EINVAL, ENOSYS).
            io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported => Ok(()),
            _ => Err(self.error(error)),
        })
    }

    /// Does something while no other writer of the file does the same: two accounts, or two runs, may share
    /// it, and none may take the line that another is writing for a torn one.
    fn alone<T>(&self, action: impl FnOnce() -> T) -> T {
        // Some network file systems have no locks; a file there is simply not to be shared.
        let locked = self.file.lock().is_ok();
        let answer = action();
        if locked {
            // Closing the file would release the lock as well.
            let _ = self.file.unlock();
        }
        answer
    }

    /// Cuts off what follows the last line break, if it is what was left of an event; ends it with a line
    /// break if it is whole.
    fn cut_torn_line(&self) -> Result<(), DeliverError> {
        let length = self
            .file
            .metadata()
            .map_err(|error| self.error(error))?
            .len();
        let whole = self
            .end_of_lines(length)
            .map_err(|error| self.error(error))?;
        if whole == length {
            return Ok(());
        }
        let mut tail = vec![0; usize::try_from(length - whole).unwrap_or(usize::MAX)];
        self.file
            .read_exact_at(&mut tail, whole)
            .map_err(|error| self.error(error))?;
        if serde_json::from_slice::<serde::de::IgnoredAny>(&tail).is_ok() {
            // Nothing is missing but the line break: a whole event, or another program's last line.
            let mut file = &self.file;
            return file.write_all(b"\n").map_err(|error| self.error(error));
        }
        // Events are objects; a power cut may leave zeros in the place of what was not yet written.
        if !matches!(tail.first(), Some(b'{' | 0)) {
            return Err(DeliverError::NotEvents {
                path: self.path.clone(),
            });
        }
        self.file
            .set_len(whole)
            .map_err(|error| self.error(error))?;
        tracing::warn!(
            "{}: an interrupted write had left {} bytes of a line, which were cut off; its event comes again",
            self.path.display(),
            length - whole
        );
        Ok(())
    }

    /// Returns the offset behind the last line break before `end`, reading backwards.
    fn end_of_lines(&self, mut end: u64) -> io::Result<u64> {
        // The last byte tells it for every file that is whole.
        let mut size = 1;
        while end > 0 {
            let start = end.saturating_sub(size);
            let mut block = vec![0; usize::try_from(end - start).unwrap_or(usize::MAX)];
            self.file.read_exact_at(&mut block, start)?;
            if let Some(position) = block.iter().rposition(|byte| *byte == b'\n') {
                return Ok(start + position as u64 + 1);
            }
            end = start;
            size = BLOCK;
        }
        Ok(0)
    }

    /// Sorts what the system reports about this file.
    fn error(&self, source: io::Error) -> DeliverError {
        DeliverError::of(self.path.display().to_string(), source)
    }
}

#[async_trait]
impl Destination for File {
    async fn deliver(&self, events: &[Event]) -> Result<Delivered, DeliverError> {
        let bytes = lines(events.iter().map(|event| event.json.as_str()));
        tokio::task::block_in_place(|| self.write(&bytes))?;
        Ok(Delivered::default())
    }
}

impl File {
    fn write(&self, bytes: &[u8]) -> Result<(), DeliverError> {
        if bytes.is_empty() {
            return Ok(());
        }
        if self.regular {
            self.alone(|| self.append(bytes))
        } else {
            (&self.file)
                .write_all(bytes)
                .map_err(|error| DeliverError::of(self.path.display().to_string(), error))
        }
    }
}

/// Puts the name of a new file on the disk.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    std::fs::File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn path(&self) -> PathBuf {
            self.0.path().join("events.ndjson")
        }

        fn holding(content: impl AsRef<[u8]>) -> Self {
            let folder = Self::new();
            std::fs::write(folder.path(), content).unwrap();
            folder
        }

        fn content(&self) -> String {
            std::fs::read_to_string(self.path()).unwrap()
        }
    }

    #[test]
    fn appends_lines_to_a_new_and_to_an_old_file() {
        let folder = Folder::new();
        let file = File::open(&folder.path()).unwrap();
        file.write(&super::lines(["{\"a\":1}", "{\"b\":2}"].into_iter()))
            .unwrap();
        file.write(&super::lines([].into_iter())).unwrap();
        file.write(&super::lines(["{\"c\":3}"].into_iter()))
            .unwrap();
        drop(file);
        File::open(&folder.path())
            .unwrap()
            .write(&super::lines(["{\"d\":4}"].into_iter()))
            .unwrap();
        assert_eq!(
            folder.content(),
            "{\"a\":1}\n{\"b\":2}\n{\"c\":3}\n{\"d\":4}\n"
        );
    }

    #[test]
    fn a_torn_line_is_cut_off_and_no_more() {
        let block = usize::try_from(BLOCK).unwrap();
        let long = |length| format!("{{{}", "x".repeat(length));
        let event = "{\"a\":1}\n";
        for tail in [
            String::new(),
            "{".into(),
            "{\"b\"\0\0\0".into(),
            "\0".into(),
            long(block - 1),
            long(block),
            long(block + 1),
            long(3 * block),
        ] {
            for lines in ["", event, "{\"a\":1}\n{\"b\":2}\n", "\n"] {
                let folder = Folder::holding(format!("{lines}{tail}"));
                let file = File::open(&folder.path()).unwrap();
                assert_eq!(folder.content(), lines, "{} bytes", tail.len());
                file.write(&super::lines(["{\"z\":9}"].into_iter()))
                    .unwrap();
                assert_eq!(folder.content(), format!("{lines}{{\"z\":9}}\n"));
            }
        }
    }

    #[test]
    fn a_whole_line_without_its_line_break_stays() {
        for lines in ["", "{\"a\":1}\n"] {
            let folder = Folder::holding(format!("{lines}{{\"precious\": true}}"));
            File::open(&folder.path()).unwrap();
            assert_eq!(folder.content(), format!("{lines}{{\"precious\": true}}\n"));
        }
    }

    #[test]
    fn a_line_that_another_writer_left_torn_is_cut_off_as_well() {
        let folder = Folder::new();
        let file = File::open(&folder.path()).unwrap();
        file.write(&super::lines(["{\"a\":1}"].into_iter()))
            .unwrap();
        let mut other = OpenOptions::new().append(true).open(folder.path()).unwrap();
        other.write_all(b"{\"b\":").unwrap();
        file.write(&super::lines(["{\"c\":3}"].into_iter()))
            .unwrap();
        assert_eq!(folder.content(), "{\"a\":1}\n{\"c\":3}\n");
    }

    #[test]
    fn a_file_of_something_else_stays_as_it_is() {
        for content in ["root:x:0", "one\ntwo", "\x7fELF"] {
            let folder = Folder::holding(content);
            let error = File::open(&folder.path()).unwrap_err();
            assert!(matches!(error, DeliverError::NotEvents { .. }), "{error:?}");
            let message = error.to_string();
            for part in ["events.ndjson", "deliver.path", "nothing was written"] {
                assert!(message.contains(part), "{message}");
            }
            assert_eq!(folder.content(), content);
        }
    }

    #[test]
    fn two_writers_share_a_file() {
        let folder = Folder::new();
        let one = File::open(&folder.path()).unwrap();
        let two = File::open(&folder.path()).unwrap();
        one.write(&super::lines(["{\"a\":1}"].into_iter())).unwrap();
        two.write(&super::lines(["{\"b\":2}"].into_iter())).unwrap();
        one.write(&super::lines(["{\"c\":3}"].into_iter())).unwrap();
        assert_eq!(folder.content(), "{\"a\":1}\n{\"b\":2}\n{\"c\":3}\n");
    }

    #[test]
    fn a_missing_folder_is_named() {
        let folder = Folder::new();
        let path = folder.0.path().join("nowhere/events.ndjson");
        let error = File::open(&path).unwrap_err();
        assert!(matches!(error, DeliverError::Open { .. }), "{error:?}");
        let message = error.to_string();
        for part in ["nowhere/events.ndjson", "folder must exist"] {
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn a_folder_in_the_place_of_the_file_is_named() {
        let folder = Folder::new();
        let error = File::open(folder.0.path()).unwrap_err();
        assert!(matches!(error, DeliverError::Open { .. }), "{error:?}");
    }

    #[test]
    fn a_full_disk_is_full() {
        let file = File::open(Path::new("/dev/full")).unwrap();
        let error = file.write(&super::lines(["{}"].into_iter())).unwrap_err();
        assert!(matches!(error, DeliverError::Full { .. }), "{error:?}");
        assert!(error.to_string().contains("/dev/full"), "{error}");
    }

    #[test]
    fn a_named_pipe_is_written_and_notices_that_its_reader_has_gone() {
        let folder = Folder::new();
        let made = std::process::Command::new("mkfifo")
            .arg(folder.path())
            .status()
            .unwrap();
        assert!(made.success());
        let path = folder.path();
        let reader = std::thread::spawn(move || {
            let mut content = [0; 3];
            let mut pipe = std::fs::File::open(path).unwrap();
            pipe.read_exact(&mut content).unwrap();
            content
        });
        let file = File::open(&folder.path()).unwrap();
        file.write(&super::lines(["{}"].into_iter())).unwrap();
        assert_eq!(&reader.join().unwrap(), b"{}\n");
        let error = file.write(&super::lines(["{}"].into_iter())).unwrap_err();
        assert!(matches!(error, DeliverError::Closed { .. }), "{error:?}");
    }
}
