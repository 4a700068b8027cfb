//! What is in a file after whatever happens to it.

use std::fs::OpenOptions;
use std::io::Read;
use std::os::fd::{AsRawFd, OwnedFd};

use super::*;

fn event(json: &str) -> Event {
    Event {
        device: String::new(),
        json: json.to_owned(),
        fingerprint: 0,
    }
}

/// The lines of these events.
fn page(events: &[&str]) -> Vec<u8> {
    lines(&events.iter().map(|json| event(json)).collect::<Vec<_>>())
}

/// A pipe, and what writes to it as to standard output.
fn pipe() -> (io::PipeReader, File) {
    let (reader, writer) = io::pipe().unwrap();
    let file = fs::File::from(OwnedFd::from(writer));
    (reader, File::stream("standard output".into(), file))
}

impl File {
    /// A file that is open before its first event.
    fn opened(path: &Path) -> Result<Self, DeliverError> {
        let folder = path.parent().unwrap_or(path).to_owned();
        let file = Self::new(path.to_owned(), folder, None);
        *file.open.lock().unwrap() = Some(file.open()?);
        Ok(file)
    }
}

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

    fn with_pipe() -> Self {
        let folder = Self::new();
        let made = std::process::Command::new("mkfifo")
            .arg(folder.path())
            .status()
            .unwrap();
        assert!(made.success());
        folder
    }

    fn content(&self) -> String {
        std::fs::read_to_string(self.path()).unwrap()
    }
}

#[test]
fn appends_lines_to_a_new_and_to_an_old_file() {
    let folder = Folder::new();
    let file = File::opened(&folder.path()).unwrap();
    file.write(page(&["{\"a\":1}", "{\"b\":2}"])).unwrap();
    file.write(page(&[])).unwrap();
    file.write(page(&["{\"c\":3}"])).unwrap();
    drop(file);
    File::opened(&folder.path())
        .unwrap()
        .write(page(&["{\"d\":4}"]))
        .unwrap();
    assert_eq!(
        folder.content(),
        "{\"a\":1}\n{\"b\":2}\n{\"c\":3}\n{\"d\":4}\n"
    );
}

#[test]
fn a_torn_line_is_cut_off_and_no_more() {
    let block = usize::try_from(line_file::BLOCK).unwrap();
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
        for lines in [event, "{\"a\":1}\n{\"b\":2}\n", "\n{\"a\":1}\n"] {
            let folder = Folder::holding(format!("{lines}{tail}"));
            let file = File::opened(&folder.path()).unwrap();
            assert_eq!(folder.content(), lines, "{} bytes", tail.len());
            file.write(page(&["{\"z\":9}"])).unwrap();
            assert_eq!(folder.content(), format!("{lines}{{\"z\":9}}\n"));
        }
    }
}

#[test]
fn a_whole_event_without_its_line_break_stays() {
    let folder = Folder::holding("{\"a\":1}\n{\"precious\": true}");
    File::opened(&folder.path()).unwrap();
    assert_eq!(folder.content(), "{\"a\":1}\n{\"precious\": true}\n");
}

#[test]
fn a_line_that_another_writer_left_torn_is_cut_off_as_well() {
    let folder = Folder::new();
    let file = File::opened(&folder.path()).unwrap();
    file.write(page(&["{\"a\":1}"])).unwrap();
    let mut other = OpenOptions::new().append(true).open(folder.path()).unwrap();
    other.write_all(b"{\"b\":").unwrap();
    file.write(page(&["{\"c\":3}"])).unwrap();
    assert_eq!(folder.content(), "{\"a\":1}\n{\"c\":3}\n");
}

