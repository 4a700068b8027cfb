//! What a guest can reach of the system: nothing.

use crate::listener::Listener;
use crate::place::Place;

#[test]
fn filesystem() {
    let place = Place::new("filesystem");
    let folder = place.work.path(".").canonicalize().unwrap();
    let place = place.config(&format!("how = {folder:?}"));
    place.collect(1).failed(&["no file was reached"]);
    for folder in [folder.to_str().unwrap(), "/tmp"] {
        let left = std::path::Path::new(folder).join("guest-was-here");
        assert!(!left.exists(), "{}", left.display());
    }
}

#[test]
fn environment() {
    Place::new("environment")
        .collect(1)
        .failed(&["nothing was there"]);
}

#[test]
fn sockets() {
    let nobody = Listener::start();
    // Not even what its account allows for HTTP.
    let place = Place::new("sockets")
        .account("allow_loopback_http = true\nallow_addresses = [\"0.0.0.0/0\", \"::/0\"]")
        .config(&format!("port = {}", nobody.port()))
        .names("api.guest.example 127.0.0.1\nsecret.other.example 127.0.0.1\nlocalhost 127.0.0.1");
    place
        .collect(1)
        .failed(&["no socket was opened"])
        .asked_for_no_name();
    nobody.saw_nobody();
}

#[test]
fn stdout_flood() {
    let told = Place::new("stdout_flood").collect_with(0, &["--jobs", "1"]);
    assert_eq!(told.ran.stdout, "");
    assert!(!told.ran.stderr.contains("guest-floods"));
}

#[test]
fn stderr_flood() {
    for (verbose, format) in [("-v", "text"), ("-vv", "text"), ("-vv", "json")] {
        let told = Place::new("stderr_flood").collect_with(0, &[verbose, "--log-format", format]);
        let log = &told.ran.stderr;
        // 64 MiB were written, and the log must stay readable.
        assert!(
            log.len() < 4 << 20,
            "{verbose} {format}: {} bytes",
            log.len()
        );
        assert_eq!(log.contains("guest-floods"), verbose == "-vv");
        // No text of a guest begins a line of the log, or controls the terminal.
        assert!(!log.contains('\u{1b}') && !log.contains('\r') && !log.contains('\u{9b}'));
        let forged = |line: &&str| line.trim_start().starts_with("2026-01-01");
        assert_eq!(log.lines().find(forged), None);
        if format == "json" {
            let mut lines = log.lines();
            assert!(lines.all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
        }
    }
    Place::new("stderr_flood")
        .config("how = \"endless\"")
        .table("timeouts", "call = \"500ms\"")
        .table("limits", "cpu = \"500ms\"")
        .collect(1)
        .failed(&[]);
}
