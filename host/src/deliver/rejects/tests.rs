//! What is in the rejects file after whatever happens to it.

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

fn rejects() -> (tempfile::TempDir, Rejects) {
    let folder = tempfile::tempdir().unwrap();
    let rejects = Rejects::at(folder.path().join("state.rejects.ndjson"));
    (folder, rejects)
}

fn text(rejects: &Rejects) -> String {
    std::fs::read_to_string(&rejects.path).unwrap()
}

#[test]
fn each_reject_is_a_line_and_pages_follow_each_other() {
    let (_folder, rejects) = rejects();
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
    let mode = std::fs::metadata(&rejects.path)
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_long_reason_is_cut() {
    let (_folder, rejects) = rejects();
    rejects
        .append(&[reject(None, &"ä".repeat(1000))], at(0))
        .unwrap();
    let line: serde_json::Value = serde_json::from_str(&text(&rejects)).unwrap();
    assert_eq!(line["reason"], "ä".repeat(500));
}

#[test]
fn a_page_without_rejects_creates_nothing() {
    let (_folder, rejects) = rejects();
    rejects.append(&[], at(0)).unwrap();
    assert!(!rejects.path.exists());
}

#[test]
fn a_file_that_was_taken_away_is_created_again() {
    let (_folder, rejects) = rejects();
    for second in [0, 1] {
        rejects.append(&[reject(None, "x")], at(second)).unwrap();
        assert_eq!(text(&rejects).lines().count(), 1);
        std::fs::remove_file(&rejects.path).unwrap();
    }
}

#[test]
fn what_follows_a_torn_line_begins_on_its_own() {
    let (_folder, rejects) = rejects();
    rejects.append(&[reject(None, "x")], at(0)).unwrap();
    let whole = text(&rejects);
    std::fs::write(&rejects.path, &whole[..20]).unwrap();
    rejects.append(&[reject(None, "x")], at(0)).unwrap();
    assert_eq!(text(&rejects), format!("{}\n{whole}", &whole[..20]));
}

#[test]
fn appending_from_several_threads_and_processes_loses_and_mixes_nothing() {
    let (folder, rejects) = rejects();
    let other = Rejects::at(folder.path().join("state.rejects.ndjson"));
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
    let mut devices: Vec<String> = text(&rejects)
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["id"].to_string())
        .collect();
    devices.sort_unstable();
    let expected = ["\"a\"", "\"b\"", "\"c\"", "\"d\""].map(|device| [device; 50]);
    assert_eq!(devices, expected.concat());
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    let (folder, rejects) = rejects();
    std::fs::create_dir(&rejects.path).unwrap();
    let error = rejects.append(&[reject(None, "x")], at(0)).unwrap_err();
    let message = error.to_string();
    for part in ["state.rejects.ndjson", "cannot write", "permissions"] {
        assert!(message.contains(part), "{message}");
    }
    let nowhere = Rejects::at(folder.path().join("nowhere/state.rejects.ndjson"));
    let error = nowhere.append(&[reject(None, "x")], at(0)).unwrap_err();
    assert!(error.to_string().contains("nowhere"), "{error}");
}
