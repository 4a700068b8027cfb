//! `check`: whom the credential belongs to, and whether it may read what `collect` reads.

use crate::bindings::inventory::connector::types::{Account, Error, Failure};
use crate::config::{self, Config};
use crate::cursor::Query;
use crate::sophos::endpoints::{self, Requested};
use crate::sophos::errors::origin;
use crate::sophos::session::{self, Session};
use crate::sophos::tenants::{self, Listing};
use crate::sophos::trust::Tenant;
use crate::sophos::whoami::{Owner, Parent};

/// How many tenants of a partner or an organization are tried. Some may be unreadable; if all are, it is the
/// credential.
const TRIES: usize = 3;

/// Requests a token, whoami, and one endpoint in the form in which `collect` reads them; for a partner or an
/// organization also the first page of its tenants, and an endpoint of up to three of these, until one can be read.
///
/// # Errors
///
/// Those of the requested routes. For a partner or an organization `forbidden` means that it may not list tenants, or
/// that none of the tried tenants can be read.
pub(crate) fn check(config: &str) -> Result<Account, Error> {
    let config = config::read(config)?;
    let session = session::open(&config)?;
    match &session.owner {
        Owner::Tenant(_) => {
            let tenant = session.owner.tenant(config.tenant.as_ref())?;
            read_one(&session, &tenant)?;
            let note = format!("Endpoints are read from {}.", origin(&tenant.api_host));
            Ok(account(tenant.id, "tenant", vec![note]))
        }
        Owner::Parent(parent) => {
            let notes = read_any(&config, &session, parent)?;
            Ok(account(parent.id.clone(), parent.level.word(), notes))
        }
    }
}

fn account(id: String, kind: &str, notes: Vec<String>) -> Account {
    Account {
        id,
        kind: kind.to_owned(),
        name: None,
        notes,
    }
}

/// Requests one endpoint of a tenant.
fn read_one(session: &Session, tenant: &Tenant) -> Result<(), Error> {
    let everything = Query {
        last_seen_after: None,
        last_seen_before: None,
        page_from_key: None,
    };
    if let Requested::Page(answer) = endpoints::request(session, tenant, 1, &everything)? {
        endpoints::read(
            &tenant.api_host,
            &String::from_utf8_lossy(&answer.body),
            drop,
        )?;
    }
    Ok(())
}

/// Requests one endpoint of any tenant of a parent. Returns a remark for the user.
fn read_any(config: &Config, session: &Session, parent: &Parent) -> Result<Vec<String>, Error> {
    let listing = tenants::request(session, parent, &config.api_host, 1)?;
    let mut notes = vec![how_many(&listing)];
    let mut closed = Vec::new();
    let mut failed = None;
    let readable = listing
        .tenants
        .iter()
        .filter_map(|tenant| tenant.access.as_ref().ok());
    for tenant in readable.take(TRIES) {
        match read_one(session, tenant) {
            Ok(()) => {
                notes.push(format!(
                    "Endpoints of the tenant {} were read from {}.",
                    tenant.id,
                    origin(&tenant.api_host)
                ));
                if !closed.is_empty() {
                    notes.push(format!(
                        "Tenants tried before that do not allow their endpoints to be read: {}.",
                        closed.len()
                    ));
                }
                return Ok(notes);
            }
            Err(Error::Forbidden(failure)) => closed.push(failure),
            // The failure of one region says nothing about the others.
            Err(error @ (Error::Unavailable(_) | Error::Protocol(_))) => {
                failed.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
    }
    if let Some(error) = failed {
        return Err(error);
    }
    let tried = closed.len();
    if let Some(first) = closed.into_iter().next() {
        return Err(Error::Forbidden(none_open(parent, tried, first)));
    }
    if let Some(Err(reason)) = listing.tenants.first().map(|tenant| &tenant.access) {
        notes.push(format!(
            "None of those on the first page can be collected. Of the first: {reason}"
        ));
    }
    Ok(notes)
}

fn how_many(listing: &Listing) -> String {
    let listed = listing.tenants.len() + listing.unidentified.len();
    match listing.count {
        Some(0) | None if listed == 0 => {
            "No tenant is listed yet, so there is nothing to collect.".to_owned()
        }
        Some(count) => format!("Tenants listed: {count}."),
        None => format!("Tenants on the first page: {listed}."),
    }
}

/// Returns why none of the tried tenants can be read; the responses do not say.
fn none_open(parent: &Parent, tried: usize, first: Failure) -> Failure {
    let page = parent.level.credentials_page();
    Failure {
        message: format!(
            "None of the tenants that were tried ({tried}) may be read. Check that the credential has the role \
             Service Principal ReadOnly: {page}. If it has, the first one failed with: {}",
            first.message
        ),
        correlation_id: first.correlation_id,
    }
}
