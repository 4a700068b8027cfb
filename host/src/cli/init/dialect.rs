//! The dialect of a new configuration: from `--dialect`, or asked for on a terminal.

use std::io::{self, BufRead, IsTerminal, Write};

use anyhow::bail;

use crate::config::fit;
use crate::contract::manifest::Manifest;
use crate::text::printable::printable;

/// The longest line of what the component says about the dialects.
const WIDTH: usize = 80;

/// The field of the config that chooses it.
pub(super) const FIELD: &str = "dialect";

/// Returns the dialect that the flag names, or that a person chooses on a terminal; `None` for the component's default.
///
/// # Errors
///
/// When the component does not have the dialect of the flag, or the terminal cannot be read.
pub(super) fn choose(manifest: &Manifest, flag: Option<&str>) -> anyhow::Result<Option<String>> {
    let choices = choices(manifest);
    match flag {
        Some(flag) if !choices.contains(&flag) => {
            bail!("--dialect must be one of: {}", choices.join(", "))
        }
        Some(flag) => return Ok(Some(flag.to_owned())),
        None => {}
    }
    if choices.len() < 2 || !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Ok(None);
    }
    Ok(ask(manifest, &mut io::stdin().lock(), &mut io::stderr())?)
}

/// Asks until an answer is a dialect; an empty one, and the end of the input, are the default.
fn ask(
    manifest: &Manifest,
    input: &mut dyn BufRead,
    out: &mut dyn Write,
) -> io::Result<Option<String>> {
    let about = manifest
        .field(FIELD)
        .and_then(|field| field.description.as_deref());
    writeln!(
        out,
        "{}",
        textwrap::fill(&printable(about.unwrap_or_default()), WIDTH)
    )?;
    let choices = choices(manifest);
    loop {
        write!(
            out,
            "Which dialect does your receiver expect: {}? [{}] ",
            choices.join(", "),
            choices.first().copied().unwrap_or_default()
        )?;
        out.flush()?;
        let mut answer = String::new();
        let length = input.read_line(&mut answer)?;
        let answer = answer.trim();
        if length == 0 || answer.is_empty() {
            return Ok(None);
        }
        if choices.contains(&answer) {
            return Ok(Some(answer.to_owned()));
        }
    }
}

/// Returns the dialects that the config can choose, the default first.
fn choices(manifest: &Manifest) -> Vec<&str> {
    let dialects = manifest.dialects.iter().map(String::as_str);
    let fits = |dialect: &&str| fit::faults_of(manifest, FIELD, &(*dialect).into()).is_empty();
    dialects.filter(fits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let manifest = serde_json::json!({
            "manifest_version": 1, "name": "a", "version": "0.1.0", "vendor": "Example", "product": "Example",
            "description": "An example.", "ocsf": { "version": "1.6.0", "class_uid": 5001 },
            "dialects": ["one", "two", "three"],
            "config": { "type": "object", "additionalProperties": false, "required": [], "properties": {
                "dialect": { "description": "one: in seconds.", "enum": ["one", "two"] },
                "since": { "type": "string" }, "until": { "type": "string" }
            } },
            "secrets": [], "hosts": [], "rate_limits": []
        });
        Manifest::parse(&manifest.to_string()).unwrap()
    }

    #[test]
    fn a_person_is_asked_until_the_answer_is_a_dialect() {
        for (input, expected, asked) in [
            ("two\n", Some("two"), 1),
            ("Two\nthree\n two \n", Some("two"), 3),
            ("\n", None, 1),
            ("four\n", None, 2),
        ] {
            let mut out = Vec::new();
            let answer = ask(&manifest(), &mut input.as_bytes(), &mut out).unwrap();
            assert_eq!(answer.as_deref(), expected, "{input}");
            let out = String::from_utf8(out).unwrap();
            assert_eq!(
                out.matches("expect: one, two? [one] ").count(),
                asked,
                "{out}"
            );
            assert!(out.starts_with("one: in seconds.\n"), "{out}");
        }
    }

    #[test]
    fn the_flag_takes_what_the_config_takes() {
        assert_eq!(
            choose(&manifest(), Some("two")).unwrap().as_deref(),
            Some("two")
        );
        for dialect in ["three", "four", ""] {
            let error = choose(&manifest(), Some(dialect)).unwrap_err();
            assert_eq!(error.to_string(), "--dialect must be one of: one, two");
        }
    }
}
