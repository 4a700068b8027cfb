//! What `--config` names: a file, a folder of files, or standard input.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::config::problem::ConfigError;

/// The text of standard input. It can be read once, and a run with `--every` reads its configuration again.
static STANDARD_INPUT: OnceLock<String> = OnceLock::new();

/// A text of the configuration.
pub(super) struct ConfigFile {
    /// Its file, as messages name it.
    pub path: PathBuf,
    /// What relative paths in it are relative to.
    pub folder: PathBuf,
    /// The text, or why there is none.
    pub text: Result<String, ConfigError>,
}

/// Returns whether there is something to read.
pub(super) fn exists(place: &Path) -> bool {
    is_standard_input(place) || place.exists()
}

/// Reads the file, or each `*.toml` of a folder in the order of their names. Hidden files are left out.
///
/// # Errors
///
/// When there is nothing to read.
pub(super) fn read(place: &Path) -> Result<Vec<ConfigFile>, ConfigError> {
    if is_standard_input(place) {
        return Ok(vec![ConfigFile {
            path: "standard input".into(),
            folder: PathBuf::new(),
            text: standard_input(),
        }]);
    }
    let paths = if place.is_dir() {
        files_of(place)?
    } else {
        vec![place.to_owned()]
    };
    let file = |path: PathBuf| ConfigFile {
        folder: path.parent().unwrap_or(Path::new("")).to_owned(),
        text: text(&path),
        path,
    };
    Ok(paths.into_iter().map(file).collect())
}

fn is_standard_input(place: &Path) -> bool {
    place == Path::new("-")
}

fn files_of(folder: &Path) -> Result<Vec<PathBuf>, ConfigError> {
    let entries = std::fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let mut paths: Vec<_> = entries
        .map_err(|error| cannot_read(folder, &error))?
        .into_iter()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "toml"))
        .filter(|path| {
            let name = path.file_name();
            !name.is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
        })
        .collect();
    if paths.is_empty() {
        return Err(ConfigError::new(format_args!(
            "there is no configuration in the folder {}: put a file NAME.toml into it for each account",
            folder.display()
        )));
    }
    paths.sort();
    Ok(paths)
}

fn text(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => ConfigError::new(format_args!(
            "there is no configuration file {}: write one with `asset-host init`, or name another with --config",
            path.display()
        )),
        _ => cannot_read(path, &error),
    })
}

fn standard_input() -> Result<String, ConfigError> {
    if let Some(text) = STANDARD_INPUT.get() {
        return Ok(text.clone());
    }
    let mut text = String::new();
    match io::stdin().read_to_string(&mut text) {
        Ok(_) => Ok(STANDARD_INPUT.get_or_init(|| text).clone()),
        Err(error) => Err(ConfigError::new(format_args!(
            "cannot read the configuration from standard input: {error}"
        ))),
    }
}

fn cannot_read(path: &Path, error: &io::Error) -> ConfigError {
    let path = path.display();
    ConfigError::new(format_args!(
        "cannot read the configuration file {path}: {error}"
    ))
}
