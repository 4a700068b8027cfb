//! The component's config: its fields and their rules.
//!
//! `manifest` has the JSON Schema of the same fields. A host checks against it; the component checks again, since it must
//! work in any host.

use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use url::Url;
use xxhash_rust::xxh3::xxh3_64;

use crate::bindings::inventory::connector::types::{self, Error};
use crate::record::Column;
use crate::settings::{DIALECT, FieldError, Mapping};

pub(crate) const DEFAULT_HEADER: &str = "Authorization";
pub(crate) const DEFAULT_SCHEME: &str = "Bearer";

/// A change of the mapping's code that changes events raises it: everything is collected again.
const MAPPING_VERSION: u32 = 1;

const FIELDS: [&str; 13] = [
    "url",
    "format",
    "id",
    "items",
    "delimiter",
    "columns",
    "product",
    "vendor",
    "header",
    "scheme",
    "dialect",
    SINCE,
    UNTIL,
];
const SINCE: &str = "since";
const UNTIL: &str = "until";

/// How a list is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// With a header line, and this byte between two fields.
    Csv(u8),
    /// An array, possibly inside of objects.
    Json,
    /// One object a line.
    Ndjson,
}

/// Times in milliseconds since 1970, the first inclusive, the second exclusive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Range {
    pub(crate) since: Option<i64>,
    pub(crate) until: Option<i64>,
}

/// A checked config.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) url: Url,
    pub(crate) format: Format,
    /// Where the array is in a JSON document; the document itself if it is `None`.
    pub(crate) items: Option<Column>,
    pub(crate) header: String,
    pub(crate) scheme: String,
    pub(crate) mapping: Mapping,
    /// The range to collect, instead of what has changed.
    pub(crate) range: Option<Range>,
    /// A hash of all fields but the range: another one makes other events.
    pub(crate) hash: u64,
    /// Whether the config chooses the columns, which must then be there.
    has_columns: bool,
}

impl Config {
    /// Returns each attribute that the config chooses, with its column.
    pub(crate) fn chosen_columns(&self) -> impl Iterator<Item = (&'static str, &Column)> {
        self.mapping.columns().filter(|_| self.has_columns)
    }
}

/// Reads a config.
///
/// # Errors
///
/// `invalid-config`, with one entry for each field that is not valid.
pub(crate) fn read(text: &str) -> Result<Config, Error> {
    parse(text).map_err(invalid)
}

/// Returns the contract's error for these fields.
pub(crate) fn invalid(errors: Vec<FieldError>) -> Error {
    let field_error = |error: FieldError| types::FieldError {
        field: error.field,
        message: error.message,
    };
    Error::InvalidConfig(errors.into_iter().map(field_error).collect())
}

fn parse(text: &str) -> Result<Config, Vec<FieldError>> {
    let object: Map<String, Value> = serde_json::from_str(text).map_err(|error| {
        vec![FieldError::new(
            "",
            format!("the config is not a JSON object: {error}"),
        )]
    })?;
    let mut fields = Fields {
        object: &object,
        errors: Vec::new(),
    };
    for name in object
        .keys()
        .filter(|name| !FIELDS.contains(&name.as_str()))
    {
        let known = FIELDS.join(", ");
        fields.error(
            "",
            format!("the config has no field {name:?}; it has {known}"),
        );
    }
    let url = fields.url();
    let format = fields.format();
    fields.required("id");
    let items = fields.items();
    let header = fields.header();
    let scheme = fields.text("scheme").unwrap_or(DEFAULT_SCHEME).to_owned();
    if !scheme.bytes().all(|byte| byte.is_ascii_graphic()) {
        fields.error("/scheme", "must be a word such as Bearer, or empty");
    }
    fields.choice("dialect", &[DIALECT]);
    let range = fields.range();
    let mut errors = fields.errors;
    let mapping = Mapping::parse(&object).map_err(|more| errors.extend(more));
    match (url, format, mapping) {
        (Some(url), Some(format), Ok(mapping)) if errors.is_empty() => Ok(Config {
            url,
            format,
            items,
            header,
            scheme,
            mapping,
            range,
            has_columns: object
                .get("columns")
                .is_some_and(|columns| *columns != json!({})),
            hash: hash(object),
        }),
        _ => Err(errors),
    }
}

