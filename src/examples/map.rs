//! Maps endpoints without any component: `map DIALECT NOW [--explain]`, to compare with the hosts.
//!
//! Each line of standard input is a text as a JSON string, each line of standard output what comes of it: the
//! event, with `--explain` the explanation as JSON, or `{"error":{…}}`. `NOW` is RFC 3339.

use std::error::Error;
use std::io::{self, BufRead, Write};

use serde_json::{Value, json};
use sophos_assets::mapping::{self, MapError, MappedValue, Mapping};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let dialect = arguments.next().ok_or("the dialect is missing")?;
    let now = arguments.next().ok_or("the moment is missing")?;
    let now = OffsetDateTime::parse(&now, &Rfc3339)?;
    let explains = arguments.next().is_some_and(|flag| flag == "--explain");

    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let text: String = serde_json::from_str(&line?)?;
        let outcome = if explains {
            explain(&text, &dialect, now).map(|explanation| explanation.to_string())
        } else {
            map(&text, &dialect, now)
        };
        writeln!(out, "{}", outcome.unwrap_or_else(|refused| error(&refused)))?;
    }
    Ok(())
}

fn map(text: &str, dialect: &str, now: OffsetDateTime) -> Result<String, MapError> {
    Ok(Mapping::of(dialect)?.map(&mapping::read(text)?, now)?.json)
}

fn explain(text: &str, dialect: &str, now: OffsetDateTime) -> Result<Value, MapError> {
    let explanation = Mapping::of(dialect)?.explain(&mapping::read(text)?, now)?;
    Ok(json!({
        "event": explanation.event,
        "values": values(&explanation.values),
        "omitted": values(&explanation.omitted),
        "unused": explanation.unused,
    }))
}

fn values(values: &[MappedValue]) -> Value {
    let value = |value: &MappedValue| {
        let sources = value.sources.iter();
        let sources = sources
            .map(|source| json!({ "pointer": source.pointer, "valueJson": source.value_json }));
        json!({
            "path": value.path,
            "valueJson": value.value_json,
            "sources": sources.collect::<Value>(),
            "rule": value.rule,
        })
    };
    values.iter().map(value).collect()
}

fn error(refused: &MapError) -> String {
    let MapError {
        message,
        line,
        column,
    } = refused;
    json!({ "error": { "message": message, "line": line, "column": column } }).to_string()
}
