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
