//! The names that the host can resolve: a table of the test, read by `tests/support/resolver.c`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::support::{Ran, Workplace};

/// The file in the workplace with the names, and the one with what was looked up.
const FILES: [(&str, &str); 2] = [("TEST_NAMES", "names"), ("TEST_LOOKUPS", "lookups")];

/// Runs the host with these arguments, and these variables beside those of the workplace. It resolves names by the
/// table alone.
pub fn host(work: &Workplace, args: &[&str], variables: &[(&str, &str)]) -> Ran {
    let output = command(work, args, variables).output().unwrap();
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Returns the command of the host as [`host`] runs it.
pub fn command(work: &Workplace, args: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = work.command(args);
    command.env("LD_PRELOAD", library());
    for (variable, file) in FILES {
        command.env(variable, work.path(file));
    }
    command.envs(variables.iter().copied());
    command
}

/// Returns what the host has looked up so far, each name with its answer, such as `api.guest.example 127.0.0.1`.
pub fn lookups(work: &Workplace) -> Vec<String> {
    let text = std::fs::read_to_string(work.path("lookups")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// Returns the library, compiled once per run of the tests.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("support/resolver.c");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let library = folder.join("resolver.so");
        // Another process of the tests may be loading the existing one.
        let new = folder.join(format!("resolver-{}.so", std::process::id()));
        let compiled = Command::new("cc")
            .args(["-O1", "-shared", "-fPIC", "-o"])
            .arg(&new)
            .arg(source)
            .arg("-ldl")
            .status()
            .unwrap();
        assert!(compiled.success());
        std::fs::rename(new, &library).unwrap();
        library
    })
}
