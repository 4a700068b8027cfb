//! What could not be delivered, beside the state: one JSON line for each record that was set aside.
//!
//! A reject never costs its page, so the cursor passes it by, and this file is what remains of it. It is
//! opened for each page, and may be read, moved away or deleted at any time.
//!
//! Two processes may append to it, since a run over a range of time takes no lock on the state. Each does so
//! under a lock on the file, and looks under it whether the other has put the file aside meanwhile.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use time::OffsetDateTime;

use crate::deliver::appended;
use crate::text::printable::printable;
use crate::units::timestamp;

/// What follows the state's name, less its extension: `state.rejects.ndjson` for `state.db`.
const EXTENSION: &str = "rejects.ndjson";

/// How long the file may be when more is appended, in bytes. A longer one is put aside first.
const LARGEST: u64 = 16 * 1024 * 1024;

/// The longest reason that is written, in characters.
const LONGEST_REASON: usize = 500;

/// How often a file that was put aside is opened anew. Once is the rule, when another process did it; more
/// would mean that files grow past their length as fast as they are opened.
const MOST_OPENED: u32 = 100;

/// The rejects file of a state.
#[derive(Debug)]
pub(crate) struct Rejects {
    path: PathBuf,
    largest: u64,
    /// Held while a page is appended, so that at least the threads of a process are kept apart where the file
    /// system has no locks: two that put the file aside at once would lose one.
    appending: Mutex<()>,
}

/// A record that the component or the destination refused.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reject<'a> {
    /// The account's name.
    pub account: &'a str,
    /// The source's id.
    pub source: &'a str,
    /// The device's id, where it is known.
    pub id: Option<&'a str>,
    /// Why, for people and without personal data; written on one line and cut to 500 characters.
    pub reason: &'a str,
}

/// Why the rejects file cannot be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RejectsError {
    /// There is no room for it.
    #[error(
        "no room to write the rejects file {}: free some space on its disk, or move the file away",
        path.display()
    )]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be opened, created, put aside, read or written.
    #[error(
        "cannot write the rejects file {}: {source}; it and the folder of the state must be writable, or move \
         away what is in its place",
        path.display()
    )]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// A line of the file.
#[derive(Serialize)]
struct Line<'a> {
    time: &'a str,
    account: &'a str,
    source: &'a str,
    id: Option<&'a str>,
    reason: String,
}

impl Rejects {
    /// Names the rejects file of the state at `state`, in the same folder: `state.rejects.ndjson` for
    /// `state.db`. Creates nothing.
    pub(crate) fn beside(state: &Path) -> Self {
        Self {
            path: state.with_extension(EXTENSION),
            largest: LARGEST,
            appending: Mutex::new(()),
        }
    }

    /// The file's path.
    #[cfg(test)]
    fn path(&self) -> &Path {
        &self.path
    }

    /// Appends the rejects of a page, each as one line, and returns once they are on the disk. Without any,
    /// nothing is opened or created.
    ///
    /// A line has the members `time` (`now`, RFC 3339), `account`, `source`, `id` (the device's, or null) and
    /// `reason`. A file that has grown past 16 MiB is renamed before, to the same name with `.old` behind
    /// it, in the place of the one before. What a kill left of a line stays, on a line of its own.
    ///
    /// # Errors
    ///
    /// When the file cannot be opened, created, renamed or written. Some of the page may be in it by then, and
    /// is there twice when it is appended again.
    pub(crate) fn append(
        &self,
        rejects: &[Reject<'_>],
        now: OffsetDateTime,
    ) -> Result<(), RejectsError> {
        if rejects.is_empty() {
            return Ok(());
        }
        self.try_append(rejects, now).map_err(|source| {
            let path = self.path.clone();
            match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                    RejectsError::Full { path }
                }
                _ => RejectsError::Write { path, source },
            }
        })
    }

    fn try_append(&self, rejects: &[Reject<'_>], now: OffsetDateTime) -> io::Result<()> {
        let lines = lines(rejects, now)?;
        let _alone = self
            .appending
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for _ in 0..MOST_OPENED {
            let file = self.open()?;
            if appended::alone(&file, || self.append_to(&file, &lines))? {
                return Ok(());
            }
        }
        Err(io::Error::new(
            io::ErrorKind::ResourceBusy,
            "other programs put another file in its place each time that it is opened",
        ))
    }

    /// Appends to a file that is locked, and tells whether it did: another process may have put the file aside
    /// before the lock was taken, and one that is too long is put aside now.
    fn append_to(&self, mut file: &File, lines: &[u8]) -> io::Result<bool> {
        if !appended::is_at(file, &self.path)? {
            return Ok(false);
        }
        let length = file.metadata()?.len();
        if length > self.largest {
            let mut old = self.path.clone().into_os_string();
            old.push(".old");
            std::fs::rename(&self.path, old)?;
            return Ok(false);
        }
        let (_, torn) = appended::torn_line(file)?;
        if !torn.is_empty() {
            file.write_all(b"\n")?;
        }
        file.write_all(lines)?;
        appended::sync(file)?;
        if length == 0 {
            appended::sync_folder(&self.path)?;
        }
        Ok(true)
    }

    fn open(&self) -> io::Result<File> {
        OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&self.path)
    }
}

