//! How the code is organised, as `docs/architecture.md` says it: rooms import only from rooms below, and files import
//! each other in one direction. And what the pages name exists. Reads the sources; nothing needs to be built.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use regex_lite::Regex;

use files::{exists, files, matches, read};
use imports::Crate;

mod files;
mod imports;
mod released;

/// The crates that have rooms, and the component.
const HOST: [&str; 2] = ["host/runtime/src", "host/src"];
const COMPONENT: &str = "src";

/// The pages that are not in `docs/`.
const PAGES: [&str; 3] = ["README.md", "CONTRIBUTING.md", "fuzz/README.md"];

/// Returns the floor of each room, from the bottom up, as the table in `docs/architecture.md` lists them.
fn rooms() -> BTreeMap<String, usize> {
    let page = read("docs/architecture.md");
    let section = page.split_once("\n## The rooms\n").unwrap().1;
    let section = section.split("\n## ").next().unwrap();
    let mut rooms = BTreeMap::new();
    for (floor, row) in matches(r"(?m)^\| (`[^|]*) \|", section)
        .into_iter()
        .rev()
        .enumerate()
    {
        rooms.extend(
            matches(r"`(\w+)`", row)
                .into_iter()
                .map(|room| (room.to_owned(), floor)),
        );
    }
    rooms
}

/// Returns the room of a module such as `crate::config::account`; `None` for the crate's root.
fn room(module: &str) -> Option<&str> {
    module.split("::").nth(1)
}

#[test]
fn rooms_import_only_from_rooms_below() {
    let rooms = rooms();
    let floor = |module: &str| match room(module) {
        Some(room) => *rooms
            .get(room)
            .unwrap_or_else(|| panic!("docs/architecture.md has no room {room}")),
        None => usize::MAX,
    };
    let mut upward = Vec::new();
    for source in HOST.map(Crate::read) {
        for (from, to) in source.imports() {
            if room(from) != room(to) && floor(from) <= floor(to) {
                upward.push(source.describe(from, to));
            }
        }
    }
    assert!(
        upward.is_empty(),
        "imports that do not point downward:\n{}",
        upward.join("\n")
    );
}

/// Returns whether one module imports another, directly or through others.
fn leads(imports: &BTreeSet<(&str, &str)>, from: &str, to: &str) -> bool {
    let mut reached = BTreeSet::from([from]);
    loop {
        let next = imports
            .iter()
            .filter(|(a, b)| reached.contains(a) && !reached.contains(b));
        let next: Vec<_> = next.map(|(_, b)| *b).collect();
        if next.is_empty() {
            return reached.contains(to);
        }
        reached.extend(next);
    }
}

#[test]
fn files_import_each_other_in_one_direction() {
    let mut circles = Vec::new();
    let connectors = [COMPONENT, "connectors/asset-list/src"];
    for source in HOST.into_iter().chain(connectors).map(Crate::read) {
        let imports = source.imports();
        let in_circles = imports
            .iter()
            .filter(|(from, to)| leads(&imports, to, from));
        circles.extend(in_circles.map(|(from, to)| source.describe(from, to)));
    }
    assert!(
        circles.is_empty(),
        "imports that are part of a circle: {circles:#?}"
    );
}

/// A host runs any connector; what it says, also in examples and tests, fits all of them.
#[test]
fn the_host_names_no_vendor() {
    let sources = files("host").into_iter();
    let naming: Vec<_> = sources
        .filter(|file| {
            file.to_lowercase().contains("sophos") || read(file).to_lowercase().contains("sophos")
        })
        .collect();
    assert!(naming.is_empty(), "{naming:#?}");
}

/// Returns the names with which links lead to the headings of a page.
fn anchors(page: &str) -> BTreeSet<String> {
    let is_kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    let anchor = |heading: &str| -> String {
        heading
            .to_lowercase()
            .chars()
            .filter(is_kept)
            .collect::<String>()
            .replace(' ', "-")
    };
    matches(r"(?m)^#+ (.*)$", &read(page))
        .into_iter()
        .map(anchor)
        .collect()
}

#[test]
fn files_and_sections_that_the_pages_name_exist() {
    let docs = files("docs")
        .into_iter()
        .filter(|file| file.ends_with(".md"));
    let mut missing = Vec::new();
    for page in PAGES.map(str::to_owned).into_iter().chain(docs) {
        let text = read(&page);
        for link in matches(r"\]\(([^)\s]+)\)", &text) {
            let (file, section) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => PathBuf::from(&page),
                _ => Path::new(&page).parent().unwrap().join(file),
            };
            let target = target.to_str().unwrap();
            let is_there =
                || exists(target) && (section.is_empty() || anchors(target).contains(section));
            if !link.contains("://") && !is_there() {
                missing.push(format!("{page}: {link}"));
            }
        }
        let prose = Regex::new(r"(?s)```.*?```").unwrap().replace_all(&text, "");
        let paths = r"`((?:src|host|tests|docs|wit|preview|fuzz|examples|connectors)/[\w./-]*)`";
        let paths = matches(paths, &prose)
            .into_iter()
            .filter(|path| !path.contains("NAME") && !exists(path));
        missing.extend(paths.map(|path| format!("{page}: {path}")));
    }
    assert!(
        missing.is_empty(),
        "named in a page, but missing:\n{}",
        missing.join("\n")
    );
}

#[test]
fn make_targets_that_the_pages_name_exist() {
    let makefile = read("Makefile");
    let targets = matches(r"(?m)^([a-z-]+):", &makefile);
    for page in ["README.md", "CONTRIBUTING.md"] {
        for target in matches(r"(?m)(?:^|`)make ([a-z-]+)", &read(page)) {
            assert!(
                targets.contains(&target),
                "{page}: the Makefile has no target {target}"
            );
        }
    }
}

#[test]
fn wkg_finds_each_vendored_package_of_the_contract() {
    let overrides = read("wkg.toml");
    let mut found = BTreeSet::new();
    for line in overrides.lines().filter(|line| line.starts_with('"')) {
        let mut quoted = line.split('"').skip(1).step_by(2);
        let (package, path) = (quoted.next().unwrap(), quoted.next().unwrap());
        let declares = |file: &String| read(file).contains(&format!("package {package}@"));
        assert!(
            files(path).iter().any(declares),
            "wkg.toml: {path} is not {package}"
        );
        found.insert(PathBuf::from(path));
    }
    let vendored: BTreeSet<_> = files("wit/deps")
        .iter()
        .map(|file| Path::new(file).parent().unwrap().to_owned())
        .collect();
    assert_eq!(found, vendored);
}
