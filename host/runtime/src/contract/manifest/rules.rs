//! The rules of `wit/manifest.schema.json` that types cannot express. Tests compare both.

use std::collections::BTreeSet;

use crate::contract::manifest::Manifest;
use crate::contract::manifest::faults::{Faults, MAX_LINE, MAX_NAME, MAX_PARAGRAPH};
use crate::contract::manifest::schema::{Kind, MAX_CONFIG_SCHEMAS};

/// The most characters of a version of OCSF.
const MAX_OCSF_VERSION: usize = 32;
/// The most characters of a host name: what DNS allows.
const MAX_HOST: usize = 253;
/// The most entries of each list.
const MAX_DIALECTS: usize = 32;
const MAX_SECRETS: usize = 32;
const MAX_HOSTS: usize = 64;
const MAX_RATE_LIMITS: usize = 16;

const COMPONENT_NAME: &str = "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$";
const VERSION: &str =
    r"^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$";
const OCSF_VERSION: &str = r"^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$";
const DIALECT: &str = "^[a-z0-9][a-z0-9_-]*$";
/// After `*.` there are three labels or more: anybody may own one below a domain such as `co.uk`.
const HOST: &str = r"^(\*\.[a-z0-9]([a-z0-9-]*[a-z0-9])?\.)?([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]([a-z0-9-]*[a-z0-9])?$";

/// Adds what is wrong with a manifest beyond what its types rule out.
pub(super) fn check(manifest: &Manifest, faults: &mut Faults) {
    faults.text("/name", &manifest.name, COMPONENT_NAME, MAX_NAME);
    faults.text("/version", &manifest.version, VERSION, MAX_NAME);
    faults.line("/vendor", &manifest.vendor, MAX_LINE);
    faults.line("/product", &manifest.product, MAX_LINE);
    faults.line("/description", &manifest.description, MAX_PARAGRAPH);
    let ocsf = &manifest.ocsf;
    faults.text(
        "/ocsf/version",
        &ocsf.version,
        OCSF_VERSION,
        MAX_OCSF_VERSION,
    );
    faults.positive("/ocsf/class_uid", ocsf.class_uid);

    let dialects = &manifest.dialects;
    if dialects.is_empty() {
        faults.add("/dialects", "is empty");
    }
    faults.texts("/dialects", dialects, MAX_DIALECTS, DIALECT, MAX_NAME);
    check_config(manifest, faults);
    check_secrets(manifest, faults);
    faults.texts("/hosts", &manifest.hosts, MAX_HOSTS, HOST, MAX_HOST);
    let rate_limits = &manifest.rate_limits;
    faults.length("/rate_limits", rate_limits, MAX_RATE_LIMITS);
    for (index, limit) in rate_limits.iter().take(MAX_RATE_LIMITS).enumerate() {
        let at = |name: &str| format!("/rate_limits/{index}/{name}");
        faults.positive(&at("requests"), limit.requests);
        faults.positive(&at("seconds"), limit.seconds);
    }
}

/// Checks that the config is an object with fields, and requires none that nobody may set.
fn check_config(manifest: &Manifest, faults: &mut Faults) {
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

/// Checks that each secret has a name of its own and goes to a field that holds a URL.
fn check_secrets(manifest: &Manifest, faults: &mut Faults) {
    faults.length("/secrets", &manifest.secrets, MAX_SECRETS);
    let mut names = BTreeSet::new();
    for (index, secret) in manifest.secrets.iter().take(MAX_SECRETS).enumerate() {
        let at = |name: &str| format!("/secrets/{index}/{name}");
        let name = &secret.name;
        faults.field_name(&at("name"), name);
        faults.line(&at("title"), &secret.title, MAX_LINE);
        faults.line(&at("description"), &secret.description, MAX_PARAGRAPH);
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
