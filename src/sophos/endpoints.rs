//! A page of endpoints: `GET {dataRegion}/endpoint/v1/endpoints`.

use std::borrow::Cow;

use serde_json::Value;
use url::Url;

use crate::bindings::inventory::connector::types::{Error, Failure};
use crate::cursor::Query;
use crate::http::Response;
use crate::json::{NotJson, Scalar, Scanner};
use crate::sophos::endpoint::{self, Endpoint};
use crate::sophos::errors::{Clues, origin, refused};
use crate::sophos::page;
use crate::sophos::session::Session;
use crate::sophos::trust::Tenant;
use crate::sophos::whoami::{Level, Owner};

/// The maximum length of `pages` at the end of a page, in bytes.
const MAX_PAGES: usize = 4096;

/// The maximum length of a page key, in bytes: the cursor holds two of them. Sophos' are below 200.
const MAX_KEY: usize = 4096;

/// A page of endpoints without its items.
#[derive(Debug, PartialEq, Eq)]
pub struct Listed {
    /// The number of items.
    pub items: usize,
    /// The number of items on all pages, if the API announces it.
    pub announced: Option<u64>,
    /// The key of the next page; `None` on the last one.
    pub next_key: Option<String>,
}

/// The outcome of a request for a page.
pub(crate) enum Requested {
    /// A page, not read yet.
    Page(Response),
    /// The API rejects the query's page key.
    KeyRefused,
}

/// Requests the page of `query` of a tenant, with at most `page_size` endpoints.
///
/// # Errors
///
/// Those of [`Session::get`] and [`refused`]; `forbidden` for a tenant that does not allow its partner or organization
/// to read it.
pub(crate) fn request(
    session: &Session,
    tenant: &Tenant,
    page_size: u16,
    query: &Query,
) -> Result<Requested, Error> {
    let url = url(&tenant.api_host, page_size, query);
    let answer = session.get(&url, ("x-tenant-id", &tenant.id))?;
    match (answer.status, &session.owner) {
        (200, _) => Ok(Requested::Page(answer)),
        (400 | 404 | 410, _) if query.page_from_key.is_some() => Ok(Requested::KeyRefused),
        (403, Owner::Parent(parent)) => Err(Error::Forbidden(Failure {
            message: closed(parent.level, &url),
            correlation_id: Clues::of(&answer).correlation_id,
        })),
        _ => Err(refused(&url, &answer, "read endpoints")),
    }
}

/// Requests the next page ahead, if `body` ends as expected. `query` is the query of `body`. A wrong key costs a
/// request.
pub(crate) fn request_next(
    session: &Session,
    tenant: &Tenant,
    page_size: u16,
    query: &Query,
    body: &[u8],
) {
    if let Some(key) = likely_next_key(body) {
        let next = Query {
            page_from_key: Some(key),
            ..*query
        };
        let url = url(&tenant.api_host, page_size, &next);
        session.get_ahead(url, ("x-tenant-id", &tenant.id));
    }
}

/// Returns `pages.nextKey` if the page ends with `pages` as the API writes it.
fn likely_next_key(body: &[u8]) -> Option<String> {
    const NAME: &[u8] = b"\"pages\":";
    let end = body.get(body.len().saturating_sub(MAX_PAGES)..)?;
    let start = end.windows(NAME.len()).rposition(|name| name == NAME)?;
    let pages = str::from_utf8(end.get(start + NAME.len()..)?).ok()?;
    let mut key = None;
    let mut scanner = Scanner::new(pages);
    let read = scanner.members(|scanner, name| {
        let value = scanner.scalar()?.and_then(Scalar::text);
        if name.written() == "nextKey" {
            key = value.map(Cow::into_owned);
        }
        Ok::<_, NotJson>(())
    });
    key.filter(|_| read.is_ok())
}

/// Describes why a tenant of a parent may respond with 403, which the response does not say, and what to do.
fn closed(level: Level, url: &Url) -> String {
    let at = origin(url);
    match level {
        Level::Partner => format!(
            "The customer does not allow its partner to read endpoints ({at} responded with 403): it has not enabled \
             Partner Assistance, is a trial, is suspended, or is managed by another partner. Ask the customer's \
             administrator to enable Partner Assistance in Sophos Central Admin, or leave the tenant out."
        ),
        Level::Organization => format!(
            "The tenant does not allow the organization to read endpoints ({at} responded with 403): it may be a trial, \
             or not be managed by the organization. Look at it in {}, or leave the tenant out.",
            level.console()
        ),
    }
}

/// Every page repeats the same filters, as the API requires; `sort=id` keeps the walk stable while devices check in.
/// Only the first page asks for the number of items, since the API has to count them for that.
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
    match &query.page_from_key {
        Some(key) => pairs.append_pair("pageFromKey", key),
        None => pairs.append_pair("pageTotal", "true"),
    };
    drop(pairs);
    url
}

/// Reads a page as [`page::read`] does, and calls `item` for each value in `items`, also if it is not an endpoint. A
/// `nextKey` that is not a text or too long is `protocol`.
pub fn read<'a>(
    api_host: &Url,
    json: &'a str,
    mut each: impl FnMut(Endpoint<'a>),
) -> Result<Listed, Error> {
    const WHAT: &str = "endpoints";
    let mut page = page::read(api_host, WHAT, json, |scanner| {
        each(endpoint::scan(scanner)?);
        Ok(())
    })?;
    let next_key = match page.pages.remove("nextKey") {
        None | Some(Value::Null) => None,
        Some(Value::String(key)) if key.len() > MAX_KEY => {
            let why = "`pages.nextKey` is longer than 4 KiB";
            return Err(page::not_a_page(api_host, WHAT, why));
        }
        Some(Value::String(key)) => Some(key).filter(|key| !key.is_empty()),
        Some(_) => {
            return Err(page::not_a_page(
                api_host,
                WHAT,
                "`pages.nextKey` is not a text",
            ));
        }
    };
    Ok(Listed {
        items: page.items,
        announced: page.pages.get("items").and_then(Value::as_u64),
        next_key,
    })
}

#[cfg(test)]
mod tests;
