//! The pages for users, compared with the program: `docs/cli.md` with its help, and the examples of
//! `docs/configuration.md`, `docs/recipes.md`, `README.md` and `docs/examples/` with what it reads.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use support::built;
use tempfile::TempDir;
use yaml_rust2::{Yaml, YamlLoader};

const README: &str = include_str!("../README.md");
const CLI: &str = include_str!("../docs/cli.md");
const CONFIGURATION: &str = include_str!("../docs/configuration.md");
const RECIPES: &str = include_str!("../docs/recipes.md");

/// An account for a destination or a `[cluster]` that the page shows alone.
const ACCOUNT: &str = "[account.acme]
component = \"sophos-assets.wasm\"
[account.acme.config]
client_id = \"a\"
[account.acme.secrets]
client_secret = { env = \"SOPHOS_CLIENT_SECRET\" }
[account.acme.deliver]
";

fn run(folder: &Path, args: &[&str]) -> Output {
    Command::new(built("asset-host"))
        .args(args)
        .current_dir(folder)
        .output()
        .unwrap()
}

/// The words of a text that are flags, such as `--config`.
fn flags(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
        .filter(|word| {
            word.starts_with("--") && word.chars().nth(2).is_some_and(char::is_alphabetic)
        })
        .map(str::to_owned)
        .collect()
}

/// The section of `docs/cli.md` under this heading.
fn section(heading: &str) -> &'static str {
    let after = CLI.split_once(&format!("\n## {heading}\n")).unwrap().1;
    after.split("\n## ").next().unwrap()
}

/// The flags that begin a row of a section's tables or, for `state`, stand anywhere in it.
fn documented(command: &str) -> BTreeSet<String> {
    let section = section(&format!("`{command}`"));
    let rows = section.lines().filter(|line| line.starts_with("| `-"));
    match command {
        "state" => flags(section),
        _ => rows
            .flat_map(|row| flags(row.split('|').nth(1).unwrap()))
            .collect(),
    }
}

/// The flags of a command in the program's help; of `state`, those of its commands.
fn offered(command: &str) -> BTreeSet<String> {
    let commands = match command {
        "state" => &["list", "show", "set", "reset", "prune", "export", "import"][..],
        _ => &[""],
    };
    let help = |sub: &&str| {
        let args: Vec<_> = [command, *sub, "--help"]
            .into_iter()
            .filter(|arg| !arg.is_empty())
            .collect();
        let help = run(Path::new("."), &args).stdout;
        let help = String::from_utf8(help).unwrap();
        let options = help
            .lines()
            .filter(|line| line.trim_start().starts_with('-') && line.contains("--"));
        options
            .flat_map(|line| flags(line.trim_start().split("  ").next().unwrap()))
            .collect::<BTreeSet<_>>()
    };
    commands.iter().flat_map(help).collect()
}

#[test]
fn the_page_on_the_command_line_lists_the_flags_of_the_help() {
    let general = flags(section("Flags of every command"));
    for command in [
        "collect", "check", "map", "describe", "approve", "init", "state",
    ] {
        let offered: BTreeSet<_> = offered(command).difference(&general).cloned().collect();
        assert_eq!(
            documented(command),
            offered,
            "docs/cli.md and `asset-host help {command}`"
        );
    }
    let help = run(Path::new("."), &["--help"]).stdout;
    let missing: Vec<_> = general
        .difference(&flags(&String::from_utf8(help).unwrap()))
        .cloned()
        .collect();
    assert_eq!(
        missing, [""; 0],
        "flags of every command in docs/cli.md, but not in the help"
    );
}

/// The blocks of TOML of a page.
fn examples(page: &str) -> Vec<String> {
    let blocks = page.split("```toml\n").skip(1);
    blocks
        .map(|block| block.split("```").next().unwrap().to_owned())
        .collect()
}

/// Asserts that the program reads a configuration file.
#[track_caller]
fn assert_read(toml: &str) {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::create_dir(path("dist")).unwrap();
    for place in ["sophos-assets.wasm", "dist/sophos-assets.wasm"] {
        std::os::unix::fs::symlink(built("sophos-assets.wasm"), path(place)).unwrap();
    }
    let authority = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    std::fs::write(path("authorities.pem"), authority.cert.pem()).unwrap();
    std::fs::write(path("asset-host.toml"), toml).unwrap();
    let ran = run(folder.path(), &["describe", "--account", "acme", "--json"]);
    let problems = String::from_utf8(ran.stderr).unwrap();
    assert!(ran.status.success(), "{problems}\n{toml}");
    let facts: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(facts["problems"], serde_json::json!([]), "{toml}");
}

