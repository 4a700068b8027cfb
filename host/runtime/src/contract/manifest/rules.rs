//! The rules of `wit/manifest.schema.json` that types cannot express. The tests hold both together.

use std::collections::BTreeSet;
use std::fmt;

use crate::contract::manifest::Manifest;
use crate::contract::manifest::schema::{Kind, MAX_CONFIG_SCHEMAS, pattern};
use crate::text::printable::fault;

/// The most characters of a title or a name for persons.
pub const MAX_LINE: usize = 200;
/// The most characters of a description.
pub const MAX_PARAGRAPH: usize = 2000;
/// The most characters of a name for programs.
const MAX_NAME: usize = 64;
/// The most characters of a version of OCSF.
const MAX_OCSF_VERSION: usize = 32;
/// The most characters of a host name: what DNS allows.
const MAX_HOST: usize = 253;
/// The most entries of each list.
const MAX_DIALECTS: usize = 32;
const MAX_SECRETS: usize = 32;
const MAX_HOSTS: usize = 64;
const MAX_RATE_LIMITS: usize = 16;
/// The most entries of a list in the config's schema.
pub const MAX_NAMED: usize = 256;

/// The most faults that are told of one manifest: who makes the component has all of them in the published schema.
const MAX_FAULTS: usize = 20;

const COMPONENT_NAME: &str = "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$";
const VERSION: &str =
    r"^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$";
const OCSF_VERSION: &str = r"^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$";
const DIALECT: &str = "^[a-z0-9][a-z0-9_-]*$";
const FIELD_NAME: &str = "^[A-Za-z][A-Za-z0-9_]*$";
/// Behind `*.` there are three labels or more: one below a domain such as `co.uk` belongs to anybody.
const HOST: &str = r"^(\*\.[a-z0-9]([a-z0-9-]*[a-z0-9])?\.)?([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]([a-z0-9-]*[a-z0-9])?$";

/// What is wrong with a manifest, one line each: a JSON Pointer and the fault.
#[derive(Debug, Default)]
pub struct Faults(pub Vec<String>);

impl Faults {
    /// Adds a fault of what is at `path`.
    pub fn add(&mut self, path: &str, why: impl fmt::Display) {
        if self.0.len() < MAX_FAULTS {
            self.0.push(fault(&format!("{path}: {why}")));
        }
    }

    /// Adds a fault where a text is longer than `max` characters or does not match the pattern.
    fn text(&mut self, path: &str, text: &str, rule: &str, max: usize) {
        if text.chars().count() > max {
            self.add(path, format_args!("is longer than {max} characters"));
        } else if !pattern(rule).is_ok_and(|rule| rule.is_match(text)) {
            self.add(path, format_args!("{text:?} does not match {rule}"));
        }
    }

    /// Adds a fault where a list has more than `max` entries.
    pub fn length<T>(&mut self, path: &str, list: &[T], max: usize) {
        if list.len() > max {
            self.add(path, format_args!("has more than {max} entries"));
        }
    }

    /// Adds a fault for each entry that comes a second time.
    fn unique(&mut self, path: &str, list: &[String]) {
        let mut seen = BTreeSet::new();
        for entry in list.iter().filter(|entry| !seen.insert(*entry)) {
            self.add(path, format_args!("{entry:?} comes twice"));
        }
    }

    /// Adds a fault where a number is zero.
    fn positive(&mut self, path: &str, number: u32) {
        if number == 0 {
            self.add(path, "is less than 1");
        }
    }
}

/// Adds a fault where a text is empty, longer than `max` characters, or has control characters.
pub fn line(faults: &mut Faults, path: &str, text: &str, max: usize) {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    if text.is_empty() {
        faults.add(path, "is empty");
    } else if text.chars().count() > max {
        faults.add(path, format_args!("is longer than {max} characters"));
    } else if text.contains(breaks) {
        faults.add(path, "has a line break or another control character");
    }
}

/// Adds a fault where a text is no name of a field.
pub fn field_name(faults: &mut Faults, path: &str, name: &str) {
    faults.text(path, name, FIELD_NAME, MAX_NAME);
}

