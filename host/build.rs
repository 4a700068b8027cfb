//! Finds the commit for `--version`: that of the environment variable `ASSET_HOST_COMMIT`, else that of git, else none.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-env-changed=ASSET_HOST_COMMIT");
    // What moves with every commit and every checkout. Cargo runs a build script again as long as a file is missing.
    for file in ["HEAD", "logs/HEAD"] {
        if let Some(path) = git(&["rev-parse", "--path-format=absolute", "--git-path", file])
            && std::path::Path::new(&path).exists()
        {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    println!("cargo::rerun-if-changed=build.rs");
    let named = std::env::var("ASSET_HOST_COMMIT").ok();
    let commit = named.or_else(|| git(&["rev-parse", "--short=12", "HEAD"]));
    let commit = commit.filter(|commit| !commit.is_empty());
    let commit = commit.map_or_else(String::new, |commit| format!(" ({commit})"));
    println!(
        "cargo::rustc-env=ASSET_HOST_VERSION={}{commit}",
        env!("CARGO_PKG_VERSION")
    );
}

/// Returns what git prints, or `None` without git or a repository.
fn git(args: &[&str]) -> Option<String> {
    let output = Command::new("git").args(args).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
