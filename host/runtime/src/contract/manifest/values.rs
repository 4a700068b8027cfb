//! Checks the values of an account's config against the component's schema.

use std::cmp::Ordering;

use serde_json::{Number, Value};
use url::Url;
use uuid::Uuid;

use crate::contract::manifest::pattern;
use crate::contract::manifest::schema::{Format, Kind, Schema};
use crate::units::timestamp;

/// A value that does not fit its schema.
#[derive(Debug, PartialEq)]
pub struct InvalidValue {
    /// The names of fields and the numbers of entries that lead to the value.
    pub path: Vec<String>,
    /// What is wrong.
    pub problem: ValueProblem,
}

/// What is wrong with a value.
#[derive(Debug, PartialEq)]
pub enum ValueProblem {
    /// The object has this field, which its schema does not allow.
    Unknown(String),
    /// The object lacks this field.
    Missing(String),
    /// The value does not fit.
    Unfit {
        /// The value, as JSON.
        value: String,
        /// What is wrong with it, to follow the value in a sentence.
        why: String,
    },
}

/// Returns what is wrong with a value: nothing if it fits.
pub fn check(schema: &Schema, value: &Value) -> Vec<InvalidValue> {
    let mut faults = Vec::new();
    Checker {
        path: Vec::new(),
        faults: &mut faults,
    }
    .check(schema, value);
    faults
}

struct Checker<'a> {
    path: Vec<String>,
    faults: &'a mut Vec<InvalidValue>,
}

impl Checker<'_> {
    fn add(&mut self, problem: ValueProblem) {
        let path = self.path.clone();
        self.faults.push(InvalidValue { path, problem });
    }

    fn unfit(&mut self, value: &Value, why: impl Into<String>) {
        let (value, why) = (value.to_string(), why.into());
        self.add(ValueProblem::Unfit { value, why });
    }

    fn inside(&mut self, name: String, schema: &Schema, value: &Value) {
        self.path.push(name);
        self.check(schema, value);
        self.path.pop();
    }

    fn check(&mut self, schema: &Schema, value: &Value) {
        if let Some(kind) = schema.kind
            && !is_of(kind, value)
        {
            // Other problems would only follow from this one.
            return self.unfit(value, format!("is not of type \"{kind}\""));
        }
        if let Some(choices) = &schema.choices
            && !choices.iter().any(|choice| equal(choice, value))
        {
            let choices: Vec<_> = choices.iter().map(Value::to_string).collect();
            self.unfit(value, format!("is not one of {}", choices.join(", ")));
        }
        match value {
            Value::String(text) => self.string(schema, value, text),
            Value::Number(number) => self.number(schema, value, number),
            Value::Array(entries) => {
                if let Some(items) = &schema.items {
                    for (index, entry) in entries.iter().enumerate() {
                        self.inside(index.to_string(), items, entry);
                    }
                }
            }
            Value::Object(fields) => {
                for name in schema.required.iter().flatten() {
                    if !fields.contains_key(name) {
                        self.add(ValueProblem::Missing(name.clone()));
                    }
                }
                for (name, value) in fields {
                    match schema.field(name) {
                        Some(field) => self.inside(name.clone(), field, value),
                        None if schema.additional_properties == Some(false) => {
                            self.add(ValueProblem::Unknown(name.clone()));
                        }
                        None => {}
                    }
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn string(&mut self, schema: &Schema, value: &Value, text: &str) {
        if let Some(format) = schema.format
            && !has_format(format, text)
        {
            self.unfit(value, format!("is not a \"{format}\""));
        }
        if let Some(max) = schema.max_length
            && text.chars().count() as u64 > max
        {
            self.unfit(value, format!("is longer than {max} characters"));
        }
        if let Some(rule) = &schema.pattern
            && !pattern::matches(rule, text)
        {
            self.unfit(value, format!("does not match {rule:?}"));
        }
    }

    fn number(&mut self, schema: &Schema, value: &Value, number: &Number) {
        if let Some(minimum) = &schema.minimum
            && compare(number, minimum) == Some(Ordering::Less)
        {
            self.unfit(value, format!("is less than the minimum of {minimum}"));
        }
        if let Some(maximum) = &schema.maximum
            && compare(number, maximum) == Some(Ordering::Greater)
        {
            self.unfit(value, format!("is greater than the maximum of {maximum}"));
        }
    }
}

fn is_of(kind: Kind, value: &Value) -> bool {
    match kind {
        Kind::Array => value.is_array(),
        Kind::Boolean => value.is_boolean(),
        Kind::Integer => value.as_number().is_some_and(|number| {
            number.as_i128().is_some()
                || number.as_f64().is_some_and(|number| number.fract() == 0.0)
        }),
        Kind::Number => value.is_number(),
        Kind::Object => value.is_object(),
        Kind::String => value.is_string(),
    }
}

fn has_format(format: Format, text: &str) -> bool {
    match format {
        Format::DateTime => timestamp::parse(text).is_ok(),
        Format::Uri => Url::parse(text).is_ok(),
        Format::Uuid => text.len() == 36 && Uuid::try_parse(text).is_ok(),
    }
}

/// Returns whether two values are the same to JSON Schema, to which 1 and 1.0 are.
fn equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => compare(one, other) == Some(Ordering::Equal),
        _ => one == other,
    }
}

fn compare(one: &Number, other: &Number) -> Option<Ordering> {
    match (one.as_i128(), other.as_i128()) {
        (Some(one), Some(other)) => Some(one.cmp(&other)),
        _ => one.as_f64()?.partial_cmp(&other.as_f64()?),
    }
}
