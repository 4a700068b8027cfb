//! The component's configuration: its fields and their rules.
//!
//! `config.schema.json`, which the manifest contains, is the JSON Schema of the same fields. A host checks against it;
//! the component checks again, since it must work in any host.

use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use crate::bindings::inventory::connector::types;
use crate::cursor::Range;
use crate::mapping::Mapping;
use crate::sophos::trust::{self, Tenant};
use crate::timestamp::Timestamp;

/// The JSON Schema of the configuration.
pub const SCHEMA: &str = include_str!("config.schema.json");

const TOKEN_URL: &str = "https://id.sophos.com/api/v2/oauth2/token";
const API_HOST: &str = "https://api.central.sophos.com";

/// The maximum of `pageSize`, which the API returns as `pages.maxSize`.
const MAX_PAGE_SIZE: u16 = 500;

/// A day: a longer overlap would only repeat devices.
const MAX_OVERLAP: u32 = 86_400;

/// A checked configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// The id of the API credential; not a secret.
    pub client_id: String,
    /// The URL for access tokens: `POST /api/v2/oauth2/token`.
    pub token_url: Url,
    /// The global API host: `GET /whoami/v1`.
    pub api_host: Url,
    /// The dialect of the events, and the attributes that are left out.
    pub mapping: Mapping,
    /// The time until the API shows a check-in, in seconds.
    pub overlap: u32,
    /// `pageSize`
    pub page_size: u16,
    /// The range to collect, instead of new devices.
    pub range: Option<Range>,
    /// The tenant of a partner or an organization to collect: set by `discover`, never by a user.
    pub tenant: Option<Tenant>,
}

/// A field that is not valid.
#[derive(Debug, PartialEq, Eq)]
pub struct FieldError {
    /// JSON Pointer (RFC 6901) into the configuration; empty for all of it.
    pub field: String,
    /// What is wrong with it and what would be valid.
    pub message: String,
}

/// The fields with any type, so that each is checked on its own.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    client_id: Option<Value>,
    token_url: Option<Value>,
    api_host: Option<Value>,
    dialect: Option<Value>,
    omit: Option<Value>,
    overlap: Option<Value>,
    page_size: Option<Value>,
    since: Option<Value>,
    until: Option<Value>,
    tenant: Option<Value>,
}

/// The fields of `tenant` with any type.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TenantFields {
    id: Option<Value>,
    api_host: Option<Value>,
    name: Option<Value>,
}

/// Reads a configuration as [`Config::parse`] does.
///
/// # Errors
///
/// `invalid-config`, with one entry for each field that is not valid.
pub fn read(json: &str) -> Result<Config, types::Error> {
    Config::parse(json).map_err(|errors| {
        let field_error = |error: FieldError| types::FieldError {
            field: error.field,
            message: error.message,
        };
        types::Error::InvalidConfig(errors.into_iter().map(field_error).collect())
    })
}

impl Config {
    /// Parses a configuration, or returns the error of each field that is not valid.
    pub fn parse(json: &str) -> Result<Self, Vec<FieldError>> {
        let whole = |message: String| {
            vec![FieldError {
                field: String::new(),
                message,
            }]
        };
        let object: Map<String, Value> = serde_json::from_str(json)
            .map_err(|error| whole(format!("the configuration is not a JSON object: {error}")))?;
        let fields: Fields = serde_json::from_value(Value::Object(object))
            .map_err(|error| whole(error.to_string()))?;

        let mut errors = Errors(Vec::new());
        let client_id = errors.text("client_id", fields.client_id);
        let token_url = errors.url("token_url", fields.token_url, TOKEN_URL);
        let api_host = errors.url("api_host", fields.api_host, API_HOST);
        let mapping = errors.mapping(fields.dialect.as_ref(), fields.omit.as_ref());
        let overlap = errors.number("overlap", fields.overlap, 0, MAX_OVERLAP, 120);
        let page_size = errors.number(
            "page_size",
            fields.page_size,
            1,
            u32::from(MAX_PAGE_SIZE),
            u32::from(MAX_PAGE_SIZE),
        );
        let since = errors.time("since", fields.since);
        let until = errors.time("until", fields.until);
        if let (Some(since), Some(until)) = (since, until)
            && since >= until
        {
            errors.add(
                "until",
                format!("`until` ({until}) must be later than `since` ({since})"),
            );
        }
        let mapping = mapping.map(|mapping| mapping.of_tenant(fields.tenant.as_ref()));
        let tenant = errors.tenant(fields.tenant, api_host.as_ref());
        let range = (since.is_some() || until.is_some()).then_some(Range { since, until });

        match (client_id, token_url, api_host, mapping) {
            (Some(client_id), Some(token_url), Some(api_host), Some(mapping))
                if errors.0.is_empty() =>
            {
                Ok(Self {
                    mapping,
                    client_id,
                    token_url,
                    api_host,
                    overlap,
                    page_size: u16::try_from(page_size).unwrap_or(MAX_PAGE_SIZE),
                    range,
                    tenant,
                })
            }
            _ => Err(errors.0),
        }
    }
}