/// Adds what is wrong with a manifest beyond what its types rule out.
pub fn check(manifest: &Manifest, faults: &mut Faults) {
    faults.text("/name", &manifest.name, COMPONENT_NAME, MAX_NAME);
    faults.text("/version", &manifest.version, VERSION, MAX_NAME);
    line(faults, "/vendor", &manifest.vendor, MAX_LINE);
    line(faults, "/product", &manifest.product, MAX_LINE);
    line(faults, "/description", &manifest.description, MAX_PARAGRAPH);
    let ocsf = &manifest.ocsf;
    faults.text(
        "/ocsf/version",
        &ocsf.version,
        OCSF_VERSION,
        MAX_OCSF_VERSION,
    );
    faults.positive("/ocsf/class_uid", ocsf.class_uid);

    if manifest.dialects.is_empty() {
        faults.add("/dialects", "is empty");
    }
    faults.length("/dialects", &manifest.dialects, MAX_DIALECTS);
    faults.unique("/dialects", &manifest.dialects);
    for (index, dialect) in manifest.dialects.iter().take(MAX_DIALECTS).enumerate() {
        faults.text(&format!("/dialects/{index}"), dialect, DIALECT, MAX_NAME);
    }

    config(manifest, faults);
    secrets(manifest, faults);

    faults.length("/hosts", &manifest.hosts, MAX_HOSTS);
    faults.unique("/hosts", &manifest.hosts);
    for (index, host) in manifest.hosts.iter().take(MAX_HOSTS).enumerate() {
        faults.text(&format!("/hosts/{index}"), host, HOST, MAX_HOST);
    }
    faults.length("/rate_limits", &manifest.rate_limits, MAX_RATE_LIMITS);
    for (index, limit) in manifest
        .rate_limits
        .iter()
        .take(MAX_RATE_LIMITS)
        .enumerate()
    {
        let at = |name: &str| format!("/rate_limits/{index}/{name}");
        faults.positive(&at("requests"), limit.requests);
        faults.positive(&at("seconds"), limit.seconds);
    }
}

/// The config is an object with fields, and requires none that nobody may set.
fn config(manifest: &Manifest, faults: &mut Faults) {
    let config = &manifest.config;
    let count = config.count();
    if count > MAX_CONFIG_SCHEMAS {
        let why = format!("has {count} schemas, and {MAX_CONFIG_SCHEMAS} are allowed");
        return faults.add("/config", why);
    }
    if config.kind != Some(Kind::Object) {
        faults.add("/config/type", "must be \"object\"");
    }
    if config.properties.is_none() {
        faults.add("/config", "has no \"properties\"");
    }
    config.check("/config", faults);
    for (name, field) in config.properties.iter().flatten() {
        if field.is_read_only() && config.requires(name) {
            let why = format!("{name:?} is read-only, so nobody may set it");
            faults.add("/config/required", why);
        }
    }
}

/// Each secret has a name of its own and goes to a field that holds a URL.
fn secrets(manifest: &Manifest, faults: &mut Faults) {
    faults.length("/secrets", &manifest.secrets, MAX_SECRETS);
    let mut names = BTreeSet::new();
    for (index, secret) in manifest.secrets.iter().take(MAX_SECRETS).enumerate() {
        let at = |name: &str| format!("/secrets/{index}/{name}");
        let name = &secret.name;
        field_name(faults, &at("name"), name);
        line(faults, &at("title"), &secret.title, MAX_LINE);
        line(
            faults,
            &at("description"),
            &secret.description,
            MAX_PARAGRAPH,
        );
        if !names.insert(name) {
            faults.add(&at("name"), format_args!("{name:?} comes twice"));
        }
        if manifest.field(name).is_some() {
            let why = format!("{name:?} is a field of the config as well");
            faults.add(&at("name"), why);
        }
        let field = &secret.config_field;
        if !manifest.field(field).is_some_and(|field| field.is_uri()) {
            let why = format!("{field:?} is not a field of the config of format \"uri\"");
            faults.add(&at("config_field"), why);
        }
    }
}
