//! `GET /whoami/v1`: the id and level of the credential, and the hosts to use.

use serde_json::{Value, json};

use crate::options::{Credential, Options};

/// Returns the body; `url` is the simulator's own.
pub(crate) fn body(options: &Options, url: &str) -> Value {
    let first = options.tenants.first();
    let (id, id_type) = match options.credential {
        Credential::Tenant => (first.map_or("", |tenant| tenant.id.as_str()), "tenant"),
        Credential::Partner => (options.account_id.as_str(), "partner"),
        Credential::Organization => (options.account_id.as_str(), "organization"),
    };
    let id = if options.upper_case_id {
        id.to_uppercase()
    } else {
        id.to_owned()
    };
    let global = if options.trailing_slash {
        format!("{url}/")
    } else {
        url.to_owned()
    };
    let mut hosts = json!({"global": global});
    if let (Credential::Tenant, Some(hosts)) = (options.credential, hosts.as_object_mut()) {
        let region = first
            .and_then(|tenant| tenant.api_host.as_deref())
            .unwrap_or(url);
        hosts.insert("dataRegion".to_owned(), region.into());
    }
    json!({"id": id, "idType": id_type, "apiHosts": hosts})
}
