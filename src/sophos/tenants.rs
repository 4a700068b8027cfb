//! The tenants of a partner or an organization: `GET {api_host}/partner/v1/tenants` and
//! `GET {api_host}/organization/v1/tenants`.
//!
//! The listing is paged by number and is not a snapshot: if tenants are added or removed between two pages, one may be
//! listed twice or missed until the next listing. Its fields are read leniently, and an invalid item does not affect
//! the others.

use std::borrow::Cow;
use std::collections::HashSet;

use serde_json::{Map, Value};
use url::Url;

use crate::bindings::inventory::connector::types::{Error, Failure};
use crate::json::{NotJson, Scanner};
use crate::sophos::errors::{Clues, failure, origin, refused};
use crate::sophos::page::{self, not_a_page};
use crate::sophos::session::Session;
use crate::sophos::trust::{self, Tenant, VENDOR_DOMAIN};
use crate::sophos::whoami::{Level, Parent};

/// The maximum of `pageSize` of the API.
const PAGE_SIZE: u64 = 100;

/// More pages than any account has: a listing that claims more never ends.
const MAX_PAGES: u32 = 100_000;

const WHAT: &str = "tenants";

/// One page of the listing.
#[derive(Debug)]
pub(crate) struct Listing {
    /// The tenants, each id once.
    pub(crate) tenants: Vec<Listed>,
    /// The places on the page, from 1, of the items that have no usable id.
    pub(crate) unidentified: Vec<usize>,
    /// The number of the next page; `None` after the last one.
    pub(crate) next: Option<u32>,
    /// `pages.items`: the number of tenants on all pages, if the API returns it.
    pub(crate) count: Option<u64>,
}

/// A tenant in the listing.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    /// Its id in lower case.
    pub(crate) id: String,
    /// `showAs`, else `name`, else the id.
    pub(crate) name: String,
    /// The context for requests of its endpoints, or why they cannot be requested, as a message.
    pub(crate) access: Result<Tenant, String>,
}

/// Returns the page number in `next` of `discover`; 1 for `None`.
///
/// # Errors
///
/// `invalid-cursor` if `next` is not a number that an earlier page can have returned.
pub(crate) fn page_number(next: Option<&str>) -> Result<u32, Error> {
    let Some(text) = next else { return Ok(1) };
    let number = text.parse::<u32>().ok();
    number
        // The component never writes a plus sign or leading zeros.
        .filter(|number| (2..=MAX_PAGES).contains(number) && number.to_string() == text)
        .ok_or_else(|| {
            Error::InvalidCursor(failure(
                "`next` is not a page that `discover` returned. Begin with the first page.",
            ))
        })
}

/// Requests page `number` (from 1) of the tenants of `parent`. `api_host` is the global one of the config.
///
/// # Errors
///
/// Those of [`Session::get`] and [`refused`]; `forbidden` if the credential may not list tenants, `protocol` if the
/// response is not such a page, `invalid-cursor` if the listing has no such page.
pub(crate) fn request(
    session: &Session,
    parent: &Parent,
    api_host: &Url,
    number: u32,
) -> Result<Listing, Error> {
    let url = url(parent.level, api_host, number);
    let answer = session.get(&url, (parent.level.scope_header(), &parent.id))?;
    match answer.status {
        // Invalid UTF-8 in a name is shown as such; an id or a host that contains it is not valid.
        200 => read(
            parent.level,
            api_host,
            number,
            &String::from_utf8_lossy(&answer.body),
        ),
        403 => Err(Error::Forbidden(Failure {
            message: format!(
                "The credential may not list the tenants of the {} ({} responded with 403). Give it the role \
                 Service Principal ReadOnly: {}.",
                parent.level.word(),
                origin(&url),
                parent.level.credentials_page()
            ),
            correlation_id: Clues::of(&answer).correlation_id,
        })),
        _ => Err(refused(&url, &answer, "list tenants")),
    }
}

fn url(level: Level, api_host: &Url, number: u32) -> Url {
    let mut url = api_host.clone();
    url.set_path(&format!("/{}/v1/tenants", level.word()));
    url.set_query(Some(&format!(
        "page={number}&pageSize={PAGE_SIZE}&pageTotal=true"
    )));
    url
}

