//! The manifest, which `describe` returns.

use serde_json::{Map, Value, json};

use crate::attributes::ATTRIBUTES;
use crate::config::{DEFAULT_HEADER, DEFAULT_SCHEME, DELIMITERS};
use crate::mapping::{CLASS_UID, OCSF_VERSION};
use crate::settings::{DEFAULT_PRODUCT, DIALECT};

/// The name of the secret.
pub(crate) const TOKEN: &str = "token";

/// Returns the manifest as JSON text that fits `wit/manifest.schema.json`.
pub(crate) fn manifest() -> String {
    json!({
        "manifest_version": 1,
        "name": env!("CARGO_PKG_NAME"),
        "version": env!("CARGO_PKG_VERSION"),
        "description": env!("CARGO_PKG_DESCRIPTION"),
        "vendor": "Asset list",
        "product": DEFAULT_PRODUCT,
        "ocsf": { "version": OCSF_VERSION, "class_uid": CLASS_UID },
        "dialects": [DIALECT],
        "config": config(),
        "secrets": [{
            "name": TOKEN,
            "title": "Token",
            "description": "The token that the server of the list asks for. It goes to the origin of `url` and nowhere else.",
            "config_field": "url",
        }],
        "hosts": [],
        "rate_limits": [],
    })
    .to_string()
}

/// Returns the JSON Schema of the config.
fn config() -> Value {
    let text = |title: &str, description: &str| json!({"title": title, "description": description, "type": "string"});
    let with = |mut field: Value, name: &str, value: Value| {
        if let Value::Object(words) = &mut field {
            words.insert(name.to_owned(), value);
        }
        field
    };
    let default = |field, value: &str| with(field, "default", value.into());
    let time = |title: &str, description: &str| {
        with(text(title, description), "format", "date-time".into())
    };
    json!({
        "title": "Asset list",
        "type": "object",
        "additionalProperties": false,
        "required": ["url", "format", "id"],
        "properties": {
            "url": with(
                text("URL", "Where the list is: the address from which a GET request with the token downloads it. Redirects are not followed."),
                "format", "uri".into(),
            ),
            "format": {
                "title": "Format",
                "description": "csv: with a header line. json: an array of objects, or an object with such an array in it (`items`). ndjson: one JSON object a line. All in UTF-8.",
                "enum": ["csv", "json", "ndjson"],
            },
            "id": with(
                text("ID column", "The column that holds the id of each device: unique in the list, and stable over time. A column is a column's name, or a JSON Pointer such as /hardware/serial."),
                "pattern", "\\S".into(),
            ),
            "columns": {
                "title": "Columns",
                "description": "The column of each attribute of the events; nothing else of the list leaves the component. If it is empty, each attribute comes from the column of its own name. docs/asset-list.md lists the attributes. A change collects every device again.",
                "type": "object",
                "additionalProperties": false,
                "properties": columns(),
                "default": {},
            },
            "items": default(
                text("Items", "For json: where the array is in the document, as a JSON Pointer such as /data/assets; empty if the document itself is the array."),
                "",
            ),
            "delimiter": {
                "title": "Delimiter",
                "description": "For csv: what stands between two fields.",
                "enum": DELIMITERS.map(|(name, _)| name),
                "default": "comma",
            },
            "product": default(
                text("Product", "The name of the product that keeps the list, for metadata.product.name."),
                DEFAULT_PRODUCT,
            ),
            "vendor": text("Vendor", "Who makes that product, for metadata.product.vendor_name."),
            "header": default(
                text("Header", "The header that carries the token."),
                DEFAULT_HEADER,
            ),
            "scheme": default(
                text("Scheme", "What stands before the token in the header, such as Bearer or Token; empty for nothing."),
                DEFAULT_SCHEME,
            ),
            "dialect": {
                "title": "Dialect",
                "description": "The form of the events: OCSF 1.6.0 by the letter, with times in milliseconds.",
                "enum": [DIALECT],
                "default": DIALECT,
            },
            "since": time("Since", "Reserved for the host: collect what was last seen at or after this time, and what does not tell when, without a cursor."),
            "until": time("Until", "Reserved for the host: collect what was last seen before this time, and what does not tell when, without a cursor."),
        },
    })
}

fn columns() -> Map<String, Value> {
    let attributes = ATTRIBUTES.iter();
    let property = attributes.map(|attribute| {
        let path = attribute.path.trim_start_matches('/').replace('/', ".");
        let about = json!({
            "title": attribute.name,
            "description": format!("{path}: {}.", attribute.about),
            "type": "string",
        });
        (attribute.name.to_owned(), about)
    });
    property.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_fits_its_schema() {
        let schema = include_str!("../../../wit/manifest.schema.json");
        let schema = serde_json::from_str(schema).unwrap();
        let manifest: Value = serde_json::from_str(&manifest()).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let errors: Vec<_> = validator
            .iter_errors(&manifest)
            .map(|error| error.to_string())
            .collect();
        assert_eq!(errors, [""; 0]);
    }
}
