//! The files of the project, by their paths from its root.

use std::fs;
use std::path::{Path, PathBuf};

use regex_lite::Regex;

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

pub fn exists(path: &str) -> bool {
    root().join(path).exists()
}

pub fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// Returns the files in a folder and in those below it; none if it does not exist.
pub fn files(folder: &str) -> Vec<String> {
    let mut folders = vec![PathBuf::from(folder)];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root().join(&folder)).into_iter().flatten() {
            let entry = entry.unwrap();
            let path = folder.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                folders.push(path);
            } else {
                files.push(path.to_str().unwrap().to_owned());
            }
        }
    }
    files
}

/// Returns what the first group of a pattern matches in a text, each time.
pub fn matches<'a>(pattern: &str, text: &'a str) -> Vec<&'a str> {
    let pattern = Regex::new(pattern).unwrap();
    let groups = pattern
        .captures_iter(text)
        .filter_map(|captures| captures.get(1));
    groups.map(|group| group.as_str()).collect()
}