#[test]
fn a_file_of_something_else_stays_as_it_is() {
    for content in [
        "root:x:0",
        "one\ntwo",
        "\x7fELF",
        "one\n",
        "\n",
        "5\n",
        "[{}]\n",
        "{\n",
        "{\"a\":1}\n\n",
        // No whole line.
        "{\"a\":1}",
        "{\"a\":",
        "{",
        " ",
        // Zeros at the end, or nothing else.
        "one\n\0\0\0",
        "one\0\0\0",
        "\0\0\0",
        // What follows an event is none.
        "{\"a\":1}\n5",
        "{\"a\":1}\ntwo",
    ] {
        let folder = Folder::holding(content);
        let error = File::opened(&folder.path()).unwrap_err();
        let message = error.to_string();
        for part in ["events.ndjson", "name another file", "nothing was written"] {
            assert!(message.contains(part), "{message}");
        }
        assert_eq!(folder.content(), content);
    }
}

#[test]
fn two_writers_share_a_file() {
    let folder = Folder::new();
    let one = File::opened(&folder.path()).unwrap();
    let two = File::opened(&folder.path()).unwrap();
    one.write(page(&["{\"a\":1}"])).unwrap();
    two.write(page(&["{\"b\":2}"])).unwrap();
    one.write(page(&["{\"c\":3}"])).unwrap();
    assert_eq!(folder.content(), "{\"a\":1}\n{\"b\":2}\n{\"c\":3}\n");
}

#[test]
fn a_missing_folder_is_named() {
    let folder = Folder::new();
    let path = folder.0.path().join("nowhere/events.ndjson");
    let error = File::opened(&path).unwrap_err();
    assert!(error.to_string().contains("cannot open"), "{error}");
    let message = error.to_string();
    for part in ["nowhere/events.ndjson", "folder must exist"] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn a_folder_in_the_place_of_the_file_is_named() {
    let folder = Folder::new();
    let error = File::opened(folder.0.path()).unwrap_err();
    assert!(error.to_string().contains("cannot open"), "{error}");
}

#[test]
fn sources_with_one_path_share_a_file_until_the_last_is_done() {
    let folder = Folder::new();
    let above = folder.0.path();
    let shared = |path| shared(path, |path| File::new(path, above.to_owned(), None));
    let (one, two) = (shared(folder.path()), shared(folder.path()));
    let other = shared(above.join("other"));
    assert!(Arc::ptr_eq(&one, &two) && !Arc::ptr_eq(&one, &other));
    one.write(page(&["{\"a\":1}"])).unwrap();
    drop(one);
    assert!(two.open.lock().unwrap().is_some());
    drop(two);
    assert!(shared(folder.path()).open.lock().unwrap().is_none());
}

#[test]
fn a_file_without_events_is_not_opened() {
    let folder = Folder::new();
    let file = File::new(folder.path(), folder.0.path().to_owned(), None);
    file.write(Vec::new()).unwrap();
    assert!(!folder.path().exists());
}

#[test]
fn folders_are_created_below_the_one_that_must_exist() {
    let folder = Folder::new();
    let path = folder.0.path().join("acme/eu/events.ndjson");
    let file = File::new(path.clone(), folder.0.path().to_owned(), None);
    file.write(page(&["{}"])).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "{}\n");
    let missing = folder.0.path().join("nowhere");
    let error = File::new(missing.join("acme/events.ndjson"), missing.clone(), None)
        .write(page(&["{}"]))
        .unwrap_err();
    assert!(error.to_string().contains("folder must exist"), "{error}");
    assert!(!missing.exists());
}

#[test]
fn a_full_disk_is_full() {
    let file = File::opened(Path::new("/dev/full")).unwrap();
    let error = file.write(page(&["{}"])).unwrap_err();
    assert!(error.to_string().contains("no room"), "{error}");
    assert!(error.to_string().contains("/dev/full"), "{error}");
}

