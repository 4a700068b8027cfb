//! Collects a list with two records a page and keeps the contract, but for the one rule that `how` names.

use std::sync::Mutex;

use hostile_guests::serde_json::{self, Value, json};
use hostile_guests::{
    Account, Batch, Config, Error, Event, Explanation, Failure, Hostile, MapError, Reject,
    SourcesPage, get, hostile, nothing_new, one_source, other, secret, without_reasons,
};

const PAGE: usize = 2;

/// The cursors that this instance returned and that it has taken.
static RETURNED: Mutex<Vec<String>> = Mutex::new(Vec::new());
static TAKEN: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Guest;

impl Hostile for Guest {
    fn map(record: &str) -> Result<String, MapError> {
        match serde_json::from_str::<Value>(record) {
            Ok(Value::Object(record)) => {
                let id = record.get("id").and_then(Value::as_str);
                Ok(event("", id.unwrap_or_default()).json)
            }
            _ => Err(MapError {
                message: "the record is not a JSON object".to_owned(),
                line: 1,
                column: 0,
            }),
        }
    }

    fn explain(record: &str, how: &str) -> Result<Explanation, MapError> {
        let is_config = || serde_json::from_str::<Value>(how).is_ok_and(|how| how.is_object());
        if how != "guest" && !is_config() {
            return Err(MapError {
                message: "the dialect is not guest".to_owned(),
                line: 0,
                column: 0,
            });
        }
        Self::map(record).map(without_reasons)
    }

    fn check(config: &Config) -> Result<Account, Error> {
        let records = records(config)?;
        Ok(Account {
            id: "guest".to_owned(),
            kind: "guest".to_owned(),
            name: None,
            notes: match config.how() {
                "secret in a note" => vec![secret("secret").unwrap_or_default()],
                _ => vec![format!("{} records", records.len())],
            },
        })
    }

    fn discover(config: &Config) -> Result<SourcesPage, Error> {
        let mut page = one_source(config.as_text().to_owned());
        if config.how() == "secret in a name" {
            for source in &mut page.sources {
                source.name = secret("secret").unwrap_or_default();
            }
        }
        Ok(page)
    }

    fn collect(config: &Config, cursor: Option<&str>) -> Result<Batch, Error> {
        let how = config.how();
        let range = format!("{}/{}", config.text("since"), config.text("until"));
        match (how, range.len() > 1) {
            ("range refused", true) => return Err(other("since and until are not known")),
            ("range empty", true) => return Ok(nothing_new()),
            _ => {}
        }
        let first = first(config, cursor, &range)?;
        let records = records(config)?;
        let mut batch = nothing_new();
        for record in records.iter().skip(first).take(PAGE) {
            match record.get("id").and_then(Value::as_str) {
                Some(id) => batch.events.push(event(how, id)),
                None if how == "malformed page" => return Err(other("a record is not an object")),
                None if how == "malformed dropped" => {}
                None => batch.rejects.push(Reject {
                    id: None,
                    reason: "the record has no id".to_owned(),
                }),
            }
        }
        let taken = cursor.unwrap_or_default().to_owned();
        if how == "page once" && TAKEN.lock().is_ok_and(|known| known.contains(&taken)) {
            batch.events.clear();
        }
        batch.more = first + PAGE < records.len();
        batch.cursor = match batch.more {
            true => format!("page:{}#{range}", first + PAGE),
            false => format!("end#{range}"),
        };
        if how == "secret in a page" {
            batch.warnings = secret("secret").into_iter().collect();
        }
        remember(&TAKEN, taken);
        remember(&RETURNED, batch.cursor.clone());
        Ok(batch)
    }
}

/// Returns the number of the record with which a page begins.
fn first(config: &Config, cursor: Option<&str>, range: &str) -> Result<usize, Error> {
    let how = config.how();
    let refused = || {
        Error::InvalidCursor(Failure {
            message: "the cursor is none of this range".to_owned(),
            correlation_id: None,
        })
    };
    let Some(cursor) = cursor else {
        return Ok(0);
    };
    if cursor == "1970-01-01T00:00:00Z" {
        return match how {
            "time refused" => Err(refused()),
            "time empty" => Ok(usize::MAX - PAGE),
            _ => Ok(0),
        };
    }
    if how == "cursor of the instance"
        && !RETURNED
            .lock()
            .is_ok_and(|known| known.iter().any(|known| known == cursor))
    {
        return Err(refused());
    }
    let (place, of_range) = cursor.split_once('#').ok_or_else(refused)?;
    if of_range != range && !(how == "range of another" && of_range.contains('/')) {
        return Err(refused());
    }
    if place == "end" {
        return Ok(match how {
            "ends for good" => usize::MAX - PAGE,
            _ => 0,
        });
    }
    let number = place.strip_prefix("page:").ok_or_else(refused)?;
    number.parse().map_err(|_| refused())
}

fn remember(cursors: &Mutex<Vec<String>>, cursor: String) {
    if let Ok(mut cursors) = cursors.lock() {
        cursors.push(cursor);
    }
}

fn event(how: &str, id: &str) -> Event {
    let (mut fingerprint, mut uid) = (
        id.bytes()
            .fold(7, |hash: u64, byte| hash.wrapping_mul(31) + u64::from(byte)),
        id,
    );
    match how {
        "fingerprint of nothing" => fingerprint = 0,
        "event of no device" => uid = "another",
        _ => {}
    }
    Event {
        device: id.to_owned(),
        json: json!({ "class_uid": 5001, "device": { "uid": uid } }).to_string(),
        fingerprint,
    }
}

fn records(config: &Config) -> Result<Vec<Value>, Error> {
    let how = config.how();
    if how == "secret in base64" {
        let derived = base64(secret("secret").unwrap_or_default().as_bytes());
        let url = format!("{}?id={derived}", config.text("api_url"));
        return get(&url).map_or_else(
            |refused| Err(refused.error("get")),
            |answer| list(&answer.body, how),
        );
    }
    match get(config.text("api_url")) {
        Ok(answer) if answer.status == 200 => list(&answer.body, how),
        Ok(_) => Err(other("the status is not 200")),
        Err(_) if how == "secret in an error" => Err(other(&secret("secret").unwrap_or_default())),
        Err(refused) => Err(refused.error("get")),
    }
}

fn list(body: &[u8], how: &str) -> Result<Vec<Value>, Error> {
    let text = String::from_utf8_lossy(body);
    match serde_json::from_str(&text) {
        Ok(Value::Array(list)) => Ok(list),
        #[allow(clippy::panic, reason = "that is the rule it breaks")]
        _ if how == "trap on an answer" => panic!("no list"),
        _ if how == "body in an error" => Err(other(&text)),
        _ => Err(other("the response is not a list")),
    }
}

/// Returns base64 without padding.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let byte = |at: usize| three.get(at).copied().map_or(0, u32::from);
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..=three.len() {
            let index = bits >> (18 - 6 * digit) & 63;
            let digit = DIGITS.get(index as usize).copied().unwrap_or_default();
            text.push(char::from(digit));
        }
    }
    text
}

hostile!(Guest);