#[test]
fn the_program_reads_every_example_of_a_configuration() {
    let mut read = 0;
    for example in [CONFIGURATION, README, RECIPES]
        .into_iter()
        .flat_map(examples)
    {
        let is_part = ["to = ", "[cluster]"]
            .iter()
            .any(|part| example.starts_with(part));
        let example = match is_part {
            true => format!("{ACCOUNT}{example}"),
            false => example,
        };
        assert_read(&example);
        // With the optional keys, but for a digest that no file has.
        let all: Vec<_> = example
            .lines()
            .filter(|line| !line.starts_with("#sha256"))
            .collect();
        assert_read(&all.join("\n").replace("\n#", "\n"));
        read += 1;
    }
    assert_eq!(read, 14);
}

#[test]
fn the_example_of_a_configuration_has_every_key_of_the_tables() {
    let examples = examples(CONFIGURATION).join("\n");
    for row in CONFIGURATION.lines().filter(|line| line.starts_with("| `")) {
        for key in row.split('|').nth(1).unwrap().split('`').skip(1).step_by(2) {
            let is_key = |line: &str| {
                line.trim_start_matches('#')
                    .starts_with(&format!("{key} = "))
            };
            let is_form = key.starts_with('{') || key.starts_with('"');
            assert!(
                is_form || examples.lines().any(is_key),
                "no example has `{key}`"
            );
        }
    }
}

/// The file of a deployment in `docs/examples/`.
fn deployment(file: &str) -> Vec<Yaml> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/examples");
    let text = std::fs::read_to_string(path.join(file)).unwrap();
    YamlLoader::load_from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The files that a deployment makes of its configurations: name and text.
fn configurations(file: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for document in deployment(file) {
        // Of Kubernetes and of Compose, which replaces `$`.
        for (key, inner) in [("data", None), ("configs", Some("content"))] {
            for (name, text) in document[key].as_hash().into_iter().flatten() {
                let text = inner.map_or(text, |inner| &text[inner]).as_str().unwrap();
                let text = text.replace("$$", "$");
                found.push((name.as_str().unwrap().to_owned(), text));
            }
        }
    }
    found
}

#[test]
fn the_examples_in_yaml_can_be_parsed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let mut blocks = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "md") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for block in text.split("```yaml\n").skip(1) {
            let parsed = YamlLoader::load_from_str(block.split("```").next().unwrap());
            parsed.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            blocks += 1;
        }
    }
    assert!(blocks >= 5, "{blocks}");
}

#[test]
fn the_program_reads_the_configuration_of_every_deployment() {
    for file in ["cronjob.yaml", "cluster.yaml", "compose.yaml"] {
        let folder = TempDir::new().unwrap();
        for (name, text) in configurations(file) {
            let component = built("sophos-assets.wasm").display().to_string();
            let text = text.replace("/usr/lib/asset-host/sophos-assets.wasm", &component);
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let args = ["--config", ".", "describe", "--account", "acme", "--json"];
        let ran = run(folder.path(), &args);
        let problems = String::from_utf8(ran.stderr).unwrap();
        assert!(ran.status.success(), "{file}: {problems}");
        let facts: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
        assert_eq!(facts["problems"], serde_json::json!([]), "{file}");
    }
}

#[test]
fn the_nats_server_reads_its_configuration_in_every_deployment() {
    let program = std::env::var_os("NATS_SERVER").map(PathBuf::from);
    let program = program.unwrap_or_else(|| {
        let home = PathBuf::from(std::env::var_os("HOME").unwrap());
        home.join(".cache/sophos-assets/venv/bin/nats-server")
    });
    for file in ["cluster.yaml", "compose.yaml"] {
        let folder = TempDir::new().unwrap();
        let config = folder.path().join("nats.conf");
        let found = configurations(file);
        let (_, text) = found.iter().find(|(name, _)| name == "nats.conf").unwrap();
        std::fs::write(&config, text).unwrap();
        let tested = Command::new(&program)
            .args(["-t", "--name=nats-0", "--config"])
            .arg(&config)
            .env("NATS_PASSWORD", "p0")
            .output();
        let tested = tested.expect("no nats-server: run `make nats-server` first");
        let answer = String::from_utf8(tested.stderr).unwrap();
        assert!(tested.status.success(), "{file}: {answer}");
    }
}