#[test]
fn a_named_pipe_is_written_and_notices_that_its_reader_has_gone() {
    let folder = Folder::with_pipe();
    let path = folder.path();
    let reader = std::thread::spawn(move || {
        let mut content = [0; 3];
        let mut pipe = std::fs::File::open(path).unwrap();
        pipe.read_exact(&mut content).unwrap();
        content
    });
    let file = File::opened(&folder.path()).unwrap();
    file.write(page(&["{}"])).unwrap();
    assert_eq!(&reader.join().unwrap(), b"{}\n");
    let error = file.write(page(&["{}"])).unwrap_err();
    assert!(
        error.to_string().contains("closed by its reader"),
        "{error}"
    );
}

#[test]
fn a_renamed_file_is_left_at_the_next_page() {
    let folder = Folder::new();
    let rotated = folder.0.path().join("events.1");
    let file = File::opened(&folder.path()).unwrap();
    let write = |event| file.write(page(&[event])).unwrap();
    write("{\"a\":1}");
    std::fs::rename(folder.path(), &rotated).unwrap();
    write("{\"b\":2}");
    write("{\"c\":3}");
    assert_eq!(std::fs::read_to_string(rotated).unwrap(), "{\"a\":1}\n");
    assert_eq!(folder.content(), "{\"b\":2}\n{\"c\":3}\n");
}

#[test]
fn a_file_that_was_removed_or_replaced_is_created_or_opened_at_the_next_page() {
    let folder = Folder::new();
    let other = folder.0.path().join("other");
    let file = File::opened(&folder.path()).unwrap();
    let write = |event| file.write(page(&[event])).unwrap();
    write("{\"a\":1}");
    std::fs::remove_file(folder.path()).unwrap();
    write("{\"b\":2}");
    assert_eq!(folder.content(), "{\"b\":2}\n");
    std::fs::write(&other, "{\"c\":3}\n").unwrap();
    std::fs::rename(&other, folder.path()).unwrap();
    write("{\"d\":4}");
    assert_eq!(folder.content(), "{\"c\":3}\n{\"d\":4}\n");
}

/// The lock on the file holds the page back between the look at the path and the write.
#[test]
fn a_page_whose_file_is_removed_while_it_is_written_is_written_to_another() {
    let folder = Folder::new();
    let file = File::opened(&folder.path()).unwrap();
    let locked = std::fs::File::open(folder.path()).unwrap();
    locked.lock().unwrap();
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| file.write(page(&["{\"a\":1}"])));
        while !waits_for_a_lock() {
            std::thread::yield_now();
        }
        std::fs::remove_file(folder.path()).unwrap();
        locked.unlock().unwrap();
        writing.join().unwrap().unwrap();
    });
    assert_eq!(folder.content(), "{\"a\":1}\n");
}

/// Whether this process waits for a lock, by what the system lists.
fn waits_for_a_lock() -> bool {
    let of_this_process = format!(" {} ", std::process::id());
    let locks = std::fs::read_to_string("/proc/locks").unwrap();
    locks
        .lines()
        .any(|lock| lock.contains("-> FLOCK") && lock.contains(&of_this_process))
}

#[test]
fn a_file_whose_folder_is_gone_is_an_error_that_names_it() {
    let folder = Folder::new();
    let file = File::opened(&folder.path()).unwrap();
    let path = folder.path();
    drop(folder);
    let error = file.write(b"{}\n".to_vec()).unwrap_err();
    assert!(error.to_string().contains("cannot open"), "{error}");
    assert!(
        error.to_string().contains(path.to_str().unwrap()),
        "{error}"
    );
}

#[test]
fn a_file_that_was_copied_and_cut_is_written_from_its_beginning() {
    let folder = Folder::new();
    let file = File::opened(&folder.path()).unwrap();
    file.write(page(&["{\"a\":1}"])).unwrap();
    OpenOptions::new()
        .write(true)
        .truncate(true)
        .open(folder.path())
        .unwrap();
    file.write(page(&["{\"b\":2}"])).unwrap();
    file.write(page(&["{\"c\":3}"])).unwrap();
    assert_eq!(folder.content(), "{\"b\":2}\n{\"c\":3}\n");
}

