//! Headers of a destination's requests: `[account.NAME.deliver.headers]`.
//!
//! A value is a text or says where a secret comes from. A header that is a credential by its name is never a text: it
//! would be a secret in the configuration file.

use std::collections::BTreeMap;
use std::fmt;

use http::header::{HeaderName, HeaderValue};
use serde::de::{Deserialize, Deserializer, Error};

use crate::config::destination::request::DeliverSecret;
use crate::config::secret_source::{PLAIN_VALUE, SecretSource};

/// A header of every request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    pub name: HeaderName,
    pub text: HeaderText,
}

/// A header's value, or where it comes from.
#[derive(Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "toml::Value")]
pub(crate) enum HeaderText {
    Plain(HeaderValue),
    Secret {
        /// What precedes the secret, such as `Bearer `; often nothing.
        prefix: String,
        secret: DeliverSecret,
    },
}

/// Shows no value, as it may be a secret that should not be there as a text.
impl fmt::Debug for HeaderText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(_) => formatter.write_str("Plain(…)"),
            Self::Secret { secret, .. } => write!(formatter, "Secret({:?})", secret.source),
        }
    }
}

impl TryFrom<toml::Value> for HeaderText {
    type Error = String;

    fn try_from(value: toml::Value) -> Result<Self, String> {
        match value {
            toml::Value::String(text) => HeaderValue::from_str(&text)
                .map(Self::Plain)
                .map_err(|_| "contains a character that a header cannot have: remove it".to_owned()),
            toml::Value::Table(mut table) => {
                let prefix = match table.remove("prefix") {
                    None => String::new(),
                    Some(toml::Value::String(prefix)) if HeaderValue::from_str(&prefix).is_ok() => {
                        prefix
                    }
                    Some(_) => {
                        return Err("`prefix` must be a text that a header can have, such as \
                                    \"Bearer \""
                            .to_owned());
                    }
                };
                let secret = SecretSource::try_from(toml::Value::Table(table))?.into();
                Ok(Self::Secret { prefix, secret })
            }
            _ => Err(
                "must be a text in quotes, or say where a secret comes from: { env = \"NAME\", prefix = \
                 \"Bearer \" }"
                    .to_owned(),
            ),
        }
    }
}

/// Headers of the connection, which the host sets or removes.
#[rustfmt::skip]
const OF_THE_CONNECTION: [&str; 9] = [
    "proxy-authenticate", "proxy-connection", "connection", "expect", "keep-alive", "te", "trailer",
    "transfer-encoding", "upgrade",
];

/// Headers that hold a credential whatever their value is.
const CREDENTIALS: [&str; 2] = ["authorization", "cookie"];

/// Deserializes the table of headers.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<Header>, D::Error> {
    let mut headers: Vec<Header> = Vec::new();
    for (name, text) in BTreeMap::<String, HeaderText>::deserialize(deserializer)? {
        match check(&name, &text, &headers) {
            Ok(name) => headers.push(Header { name, text }),
            Err(why) => return Err(D::Error::custom(format_args!("{name:?} {why}"))),
        }
    }
    Ok(headers)
}

fn check(name: &str, text: &HeaderText, before: &[Header]) -> Result<HeaderName, &'static str> {
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(
        |_| "is not a valid name of a header: use letters, digits and `-`, such as \"x-tenant\"",
    )?;
    match name.as_str() {
        "host" => return Err("is what `url` names: remove it"),
        "content-length" => return Err("is set by the host: remove it"),
        "content-encoding" => return Err("is set by gzip = true: write that, or remove it"),
        "proxy-authorization" => {
            return Err("is for a proxy: put it into HTTPS_PROXY in the environment");
        }
        other if OF_THE_CONNECTION.contains(&other) => {
            return Err("belongs to the connection: remove it");
        }
        _ => {}
    }
    if before.iter().any(|header| header.name == name) {
        return Err("is there twice, as the case of a name does not matter: remove one");
    }
    if CREDENTIALS.contains(&name.as_str()) && matches!(text, HeaderText::Plain(_)) {
        return Err(PLAIN_VALUE);
    }
    Ok(name)
}
