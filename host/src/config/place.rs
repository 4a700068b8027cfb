//! What `--config` names: a file, a folder of files, or standard input.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::config::problem::ConfigError;

/// The text of standard input. It can be read once, and a run with `--every` reads its configuration again.
static STANDARD_INPUT: OnceLock<Result<String, ConfigError>> = OnceLock::new();

/// Returns whether there is something to read.
pub(super) fn exists(place: &Path) -> bool {
    place == "-" || place.exists()
}

/// Returns the file, or each `*.toml` of a folder that is not hidden, in the order of their names.
///
/// # Errors
///
/// When the folder cannot be read or has none.
pub(super) fn files(place: &Path) -> Result<Vec<PathBuf>, ConfigError> {
    if !place.is_dir() {
        return Ok(vec![place.to_owned()]);
    }
    let entries = std::fs::read_dir(place).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let entries = entries.map_err(|error| cannot_read(place, &error))?;
    let is_config = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        name.ends_with(b".toml") && !name.starts_with(b".")
    };
    let mut paths: Vec<_> = entries
        .iter()
        .map(|entry| entry.path())
        .filter(is_config)
        .collect();
    if paths.is_empty() {
        return Err(ConfigError::new(format_args!(
            "there is no configuration in the folder {}: put a file NAME.toml into it for each account",
            place.display()
        )));
    }
    paths.sort();
    Ok(paths)
}

/// Reads a file, or standard input as the file `-`.
pub(super) fn read(file: &Path) -> Result<String, ConfigError> {
    if file == "-" {
        let text = STANDARD_INPUT.get_or_init(|| {
            io::read_to_string(io::stdin()).map_err(|error| cannot_read(file, &error))
        });
        return text.clone();
    }
    let read = || match std::fs::metadata(file)?.is_file() {
        true => std::fs::read_to_string(file),
        // A named pipe would be waited for.
        false => Err(io::Error::other("it is not a regular file")),
    };
    read().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => ConfigError::new(format_args!(
            "there is no configuration file {}: write one with `asset-host init`, or name another with --config",
            file.display()
        )),
        _ => cannot_read(file, &error),
    })
}

fn cannot_read(place: &Path, error: &io::Error) -> ConfigError {
    let place = place.display();
    ConfigError::new(format_args!(
        "cannot read the configuration {place}: {error}"
    ))
}
