//! `GET /partner/v1/tenants` and `GET /organization/v1/tenants`: the tenants of an account, by page number.

use serde_json::{Value, json};

use super::{boolean, only_known, positive};
use crate::answer::Refusal;
use crate::options::{Credential, Options};
use crate::request::{Request, Route};

const MAX_SIZE: usize = 100;

/// Returns the requested page.
pub(crate) fn page(options: &Options, request: &Request, url: &str) -> Result<Value, Refusal> {
    let (owner, header, credential) = match request.route {
        Some(Route::OrganizationTenants) => (
            "organization",
            "X-Organization-ID",
            Credential::Organization,
        ),
        _ => ("partner", "X-Partner-ID", Credential::Partner),
    };
    match request.header(header) {
        None => return Err(Refusal::api(401, format!("the header {header} is missing"))),
        Some(id)
            if options.credential == credential && id.eq_ignore_ascii_case(&options.account_id) => {
        }
        Some(_) => return Err(Refusal::api(403, "Forbidden")),
    }
    only_known(request, &["page", "pageSize", "pageTotal"])?;
    let number = positive(request, "page", 1)?;
    let size = positive(request, "pageSize", 50)?.min(MAX_SIZE);
    let tenants = options
        .tenants
        .iter()
        .skip((number - 1).saturating_mul(size))
        .take(size);
    let items: Vec<Value> = tenants
        .map(|tenant| tenant.item(owner, &options.account_id, url))
        .collect();
    let mut pages = json!({"current": number, "size": size, "maxSize": MAX_SIZE});
    if let (true, Some(pages)) = (boolean(request, "pageTotal")?, pages.as_object_mut()) {
        pages.insert(
            "total".to_owned(),
            options.tenants.len().div_ceil(size).into(),
        );
        pages.insert("items".to_owned(), options.tenants.len().into());
    }
    Ok(json!({"items": items, "pages": pages}))
}
