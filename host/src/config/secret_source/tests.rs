//! What a source yields, and what is reported if it yields nothing.

use super::*;
use secrecy::ExposeSecret;

const CANARY: &str = "canary-7f3a";

fn source(text: &str) -> Result<SecretSource, &'static str> {
    let table: toml::Table = toml::from_str(&format!("secret = {text}")).unwrap();
    let mut source = SecretSource::try_from(table["secret"].clone())?;
    source.resolve_path(Path::new("/etc/asset-host"));
    Ok(source)
}

fn command(script: &str) -> SecretSource {
    program(&["sh", "-c", script], TIMEOUT)
}

fn program(argv: &[&str], timeout: Duration) -> SecretSource {
    SecretSource::Command {
        argv: argv.iter().map(|&text| text.to_owned()).collect(),
        timeout,
    }
}

#[test]
fn reads_the_three_forms() {
    for (text, expected) in [
        (
            r#"{ env = "EXAMPLE_CLIENT_SECRET" }"#,
            SecretSource::Env("EXAMPLE_CLIENT_SECRET".into()),
        ),
        (
            r#"{ file = "secret.txt" }"#,
            SecretSource::File("/etc/asset-host/secret.txt".into()),
        ),
        (
            r#"{ file = "/run/secret" }"#,
            SecretSource::File("/run/secret".into()),
        ),
        (
            r#"{ command = ["pass", "example"] }"#,
            program(&["pass", "example"], Duration::from_secs(30)),
        ),
        (
            r#"{ command = ["pass", "example"], timeout = "2m" }"#,
            program(&["pass", "example"], Duration::from_secs(120)),
        ),
    ] {
        assert_eq!(source(text), Ok(expected), "{text}");
    }
}

#[test]
fn refuses_other_forms_without_repeating_them() {
    for text in [
        r#""canary-7f3a""#,
        "77342",
        r#"["canary-7f3a"]"#,
        "{}",
        r#"{ env = "A", file = "b" }"#,
        r#"{ comand = ["pass"] }"#,
        r#"{ env = "A", value = "canary-7f3a" }"#,
        r#"{ env = "canary-7f3a" }"#,
        r#"{ env = "" }"#,
        "{ env = 77342 }",
        r#"{ file = "" }"#,
        "{ file = 77342 }",
        r#"{ command = "echo canary-7f3a" }"#,
        "{ command = [] }",
        r#"{ command = [""] }"#,
        r#"{ command = ["echo", 77342] }"#,
        r#"{ timeout = "1s" }"#,
        r#"{ env = "A", timeout = "1s" }"#,
        r#"{ command = ["a"], timeout = 77342 }"#,
        r#"{ command = ["a"], timeout = "0s" }"#,
        r#"{ command = ["a"], timeout = "canary-7f3a" }"#,
    ] {
        assert_eq!(source(text), Err(FORMS), "{text}");
    }
    for part in ["not contain it", "{ env = ", "{ file = ", "{ command = ["] {
        assert!(FORMS.contains(part), "{part}");
    }
}

#[test]
fn trims_line_breaks_at_the_end_and_nothing_else() {
    for (script, expected) in [
        ("printf 'canary-7f3a'", CANARY),
        ("printf 'canary-7f3a\\n'", CANARY),
        ("printf 'canary-7f3a\\r\\n\\n'", CANARY),
        ("printf ' a b \\n'", " a b "),
        ("printf 'a\\nb\\n'", "a\nb"),
    ] {
        let secret = command(script).resolve().unwrap();
        assert_eq!(secret.expose_secret(), expected, "{script}");
    }
}

#[test]
fn reads_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret.txt");
    std::fs::write(&path, format!("{CANARY}\n")).unwrap();
    let secret = SecretSource::File(path).resolve().unwrap();
    assert_eq!(secret.expose_secret(), CANARY);
}

