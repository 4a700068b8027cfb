//! Has a schema that doubles the work of a general validator at each of sixty levels.

use hostile_guests::serde_json::{Map, Value, json};
use hostile_guests::{Hostile, hostile};

struct Guest;

impl Hostile for Guest {
    fn describe(mut manifest: Value) -> String {
        let level = |level: usize| {
            let next = json!({ "$ref": format!("#/$defs/level{}", level + 1) });
            (format!("level{level}"), json!({ "allOf": [next, next] }))
        };
        let last = ("level60".to_owned(), json!({ "type": "string" }));
        let levels: Map<String, Value> = (0..60).map(level).chain([last]).collect();
        if let Some(config) = manifest.get_mut("config").and_then(Value::as_object_mut) {
            config.insert("$defs".to_owned(), levels.into());
            let fields = config.get_mut("properties").and_then(Value::as_object_mut);
            if let Some(fields) = fields {
                fields.insert("how".to_owned(), json!({ "$ref": "#/$defs/level0" }));
            }
        }
        manifest.to_string()
    }
}

hostile!(Guest);
