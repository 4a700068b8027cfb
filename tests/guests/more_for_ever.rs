//! Always has one more page, with nothing, a reject, or the same event again.

use hostile_guests::{Batch, Config, Error, Hostile, Reject, batch, event, hostile, nothing_new};

struct Guest;

impl Hostile for Guest {
    fn collect(config: &Config, cursor: Option<&str>) -> Result<Batch, Error> {
        let page: u64 = cursor.and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
        let next = match config.how() {
            "same" => 1,
            _ => page + 1,
        };
        let brought = match config.how() {
            "rejects" => Batch {
                rejects: vec![Reject {
                    id: None,
                    reason: "made up".to_owned(),
                }],
                ..nothing_new()
            },
            "events" => batch(vec![event("made up")]),
            _ => nothing_new(),
        };
        Ok(Batch {
            cursor: next.to_string(),
            more: true,
            ..brought
        })
    }
}

hostile!(Guest);
