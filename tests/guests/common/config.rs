//! What a test tells a guest.

use serde_json::Value;

/// A guest's config.
pub struct Config {
    text: String,
    fields: Value,
}

impl Config {
    /// Reads the JSON text that the host hands in.
    pub fn read(text: String) -> Self {
        Self {
            fields: serde_json::from_str(&text).unwrap_or_default(),
            text,
        }
    }

    /// The JSON text as it was handed in.
    pub fn as_text(&self) -> &str {
        &self.text
    }

    /// A field that is a text; empty where it is not set.
    pub fn text(&self, name: &str) -> &str {
        self.fields
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// The port of this machine on which nothing of the guest may arrive.
    pub fn port(&self) -> u64 {
        self.fields
            .get("port")
            .and_then(Value::as_u64)
            .unwrap_or_default()
    }

    /// Which of its deeds the guest does; empty where the test does not say it.
    pub fn how(&self) -> &str {
        self.text("how")
    }

    /// The same config with another text in a field, as JSON text.
    pub fn with(&self, name: &str, text: &str) -> String {
        let mut fields = self.fields.clone();
        if let Some(fields) = fields.as_object_mut() {
            fields.insert(name.to_owned(), text.into());
        }
        fields.to_string()
    }
}
