//! Secrets as a component sees them: placeholders, which the host replaces by the values when a request leaves.
//!
//! A component is somebody else's code, and could send a secret that it holds anywhere that it may send requests to. So it
//! holds a worthless text: random letters and digits, made for every run. It writes that text where the secret belongs, and
//! the host replaces it by the value when the request leaves:
//!
//! | | the body of `POST https://id.example.com/token` |
//! |---|---|
//! | the component writes | `grant_type=client_credentials&client_secret=placeholder3f9a…c2` |
//! | the host sends | `grant_type=client_credentials&client_secret=a%2Bb%3D` |
//! | the server responds | `{"access_token":"…","echo":"a+b="}` |
//! | the component reads | `{"access_token":"…","echo":"placeholder3f9a…c2"}` |
//!
//! The value goes only to the origin of the config field to which the manifest binds the secret, only
//! encrypted (or to this very machine), and only into a header value or a form or JSON body: `substitute.rs`. A
//! server that repeats the secret does not give it to the component: `mask.rs`.
//!
//! Values are read once a run and wiped with it: [`Secrets`] is dropped with the run's accounts.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use url::{Origin, Url};

use crate::contract::hosts::normal;
use crate::contract::manifest::Manifest;
use crate::text::hex::hex;

mod find;
mod mask;
mod substitute;
#[cfg(test)]
mod tests;

use crate::sandbox::secrets::find::{Spelling, spellings};

pub use crate::sandbox::secrets::mask::{Withheld, is_gzip};
pub use crate::sandbox::secrets::substitute::{MAX_SECRET_HEADERS, Misplaced};

/// What placeholders begin with, so that a person who sees one in a component's output knows it. Lower case, as
/// all of a placeholder: where a URL or a header name changes the case of what is in it, it is still found.
const PREFIX: &str = "placeholder";

/// How many random bytes are in a placeholder: nobody guesses it, and no text holds it by chance.
const RANDOM_BYTES: usize = 32;

/// How many characters a placeholder has.
const PLACEHOLDER_LENGTH: usize = PREFIX.len() + 2 * RANDOM_BYTES;

/// The secrets of an account, by the names of the manifest. [`Default`] has none.
#[derive(Default)]
pub struct Secrets {
    by_name: BTreeMap<String, Secret>,
}

/// One secret.
struct Secret {
    value: SecretString,
    placeholder: String,
    /// The ways in which a response may repeat the value.
    spellings: Vec<Spelling>,
    /// The config field to which the manifest binds it, such as `config.token_url`.
    config_key: String,
    /// The only origin that it may go to; `None` if that field holds no URL, and then it goes nowhere.
    origin: Option<Origin>,
}

impl Secrets {
    /// Binds the values of an account's secrets to where they may go, and makes their placeholders. `value` returns the
    /// value of a secret by its name.
    ///
    /// # Errors
    ///
    /// When the system gives no random bytes.
    pub fn new(
        manifest: &Manifest,
        config: &Map<String, Value>,
        mut value: impl FnMut(&str) -> Option<SecretString>,
    ) -> Result<Self, getrandom::Error> {
        let mut by_name = BTreeMap::new();
        for asked in &manifest.secrets {
            if let Some(value) = value(&asked.name) {
                let secret = Secret {
                    spellings: spellings(value.expose_secret()),
                    value,
                    placeholder: placeholder()?,
                    config_key: format!("config.{}", asked.config_field),
                    origin: bound_url(manifest, config, &asked.config_field)
                        .map(|url| url.origin()),
                };
                by_name.insert(asked.name.clone(), secret);
            }
        }
        Ok(Self { by_name })
    }

    /// Returns the placeholder that the component gets when it asks for a secret; `None` where the manifest or the
    /// account lacks the name.
    pub fn get(&self, name: &str) -> Option<&str> {
        let secret = self.by_name.get(name)?;
        Some(&secret.placeholder)
    }

    /// Returns whether one of the secrets is bound to the origin of a URL: what comes from there may hold it.
    pub fn may_go_to(&self, url: &Url) -> bool {
        let origin = url.origin();
        let bound = |secret: &Secret| secret.origin.as_ref() == Some(&origin);
        self.by_name.values().any(bound)
    }
}

impl Secret {
    fn value(&self) -> &[u8] {
        self.value.expose_secret().as_bytes()
    }
}

/// Makes a placeholder: letters and digits, which no encoding of a form, of JSON or of a header changes.
fn placeholder() -> Result<String, getrandom::Error> {
    let mut random = [0; RANDOM_BYTES];
    getrandom::fill(&mut random)?;
    Ok(format!("{PREFIX}{}", hex(&random)))
}

/// Returns the URL in a field of the config: the one that the account sets, else the schema's default; `None` if that is not
/// a valid URL, or there is neither.
pub fn bound_url(manifest: &Manifest, config: &Map<String, Value>, field: &str) -> Option<Url> {
    let typed = config.get(field);
    let default = || manifest.field(field)?.default.as_ref();
    // As the URL of a request is read, so that the two can be compared.
    normal(typed.or_else(default)?.as_str()?)
}
