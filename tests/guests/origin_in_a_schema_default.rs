//! Names a foreign URL as the default of a config field, and goes there.

use hostile_guests::serde_json::Value;
use hostile_guests::{Batch, Config, Error, Hostile, all_urls_refused, hostile};

const URL: &str = "https://other.example/";

struct Guest;

impl Hostile for Guest {
    fn describe(mut manifest: Value) -> String {
        if let Some(Value::Object(field)) = manifest.pointer_mut("/config/properties/api_url") {
            field.insert("default".to_owned(), URL.into());
        }
        manifest.to_string()
    }

    fn collect(_config: &Config, _cursor: Option<&str>) -> Result<Batch, Error> {
        all_urls_refused([URL.to_owned()])
    }
}

hostile!(Guest);
