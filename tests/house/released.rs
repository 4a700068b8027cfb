//! The released versions of the contract do not change: `wit/released.sha256` holds the digest of each of their files.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use semver::Version;
use sha2::{Digest, Sha256};

use super::files::{matches, root};

const FILES: [&str; 3] = ["connector.wit", "types.wit", "manifest.schema.json"];

/// Returns what is wrong with the contract in a folder: `wit/` with its list of released files, and `CHANGELOG.md`.
fn faults(folder: &Path) -> Vec<String> {
    let read = |file: &str| fs::read_to_string(folder.join(file)).unwrap_or_default();
    let mut released: BTreeMap<Version, BTreeMap<String, String>> = BTreeMap::new();
    for line in read("wit/released.sha256").lines() {
        let (digest, file) = line.split_once("  ").unwrap();
        let (version, file) = file.split_once('/').unwrap();
        let files = released
            .entry(Version::parse(version).unwrap())
            .or_default();
        files.insert(file.to_owned(), digest.to_owned());
    }
    let mut faults = Vec::new();
    let changelog = read("CHANGELOG.md");
    let contract = changelog.split_once("\n## Contract\n").unwrap().1;
    let contract = contract.split("\n## ").next().unwrap();
    let announced: Vec<_> = matches(r"(?m)^### (\d[^ ]*) - ", contract)
        .into_iter()
        .map(|version| Version::parse(version).unwrap())
        .collect();
    for version in &announced {
        if !released.contains_key(version) {
            faults.push(format!(
                "{version} is in CHANGELOG.md, but not in wit/released.sha256"
            ));
        }
    }
    for version in released
        .keys()
        .filter(|version| !announced.contains(version))
    {
        faults.push(format!(
            "{version} is in wit/released.sha256, but not in CHANGELOG.md"
        ));
    }
    let mut versions = Vec::new();
    for file in ["connector.wit", "types.wit"] {
        let text = read(&format!("wit/{file}"));
        let found = matches(r"(?m)^package inventory:connector@([^;]+);", &text);
        versions.push(Version::parse(found.first().unwrap()).unwrap());
    }
    let version = &versions[0];
    if versions[1] != *version {
        faults.push(format!(
            "wit/ has two versions: {} and {}",
            version, versions[1]
        ));
    }
    match released.get(version) {
        Some(digests) => {
            for file in FILES {
                let digest = digest(&read(&format!("wit/{file}")));
                if digests.get(file) != Some(&digest) {
                    faults.push(format!(
                        "wit/{file} differs from the released {version}: give wit/ a new version"
                    ));
                }
            }
        }
        None => {
            let newest = released.keys().next_back();
            if let Some(newest) = newest.filter(|newest| *newest > version) {
                faults.push(format!(
                    "wit/ has the version {version}, older than the released {newest}"
                ));
            }
        }
    }
    faults
}

fn digest(text: &str) -> String {
    let mut hex = String::new();
    for byte in Sha256::digest(text.as_bytes()) {
        write!(hex, "{byte:02x}").unwrap();
    }
    hex
}

#[test]
fn a_released_version_of_the_contract_does_not_change() {
    assert_eq!(faults(&root()), [""; 0]);
}

/// A made-up project with one released version.
struct Project(tempfile::TempDir);

impl Project {
    fn new() -> Self {
        let this = Self(tempfile::tempdir().unwrap());
        fs::create_dir(this.0.path().join("wit")).unwrap();
        for file in ["connector.wit", "types.wit"] {
            this.write(
                &format!("wit/{file}"),
                "/// Doc.\npackage inventory:connector@0.1.0;\n",
            );
        }
        this.write("wit/manifest.schema.json", "{}");
        this.write(
            "CHANGELOG.md",
            "# Changelog\n\n## Contract\n\n### Unreleased\n\n## Host\n\n### 7.0.0 - 2027-01-01\n",
        );
        this
    }

    fn write(&self, file: &str, text: &str) {
        fs::write(self.0.path().join(file), text).unwrap();
    }

    fn edit(&self, file: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.0.path().join(file)).unwrap();
        self.write(file, &text.replace(from, to));
    }

    /// Does what CONTRIBUTING.md says about a release, by its own commands.
    fn release(&self, version: &str) {
        let page = super::read("CONTRIBUTING.md");
        let section = page
            .split_once("\n### Release a version of the contract\n")
            .unwrap()
            .1;
        let command = matches(r"(?s)```sh\n(.*?)```", section)[0].replace("0.1.0", version);
        let ran = std::process::Command::new("sh")
            .args(["-euc", &command])
            .current_dir(self.0.path())
            .status();
        assert!(ran.unwrap().success());
        let heading = format!("## Contract\n\n### Unreleased\n\n### {version} - 2027-01-01\n");
        self.edit("CHANGELOG.md", "## Contract\n\n### Unreleased\n", &heading);
    }

    #[track_caller]
    fn assert_faults(&self, expected: &[&str]) {
        let faults = faults(self.0.path());
        assert_eq!(faults.len(), expected.len(), "{faults:?}");
        for (fault, expected) in faults.iter().zip(expected) {
            assert!(fault.contains(expected), "{fault}");
        }
    }
}

#[test]
fn a_change_of_a_released_version_is_refused() {
    let project = Project::new();
    project.edit("wit/types.wit", "Doc", "Another doc");
    project.assert_faults(&[]);
    project.release("0.1.0");
    project.assert_faults(&[]);
    for (file, from) in [
        ("types.wit", "doc"),
        ("connector.wit", "Doc"),
        ("manifest.schema.json", "{}"),
    ] {
        let path = format!("wit/{file}");
        let text = fs::read_to_string(project.0.path().join(&path)).unwrap();
        project.edit(&path, from, "other");
        project.assert_faults(&[&format!("wit/{file} differs from the released 0.1.0")]);
        project.write(&path, &text);
    }
    // Under a new version it may change, and the old one stays listed.
    project.edit("wit/types.wit", "0.1.0", "0.2.0");
    project.assert_faults(&["two versions", "wit/types.wit differs"]);
    project.edit("wit/connector.wit", "0.1.0", "0.2.0");
    project.assert_faults(&[]);
    project.release("0.2.0");
    project.assert_faults(&[]);
    project.edit("wit/types.wit", "0.2.0", "0.1.1");
    project.edit("wit/connector.wit", "0.2.0", "0.1.1");
    project.assert_faults(&["older than the released 0.2.0"]);
    project.write("wit/released.sha256", "");
    project.assert_faults(&["0.2.0 is in CHANGELOG.md", "0.1.0 is in CHANGELOG.md"]);
}