/// Reads page `number`.
fn read(level: Level, api_host: &Url, number: u32, json: &str) -> Result<Listing, Error> {
    let mut ids = HashSet::new();
    let mut tenants = Vec::new();
    let mut unidentified = Vec::new();
    let mut place = 0;
    let page = page::read(api_host, WHAT, json, |scanner| {
        place += 1;
        match listed(level, api_host, scanner)? {
            Some(tenant) => {
                if ids.insert(tenant.id.clone()) {
                    tenants.push(tenant);
                }
            }
            None => unidentified.push(place),
        }
        Ok(())
    })?;
    Ok(Listing {
        tenants,
        unidentified,
        next: next_page(api_host, number, page.items, &page.pages)?,
        count: page.pages.get("items").and_then(Value::as_u64),
    })
}

/// Returns the number of the page after page `number`, which holds `items` items. `pages.total` is the number of pages;
/// if it is missing, a full page has a next one.
fn next_page(
    api_host: &Url,
    number: u32,
    items: usize,
    pages: &Map<String, Value>,
) -> Result<Option<u32>, Error> {
    let number_of = |name: &str| match pages.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value.as_u64().map(Some).ok_or_else(|| {
            let why = format!("`pages.{name}` is not a whole number");
            not_a_page(api_host, WHAT, &why)
        }),
    };
    let asked = u64::from(number);
    if let Some(current) = number_of("current")?.filter(|current| *current != asked) {
        let why = format!("page {number} was requested, but this is page {current}");
        return Err(not_a_page(api_host, WHAT, &why));
    }
    let more = match number_of("total")? {
        Some(total) if total > u64::from(MAX_PAGES) => {
            return Err(not_a_page(
                api_host,
                WHAT,
                "it has more pages than any account",
            ));
        }
        // The page after the last one had tenants when the previous page was read.
        Some(total) if asked > total.saturating_add(1) => {
            return Err(Error::InvalidCursor(failure(format!(
                "There is no page {number} of tenants: the listing has {total}. Begin with the first page."
            ))));
        }
        Some(total) => asked < total,
        None => {
            let size = ["size", "maxSize"]
                .into_iter()
                .filter_map(|name| pages.get(name)?.as_u64())
                .fold(PAGE_SIZE, u64::min);
            items > 0 && items as u64 >= size
        }
    };
    if more && number == MAX_PAGES {
        return Err(not_a_page(api_host, WHAT, "the listing does not end"));
    }
    Ok(more.then_some(number + 1))
}

/// The fields of a tenant that are needed.
#[derive(Default)]
struct Item<'a> {
    id: Option<Cow<'a, str>>,
    show_as: Option<Cow<'a, str>>,
    name: Option<Cow<'a, str>>,
    api_host: Option<Cow<'a, str>>,
}

/// Reads one item; `None` if it has no usable id.
fn listed(level: Level, typed: &Url, scanner: &mut Scanner<'_>) -> Result<Option<Listed>, NotJson> {
    let mut item = Item::default();
    scanner.members(|scanner, name| {
        // Of a duplicate scalar the last one counts.
        let Some(value) = scanner.scalar()? else {
            return Ok(());
        };
        match &*name.decoded().unwrap_or_default() {
            "id" => item.id = value.text(),
            "showAs" => item.show_as = value.text(),
            "name" => item.name = value.text(),
            "apiHost" => item.api_host = value.text(),
            _ => {}
        }
        Ok(())
    })?;
    let Some(id) = item.id.as_deref().and_then(trust::id) else {
        return Ok(None);
    };
    let access = match api_host(level, typed, &item) {
        Ok(api_host) => Ok(Tenant {
            id: id.clone(),
            api_host,
        }),
        Err(reason) => Err(reason),
    };
    let name = [item.show_as, item.name]
        .into_iter()
        .flatten()
        .find(|name| !name.trim().is_empty())
        .map_or_else(|| id.clone(), Cow::into_owned);
    Ok(Some(Listed { id, name, access }))
}

/// Returns where a tenant's endpoints are requested, or why they cannot be.
///
/// The listing's `status` decides nothing: no value but `active` is published, so whether a tenant can be read is
/// only known from the answer for its endpoints.
fn api_host(level: Level, typed: &Url, item: &Item<'_>) -> Result<Url, String> {
    let console = level.console();
    let Some(host) = &item.api_host else {
        return Err(format!(
            "The tenant has not been activated: its data centre has not been chosen yet. Have its administrator \
             sign in to Sophos Central for the first time, or look at it in {console}; after that it is collected \
             automatically."
        ));
    };
    trust::api_host(host, typed).ok_or_else(|| {
        format!(
            "The listing gives the tenant an API host that is not under https://*{VENDOR_DOMAIN}, so the \
             access token is not sent there. Check that no proxy changes the API's responses, then ask Sophos' \
             support."
        )
    })
}

#[cfg(test)]
mod tests;
