//! A page of a listing, in the form of all of Sophos Central's routes: an array `items` and an object `pages`.
//!
//! Each item is read separately, and once, while the page is: an invalid item does not affect the others.

use serde::de::IgnoredAny;
use serde_json::{Map, Value};
use url::Url;

use crate::bindings::inventory::connector::types::Error;
use crate::json::{NotJson, Scanner};
use crate::sophos::errors::{failure, origin};

/// A page without its items.
pub struct Page {
    /// The number of items.
    pub items: usize,
    /// The `pages` object.
    pub pages: Map<String, Value>,
}

/// More items than any page of the API has; each item takes memory, however small it is.
pub const MAX_ITEMS: usize = 10_000;

/// Why a text is not a page.
enum PageError {
    NotJson,
    NotAPage,
}

impl From<NotJson> for PageError {
    fn from(NotJson: NotJson) -> Self {
        Self::NotJson
    }
}

/// Reads a page of `what`, such as `endpoints`, and calls `item` before each of its items, which `item` must read.
/// Anything but an object with an `items` array and a `pages` object is `protocol`, so that a broken response never
/// looks like the end of a listing; discard the items in that case.
pub fn read<'a>(
    api_host: &Url,
    what: &str,
    json: &'a str,
    item: impl FnMut(&mut Scanner<'a>) -> Result<(), NotJson>,
) -> Result<Page, Error> {
    parts(json, item).map_err(|fault| {
        let why = match fault {
            PageError::NotAPage => {
                "`items` or `pages` is missing, of another type or far too long".to_owned()
            }
            PageError::NotJson => not_json(json),
        };
        not_a_page(api_host, what, &why)
    })
}

fn parts<'a>(
    json: &'a str,
    mut item: impl FnMut(&mut Scanner<'a>) -> Result<(), NotJson>,
) -> Result<Page, PageError> {
    let mut items = None;
    let mut pages = None;
    let mut scanner = Scanner::new(json);
    scanner.members(|scanner, name| {
        let is_new = match &*name.decoded().unwrap_or_default() {
            "items" => {
                let mut count = 0;
                let is_array = scanner.entries(|scanner| {
                    count += 1;
                    if count > MAX_ITEMS {
                        return Err(PageError::NotAPage);
                    }
                    Ok(item(scanner)?)
                })?;
                is_array && items.replace(count).is_none()
            }
            "pages" => {
                let read = serde_json::from_str(scanner.value()?);
                pages
                    .replace(read.map_err(|_| PageError::NotAPage)?)
                    .is_none()
            }
            _ => scanner.value().map(|_| true)?,
        };
        if is_new {
            Ok(())
        } else {
            Err(PageError::NotAPage)
        }
    })?;
    scanner.end()?;
    let items = items.ok_or(PageError::NotAPage)?;
    let pages = pages.ok_or(PageError::NotAPage)?;
    Ok(Page { items, pages })
}

/// Describes where a text stops being JSON.
fn not_json(json: &str) -> String {
    if !json.trim_start().starts_with('{') {
        return "it is not a JSON object".to_owned();
    }
    match serde_json::from_str::<IgnoredAny>(json) {
        Err(error) => {
            let why = if error.is_eof() {
                "it ends too early"
            } else {
                "it is not JSON"
            };
            format!("{why} (line {}, column {})", error.line(), error.column())
        }
        Ok(_) => "it is not JSON".to_owned(),
    }
}

/// Returns `protocol` for a response that is not a page of `what`.
pub fn not_a_page(api_host: &Url, what: &str, why: &str) -> Error {
    Error::Protocol(failure(format!(
        "Invalid response from {}, which should be a page of {what}: {why}. The next run requests it again; if \
         this persists, check whether a proxy responds in the API's place.",
        origin(api_host)
    )))
}

#[cfg(test)]
mod tests;
