//! Rules of hosts and secrets, judged by every request and result of the test.

use std::collections::BTreeSet;

use anyhow::{Result, anyhow, ensure};
use connector_runtime::contract::hosts::Hosts;
use serde_json::Value;
use url::Url;
use url::form_urlencoded::byte_serialize;

use crate::network::derived;
use crate::rules::Subject;

impl Subject {
    pub(super) fn no_host_beyond_the_manifest(&mut self) -> Result<()> {
        let hosts =
            Hosts::parse(&self.manifest()?.hosts).map_err(|entry| anyhow!("the host {entry}"))?;
        let config: Value = serde_json::from_str(&self.config)?;
        let fields = config
            .as_object()
            .into_iter()
            .flat_map(|fields| fields.values());
        let urls = fields.filter_map(|value| Url::parse(value.as_str()?).ok());
        let origins: Vec<_> = urls.map(|url| url.origin()).collect();
        let is_allowed = |url: &Url| {
            let is_https = url.scheme() == "https" && url.port().is_none();
            origins.contains(&url.origin())
                || is_https && url.host_str().is_some_and(|host| hosts.contain(host))
        };
        let others = self.sent.iter().filter(|sent| !is_allowed(&sent.url));
        let others: BTreeSet<_> = others
            .map(|sent| sent.origin().ascii_serialization())
            .collect();
        ensure!(
            others.is_empty(),
            "requests to {others:?}, which are in neither the manifest nor the config"
        );
        Ok(())
    }

    pub(super) fn secret_goes_where_it_may(&mut self) -> Result<()> {
        for secret in &self.manifest()?.secrets {
            let value = self.guest.secret(&secret.name);
            let home = self
                .config_url(&secret.config_field)?
                .map(|url| url.origin());
            let in_a_form: String = byte_serialize(value.as_bytes()).collect();
            let has_it = |text: &str| text.contains(&value) || text.contains(&in_a_form);
            let derived = derived(&value);
            for sent in &self.sent {
                let all = format!("{} {}", sent.url, sent.text);
                ensure!(
                    !derived.iter().any(|form| all.contains(form)),
                    "a request to {} has the secret {} in base64 or in hexadecimal digits, for which a placeholder would not be replaced",
                    sent.origin().ascii_serialization(),
                    secret.name
                );
                let in_url = has_it(sent.url.as_str());
                ensure!(!in_url, "the secret {} is in a URL", secret.name);
                ensure!(
                    !has_it(&sent.text) || home.as_ref() == Some(&sent.origin()),
                    "the secret {} goes to {}, which is not the origin of {}",
                    secret.name,
                    sent.origin().ascii_serialization(),
                    secret.config_field
                );
            }
        }
        Ok(())
    }

    pub(super) fn secret_stays_secret(&mut self) -> Result<()> {
        let leaks = self.guest.network.leaks();
        ensure!(leaks.is_empty(), "{leaks:?}");
        Ok(())
    }
}
