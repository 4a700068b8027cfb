//! Returns an invalid explanation: the record says which.

use hostile_guests::{Config, Explanation, Hostile, MapError, MappedValue, SourceValue, hostile};

struct Guest;

impl Hostile for Guest {
    fn explain(record: &str, _how: &str) -> Result<Explanation, MapError> {
        let mut value = MappedValue {
            path: "/name".to_owned(),
            value_json: "1".to_owned(),
            sources: vec![SourceValue {
                pointer: "/name".to_owned(),
                value_json: "1".to_owned(),
            }],
            rule: "as it is".to_owned(),
        };
        let mut unused = "/id".to_owned();
        let garbage = || "1},\"canary\":{".to_owned();
        match Config::read(record.to_owned()).how() {
            "value" => value.value_json = garbage(),
            "source" => {
                for source in &mut value.sources {
                    source.value_json = garbage();
                }
            }
            "path" => value.path = garbage(),
            "rule" => value.rule = "canary\ncanary".to_owned(),
            "unused" => unused = garbage(),
            _ => {}
        }
        Ok(Explanation {
            event: "{\"name\":1}".to_owned(),
            values: vec![value],
            omitted: Vec::new(),
            unused: vec![unused],
        })
    }
}

hostile!(Guest);
