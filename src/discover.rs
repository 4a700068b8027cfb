//! `discover`: the sources that can be collected separately, one page per call.

use serde_json::{Map, Value};

use crate::bindings::inventory::connector::types::{Error, Source, SourcesPage};
use crate::config;
use crate::sophos::errors::{failure, origin};
use crate::sophos::session;
use crate::sophos::tenants::{self, Listed, Listing};
use crate::sophos::trust::Tenant;
use crate::sophos::whoami::Owner;

/// The id of the source for all tenants of a page whose ids cannot be read: no id of the vendor has brackets, so it
/// never equals one. It has a reason in place of a config.
pub(crate) const UNIDENTIFIED: &str = "(unidentified)";

/// The maximum number of places in the reason for tenants without an id.
const MAX_PLACES: usize = 10;

/// The maximum number of characters of a tenant's name, which is in each of its events.
const MAX_NAME: usize = 256;

/// Lists sources. A tenant credential has one, the tenant, collected with the account's own config. One of a
/// partner or an organization has a source for each tenant, collected with the account's config and `tenant`
/// in it; `next` is the number of the next page.
///
/// # Errors
///
/// `invalid-cursor` if `next` is not one of its own; else those of the requested routes.
pub(crate) fn discover(config: &str, next: Option<&str>) -> Result<SourcesPage, Error> {
    let checked = config::read(config)?;
    let number = tenants::page_number(next)?;
    let session = session::open(&checked)?;
    match &session.owner {
        Owner::Tenant(tenant) if number == 1 => Ok(SourcesPage {
            sources: vec![Source {
                id: tenant.id.clone(),
                name: tenant.id.clone(),
                config: Ok(config.to_owned()),
            }],
            next: None,
        }),
        Owner::Tenant(_) => Err(Error::InvalidCursor(failure(
            "A tenant credential has only one page of sources. Begin with the first page.",
        ))),
        Owner::Parent(parent) => {
            let listing = tenants::request(&session, parent, &checked.api_host, number)?;
            Ok(sources(config, number, listing))
        }
    }
}

/// Returns page `number` of a listing as sources of an account with this config.
fn sources(config: &str, number: u32, listing: Listing) -> SourcesPage {
    // It was parsed as an object before.
    let fields: Map<String, Value> = serde_json::from_str(config).unwrap_or_default();
    let mut sources: Vec<_> = listing
        .tenants
        .into_iter()
        .map(|Listed { id, name, access }| Source {
            config: access.map(|tenant| with_tenant(fields.clone(), &tenant, &name)),
            id,
            name,
        })
        .collect();
    if !listing.unidentified.is_empty() {
        sources.push(unidentified(number, &listing.unidentified));
    }
    SourcesPage {
        sources,
        next: listing.next.map(|number| number.to_string()),
    }
}

fn with_tenant(mut fields: Map<String, Value>, tenant: &Tenant, name: &str) -> String {
    let mut of_source = Map::new();
    of_source.insert("id".to_owned(), tenant.id.clone().into());
    of_source.insert("api_host".to_owned(), origin(&tenant.api_host).into());
    // A tenant without a name is called by its id.
    if name != tenant.id {
        let short: String = name.trim().chars().take(MAX_NAME).collect();
        of_source.insert("name".to_owned(), short.into());
    }
    fields.insert("tenant".to_owned(), of_source.into());
    Value::Object(fields).to_string()
}

/// Returns one source for everything at these places (from 1) of page `number`, for which no state can be kept.
fn unidentified(number: u32, places: &[usize]) -> Source {
    let named: Vec<_> = places
        .iter()
        .take(MAX_PLACES)
        .map(usize::to_string)
        .collect();
    let more = match places.len().saturating_sub(MAX_PLACES) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Source {
        id: UNIDENTIFIED.to_owned(),
        name: UNIDENTIFIED.to_owned(),
        config: Err(format!(
            "Page {number} of the tenants has entries without an id, so they cannot be collected: number {}{more} \
             on the page. If this persists, ask Sophos' support.",
            named.join(", ")
        )),
    }
}

#[cfg(test)]
mod tests;
