//! `GET /endpoint/v1/endpoints`: the endpoints of a tenant, by page key.
//!
//! Stricter than the real API where laxness would hide a mistake: `sort=id` is required, and a parameter that the
//! simulator does not know is refused.

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::{boolean, only_known, positive};
use crate::answer::Refusal;
use crate::clock;
use crate::fleet::{Filter, Fleet};
use crate::options::{Credential, Options};
use crate::page_key;
use crate::request::Request;
use crate::tenant::{Access, Tenant};
use crate::view::View;

const DEFAULT_SIZE: usize = 50;
const MAX_SIZE: usize = 500;
const PARAMETERS: &[&str] = &[
    "pageSize",
    "pageFromKey",
    "pageTotal",
    "sort",
    "view",
    "lastSeenAfter",
    "lastSeenBefore",
];

/// Returns the place in `options.tenants` of the tenant that the request names, whether or not it may be read.
pub(crate) fn tenant_of(options: &Options, request: &Request) -> Option<usize> {
    let id = request.header("X-Tenant-ID")?;
    options
        .tenants
        .iter()
        .position(|tenant| tenant.id.eq_ignore_ascii_case(id))
}

/// Returns the requested page as JSON text: an item may contain bytes that are not JSON.
pub(crate) fn page(options: &Options, request: &Request) -> Result<Vec<u8>, Refusal> {
    let tenant = judge_tenant(options, request)?;
    only_known(request, PARAMETERS)?;
    if !matches!(request.query("sort"), Some("id" | "id:asc")) {
        return Err(Refusal::api(400, "sort must be id"));
    }
    let view = match request.query("view") {
        None => View::default(),
        Some(name) => View::named(name)
            .ok_or_else(|| Refusal::api(400, format!("no view is named {name:?}")))?,
    };
    let filter = Filter {
        after: moment(request, "lastSeenAfter")?,
        before: moment(request, "lastSeenBefore")?,
    };
    let size = positive(request, "pageSize", DEFAULT_SIZE)?.min(MAX_SIZE);
    let total = boolean(request, "pageTotal")?;
    let key = request.query("pageFromKey").filter(|key| !key.is_empty());
    let from = match key {
        None => None,
        Some(key) => Some(
            page_key::decode(key).ok_or_else(|| Refusal::api(400, "pageFromKey is not valid"))?,
        ),
    };

    let fleet = &tenant.fleet;
    let selection = fleet.select(&filter, from.as_deref(), size);
    let mut pages = json!({"size": size, "maxSize": MAX_SIZE});
    if let Some(pages) = pages.as_object_mut() {
        if let Some(next) = &selection.next {
            pages.insert("nextKey".to_owned(), page_key::encode(next).into());
        }
        if let Some(key) = key {
            pages.insert("fromKey".to_owned(), key.into());
        }
        if total {
            let items = fleet.count(&filter);
            pages.insert("items".to_owned(), items.into());
            pages.insert(
                "total".to_owned(),
                items.div_ceil(u64::try_from(size).unwrap_or(1)).into(),
            );
        }
    }
    Ok(write(fleet, &selection.indexes, view, &pages))
}

fn write(fleet: &Fleet, indexes: &[u64], view: View, pages: &Value) -> Vec<u8> {
    let mut body = Vec::with_capacity(indexes.len() * 1500 + 200);
    body.extend_from_slice(b"{\"items\":[");
    for (place, index) in indexes.iter().enumerate() {
        if place > 0 {
            body.push(b',');
        }
        fleet.write(*index, view, &mut body);
    }
    body.extend_from_slice(format!("],\"pages\":{pages}}}").as_bytes());
    body
}

/// Returns the tenant that the request may read.
fn judge_tenant<'a>(options: &'a Options, request: &Request) -> Result<&'a Tenant, Refusal> {
    let Some(id) = request.header("X-Tenant-ID") else {
        return Err(Refusal::api(401, "the header X-Tenant-ID is missing"));
    };
    if !is_uuid(id) {
        return Err(Refusal::api(400, "X-Tenant-ID is not a UUID"));
    }
    if request.header("X-Partner-ID").is_some() || request.header("X-Organization-ID").is_some() {
        return Err(Refusal::api(
            400,
            "X-Tenant-ID goes with no other scope header",
        ));
    }
    let foreign = |place: usize| options.credential == Credential::Tenant && place > 0;
    let tenant = tenant_of(options, request).filter(|place| !foreign(*place));
    match tenant.and_then(|place| options.tenants.get(place)) {
        Some(tenant) if tenant.access == Access::Open && !options.endpoints_forbidden => Ok(tenant),
        _ => Err(Refusal::api(403, "Forbidden")),
    }
}

fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups
            .iter()
            .all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Reads a filter's moment: UTC with `Z`, and at most three fraction digits.
fn moment(request: &Request, name: &str) -> Result<Option<OffsetDateTime>, Refusal> {
    let Some(text) = request.query(name) else {
        return Ok(None);
    };
    let digits = text
        .split_once('.')
        .map_or(0, |(_, fraction)| fraction.trim_end_matches('Z').len());
    let moment = if text.ends_with('Z') && digits <= 3 {
        clock::parse(text)
    } else {
        None
    };
    match moment {
        Some(moment) => Ok(Some(moment)),
        None => Err(Refusal::api(
            400,
            format!(
                "{name} must be a UTC time with Z and at most three fraction digits, not {text:?}"
            ),
        )),
    }
}