struct Errors(Vec<FieldError>);

impl Errors {
    fn add(&mut self, field: &str, message: String) {
        self.0.push(FieldError {
            field: format!("/{field}"),
            message,
        });
    }

    fn text(&mut self, field: &str, value: Option<Value>) -> Option<String> {
        match value {
            Some(Value::String(text)) if !text.trim().is_empty() => return Some(text),
            None => self.add(field, format!("`{field}` is missing")),
            Some(_) => self.add(field, format!("`{field}` must be a text that is not empty")),
        }
        None
    }

    fn url(&mut self, field: &str, value: Option<Value>, default: &str) -> Option<Url> {
        let value = value.unwrap_or_else(|| default.into());
        let url = value.as_str().and_then(|text| Url::parse(text).ok());
        let message = match url {
            None => "must be a URL such as",
            Some(url) if !(url.scheme() == "https" || is_loopback(&url)) => {
                "must begin with https, as in"
            }
            Some(url) if !url.username().is_empty() || url.password().is_some() => {
                "must not contain a user name or a password, as in"
            }
            Some(url) => return Some(url),
        };
        self.add(field, format!("`{field}` {message} {default}"));
        None
    }

    fn mapping(&mut self, dialect: Option<&Value>, omit: Option<&Value>) -> Option<Mapping> {
        Mapping::new(dialect, omit)
            .map_err(|error| self.add(error.field, error.message))
            .ok()
    }

    fn number(
        &mut self,
        field: &str,
        value: Option<Value>,
        least: u32,
        most: u32,
        default: u32,
    ) -> u32 {
        let Some(value) = value else { return default };
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        match number {
            Some(number) if (least..=most).contains(&number) => number,
            _ => {
                self.add(
                    field,
                    format!("`{field}` must be a whole number from {least} to {most}"),
                );
                default
            }
        }
    }

    fn time(&mut self, field: &str, value: Option<Value>) -> Option<Timestamp> {
        let value = value?;
        let time = value.as_str().and_then(Timestamp::parse);
        if time.is_none() {
            self.add(
                field,
                format!("`{field}` must be an RFC 3339 time such as 2026-11-20T08:00:00Z"),
            );
        }
        time
    }

    /// Checks `tenant`, whose host must be one that may get the access token, since `discover` names no other.
    fn tenant(&mut self, value: Option<Value>, api_host: Option<&Url>) -> Option<Tenant> {
        let value = value?;
        // A derived struct would accept an array for its fields.
        let fields: Option<TenantFields> = if value.is_object() {
            serde_json::from_value(value).ok()
        } else {
            None
        };
        let Some(fields) = fields else {
            self.add(
                "tenant",
                "`tenant` must be an object of `id`, `api_host` and `name`, as `discover` sets it"
                    .to_owned(),
            );
            return None;
        };
        let id = fields
            .id
            .as_ref()
            .and_then(Value::as_str)
            .and_then(trust::id);
        if id.is_none() {
            self.add(
                "tenant/id",
                "`tenant.id` must be a tenant's id, as `discover` sets it".to_owned(),
            );
        }
        if fields.name.is_some_and(|name| !name.is_string()) {
            self.add(
                "tenant/name",
                "`tenant.name` must be a text, as `discover` sets it".to_owned(),
            );
        }
        let host = fields.api_host.as_ref().and_then(Value::as_str);
        let host = host
            .zip(api_host)
            .and_then(|(host, typed)| trust::api_host(host, typed));
        // Without a valid `api_host` it cannot be checked.
        if host.is_none() && api_host.is_some() {
            self.add(
                "tenant/api_host",
                "`tenant.api_host` must be an API host of Sophos Central, as `discover` sets it"
                    .to_owned(),
            );
        }
        Some(Tenant {
            id: id?,
            api_host: host?,
        })
    }
}

/// Returns whether a URL is one of this machine: only there http is accepted, for tests and demos.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests;
