//! A host whose memory is measured, and one that has few descriptors.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sophos_central_simulator::resource_usage::{self, Usage};

use crate::place::{CANARY, Place};
use crate::resolver;
use crate::support::{Ran, Workplace};

/// Runs the host of a place with these arguments, and measures it. Its outputs go to files: a flood must not fill the
/// test's memory.
pub fn run(place: &Place, args: &[&str]) -> (Ran, Usage) {
    run_in(&place.work, args)
}

/// Does the same for any workplace.
pub fn run_in(work: &Workplace, args: &[&str]) -> (Ran, Usage) {
    let measurer = Path::new(env!("CARGO_BIN_EXE_resource-usage"));
    let report = work.path("usage.json");
    let host = command(work, args);
    let ran = finish(
        work,
        &mut resource_usage::measured(measurer, &report, &host),
    );
    (ran, resource_usage::take(&report).unwrap())
}

/// Runs the host of a place with these arguments and this many descriptors.
pub fn run_with_descriptors(place: &Place, descriptors: u32, args: &[&str]) -> Ran {
    let host = command(&place.work, args);
    let mut shell = Command::new("sh");
    shell
        .arg("-c")
        .arg(format!("ulimit -n {descriptors} && exec \"$0\" \"$@\""))
        .arg(host.get_program())
        .args(host.get_args())
        .env_clear();
    for (name, value) in host.get_envs() {
        if let Some(value) = value {
            shell.env(name, value);
        }
    }
    if let Some(folder) = host.get_current_dir() {
        shell.current_dir(folder);
    }
    finish(&place.work, &mut shell)
}

fn command(work: &Workplace, args: &[&str]) -> Command {
    resolver::command(work, args, &[("TEST_GUEST_SECRET", CANARY)])
}

fn finish(work: &Workplace, command: &mut Command) -> Ran {
    let files = ["stdout", "stderr"].map(|name| work.path(name));
    let [stdout, stderr] = files
        .each_ref()
        .map(|path| std::fs::File::create(path).unwrap());
    let status = command
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(stderr)
        .status()
        .unwrap();
    let read = |path: &PathBuf| String::from_utf8(std::fs::read(path).unwrap()).unwrap();
    let [stdout, stderr] = files.each_ref().map(read);
    Ran {
        code: status.code(),
        stdout,
        stderr,
    }
}
