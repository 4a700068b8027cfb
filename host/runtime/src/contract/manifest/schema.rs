//! The schema of a component's config: the subset of JSON Schema that the contract names.
//!
//! A component may be hostile, so its schema is data of a fixed form: no keyword of the subset refers to another schema,
//! and checking a value takes time in proportion to the value and the schema.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

use crate::contract::manifest::faults::{Faults, MAX_LINE, MAX_PARAGRAPH};
use crate::contract::manifest::pattern;

/// The most schemas in a config, those of fields and of what is inside them together. Real configs have a dozen.
pub const MAX_CONFIG_SCHEMAS: usize = 256;

/// The most entries of a list in the config's schema.
const MAX_NAMED: usize = 256;

/// The schema of one value.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Schema {
    /// What a person calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The type; any where it is absent.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// The form of a string.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// The values to choose from.
    #[serde(rename = "enum", skip_serializing_if = "Option::is_none")]
    pub choices: Option<Vec<Value>>,
    /// The value that the component uses where none is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// The smallest number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum: Option<Number>,
    /// The largest number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum: Option<Number>,
    /// The most characters of a string.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u64>,
    /// A regular expression that matches somewhere in a string.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// The schema of each entry of an array.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub items: Option<Box<Schema>>,
    /// The fields of an object, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub properties: Option<BTreeMap<String, Schema>>,
    /// The fields that an object must have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required: Option<Vec<String>>,
    /// Whether an object may have fields that `properties` does not name; it may where this is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_properties: Option<bool>,
    /// Whether only the component sets it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_only: Option<bool>,
    /// Whether it is never shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub write_only: Option<bool>,
}

/// A type of JSON values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// An array.
    Array,
    /// `true` or `false`.
    Boolean,
    /// A number without a fraction.
    Integer,
    /// A number.
    Number,
    /// An object.
    Object,
    /// A string.
    String,
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(formatter)
    }
}

/// The form of a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// A time by RFC 3339.
    DateTime,
    /// A URL: where a request may go, or a secret.
    Uri,
    /// A UUID.
    Uuid,
}

impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(formatter)
    }
}

impl Schema {
    /// Returns whether the value is a URL: where a request may go, or a secret.
    pub fn is_uri(&self) -> bool {
        self.format == Some(Format::Uri)
    }

    /// Returns whether only the component sets the value, in the config of a source.
    pub fn is_read_only(&self) -> bool {
        self.read_only == Some(true)
    }

    /// Returns the schema of a field of an object.
    pub fn field(&self, name: &str) -> Option<&Self> {
        self.properties.as_ref()?.get(name)
    }

    /// Returns whether an object must have this field.
    pub fn requires(&self, name: &str) -> bool {
        let required = self.required.iter().flatten();
        required.into_iter().any(|required| required == name)
    }

    /// Returns the number of schemas, this one and those inside it.
    pub(super) fn count(&self) -> usize {
        let fields = self.properties.iter().flat_map(BTreeMap::values);
        let inside = self.items.as_deref().into_iter().chain(fields);
        1 + inside.map(Self::count).sum::<usize>()
    }

    /// Adds what is wrong with the schema at `path`, a JSON Pointer, beyond what its type rules out.
    pub(super) fn check(&self, path: &str, faults: &mut Faults) {
        let at = |word: &str| format!("{path}/{word}");
        for (word, text, max) in [
            ("title", &self.title, MAX_LINE),
            ("description", &self.description, MAX_PARAGRAPH),
        ] {
            if let Some(text) = text {
                faults.line(&at(word), text, max);
            }
        }
        if let Some(choices) = &self.choices {
            faults.length(&at("enum"), choices, MAX_NAMED);
            let scalar =
                |value: &Value| value.is_string() || value.is_number() || value.is_boolean();
            if choices.is_empty() || !choices.iter().all(scalar) {
                let rule = "takes one or more strings, numbers or booleans";
                faults.add(&at("enum"), rule);
            }
        }
        if let Some(required) = &self.required {
            faults.length(&at("required"), required, MAX_NAMED);
        }
        if let Some(text) = &self.pattern
            && let Err(why) = pattern::compile(text)
        {
            faults.add(&at("pattern"), why);
        }
        if let Some(items) = &self.items {
            items.check(&at("items"), faults);
        }
        for (name, field) in self.properties.iter().flatten() {
            let path = format!("{path}/properties/{name}");
            faults.field_name(&path, name);
            field.check(&path, faults);
        }
    }
}