#[test]
fn reads_the_environment() {
    let secret = SecretSource::Env("PATH".into()).resolve().unwrap();
    assert_eq!(secret.expose_secret(), std::env::var("PATH").unwrap());
}

#[test]
fn a_failing_source_tells_what_to_do_and_not_what_it_gave() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.txt");
    let empty = folder.path().join("empty.txt");
    let binary = folder.path().join("binary.dat");
    std::fs::write(&empty, " \n").unwrap();
    std::fs::write(&binary, b"canary-7f3a\xff").unwrap();
    for (source, parts) in [
        (
            SecretSource::Env("ASSET_HOST_NEVER_SET".into()),
            [
                "environment variable ASSET_HOST_NEVER_SET",
                "is not set: set it",
            ],
        ),
        (
            SecretSource::Env("canary7f3a".into()),
            ["that `env` names", "is not set: set it"],
        ),
        (SecretSource::File(missing), ["missing.txt", "cannot read"]),
        (SecretSource::File(empty), ["empty.txt", "is empty"]),
        (SecretSource::File(binary), ["binary.dat", "not UTF-8"]),
        (
            program(&["asset-host-no-such-program"], TIMEOUT),
            ["asset-host-no-such-program", "cannot start"],
        ),
        (
            command("printf canary-7f3a; exit 3"),
            ["\"sh\"", "exit code 3: run it by hand"],
        ),
        (
            command("printf canary-7f3a; kill -9 $$"),
            ["\"sh\"", "ended by a signal"],
        ),
        (command("printf ''"), ["output of the program", "is empty"]),
        (
            command("while printf canary-7f3a; do :; done"),
            ["output of the program", "longer than 64 KiB"],
        ),
        (
            SecretSource::File("/dev/zero".into()),
            ["/dev/zero", "longer than 64 KiB"],
        ),
    ] {
        let message = source.resolve().unwrap_err().to_string();
        for part in parts {
            assert!(message.contains(part), "{message}");
        }
        assert!(!message.contains(CANARY), "{message}");
        assert!(!message.contains("canary7f3a"), "{message}");
    }
}

/// Runs a script that opens the named pipe `held`, which it and its children keep, and never ends by itself.
fn assert_killed(script: &str) {
    let folder = tempfile::tempdir().unwrap();
    let held = folder.path().join("held");
    let made = std::process::Command::new("mkfifo").arg(&held).status();
    assert!(made.unwrap().success());
    let script = format!("exec 3>'{}'; {script}", held.display());
    let (sender, ended) = std::sync::mpsc::channel();
    std::thread::spawn(move || sender.send(std::fs::read(held)));

    let source = program(&["sh", "-c", &script], Duration::from_secs(1));
    let message = source.resolve().unwrap_err().to_string();
    for part in ["\"sh\"", "within 1s and was killed", "`timeout`"] {
        assert!(message.contains(part), "{script}: {message}");
    }
    assert!(!message.contains(CANARY), "{message}");
    // The pipe has an end once no process holds it.
    let read = ended.recv_timeout(Duration::from_secs(20));
    read.expect("a process is left behind").unwrap();
}

#[test]
fn a_program_that_takes_too_long_is_killed_with_what_it_started() {
    std::thread::scope(|scope| {
        for script in [
            "printf canary-7f3a; exec sleep 1000",
            // Its child holds its output.
            "sleep 1000 & printf canary-7f3a",
            // It has closed its output.
            "exec >&-; sleep 1000 & wait",
        ] {
            scope.spawn(move || assert_killed(script));
        }
    });
}

#[test]
fn debug_shows_no_secret() {
    let secret = command("printf canary-7f3a").resolve().unwrap();
    for text in [
        format!("{secret:?}"),
        format!("{:?}", command("printf canary-7f3a")),
        format!("{:?}", SecretSource::Env("canary7f3a".into())),
    ] {
        assert!(!text.contains("canary"), "{text}");
    }
}
