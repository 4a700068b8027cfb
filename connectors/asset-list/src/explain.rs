//! `map` and `explain`: one record as JSON text to its event, and the reasons for it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::bindings::inventory::connector::types::{
    Explanation, MapError, MappedValue, SourceValue,
};
use crate::clock;
use crate::event::{self, Scalar};
use crate::mapping;
use crate::record::Node;
use crate::settings::{DIALECT, FieldError, Mapping};

/// Maps one record with the default columns.
pub(crate) fn map(text: &str) -> Result<String, MapError> {
    let record = read(text)?;
    let mapped = mapping::map(&Mapping::default(), &record, clock::now());
    Ok(event::json(
        &mapped.map_err(|why| unmapped(text, why))?.scalars,
    ))
}

/// Maps one record by a config, or in the only dialect with the default columns, with its reasons.
pub(crate) fn explain(text: &str, dialect: &str) -> Result<Explanation, MapError> {
    let mapping = settings(dialect)?;
    let record = read(text)?;
    let mapped = mapping::map(&mapping, &record, clock::now());
    let scalars = mapped.map_err(|why| unmapped(text, why))?.scalars;
    let used: BTreeSet<&str> = scalars
        .iter()
        .flat_map(|scalar| &scalar.sources)
        .map(|source| source.pointer.as_str())
        .collect();
    let mut unused = Vec::new();
    record.scalars("", &mut unused);
    unused.retain(|pointer| !used.contains(pointer.as_str()));
    Ok(Explanation {
        event: event::json(&scalars),
        values: scalars.iter().map(reason).collect(),
        omitted: Vec::new(),
        unused,
    })
}

fn reason(scalar: &Scalar<'_>) -> MappedValue {
    let source = |source: &event::Source<'_>| SourceValue {
        pointer: source.pointer.clone(),
        value_json: match source.node {
            Node::Scalar(value) => value.to_string(),
            // Only a scalar becomes a value, and a list by its entries.
            Node::List(_) => "[]".to_owned(),
            Node::Object(_) => "{}".to_owned(),
        },
    };
    MappedValue {
        path: scalar.path.clone().into_owned(),
        value_json: scalar.value.to_string(),
        sources: scalar.sources.iter().map(source).collect(),
        rule: scalar.rule.to_owned(),
    }
}

/// Returns the mapping that `explain` is asked for: by the name of the dialect or by a config.
fn settings(dialect: &str) -> Result<Mapping, MapError> {
    if dialect == DIALECT {
        return Ok(Mapping::default());
    }
    let no_place = |message: String| MapError {
        message,
        line: 0,
        column: 0,
    };
    match serde_json::from_str(dialect) {
        Ok(Value::Object(config)) if config.get("dialect").is_some_and(|name| name != DIALECT) => {
            let message = format!("/dialect: is not known; the only one is {DIALECT}");
            Err(no_place(message))
        }
        Ok(Value::Object(config)) => Mapping::parse(&config).map_err(|errors| {
            let describe = |error: FieldError| format!("{}: {}", error.field, error.message);
            let errors: Vec<_> = errors.into_iter().map(describe).collect();
            no_place(errors.join("; "))
        }),
        _ => Err(no_place(format!(
            "the dialect is not known; the only one is {DIALECT}; the config of an account as a JSON object may stand in \
             its place"
        ))),
    }
}

/// Reads a record, an object.
fn read(text: &str) -> Result<Node, MapError> {
    match serde_json::from_str(text) {
        Ok(record @ Node::Object(_)) => Ok(record),
        Ok(_) => {
            let message = "the text is not a JSON object; one record with its columns was expected";
            Err(at_start(text, message.to_owned()))
        }
        Err(error) => {
            let described = error.to_string();
            let place = format!(" at line {} column {}", error.line(), error.column());
            let what = described.strip_suffix(&place).unwrap_or(&described);
            Err(MapError {
                message: format!(
                    "the text is not JSON ({what}); one record as a JSON object was expected"
                ),
                line: number(error.line()).max(1),
                column: number(error.column()),
            })
        }
    }
}

fn unmapped(text: &str, why: &str) -> MapError {
    at_start(text, format!("the record {why}"))
}

/// Returns an error at the first character that is not white space.
fn at_start(text: &str, message: String) -> MapError {
    let blank = text.len() - text.trim_start().len();
    let blank = text.as_bytes().get(..blank).unwrap_or_default();
    let lines = blank.split(|byte| *byte == b'\n');
    let last = lines.clone().next_back().map_or(0, <[u8]>::len);
    MapError {
        message,
        line: number(lines.count()),
        column: number(last + 1),
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
