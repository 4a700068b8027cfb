//! A page of a listing, as all of Sophos Central's routes give it: an array `items` and an object `pages`.
//!
//! Its items stay the text that they are, so that one bad item costs itself alone.

use std::fmt;

use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::error::Category;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use url::Url;

use super::errors::{failure, origin};
use crate::bindings::inventory::connector::types::Error;

/// A page as it came.
#[derive(Deserialize)]
pub struct Page<'a> {
    /// The items, each as JSON text.
    #[serde(borrow, deserialize_with = "items")]
    pub items: Vec<&'a RawValue>,
    /// Where the page stands in its listing.
    pub pages: Map<String, Value>,
}

/// No page of the API reaches this number; each item costs memory by itself, however small it is.
pub const MOST_ITEMS: usize = 10_000;

fn items<'de: 'a, 'a, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<&'a RawValue>, D::Error> {
    struct Reader;
    impl<'de> Visitor<'de> for Reader {
        type Value = Vec<&'de RawValue>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "an array of at most {MOST_ITEMS} items")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
            let mut read = Vec::new();
            while let Some(item) = items.next_element()? {
                if read.len() == MOST_ITEMS {
                    return Err(de::Error::invalid_length(MOST_ITEMS + 1, &self));
                }
                read.push(item);
            }
            Ok(read)
        }
    }
    deserializer.deserialize_seq(Reader)
}

/// Reads a page of `what`, such as `endpoints`. Anything but an object with an `items` array and a `pages`
/// object is `protocol`, so that a broken answer is never taken for the end of a listing.
pub fn read<'a>(api_host: &Url, what: &str, json: &'a str) -> Result<Page<'a>, Error> {
    // A derived struct would take an array for its fields.
    if !json.trim_start().starts_with('{') {
        return Err(no_page(api_host, what, "it is no JSON object"));
    }
    serde_json::from_str(json).map_err(|error| {
        let why = match error.classify() {
            Category::Data => "`items` or `pages` is missing, of another type or far too long",
            Category::Eof => "it ends too early",
            Category::Syntax | Category::Io => "it is no JSON",
        };
        let at = format!("{why} (line {}, column {})", error.line(), error.column());
        no_page(api_host, what, &at)
    })
}

/// `protocol`: an answer is no page of `what`, and why.
pub fn no_page(api_host: &Url, what: &str, why: &str) -> Error {
    Error::Protocol(failure(format!(
        "{} answered with something that is no page of {what}: {why}. The next run asks for it again; if it \
         stays so, check whether a proxy answers in the API's place.",
        origin(api_host)
    )))
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::{MOST_ITEMS, read};
    use crate::bindings::inventory::connector::types::Error;

    fn host() -> Url {
        Url::parse("https://api-eu02.central.sophos.com").unwrap()
    }

    #[test]
    fn items_of_any_kind_are_kept_as_they_came() {
        let json = r#"{"pages": {"size": 1}, "items": [{}, 5, null, {"a": [1e999]}], "more": 1}"#;
        let page = read(&host(), "endpoints", json).unwrap();
        let items: Vec<_> = page.items.iter().map(|item| item.get()).collect();
        assert_eq!(items, ["{}", "5", "null", r#"{"a": [1e999]}"#]);
        assert_eq!(page.pages["size"], 1);
    }

    #[test]
    fn more_items_than_any_page_has_are_no_page() {
        for (items, is_page) in [(MOST_ITEMS, true), (MOST_ITEMS + 1, false)] {
            let json = format!(
                r#"{{"items": [{}], "pages": {{}}}}"#,
                vec!["{}"; items].join(",")
            );
            assert_eq!(
                read(&host(), "endpoints", &json).is_ok(),
                is_page,
                "{items}"
            );
        }
    }

    #[test]
    fn anything_else_is_no_page() {
        for json in [
            "",
            "<html></html>",
            "null",
            "[]",
            r#"[[], {"nextKey": "k"}]"#,
            "{}",
            r#"{"items": []}"#,
            r#"{"pages": {}}"#,
            r#"{"items": {}, "pages": {}}"#,
            r#"{"items": null, "pages": {}}"#,
            r#"{"items": [], "pages": null}"#,
            r#"{"items": [], "pages": []}"#,
            r#"{"items": [], "pages": ["k"]}"#,
            r#"{"items": [{}], "pages": {"#,
        ] {
            let Err(Error::Protocol(failure)) = read(&host(), "tenants", json) else {
                panic!("{json}");
            };
            let message = failure.message;
            assert!(message.contains("no page of tenants"), "{message}");
        }
    }
}
