//! Standard output as a destination that cannot keep events.

use std::process::{Command, Stdio};

use sophos_central_simulator::CLIENT_SECRET;

use crate::support::{Ran, Workplace, built};
use crate::workplace;

/// Runs a shell command in which `$HOST` is the host.
fn shell(work: &Workplace, line: &str) -> Ran {
    run(work, "sh", &["-c", line])
}

/// Runs the host on a terminal of its own, whose output is returned as standard output.
fn on_a_terminal(work: &Workplace, args: &str) -> Ran {
    let line = format!("\"$HOST\" {args}");
    run(work, "script", &["-qec", &line, "/dev/null"])
}

fn run(work: &Workplace, program: &str, args: &[&str]) -> Ran {
    let output = Command::new(program)
        .args(args)
        .current_dir(work.path("."))
        .env("HOST", built("asset-host"))
        .env("SHELL", "/bin/sh")
        .env("TEST_CLIENT_SECRET", CLIENT_SECRET)
        .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn standard_output_that_leads_nowhere_is_refused() {
    let work = workplace();
    for deliver in ["to = \"stdout\"", ""] {
        work.configure("", "");
        work.deliver(deliver);
        for redirection in [">&-", ">/dev/null", "1<>/dev/null"] {
            for flags in [
                "",
                "--limit 2",
                "--since 2020-01-01T00:00:00Z",
                "--every 1h --strict",
            ] {
                shell(&work, &format!("\"$HOST\" collect {flags} {redirection}"))
                    .expect(2)
                    .says(&["standard output is closed or /dev/null", "to = \"file\""]);
            }
        }
    }
    assert!(work.simulator.requests().is_empty());
    assert!(work.cursor().is_none());
    // Commands that deliver nothing need no destination.
    shell(&work, "\"$HOST\" collect --dry-run >&-").expect(0);
    work.configure("", "");
    shell(&work, "\"$HOST\" collect >&-").expect(0);
    assert_eq!(work.events().len(), 3);
}

#[test]
fn a_terminal_as_standard_output_is_refused() {
    let work = workplace();
    work.deliver("to = \"stdout\"");
    on_a_terminal(&work, "collect").expect(2).says(&[
        "standard output is a terminal",
        "redirect it",
        "to = \"file\"",
        "--limit 10",
    ]);
    assert!(work.simulator.requests().is_empty());
    assert!(work.cursor().is_none());

    let events = |ran: &Ran| ran.stdout.matches("\"class_uid\":5001").count();
    let ran = on_a_terminal(&work, "collect --dry-run").expect(0);
    assert_eq!(events(&ran), 0, "{}", ran.stdout);
    let ran = on_a_terminal(&work, "collect --since 2020-01-01T00:00:00Z").expect(0);
    assert_eq!(events(&ran), 3, "{}", ran.stdout);
    assert!(work.cursor().is_none());
    let ran = on_a_terminal(&work, "collect --limit 2").expect(0);
    assert_eq!(events(&ran), 2, "{}", ran.stdout);
}
