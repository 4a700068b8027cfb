//! Prints, writes and checks the table of rules.
//!
//! - `rules json` prints it, for the preview: an array of `{path, sources, rule, required}` by dialect.
//! - `rules write FILE` puts a dialect's table between the lines `<!-- rules: DIALECT -->` and `<!-- end -->`
//!   of a Markdown file.
//! - `rules check FILE` says whether the file has the tables of today.

use std::fs;
use std::process::ExitCode;

use serde_json::{Map, Value, json};
use sophos_assets::mapping::{Dialect, Rule, rules};

const END: &str = "<!-- end -->";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match *arguments {
        ["json"] => {
            println!("{}", as_json());
            Ok(())
        }
        ["write", file] => current(file).and_then(|(_, text)| {
            fs::write(file, text).map_err(|error| format!("cannot write {file}: {error}"))
        }),
        ["check", file] => current(file).and_then(|(found, text)| {
            let is_current = found == text;
            is_current
                .then_some(())
                .ok_or_else(|| format!("{file} does not have today's rules: run `make docs`"))
        }),
        _ => Err("usage: rules json | rules write FILE | rules check FILE".to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn as_json() -> Value {
    let rules_of = |dialect| {
        let rules = rules::of(dialect).map(|rule| {
            json!({
                "path": rule.path,
                "sources": rule.sources,
                "rule": rule.words(),
                "required": rule.required.contains(&dialect),
            })
        });
        rules.collect::<Value>()
    };
    Dialect::ALL
        .map(|dialect| (dialect.name().to_owned(), rules_of(dialect)))
        .into_iter()
        .collect::<Map<_, _>>()
        .into()
}

/// The text of a file as it is, and with the tables of today.
fn current(file: &str) -> Result<(String, String), String> {
    let found = fs::read_to_string(file).map_err(|error| format!("cannot read {file}: {error}"))?;
    let mut text = found.clone();
    for dialect in Dialect::ALL {
        let begin = format!("<!-- rules: {} -->\n", dialect.name());
        let split = text.split_once(&begin).and_then(|(before, rest)| {
            let (_, after) = rest.split_once(END)?;
            Some((before, after))
        });
        let (before, after) =
            split.ok_or_else(|| format!("{file} has no line {begin} or no {END} after it"))?;
        text = format!("{before}{begin}{}{END}{after}", markdown(dialect));
    }
    Ok((found, text))
}

fn markdown(dialect: Dialect) -> String {
    let rows = rules::of(dialect).map(|rule| {
        let sources: Vec<_> = rule
            .sources
            .iter()
            .map(|source| source_name(source))
            .collect();
        let required = if rule.required.contains(&dialect) {
            " \\*"
        } else {
            ""
        };
        format!(
            "| `{}`{required} | {} | {} |\n",
            rule.path,
            sources.join(", "),
            words(rule)
        )
    });
    let head = "\n| OCSF attribute | Source | Rule |\n|---|---|---|\n".to_owned();
    head + &rows.collect::<String>() + "\n"
}

fn source_name(source: &str) -> String {
    match source {
        "" => "the whole endpoint".to_owned(),
        source => format!("`{source}`"),
    }
}

fn words(rule: &Rule) -> String {
    rule.words().replace('|', "\\|")
}
