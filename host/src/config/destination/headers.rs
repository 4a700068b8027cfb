//! Headers of a destination's requests: `[account.NAME.deliver.headers]`.
//!
//! A value is a text, which may have placeholders, or says where a secret comes from. A header that is a credential by its name is never a text: it
//! would be a secret in the configuration file.

use std::collections::BTreeMap;

use http::header::{HeaderName, HeaderValue};
use serde::de::{Deserialize, Deserializer, Error};

use crate::config::destination::template::{self, SourceName};
use crate::config::secret_source::{FORMS, SecretSource};

/// A header of every request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    /// The key in the table `deliver` that sets it, for messages.
    pub key: String,
    pub name: HeaderName,
    pub text: HeaderText,
}

/// A header's value, or where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "toml::Value")]
pub(crate) enum HeaderText {
    /// A value, in which placeholders may stand. `Debug` does not show it, as it may be a secret that should not be there
    /// as a text.
    Plain(HeaderValue),
    Secret {
        /// What precedes the secret, such as `Bearer `; often nothing.
        prefix: String,
        source: SecretSource,
    },
}

impl TryFrom<toml::Value> for HeaderText {
    type Error = &'static str;

    fn try_from(value: toml::Value) -> Result<Self, &'static str> {
        match value {
            toml::Value::String(text) => {
                template::check(&text)?;
                let mut value = HeaderValue::try_from(text)
                    .map_err(|_| "contains a character that a header cannot have: remove it")?;
                value.set_sensitive(true);
                Ok(Self::Plain(value))
            }
            toml::Value::Table(mut table) => {
                let prefix = match table.remove("prefix") {
                    None => String::new(),
                    Some(toml::Value::String(text)) if HeaderValue::from_str(&text).is_ok() => text,
                    Some(_) => return Err("`prefix` must be a text such as \"Bearer \""),
                };
                let source = SecretSource::try_from(toml::Value::Table(table))?;
                Ok(Self::Secret { prefix, source })
            }
            _ => Err(
                "must be a text in quotes, or say where a secret comes from: { env = \"NAME\", prefix = \"Bearer \" }",
            ),
        }
    }
}

impl HeaderText {
    /// Returns the value for the events of a source, if it is not a secret.
    pub(crate) fn plain(&self, source: &SourceName<'_>) -> Option<HeaderValue> {
        let Self::Plain(value) = self else {
            return None;
        };
        let text = str::from_utf8(value.as_bytes()).ok()?;
        let mut value = HeaderValue::try_from(template::encoded(text, source)).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

/// Headers that the host sets or removes.
#[rustfmt::skip]
const OF_THE_HOST: [&str; 13] = [
    "connection", "content-encoding", "content-length", "expect", "host", "keep-alive", "proxy-authenticate",
    "proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
];

/// Deserializes the table of headers.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<Header>, D::Error> {
    let mut headers: Vec<Header> = Vec::new();
    for (name, text) in BTreeMap::<String, HeaderText>::deserialize(deserializer)? {
        let wrong = |why: &str| D::Error::custom(format_args!("{name:?} {why}"));
        let key = format!("headers.{name}");
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| {
            wrong("is not a valid name of a header: use letters, digits and `-`, such as \"x-tenant\"")
        })?;
        if OF_THE_HOST.contains(&name.as_str()) {
            return Err(wrong(
                "is set by the host: remove it. `url` names the host, `gzip` the encoding, and HTTPS_PROXY in the \
                 environment a proxy with its password",
            ));
        }
        if matches!(name.as_str(), "authorization" | "cookie")
            && matches!(text, HeaderText::Plain(_))
        {
            return Err(wrong(FORMS));
        }
        if headers.iter().any(|header| header.name == name) {
            return Err(wrong(
                "is there twice, as the case of a name does not matter: remove one",
            ));
        }
        headers.push(Header { key, name, text });
    }
    Ok(headers)
}