fn hash(mut object: Map<String, Value>) -> u64 {
    object.remove(SINCE);
    object.remove(UNTIL);
    xxh3_64(format!("{MAPPING_VERSION} {}", Value::Object(object)).as_bytes())
}

struct Fields<'a> {
    object: &'a Map<String, Value>,
    errors: Vec<FieldError>,
}

impl<'a> Fields<'a> {
    fn error(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.errors.push(FieldError::new(field, message));
    }

    fn required(&mut self, name: &str) {
        if !self.object.contains_key(name) {
            self.error(format!("/{name}"), "is missing: set it");
        }
    }

    fn text(&mut self, name: &str) -> Option<&'a str> {
        match self.object.get(name)? {
            Value::String(text) => Some(text.trim()),
            _ => {
                self.error(format!("/{name}"), "must be a text");
                None
            }
        }
    }

    fn choice(&mut self, name: &str, choices: &[&'static str]) -> Option<&'static str> {
        let value = self.object.get(name)?;
        let chosen = choices.iter().find(|choice| value == **choice);
        if chosen.is_none() {
            let choices = choices.join(", ");
            self.error(format!("/{name}"), format!("must be one of {choices}"));
        }
        chosen.copied()
    }

    fn url(&mut self) -> Option<Url> {
        self.required("url");
        let text = self.text("url")?;
        let url = Url::parse(text).ok().filter(|url| {
            matches!(url.scheme(), "https" | "http")
                && url.username().is_empty()
                && url.password().is_none()
        });
        if url.is_none() {
            self.error(
                "/url",
                "must be a URL that begins with https and contains no user name and no password",
            );
        }
        url
    }

    fn format(&mut self) -> Option<Format> {
        self.required("format");
        let delimiter = self.choice("delimiter", &DELIMITERS.map(|(name, _)| name));
        let delimiter = DELIMITERS.iter().find(|(name, _)| Some(*name) == delimiter);
        Some(match self.choice("format", &["csv", "json", "ndjson"])? {
            "json" => Format::Json,
            "ndjson" => Format::Ndjson,
            _ => Format::Csv(delimiter.map_or(b',', |(_, byte)| *byte)),
        })
    }

    fn items(&mut self) -> Option<Column> {
        let text = self.text("items").filter(|text| !text.is_empty())?;
        match Column::parse(text) {
            Ok(column) if text.starts_with('/') => Some(column),
            _ => {
                let message = "must be a JSON Pointer, such as /data/assets, or empty";
                self.error("/items", message);
                None
            }
        }
    }

    /// Reads the name of the header that carries the secret. Those that describe the message itself are not allowed.
    fn header(&mut self) -> String {
        const OTHERS: [&str; 12] = [
            "accept",
            "accept-encoding",
            "connection",
            "content-length",
            "expect",
            "host",
            "if-none-match",
            "keep-alive",
            "te",
            "transfer-encoding",
            "upgrade",
            "user-agent",
        ];
        let header = self.text("header").unwrap_or(DEFAULT_HEADER);
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if header.is_empty()
            || !header.bytes().all(is_token)
            || OTHERS.contains(&header.to_ascii_lowercase().as_str())
        {
            let message = "must be the name of a header that can carry the token, such as Authorization or X-Api-Key";
            self.error("/header", message);
        }
        header.to_owned()
    }

    fn time(&mut self, name: &str) -> Option<i64> {
        let text = self.text(name)?;
        let time = OffsetDateTime::parse(text, &Rfc3339).ok();
        if time.is_none() {
            self.error(format!("/{name}"), "must be a time as RFC 3339 writes it");
        }
        time.and_then(millis)
    }

    fn range(&mut self) -> Option<Range> {
        let (since, until) = (self.time(SINCE), self.time(UNTIL));
        if since
            .zip(until)
            .is_some_and(|(since, until)| since >= until)
        {
            self.error("/until", "must be later than `since`");
        }
        (since.is_some() || until.is_some()).then_some(Range { since, until })
    }
}

/// The names of what stands between two fields of CSV.
pub(crate) const DELIMITERS: [(&str, u8); 4] = [
    ("comma", b','),
    ("semicolon", b';'),
    ("tab", b'\t'),
    ("pipe", b'|'),
];

/// Returns milliseconds since 1970.
pub(crate) fn millis(moment: OffsetDateTime) -> Option<i64> {
    i64::try_from(moment.unix_timestamp_nanos().div_euclid(1_000_000)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn valid() -> Value {
        json!({"url": "https://cmdb.example.com/a.csv", "format": "csv", "id": "ID"})
    }

    #[test]
    fn each_field_that_is_not_valid_is_named() {
        assert!(parse(&valid().to_string()).is_ok());
        for (field, value, pointer) in [
            ("url", json!("cmdb.example.com"), "/url"),
            ("url", json!("ftp://cmdb.example.com"), "/url"),
            ("url", json!("https://me@cmdb.example.com"), "/url"),
            ("url", json!(1), "/url"),
            ("format", json!("xml"), "/format"),
            ("format", json!(["csv"]), "/format"),
            ("id", json!(" "), "/id"),
            ("id", json!("/a~2"), "/id"),
            ("items", json!("data"), "/items"),
            ("delimiter", json!(","), "/delimiter"),
            ("columns", json!([]), "/columns"),
            ("columns", json!({"colour": "Colour"}), "/columns/colour"),
            ("columns", json!({"hostname": 1}), "/columns/hostname"),
            ("columns", json!({"a/b~": "x"}), "/columns/a~1b~0"),
            ("header", json!("Host"), "/header"),
            ("header", json!("a b"), "/header"),
            ("header", json!(""), "/header"),
            ("scheme", json!("Bearer token"), "/scheme"),
            ("dialect", json!("sekoia"), "/dialect"),
            ("since", json!("yesterday"), "/since"),
            ("until", json!(0), "/until"),
            ("colour", json!("red"), ""),
        ] {
            let mut config = valid();
            config[field] = value.clone();
            let errors = parse(&config.to_string()).unwrap_err();
            let fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
            assert_eq!(fields, [pointer], "{field} {value}");
        }
        let errors = parse("{}").unwrap_err();
        let fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["/url", "/format", "/id"]);
        assert_eq!(parse("[]").unwrap_err().len(), 1);
    }

    #[test]
    fn an_empty_text_is_as_good_as_none() {
        let mut config = valid();
        for field in ["vendor", "product", "items", "scheme"] {
            config[field] = json!("");
        }
        let config = parse(&config.to_string()).unwrap();
        assert_eq!(config.mapping.vendor, None);
        assert_eq!(config.mapping.product, "Asset list");
    }

    #[test]
    fn a_range_ends_after_it_begins() {
        let mut config = valid();
        config["since"] = json!("2026-01-01T00:00:00Z");
        config["until"] = json!("2026-01-01T00:00:00Z");
        assert_eq!(parse(&config.to_string()).unwrap_err()[0].field, "/until");
        config["until"] = json!("2026-01-01T00:00:00.001Z");
        let range = parse(&config.to_string()).unwrap().range.unwrap();
        assert_eq!(range.until.zip(range.since).map(|(a, b)| a - b), Some(1));
    }

    #[test]
    fn a_range_changes_no_hash_and_any_other_field_does() {
        let hash = |field: &str, value: &str| {
            let mut config = valid();
            config[field] = json!(value);
            parse(&config.to_string()).unwrap().hash
        };
        let plain = parse(&valid().to_string()).unwrap().hash;
        assert_eq!(hash("since", "2026-01-01T00:00:00Z"), plain);
        assert_ne!(hash("product", "CMDB"), plain);
    }
}
