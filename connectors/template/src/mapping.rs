//! One record of the API to one event. Change this file first.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::bindings::inventory::connector::types::MapError;

/// A record, with the fields that the mapping reads. The others are ignored.
#[derive(Deserialize)]
pub struct Record {
    pub id: String,
    name: Option<String>,
    os: Option<String>,
    last_seen: Option<String>,
}

impl Record {
    /// Reads a record. serde_json tells the line and the column of a fault, which the contract wants.
    pub fn read(json: &str) -> Result<Self, MapError> {
        let record: Self = serde_json::from_str(json).map_err(|error| MapError {
            // serde_json's own message may repeat a value, and a record holds personal data.
            message: match error.is_data() {
                true => "the record has no text `id`, or a field of another type.",
                false => "the record is not JSON.",
            }
            .to_owned(),
            line: u32::try_from(error.line()).unwrap_or(u32::MAX).max(1),
            column: u32::try_from(error.column()).unwrap_or(u32::MAX),
        })?;
        // A device without an id could not be told from another one; a host takes ids of up to 1 KiB.
        if record.id.is_empty() || record.id.len() > 1024 {
            let message = "the record's `id` is empty or longer than 1 KiB.".to_owned();
            return Err(MapError {
                message,
                line: 1,
                column: 1,
            });
        }
        Ok(record)
    }

    /// Returns when the device was last seen, if the record tells it.
    pub fn seen(&self) -> Option<OffsetDateTime> {
        OffsetDateTime::parse(self.last_seen.as_deref()?, &Rfc3339).ok()
    }

    /// Returns the event: OCSF's class 5001, on one line.
    pub fn event(&self) -> String {
        self.build().to_string()
    }

    /// Returns a hash of the event without the times that only tell that the device was seen again, so that a host can
    /// leave such an event out.
    pub fn fingerprint(&self) -> u64 {
        let mut event = self.build();
        event["time"].take();
        event["device"]["last_seen_time"].take();
        let mut hasher = DefaultHasher::new();
        event.to_string().hash(&mut hasher);
        hasher.finish()
    }

    fn build(&self) -> Value {
        let now = || {
            SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default()
                .as_millis() as i64
        };
        let seen = self.seen().map(|seen| seen.unix_timestamp() * 1000);
        let mut event = json!({
            "activity_id": 2,
            "category_uid": 5,
            "class_uid": 5001,
            "type_uid": 500102,
            "severity_id": 1,
            "time": seen.unwrap_or_else(now),
            "metadata": {
                "product": { "name": "Example inventory", "vendor_name": "Example" },
                "version": "1.6.0",
            },
            "device": { "uid": self.id, "type_id": 0, "type": "Unknown" },
        });
        let device = &mut event["device"];
        if let Some(name) = &self.name {
            device["hostname"] = name.as_str().into();
            device["name"] = name.as_str().into();
        }
        if let Some(os) = &self.os {
            // 0 is "Unknown", which OCSF requires where the type is not known.
            device["os"] = json!({ "name": os, "type_id": 0 });
        }
        if let Some(seen) = seen {
            device["last_seen_time"] = seen.into();
        }
        event
    }
}
