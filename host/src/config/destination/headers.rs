//! Headers of a destination's requests: `[account.NAME.deliver.headers]`.
//!
//! A value is a text, or tells where a secret comes from. A header that is a credential by its name is never
//! a text: it would be a secret in the configuration file.

use std::fmt;
use std::path::Path;

use http::header::{HeaderName, HeaderValue};

use crate::config::Problem;
use crate::config::destination::DeliverSecret;
use crate::config::secret_source::{SecretSource, SourceError};

/// A header of every request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Its name.
    pub name: HeaderName,
    /// Its value.
    pub text: HeaderText,
}

/// A header's value, or where it comes from.
#[derive(Clone, PartialEq, Eq)]
pub enum HeaderText {
    /// The value.
    Plain(HeaderValue),
    /// The value is a secret.
    Secret {
        /// What stands before the secret, such as `Bearer `; often nothing.
        prefix: String,
        /// The secret.
        secret: DeliverSecret,
    },
}

/// Shows no value: one that should have been a secret may stand there as a text.
impl fmt::Debug for HeaderText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(_) => formatter.write_str("Plain(…)"),
            Self::Secret { secret, .. } => write!(formatter, "Secret({:?})", secret.source),
        }
    }
}

const OF_THE_CONNECTION: &str = "is about the connection and not about the request: remove it";

/// Headers in which the host, or the connection itself, has its say, and what to do instead.
const NOT_TO_SET: [(&str, &str); 13] = [
    ("host", "is what `url` names: remove it"),
    ("content-length", "is counted by the host: remove it"),
    (
        "content-encoding",
        "is set by gzip = true: write that, or remove it",
    ),
    (
        "proxy-authorization",
        "is for a proxy: put it into HTTPS_PROXY in the environment",
    ),
    ("proxy-authenticate", OF_THE_CONNECTION),
    ("proxy-connection", OF_THE_CONNECTION),
    ("connection", OF_THE_CONNECTION),
    ("expect", OF_THE_CONNECTION),
    ("keep-alive", OF_THE_CONNECTION),
    ("te", OF_THE_CONNECTION),
    ("trailer", OF_THE_CONNECTION),
    ("transfer-encoding", OF_THE_CONNECTION),
    ("upgrade", OF_THE_CONNECTION),
];

/// Headers that hold a credential whatever their value is.
const CREDENTIALS: [&str; 2] = ["authorization", "cookie"];

/// Checks the table `[account.NAME.deliver.headers]`, whose name with all tables is `key`.
pub(super) fn check(
    key: &str,
    value: Option<&toml::Value>,
    folder: &Path,
    problems: &mut Vec<Problem>,
) -> Vec<Header> {
    let mut headers: Vec<Header> = Vec::new();
    let table = match value {
        None => return headers,
        Some(toml::Value::Table(table)) => table,
        Some(_) => {
            problems.push(Problem::new(
                key,
                format_args!(
                    "must be a table of headers: [{key}], and below it a line such as authorization = \
                     {{ env = \"TOKEN\", prefix = \"Bearer \" }}"
                ),
            ));
            return headers;
        }
    };
    for (name, value) in table {
        let key = format!("{key}.{name}");
        let header = named(name, &headers)
            .and_then(|name| text(&key, &name, value, folder).map(|text| Header { name, text }));
        match header {
            Ok(header) => headers.push(header),
            Err(message) => problems.push(Problem::new(key, message)),
        }
    }
    headers
}

fn named(name: &str, before: &[Header]) -> Result<HeaderName, String> {
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| {
        "is not the name of a header: use letters, digits and `-`, such as \"x-tenant\"".to_owned()
    })?;
    if let Some((_, why)) = NOT_TO_SET.iter().find(|(refused, _)| name == *refused) {
        return Err((*why).to_owned());
    }
    if before.iter().any(|header| header.name == name) {
        return Err("is there twice, as the case of a name does not matter: remove one".to_owned());
    }
    Ok(name)
}

fn text(
    key: &str,
    name: &HeaderName,
    value: &toml::Value,
    folder: &Path,
) -> Result<HeaderText, String> {
    match value {
        toml::Value::String(_) if CREDENTIALS.contains(&name.as_str()) => {
            Err(SourceError::PlainValue.to_string())
        }
        toml::Value::String(text) => HeaderValue::from_str(text)
            .map(HeaderText::Plain)
            .map_err(|_| "holds a character that a header cannot have: remove it".to_owned()),
        toml::Value::Table(table) => {
            let mut table = table.clone();
            let prefix = match table.remove("prefix") {
                None => String::new(),
                Some(toml::Value::String(prefix)) if HeaderValue::from_str(&prefix).is_ok() => {
                    prefix
                }
                Some(_) => {
                    return Err(
                        "`prefix` must be a text that a header can have, such as \"Bearer \""
                            .to_owned(),
                    );
                }
            };
            let source = SecretSource::from_toml(&toml::Value::Table(table), folder)
                .map_err(|error| error.to_string())?;
            Ok(HeaderText::Secret {
                prefix,
                secret: DeliverSecret {
                    key: key.to_owned(),
                    source,
                },
            })
        }
        _ => Err(
            "must be a text in quotes, or tell where a secret comes from: { env = \"NAME\", prefix = \
             \"Bearer \" }"
                .to_owned(),
        ),
    }
}
