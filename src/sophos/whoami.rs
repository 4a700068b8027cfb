//! The owner of a credential: `GET {api_host}/whoami/v1`.

use serde::Deserialize;

use crate::bindings::inventory::connector::types::{Error, FieldError};
use crate::config::Config;
use crate::http;
use crate::sophos::errors::{CREDENTIALS_PAGE, failure, origin, refused, unanswered};
use crate::sophos::token::Token;
use crate::sophos::trust::{self, Tenant, VENDOR_DOMAIN};

/// The owner of a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// One tenant, whose endpoints it reads.
    Tenant(Tenant),
    /// A partner or an organization: it lists tenants, and reads the endpoints of each.
    Parent(Parent),
}

/// An account above tenants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parent {
    /// Its kind.
    pub(crate) level: Level,
    /// Its id in lower case, for the level's scope header.
    pub(crate) id: String,
}

/// The kinds of accounts above tenants. Their routes have the same form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    /// Manages the tenants of its customers.
    Partner,
    /// An enterprise: its tenants are parts of itself.
    Organization,
}

impl Level {
    /// Returns the vendor's name for it: the `idType` of whoami, and the first part of the path of its routes.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Partner => "partner",
            Self::Organization => "organization",
        }
    }

    /// Returns the header that names the account on the level's own routes.
    pub(crate) fn scope_header(self) -> &'static str {
        match self {
            Self::Partner => "x-partner-id",
            Self::Organization => "x-organization-id",
        }
    }

    /// Returns the console in which the account is managed, for messages.
    pub(crate) fn console(self) -> &'static str {
        match self {
            Self::Partner => "Sophos Central Partner",
            Self::Organization => "Sophos Central Enterprise",
        }
    }

    /// Returns the place where its credentials are managed, for messages.
    pub(crate) fn credentials_page(self) -> &'static str {
        match self {
            Self::Partner => {
                "Sophos Central Partner > Settings & Policies > API Credentials Management"
            }
            Self::Organization => {
                "Sophos Central Enterprise > Settings & Policies > API Credentials Management"
            }
        }
    }
}

impl Owner {
    /// Returns the tenant to collect: the owner itself, or `named`, the config's `tenant`, which a parent needs.
    ///
    /// # Errors
    ///
    /// `invalid-config` if a parent's config names no tenant, or a tenant's config names another one.
    pub(crate) fn tenant(&self, named: Option<&Tenant>) -> Result<Tenant, Error> {
        let wrong = |field: &str, message: String| {
            Err(Error::InvalidConfig(vec![FieldError {
                field: field.to_owned(),
                message,
            }]))
        };
        match (self, named) {
            (Self::Tenant(own), Some(named)) if named.id != own.id => wrong(
                "/tenant/id",
                "`tenant` is another one than that of the credential, which reads its own only: run \
                 `discover` again, and collect the source that it returns"
                    .to_owned(),
            ),
            // Whoami is requested for each session; the values that `discover` wrote may be old.
            (Self::Tenant(own), _) => Ok(own.clone()),
            (Self::Parent(_), Some(named)) => Ok(named.clone()),
            (Self::Parent(parent), None) => wrong(
                "/tenant",
                format!(
                    "`tenant` is missing: the credential is that of the {} {}, which has no endpoints of its \
                     own. Run `discover`, and collect the sources that it returns",
                    parent.level.word(),
                    parent.id
                ),
            ),
        }
    }

    /// Returns the place where the owner's credentials are managed, for messages.
    pub(crate) fn credentials_page(&self) -> &'static str {
        match self {
            Self::Tenant(_) => CREDENTIALS_PAGE,
            Self::Parent(parent) => parent.level.credentials_page(),
        }
    }
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
    /// Only a tenant has one.
    data_region: Option<String>,
}

/// Requests the owner of the credential.
///
/// # Errors
///
/// Those of [`refused`] for other statuses than 200; `protocol` if the response names no known kind of owner, or a
/// tenant without an API host that may get the token.
pub(crate) fn request(config: &Config, token: &Token) -> Result<Owner, Error> {
    let mut url = config.api_host.clone();
    url.set_path("/whoami/v1");
    let headers = [("authorization", token.authorization())];
    let headers = headers
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let answer = http::get(&url, &headers).map_err(|error| unanswered(&url, error))?;
    if answer.status != 200 {
        return Err(refused(&url, &answer, "ask whose it is"));
    }
    read(config, &answer.body)
}

fn read(config: &Config, body: &[u8]) -> Result<Owner, Error> {
    let at = origin(&config.api_host);
    let whoami: Whoami = serde_json::from_slice(body).map_err(|_| {
        Error::Protocol(failure(format!(
            "Invalid response from {at}: it does not say whose the credential is. Check `api_host` in the configuration."
        )))
    })?;
    let level = match whoami.id_type.as_str() {
        "tenant" => None,
        "partner" => Some(Level::Partner),
        "organization" => Some(Level::Organization),
        _ => {
            return Err(Error::Protocol(failure(format!(
                "{at} says that the credential belongs to an unknown kind of account. A newer version of this \
                 component may know it."
            ))));
        }
    };
    let Some(id) = trust::id(&whoami.id) else {
        return Err(Error::Protocol(failure(format!(
            "Invalid response from {at}: the id of the credential's owner is not an id."
        ))));
    };
    if let Some(level) = level {
        return Ok(Owner::Parent(Parent { level, id }));
    }
    let region = whoami.api_hosts.data_region;
    match region.and_then(|text| trust::api_host(&text, &config.api_host)) {
        Some(api_host) => Ok(Owner::Tenant(Tenant { id, api_host })),
        None => Err(Error::Protocol(failure(format!(
            "Invalid response from {at}: it names no regional API host under https://*{VENDOR_DOMAIN}, so the access token was \
             not sent anywhere. Check `api_host` in the configuration."
        )))),
    }
}

#[cfg(test)]
mod tests;
