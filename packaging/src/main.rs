//! `finish-component PACKAGE IN OUT` writes the component that is released: a module becomes a component, and the
//! component gets a name, that of the file, and what the package's manifest says of it.
//!
//! The custom sections are those that `wasm-tools metadata` and OCI registries read.

use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, ensure};
use serde::Deserialize;
use wasm_encoder::{ComponentNameSection, ComponentSection, CustomSection};
use wasmparser::Parser;

/// What the sections tell, under the names that `cargo metadata` gives.
#[derive(Debug, Deserialize)]
struct Package {
    version: String,
    description: String,
    license: String,
    repository: String,
}

#[derive(Debug, Deserialize)]
struct Workspace {
    packages: Vec<serde_json::Value>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match *arguments {
        [package, from, to] => finish(package, Path::new(from), Path::new(to)),
        _ => Err(anyhow::anyhow!("usage: finish-component PACKAGE IN OUT")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn finish(package: &str, from: &Path, to: &Path) -> anyhow::Result<()> {
    let package = read_manifest(package)?;
    let name = to.file_stem().and_then(|name| name.to_str());
    let name = name.context("the component's file has no name")?;
    let binary = std::fs::read(from).with_context(|| format!("cannot read {}", from.display()))?;
    let mut component =
        component(binary).with_context(|| format!("cannot use {}", from.display()))?;
    describe(&mut component, name, &package);
    std::fs::write(to, component).with_context(|| format!("cannot write {}", to.display()))
}

fn read_manifest(package: &str) -> anyhow::Result<Package> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .output()
        .context("cannot run cargo metadata")?;
    ensure!(
        output.status.success(),
        "cargo metadata fails: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let workspace: Workspace = serde_json::from_slice(&output.stdout)?;
    let mut packages = workspace.packages.into_iter();
    let found = packages.find(|found| found.get("name").is_some_and(|name| name == package));
    let found = found.with_context(|| format!("the workspace has no package {package}"))?;
    serde_json::from_value(found).with_context(|| format!("the manifest of {package}"))
}

/// Returns the component, made of a module if it is none yet.
fn component(binary: Vec<u8>) -> anyhow::Result<Vec<u8>> {
    if Parser::is_component(&binary) {
        return Ok(binary);
    }
    ensure!(Parser::is_core_wasm(&binary), "it is not WebAssembly");
    let mut encoder = wit_component::ComponentEncoder::default();
    encoder.validate(true).module(&binary)?.encode()
}

/// Appends the sections.
fn describe(component: &mut Vec<u8>, name: &str, package: &Package) {
    let mut names = ComponentNameSection::new();
    names.component(name);
    names.append_to_component(component);
    for (section, text) in [
        ("description", &package.description),
        ("licenses", &package.license),
        ("source", &package.repository),
        ("version", &package.version),
    ] {
        let section = CustomSection {
            name: section.into(),
            data: text.as_bytes().into(),
        };
        section.append_to_component(component);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmparser::Payload;

    /// The shortest module, and the shortest component.
    const MODULE: &[u8] = b"\0asm\x01\0\0\0";
    const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

    #[test]
    fn a_component_says_its_name_version_licence_and_source() {
        let package = read_manifest("sophos-assets").unwrap();
        let mut finished = COMPONENT.to_vec();
        describe(&mut finished, "sophos-mapper", &package);
        let sections: Vec<_> = Parser::new(0)
            .parse_all(&finished)
            .filter_map(|payload| match payload.unwrap() {
                Payload::CustomSection(section) => Some((section.name(), section.data())),
                _ => None,
            })
            .collect();
        let version = env!("CARGO_PKG_VERSION");
        let source = env!("CARGO_PKG_REPOSITORY");
        for expected in [
            ("licenses", "Apache-2.0".as_bytes()),
            ("source", source.as_bytes()),
            ("version", version.as_bytes()),
            // The subsection for the component's own name, its length, and the name with its length.
            ("component-name", b"\0\x0e\x0dsophos-mapper"),
        ] {
            assert!(sections.contains(&expected), "{expected:?} in {sections:?}");
        }
    }

    #[test]
    fn a_module_becomes_a_component_and_other_files_are_refused() {
        assert_eq!(component(COMPONENT.to_vec()).unwrap(), COMPONENT);
        assert!(Parser::is_component(&component(MODULE.to_vec()).unwrap()));
        assert!(component(b"<html>".to_vec()).is_err());
    }

    #[test]
    fn a_package_that_the_workspace_does_not_have_is_an_error() {
        let error = read_manifest("nothing").unwrap_err();
        assert_eq!(error.to_string(), "the workspace has no package nothing");
    }
}
