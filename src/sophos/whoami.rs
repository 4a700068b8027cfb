//! Whom a credential belongs to: `GET {api_host}/whoami/v1`.

use serde::Deserialize;
use url::Url;

use super::errors::{failure, origin, refused, unanswered};
use super::token::Token;
use crate::bindings::inventory::connector::types::Error;
use crate::config::Config;
use crate::http;

/// The domain under which every API host of Sophos Central lives.
const VENDOR_DOMAIN: &str = ".central.sophos.com";

/// A tenant credential's owner.
#[derive(Clone, Debug)]
pub struct Tenant {
    /// The tenant's id in lower case, as `X-Tenant-ID` takes it.
    pub id: String,
    /// The regional API host: `apiHosts.dataRegion`.
    pub api_host: Url,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Whoami {
    id: String,
    id_type: String,
    #[serde(default)]
    api_hosts: ApiHosts,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ApiHosts {
    data_region: Option<String>,
}

/// Asks whose credential it is. A credential of a partner or an organization is `forbidden`: it reads no
/// endpoints by itself.
pub fn request(config: &Config, token: &Token) -> Result<Tenant, Error> {
    let mut url = config.api_host.clone();
    url.set_path("/whoami/v1");
    let headers = [("authorization", token.authorization())];
    let headers = headers
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let answer = http::get(&url, &headers).map_err(|fault| unanswered(&url, fault))?;
    if answer.status != 200 {
        return Err(refused(&url, &answer, "ask whom it belongs to"));
    }
    read(config, &answer.body)
}

fn read(config: &Config, body: &[u8]) -> Result<Tenant, Error> {
    let at = origin(&config.api_host);
    let whoami: Whoami = serde_json::from_slice(body).map_err(|_| {
        Error::Protocol(failure(format!(
            "{at} did not tell whom the credential belongs to. Check `api_host` in the configuration."
        )))
    })?;
    match whoami.id_type.as_str() {
        "tenant" => {}
        kind @ ("partner" | "organization") => {
            return Err(Error::Forbidden(failure(format!(
                "This is a credential of the level {kind}, which this version cannot collect with yet. Make \
                 one inside each tenant, in that tenant's Sophos Central Admin > Global Settings > API \
                 Credentials Management, with the role Service Principal ReadOnly."
            ))));
        }
        _ => {
            return Err(Error::Protocol(failure(format!(
                "{at} says that the credential belongs to something unknown. A newer version of this \
                 component may know it."
            ))));
        }
    }
    let valid_id = |id: &str| {
        id.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    if whoami.id.is_empty() || !valid_id(&whoami.id) {
        return Err(Error::Protocol(failure(format!(
            "{at} gave a tenant id that is none."
        ))));
    }
    let region = whoami
        .api_hosts
        .data_region
        .and_then(|text| Url::parse(&text).ok());
    match region.filter(|region| is_trusted(region, &config.api_host)) {
        Some(api_host) => Ok(Tenant {
            id: whoami.id.to_lowercase(),
            api_host,
        }),
        None => Err(Error::Protocol(failure(format!(
            "{at} named no regional API host under https://*{VENDOR_DOMAIN}, so the access token was sent \
             nowhere. Check `api_host` in the configuration."
        )))),
    }
}

/// Whether an API host that an answer names may get the access token: https under the vendor's domain, or
/// the very origin that the user typed.
fn is_trusted(host: &Url, typed: &Url) -> bool {
    let vendors = host.scheme() == "https"
        && host.port().is_none()
        && host
            .domain()
            .is_some_and(|name| name.ends_with(VENDOR_DOMAIN));
    let plain = host.username().is_empty() && host.password().is_none();
    plain && (vendors || host.origin() == typed.origin())
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::bindings::inventory::connector::types::Error;
    use crate::config::Config;

    fn outcome(kind: &str, region: &str) -> Result<String, Error> {
        let config =
            Config::parse(r#"{"client_id": "c", "api_host": "https://proxy.example:8443"}"#)
                .unwrap();
        let body = format!(
            r#"{{"id": "3F0F2C7E-2A1D-4B7C-9A55-0D9B6A1C2E01", "idType": "{kind}",
                "apiHosts": {{"global": "https://api.central.sophos.com/", "dataRegion": {region}}}}}"#
        );
        read(&config, body.as_bytes()).map(|tenant| format!("{} {}", tenant.id, tenant.api_host))
    }

    #[test]
    fn a_regional_host_of_the_vendor_or_the_typed_origin_is_trusted() {
        for region in [
            "https://api-eu02.central.sophos.com",
            "https://api-xx99.central.sophos.com/",
            "https://proxy.example:8443/",
        ] {
            let tenant = outcome("tenant", &format!("{region:?}")).unwrap();
            assert!(
                tenant.starts_with("3f0f2c7e-2a1d-4b7c-9a55-0d9b6a1c2e01 "),
                "{tenant}"
            );
        }
    }

    #[test]
    fn any_other_host_is_refused() {
        for region in [
            "http://api-eu02.central.sophos.com",
            "https://central.sophos.com.example",
            "https://api-eu02.central.sophos.com.example.com",
            "https://evilcentral.sophos.com",
            "https://api-eu02.central.sophos.com:8443",
            "https://user@api-eu02.central.sophos.com",
            "https://api-eu02.central.sophos.com@example.com",
            "https://proxy.example",
            "http://proxy.example:8443",
            "https://192.0.2.1",
            "nonsense",
            "",
        ] {
            let outcome = outcome("tenant", &format!("{region:?}"));
            assert!(matches!(outcome, Err(Error::Protocol(_))), "{region}");
        }
        assert!(matches!(outcome("tenant", "null"), Err(Error::Protocol(_))));
    }

    #[test]
    fn a_partner_and_an_organization_are_told_so() {
        for kind in ["partner", "organization"] {
            let Err(Error::Forbidden(failure)) = outcome(kind, "null") else {
                panic!("{kind}");
            };
            assert!(failure.message.contains(kind));
        }
        assert!(matches!(outcome("galaxy", "null"), Err(Error::Protocol(_))));
    }
}