/// The lines of a page.
fn lines(rejects: &[Reject<'_>], now: OffsetDateTime) -> io::Result<Vec<u8>> {
    let time = timestamp::format(now);
    let mut lines = Vec::new();
    for reject in rejects {
        let line = Line {
            time: &time,
            account: reject.account,
            source: reject.source,
            id: reject.id,
            reason: printable(reject.reason)
                .chars()
                .take(LONGEST_REASON)
                .collect(),
        };
        serde_json::to_writer(&mut lines, &line)?;
        lines.push(b'\n');
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn at(seconds: i64) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(1_769_846_400 + seconds).unwrap()
    }

    fn reject<'a>(device: Option<&'a str>, reason: &'a str) -> Reject<'a> {
        Reject {
            account: "acme",
            source: "t1",
            id: device,
            reason,
        }
    }

    /// A rejects file that is put aside when it is longer than `largest` bytes, and its folder.
    fn rejects(largest: u64) -> (tempfile::TempDir, Rejects) {
        let folder = tempfile::tempdir().unwrap();
        let rejects = Rejects {
            largest,
            ..Rejects::beside(&folder.path().join("state.db"))
        };
        (folder, rejects)
    }

    fn text(rejects: &Rejects) -> String {
        std::fs::read_to_string(rejects.path()).unwrap()
    }

    #[test]
    fn it_lies_beside_the_state() {
        for (state, expected) in [
            ("state.db", "state.rejects.ndjson"),
            ("/var/lib/host/acme", "/var/lib/host/acme.rejects.ndjson"),
            ("./a.b.sqlite", "./a.b.rejects.ndjson"),
        ] {
            assert_eq!(
                Rejects::beside(Path::new(state)).path(),
                Path::new(expected)
            );
        }
    }

    #[test]
    fn each_reject_is_a_line_and_pages_follow_each_other() {
        let (_folder, rejects) = rejects(LARGEST);
        let page = [
            reject(Some("d\"1"), "no hostname\nin the record\u{1b}[31m"),
            reject(None, "not an object"),
        ];
        rejects.append(&page, at(0)).unwrap();
        rejects
            .append(&[reject(Some("d2"), "refused")], at(1))
            .unwrap();
        assert_eq!(
            text(&rejects),
            "{\"time\":\"2026-01-31T08:00:00.000Z\",\"account\":\"acme\",\"source\":\"t1\",\"id\":\"d\\\"1\",\"reason\":\"no hostname in the record [31m\"}\n\
             {\"time\":\"2026-01-31T08:00:00.000Z\",\"account\":\"acme\",\"source\":\"t1\",\"id\":null,\"reason\":\"not an object\"}\n\
             {\"time\":\"2026-01-31T08:00:01.000Z\",\"account\":\"acme\",\"source\":\"t1\",\"id\":\"d2\",\"reason\":\"refused\"}\n"
        );
        let mode = std::fs::metadata(rejects.path())
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_long_reason_is_cut() {
        let (_folder, rejects) = rejects(LARGEST);
        rejects
            .append(&[reject(None, &"ä".repeat(1000))], at(0))
            .unwrap();
        let line: serde_json::Value = serde_json::from_str(&text(&rejects)).unwrap();
        assert_eq!(line["reason"], "ä".repeat(500));
    }

    #[test]
    fn a_page_without_rejects_creates_nothing() {
        let (_folder, rejects) = rejects(LARGEST);
        rejects.append(&[], at(0)).unwrap();
        assert!(!rejects.path().exists());
    }

    #[test]
    fn a_file_that_was_taken_away_is_created_again() {
        let (_folder, rejects) = rejects(LARGEST);
        for second in [0, 1] {
            rejects.append(&[reject(None, "x")], at(second)).unwrap();
            assert_eq!(text(&rejects).lines().count(), 1);
            std::fs::remove_file(rejects.path()).unwrap();
        }
    }

    #[test]
    fn what_follows_a_torn_line_begins_on_its_own() {
        let (_folder, rejects) = rejects(LARGEST);
        rejects.append(&[reject(None, "x")], at(0)).unwrap();
        let whole = text(&rejects);
        std::fs::write(rejects.path(), &whole[..20]).unwrap();
        rejects.append(&[reject(None, "x")], at(0)).unwrap();
        assert_eq!(text(&rejects), format!("{}\n{whole}", &whole[..20]));
    }

    #[test]
    fn a_file_past_its_length_is_put_aside_in_the_place_of_the_one_before() {
        let (folder, rejects) = rejects(150);
        let old = folder.path().join("state.rejects.ndjson.old");
        let line = |second| -> String {
            let (_folder, other) = self::rejects(LARGEST);
            other.append(&[reject(None, "x")], at(second)).unwrap();
            text(&other)
        };
        // Two lines are longer than 150 bytes, one is not.
        for second in 0..5 {
            rejects.append(&[reject(None, "x")], at(second)).unwrap();
        }
        assert_eq!(text(&rejects), line(4));
        let before = std::fs::read_to_string(old).unwrap();
        assert_eq!(before, line(2) + &line(3));
    }

    #[test]
    fn appending_from_several_threads_and_processes_loses_and_mixes_nothing() {
        // The 200 lines are put aside once.
        let (folder, rejects) = rejects(10_000);
        let other = other_process(&rejects);
        std::thread::scope(|scope| {
            for (device, rejects) in [
                ("a", &rejects),
                ("b", &rejects),
                ("c", &other),
                ("d", &other),
            ] {
                scope.spawn(move || {
                    for second in 0..50 {
                        rejects
                            .append(&[reject(Some(device), "x")], at(second))
                            .unwrap();
                    }
                });
            }
        });
        let old = std::fs::read_to_string(folder.path().join("state.rejects.ndjson.old"));
        let lines = old.unwrap() + &text(&rejects);
        let mut devices: Vec<String> = lines
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["id"].to_string())
            .collect();
        devices.sort_unstable();
        let expected = ["\"a\"", "\"b\"", "\"c\"", "\"d\""].map(|device| [device; 50]);
        assert_eq!(devices, expected.concat());
    }

    /// Two processes are two values: nothing but the lock on the file keeps them apart.
    fn other_process(rejects: &Rejects) -> Rejects {
        Rejects {
            path: rejects.path.clone(),
            largest: rejects.largest,
            appending: Mutex::new(()),
        }
    }

    #[test]
    fn two_processes_that_find_the_file_too_long_put_it_aside_once() {
        for _ in 0..100 {
            let (folder, one) = rejects(100);
            let two = other_process(&one);
            let before = "x".repeat(200) + "\n";
            std::fs::write(one.path(), &before).unwrap();
            let begin = std::sync::Barrier::new(2);
            std::thread::scope(|scope| {
                for process in [&one, &two] {
                    let begin = &begin;
                    scope.spawn(move || {
                        begin.wait();
                        process.append(&[reject(None, "x")], at(0)).unwrap();
                    });
                }
            });
            let old = std::fs::read_to_string(folder.path().join("state.rejects.ndjson.old"));
            assert_eq!(old.unwrap(), before);
            assert_eq!(text(&one).lines().count(), 2);
        }
    }

    #[test]
    fn a_file_that_another_process_put_aside_is_written_no_more() {
        let (folder, rejects) = rejects(LARGEST);
        let file = rejects.open().unwrap();
        assert!(rejects.append_to(&file, b"one\n").unwrap());
        let old = folder.path().join("state.rejects.ndjson.old");
        std::fs::rename(rejects.path(), &old).unwrap();
        assert!(!rejects.append_to(&file, b"two\n").unwrap());
        other_process(&rejects)
            .append(&[reject(None, "x")], at(0))
            .unwrap();
        assert!(!rejects.append_to(&file, b"two\n").unwrap());
        assert_eq!(std::fs::read_to_string(old).unwrap(), "one\n");
        assert_eq!(text(&rejects).lines().count(), 1);
    }

    #[test]
    fn a_file_that_cannot_be_written_is_named() {
        let (folder, rejects) = rejects(LARGEST);
        std::fs::create_dir(rejects.path()).unwrap();
        let error = rejects.append(&[reject(None, "x")], at(0)).unwrap_err();
        let message = error.to_string();
        for part in ["state.rejects.ndjson", "must be writable", "move away"] {
            assert!(message.contains(part), "{message}");
        }
        let nowhere = Rejects::beside(&folder.path().join("nowhere/state.db"));
        let error = nowhere.append(&[reject(None, "x")], at(0)).unwrap_err();
        assert!(matches!(error, RejectsError::Write { .. }), "{error}");
        assert!(error.to_string().contains("nowhere"), "{error}");
    }
}
