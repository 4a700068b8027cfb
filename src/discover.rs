//! `discover`: the sources that can be collected separately, one page per call.

use serde_json::{Map, Value, json};

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
            id,
            name,
            config: access.map(|tenant| with_tenant(fields.clone(), &tenant)),
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

fn with_tenant(mut fields: Map<String, Value>, tenant: &Tenant) -> String {
    let tenant = json!({ "id": tenant.id, "api_host": origin(&tenant.api_host) });
    fields.insert("tenant".to_owned(), tenant);
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
mod tests {
    use serde_json::{Value, json};
    use url::Url;

    use super::*;
    use crate::config::{Config, SCHEMA};
    use crate::sophos::tenants::{Listed, Listing};
    use crate::sophos::trust;

    const ID: &str = "11d1f0aa-3b7e-4c8e-9d10-2f4c5a6b7c01";

    fn listing(access: Result<Tenant, String>, unidentified: Vec<usize>) -> Listing {
        Listing {
            tenants: vec![Listed {
                id: ID.to_owned(),
                name: "Example Dental".to_owned(),
                access,
            }],
            unidentified,
            next: Some(3),
            count: None,
        }
    }

    #[test]
    fn a_source_is_collected_with_the_accounts_config_and_its_tenant() {
        let tenant = Tenant {
            id: ID.to_owned(),
            api_host: Url::parse("https://api-eu01.central.sophos.com").unwrap(),
        };
        let config =
            r#"{"client_id": "c", "page_size": 7, "tenant": {"id": "old", "api_host": "x"}}"#;
        let page = sources(config, 2, listing(Ok(tenant.clone()), Vec::new()));
        assert_eq!(page.next.as_deref(), Some("3"));
        let [source] = page.sources.as_slice() else {
            panic!("{}", page.sources.len());
        };
        assert_eq!(
            (source.id.as_str(), source.name.as_str()),
            (ID, "Example Dental")
        );
        let config = source.config.as_ref().unwrap();
        assert_eq!(
            serde_json::from_str::<Value>(config).unwrap(),
            json!({
                "client_id": "c", "page_size": 7,
                "tenant": {"id": ID, "api_host": "https://api-eu01.central.sophos.com"},
            })
        );
        assert_eq!(Config::parse(config).unwrap().tenant, Some(tenant));
        let schema: Value = serde_json::from_str(SCHEMA).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        assert!(validator.is_valid(&serde_json::from_str(config).unwrap()));
    }

    #[test]
    fn a_tenant_that_cannot_be_collected_keeps_its_id_and_has_a_reason() {
        let page = sources(
            r#"{"client_id": "c"}"#,
            2,
            listing(Err("Why.".to_owned()), Vec::new()),
        );
        let found: Vec<_> = page
            .sources
            .iter()
            .map(|source| (source.id.as_str(), &source.config))
            .collect();
        assert_eq!(found, [(ID, &Err("Why.".to_owned()))]);
    }

    #[test]
    fn entries_without_an_id_are_reported_together_with_their_places() {
        assert_eq!(trust::id(UNIDENTIFIED), None);
        for (places, words) in [
            (vec![17], "Page 2 of the tenants has entries without an id"),
            (vec![1, 17], ": number 1, 17 on the page."),
            (
                (1..=12).collect(),
                ": number 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more on the page.",
            ),
        ] {
            let page = sources("{}", 2, listing(Err(String::new()), places));
            let last = page.sources.last().unwrap();
            assert_eq!(last.id, UNIDENTIFIED);
            let reason = last.config.as_ref().unwrap_err();
            assert!(reason.contains(words), "{reason}");
        }
    }
}
