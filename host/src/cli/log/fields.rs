//! The fields of a log line, and the line in both formats.

use std::fmt::{self, Write};

use serde::Serializer;
use serde_json::Value;
use tracing::Level;
use tracing::field::{Field, Visit};

use crate::text::printable::{is_unsafe_for_terminal, printable};

/// The field that holds an event's message.
const MESSAGE: &str = "message";

/// Fields in the order in which they were added. A later value replaces an earlier one of the same name, so that an event
/// overrides its spans.
#[derive(Debug, Default)]
pub(super) struct Fields {
    message: String,
    fields: Vec<(&'static str, Value)>,
}

impl Fields {
    fn set(&mut self, name: &'static str, value: Value) {
        match self.fields.iter_mut().find(|(other, _)| *other == name) {
            Some((_, old)) => *old = value,
            None => self.fields.push((name, value)),
        }
    }

    /// Adds the fields of a span.
    pub(super) fn take(&mut self, others: &Self) {
        for (name, value) in &others.fields {
            self.set(name, value.clone());
        }
    }

    /// Formats a line for people.
    pub(super) fn text(&self, time: &str, level: Level, colours: bool) -> String {
        let [dim, colour, plain] = match (colours, level) {
            (false, _) => ["", "", ""],
            (true, Level::ERROR) => ["\x1b[2m", "\x1b[31m", "\x1b[0m"],
            (true, Level::WARN) => ["\x1b[2m", "\x1b[33m", "\x1b[0m"],
            (true, Level::INFO) => ["\x1b[2m", "\x1b[32m", "\x1b[0m"],
            (true, _) => ["\x1b[2m", "\x1b[34m", "\x1b[0m"],
        };
        let message = printable(&self.message);
        let mut line = format!("{dim}{time}{plain} {colour}{level:>5}{plain} {message}");
        for (name, value) in &self.fields {
            let value = match value {
                Value::String(text) => format!("{text:?}"),
                other => other.to_string(),
            };
            // Writing to a string cannot fail.
            let _ = write!(line, " {dim}{name}={plain}{}", printable(&value));
        }
        line.push('\n');
        line
    }

    /// Formats a line of JSON. The names that every line has are reserved.
    pub(super) fn json(&self, time: &str, level: Level) -> String {
        let text = |text: &str| Value::String(text.to_owned());
        let head = [
            ("timestamp", text(time)),
            ("level", text(&level.as_str().to_lowercase())),
            (MESSAGE, text(&self.message)),
        ];
        let own = |name: &str| head.iter().all(|(other, _)| *other != name);
        let fields = head
            .iter()
            .chain(self.fields.iter().filter(|(name, _)| own(name)))
            .map(|(name, value)| (name, value));
        let mut line = Vec::new();
        // Strings and numbers always serialize, and writing to memory cannot fail.
        let _ = serde_json::Serializer::new(&mut line).collect_map(fields);
        escaped(&String::from_utf8_lossy(&line)) + "\n"
    }
}

/// Escapes the characters that are unsafe for a terminal and that JSON allows unescaped. They only occur inside strings.
fn escaped(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for character in json.chars() {
        if is_unsafe_for_terminal(character) {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "\\u{:04x}", u32::from(character));
        } else {
            escaped.push(character);
        }
    }
    escaped
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            MESSAGE => value.clone_into(&mut self.message),
            name => self.set(name, value.into()),
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field.name(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field.name(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field.name(), value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field.name(), value.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_escapes_characters_that_are_unsafe_for_a_terminal() {
        let mut fields = Fields::default();
        "a\u{9b}2J".clone_into(&mut fields.message);
        fields.set("name", "b\u{80}\u{7f}\u{202e}\u{1b}é".into());
        let line = fields.json("now", Level::WARN);
        assert_eq!(
            line,
            "{\"timestamp\":\"now\",\"level\":\"warn\",\"message\":\"a\\u009b2J\",\
             \"name\":\"b\\u0080\\u007f\\u202e\\u001bé\"}\n"
        );
        let read: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read["message"], "a\u{9b}2J");
    }

    #[test]
    fn colours_end_after_the_text_that_they_colour() {
        let mut fields = Fields::default();
        "hello".clone_into(&mut fields.message);
        fields.set("account", "acme".into());
        let line = fields.text("now", Level::WARN, true);
        assert_eq!(
            line,
            "\x1b[2mnow\x1b[0m \x1b[33m WARN\x1b[0m hello \x1b[2maccount=\x1b[0m\"acme\"\n"
        );
    }
}
