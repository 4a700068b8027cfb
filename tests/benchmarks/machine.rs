//! What was measured, on what, and when.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use time::OffsetDateTime;

/// The document that a run writes: that it differs from the commit does not make the measured code another.
const DOCUMENT: &str = "docs/benchmarks.md";

/// Returns the facts, a line each, in Markdown.
///
/// # Errors
///
/// If the system does not provide one of them.
pub fn facts(rounds: usize) -> Result<String> {
    let facts = [
        ("processor", processor()?),
        (
            "cores",
            std::thread::available_parallelism()?.get().to_string(),
        ),
        ("memory", memory()?),
        ("kernel", line_of("/proc/sys/kernel/osrelease")?),
        ("curl", curl()?),
        ("commit", commit()?),
        ("date", date()),
        ("rounds", rounds.to_string()),
        ("load at the start", load()?),
    ];
    let lines = facts.map(|(name, fact)| format!("- {name}: {fact}\n"));
    Ok(lines.concat())
}

fn processor() -> Result<String> {
    let text = fs::read_to_string("/proc/cpuinfo")?;
    let model = field(&text, "model name");
    Ok(model.unwrap_or_else(|| format!("unnamed, {}", std::env::consts::ARCH)))
}

fn memory() -> Result<String> {
    let text = fs::read_to_string("/proc/meminfo")?;
    let total = field(&text, "MemTotal").context("/proc/meminfo has no MemTotal")?;
    let kibibytes: f64 = total.trim_end_matches(" kB").parse()?;
    Ok(format!("{:.1} GiB", kibibytes / f64::from(1 << 20)))
}

/// Returns the value of the first line `name : value`.
fn field(text: &str, name: &str) -> Option<String> {
    let mut fields = text.lines().filter_map(|line| line.split_once(':'));
    let (_, value) = fields.find(|(found, _)| found.trim() == name)?;
    Some(value.trim().to_owned())
}

fn line_of(file: &str) -> Result<String> {
    let text = fs::read_to_string(file).with_context(|| format!("{file} cannot be read"))?;
    Ok(text.trim().to_owned())
}

fn curl() -> Result<String> {
    let version = printed("curl", &["--version"])?;
    let mut words = version.split_whitespace().skip(1);
    Ok(words.next().unwrap_or_default().to_owned())
}

/// Returns the commit, and whether the tree has anything that is not in it.
fn commit() -> Result<String> {
    let commit = printed("git", &["rev-parse", "--short=12", "HEAD"])?;
    let changes = printed("git", &["status", "--porcelain"])?;
    let is_dirty = changes.lines().any(|line| !line.ends_with(DOCUMENT));
    let dirty = if is_dirty {
        ", with changes that are not committed"
    } else {
        ""
    };
    Ok(format!("`{}`{dirty}", commit.trim()))
}

fn date() -> String {
    OffsetDateTime::now_utc().date().to_string()
}

/// Returns how many processes wanted to compute in the last minute: on a machine that is idle, less than one.
fn load() -> Result<String> {
    let text = line_of("/proc/loadavg")?;
    let minute = text.split_whitespace().next().unwrap_or_default();
    Ok(minute.to_owned())
}

fn printed(program: &str, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .with_context(|| format!("{program} does not start"))?;
    ensure!(output.status.success(), "{program} {arguments:?} failed");
    Ok(String::from_utf8(output.stdout)?)
}