#[test]
fn a_file_that_cannot_be_opened_again_takes_no_page_until_it_can() {
    let folder = Folder::new();
    let file = File::opened(&folder.path()).unwrap();
    std::fs::remove_file(folder.path()).unwrap();
    std::fs::create_dir(folder.path()).unwrap();
    let page = page(&["{}"]);
    for _ in 0..2 {
        let error = file.write(page.clone()).unwrap_err();
        assert!(error.to_string().contains("cannot open"), "{error}");
    }
    std::fs::remove_dir(folder.path()).unwrap();
    file.write(page.clone()).unwrap();
    assert_eq!(folder.content(), "{}\n");
}

/// Eight sources write a page of these events at once.
async fn write_at_once(file: File, events: &[Event]) {
    let file = std::sync::Arc::new(file);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (file, events) = (std::sync::Arc::clone(&file), events.to_vec());
        tasks.spawn(async move { file.deliver(&events).await.unwrap() });
    }
    tasks.join_all().await;
}

/// A page that is larger than a pipe takes at a time.
fn large_page() -> Vec<Event> {
    (0..200)
        .map(|number| Event {
            device: number.to_string(),
            json: format!("{{\"number\":{number},\"text\":\"{}\"}}", "x".repeat(500)),
            fingerprint: 0,
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_several_sources_do_not_mix() {
    let folder = Folder::new();
    let events = large_page();
    write_at_once(File::opened(&folder.path()).unwrap(), &events).await;
    let page = lines(&events);
    assert_eq!(folder.content(), String::from_utf8(page).unwrap().repeat(8));
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_several_sources_do_not_mix_in_a_pipe() {
    let folder = Folder::with_pipe();
    let path = folder.path();
    let reader = std::thread::spawn(move || std::fs::read_to_string(path).unwrap());
    let events = large_page();
    write_at_once(File::opened(&folder.path()).unwrap(), &events).await;
    let page = lines(&events);
    let page = String::from_utf8(page).unwrap();
    assert!(reader.join().unwrap() == page.repeat(8));
}

#[test]
fn others_may_not_read_a_new_file() {
    use std::os::unix::fs::PermissionsExt;

    let folder = Folder::new();
    File::opened(&folder.path()).unwrap();
    let mode = std::fs::metadata(folder.path())
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o137, 0, "{mode:o}");
}

#[test]
fn a_stream_gets_the_lines_of_each_page() {
    let (mut reader, stdout) = pipe();
    stdout.write(page(&["{\"a\":1}", "{\"b\":2}"])).unwrap();
    stdout.write(page(&[])).unwrap();
    stdout.write(page(&["{\"c\":3}"])).unwrap();
    drop(stdout);
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    assert_eq!(text, "{\"a\":1}\n{\"b\":2}\n{\"c\":3}\n");
}

#[test]
fn a_stream_whose_reader_has_gone_is_closed() {
    let (reader, stdout) = pipe();
    drop(reader);
    let message = stdout.write(page(&["{}"])).unwrap_err().to_string();
    assert!(message.contains("standard output was closed"), "{message}");
}

#[test]
fn a_torn_line_of_a_stream_is_never_continued() {
    let (mut reader, mut stdout) = pipe();
    stdout.open.get_mut().unwrap().as_mut().unwrap().torn = true;
    stdout.write(page(&["{}"])).unwrap();
    stdout.write(page(&["{}"])).unwrap();
    drop(stdout);
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    assert_eq!(text, "\n{}\n{}\n");
}

#[test]
fn a_file_that_has_a_path_and_no_name_is_written_once() {
    let folder = Folder::holding("");
    let file = OpenOptions::new()
        .read(true)
        .append(true)
        .open(folder.path())
        .unwrap();
    fs::remove_file(folder.path()).unwrap();
    let path = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
    File::opened(&path).unwrap().write(page(&["{}"])).unwrap();
    assert_eq!(file.metadata().unwrap().len(), 3);
}
