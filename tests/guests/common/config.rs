//! The settings of a guest in a test.

use serde_json::Value;

/// A guest's config.
pub struct Config {
    text: String,
    fields: Value,
}

impl Config {
    /// Reads the JSON text from the host.
    pub fn read(text: String) -> Self {
        Self {
            fields: serde_json::from_str(&text).unwrap_or_default(),
            text,
        }
    }

    /// Returns the unchanged JSON text.
    pub fn as_text(&self) -> &str {
        &self.text
    }

    /// Returns a text field; empty if it is not set.
    pub fn text(&self, name: &str) -> &str {
        self.fields
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// Returns the port of this machine at which no request of the guest may arrive.
    pub fn port(&self) -> u64 {
        self.fields
            .get("port")
            .and_then(Value::as_u64)
            .unwrap_or_default()
    }

    /// Returns the action that the guest should try; empty if the test does not say.
    pub fn how(&self) -> &str {
        self.text("how")
    }

    /// Returns the same config with another text in a field, as JSON text.
    pub fn with(&self, name: &str, text: &str) -> String {
        let mut fields = self.fields.clone();
        if let Some(fields) = fields.as_object_mut() {
            fields.insert(name.to_owned(), text.into());
        }
        fields.to_string()
    }
}
