//! A page of endpoints: `GET {dataRegion}/endpoint/v1/endpoints`.

use std::fmt;

use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::error::Category;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use url::Url;

use super::errors::{Clues, failure, origin, refused, unanswered};
use super::session::{self, Session};
use crate::bindings::inventory::connector::types::{Error, Failure};
use crate::cursor::Query;
use crate::http::{self, Answer};

/// An API page: the items as they came, so that one bad item costs itself alone.
pub struct Page<'a> {
    /// The endpoints, each as JSON text.
    pub items: Vec<&'a RawValue>,
    /// `pages.nextKey`: none on the last page.
    pub next_key: Option<String>,
}

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    items: Items<'a>,
    pages: Map<String, Value>,
}

/// The items of a page, up to a number that no page of the API reaches: each costs memory by itself, however
/// small it is.
struct Items<'a>(Vec<&'a RawValue>);

const MOST_ITEMS: usize = 10_000;

impl<'de: 'a, 'a> Deserialize<'de> for Items<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Vec<&'de RawValue>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "an array of at most {MOST_ITEMS} endpoints")
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
        deserializer.deserialize_seq(Reader).map(Self)
    }
}

/// What the API answered to a query.
pub enum Asked {
    /// A page, yet to be read.
    Answered(Answer),
    /// It does not accept the query's page key (any more).
    KeyRefused,
}

/// Asks for the page of `query`, of `page_size` endpoints at most.
pub fn request(session: &Session, page_size: u16, query: &Query) -> Result<Asked, Error> {
    let url = url(&session.tenant.api_host, page_size, query);
    let authorization = session.token.authorization();
    let headers = [
        ("authorization", authorization.as_str()),
        ("x-tenant-id", session.tenant.id.as_str()),
    ];
    let answer = http::get(&url, &headers).map_err(|fault| unanswered(&url, fault))?;
    match answer.status {
        200 => Ok(Asked::Answered(answer)),
        400 | 404 | 410 if query.page_from_key.is_some() => Ok(Asked::KeyRefused),
        401 if !session.fresh => {
            session::forget();
            Err(Error::Expired(Failure {
                message: format!(
                    "{} does not accept the access token any more (401); the next call asks for another.",
                    origin(&url)
                ),
                correlation_id: Clues::of(&answer).correlation_id,
            }))
        }
        status => {
            if status == 401 {
                session::forget();
            }
            Err(refused(&url, &answer, "read endpoints"))
        }
    }
}

/// Every page repeats the same filters, as the API asks; `sort=id` makes the walk stable while devices
/// check in.
fn url(api_host: &Url, page_size: u16, query: &Query) -> Url {
    let mut url = api_host.clone();
    url.set_path("/endpoint/v1/endpoints");
    url.set_query(None);
    let mut pairs = url.query_pairs_mut();
    pairs.append_pair("view", "full");
    pairs.append_pair("sort", "id");
    pairs.append_pair("pageSize", &page_size.to_string());
    if let Some(time) = query.last_seen_after {
        pairs.append_pair("lastSeenAfter", &time.to_string());
    }
    if let Some(time) = query.last_seen_before {
        pairs.append_pair("lastSeenBefore", &time.to_string());
    }
    if let Some(key) = &query.page_from_key {
        pairs.append_pair("pageFromKey", key);
    }
    drop(pairs);
    url
}

/// Reads a page. Anything but an object with an `items` array and a `pages` object is `protocol`, so that a
/// broken answer is never taken for the end of a walk.
pub fn read<'a>(api_host: &Url, json: &'a str) -> Result<Page<'a>, Error> {
    let no_page = |why: String| {
        Error::Protocol(failure(format!(
            "{} answered with something that is no page of endpoints: {why}. The next run asks for it again; \
             if it stays so, check whether a proxy answers in the API's place.",
            origin(api_host)
        )))
    };
    // A derived struct would take an array for its fields.
    if !json.trim_start().starts_with('{') {
        return Err(no_page("it is no JSON object".to_owned()));
    }
    let mut body: Body<'_> = serde_json::from_str(json).map_err(|error| {
        let what = match error.classify() {
            Category::Data => "`items` or `pages` is missing, of another type or far too long",
            Category::Eof => "it ends too early",
            Category::Syntax | Category::Io => "it is no JSON",
        };
        no_page(format!(
            "{what} (line {}, column {})",
            error.line(),
            error.column()
        ))
    })?;
    let next_key = match body.pages.remove("nextKey") {
        None | Some(Value::Null) => None,
        Some(Value::String(key)) => Some(key).filter(|key| !key.is_empty()),
        Some(_) => return Err(no_page("`pages.nextKey` is no text".to_owned())),
    };
    Ok(Page {
        items: body.items.0,
        next_key,
    })
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::{MOST_ITEMS, read, url};
    use crate::bindings::inventory::connector::types::Error;
    use crate::cursor::Query;
    use crate::timestamp::Timestamp;

    fn host() -> Url {
        Url::parse("https://api-eu02.central.sophos.com").unwrap()
    }

    #[test]
    fn every_page_of_a_walk_repeats_the_same_filters() {
        let mut query = Query {
            last_seen_after: Timestamp::parse("2026-11-20T08:00:00Z"),
            last_seen_before: None,
            page_from_key: None,
        };
        let first = url(&host(), 500, &query).to_string();
        assert_eq!(
            first,
            "https://api-eu02.central.sophos.com/endpoint/v1/endpoints?view=full&sort=id&pageSize=500\
             &lastSeenAfter=2026-11-20T08%3A00%3A00.000Z"
        );
        query.page_from_key = Some("a+b/c==".into());
        assert_eq!(
            url(&host(), 500, &query).to_string(),
            format!("{first}&pageFromKey=a%2Bb%2Fc%3D%3D")
        );
    }

    #[test]
    fn a_page_ends_the_walk_only_by_saying_so() {
        for (json, next_key) in [
            (r#"{"items": [], "pages": {}}"#, None),
            (r#"{"items": [], "pages": {"nextKey": null}}"#, None),
            (r#"{"items": [], "pages": {"nextKey": ""}}"#, None),
            (
                r#"{"items": [{}, 5], "pages": {"nextKey": "k", "size": 500}}"#,
                Some("k"),
            ),
        ] {
            assert_eq!(
                read(&host(), json).unwrap().next_key.as_deref(),
                next_key,
                "{json}"
            );
        }
    }

    #[test]
    fn more_items_than_any_page_has_are_no_page() {
        for (items, is_page) in [(MOST_ITEMS, true), (MOST_ITEMS + 1, false)] {
            let json = format!(
                r#"{{"items": [{}], "pages": {{}}}}"#,
                vec!["{}"; items].join(",")
            );
            assert_eq!(read(&host(), &json).is_ok(), is_page, "{items}");
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
            r#"{"items": [], "pages": {"nextKey": 5}}"#,
            r#"{"items": [{}], "pages": {"#,
        ] {
            assert!(
                matches!(read(&host(), json), Err(Error::Protocol(_))),
                "{json}"
            );
        }
    }
}
