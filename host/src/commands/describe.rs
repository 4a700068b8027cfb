//! `describe`: what a component is, asks for and may do.

use std::io::Write;
use std::path::Path;

use anyhow::Context;
use serde_json::Value;

use crate::cli;
use crate::connector::Connector;
use crate::exit::ExitStatus;
use crate::manifest::{Manifest, is_uri};
use crate::printable::printable;
use crate::runtime::Runtime;

/// Writes the component's manifest for a person, or as it is with `--json`.
///
/// # Errors
///
/// When there is no component, or it is no connector.
pub async fn run(
    config: &Path,
    args: &cli::Describe,
    out: &mut dyn Write,
) -> anyhow::Result<ExitStatus> {
    let (path, sha256) = super::component(args.component.as_deref(), config)?;
    let loaded = Runtime::new()?.load(&path, sha256.as_deref())?;
    let json = Connector::without_rights(loaded.clone()).describe().await?;
    let manifest = Manifest::parse(&json)
        .with_context(|| format!("the manifest of {} is wrong", path.display()))?;
    if args.json {
        let manifest: Value = serde_json::from_str(&json)?;
        serde_json::to_writer_pretty(&mut *out, &manifest)?;
        writeln!(out)?;
    } else {
        out.write_all(page(&manifest, &path, &loaded.digest).as_bytes())?;
    }
    Ok(ExitStatus::Done)
}

fn page(manifest: &Manifest, path: &Path, digest: &str) -> String {
    use std::fmt::Write as _;

    let mut page = String::new();
    let mut line = |text: String| {
        // The component's own words must not steer the terminal. Writing to a String cannot fail.
        let _ = writeln!(page, "{}", printable(&text));
    };
    line(format!(
        "{} {}: {}",
        manifest.name, manifest.version, manifest.description
    ));
    line(format!("  file       {}", path.display()));
    line(format!("  sha256     {digest}"));
    line(format!(
        "  product    {} ({})",
        manifest.product, manifest.vendor
    ));
    line(format!(
        "  events     OCSF {}, class {}, dialects: {}",
        manifest.ocsf.version,
        manifest.ocsf.class_uid,
        manifest.dialects.join(", ")
    ));
    line("It may send requests to (https only)".to_owned());
    for host in &manifest.hosts {
        line(format!("  {host}"));
    }
    for (field, schema) in manifest.fields() {
        if is_uri(schema) {
            line(format!(
                "  the URL in `{field}`, where the account sets one"
            ));
        }
    }
    line("It is given the secrets".to_owned());
    for secret in &manifest.secrets {
        line(format!(
            "  {}: to send it to the URL in `{}`",
            secret.name, secret.config_field
        ));
    }
    line("Its API allows".to_owned());
    for limit in &manifest.rate_limits {
        line(format!(
            "  {} requests in {} s",
            limit.requests, limit.seconds
        ));
    }
    line("It is configured by".to_owned());
    for (field, schema) in manifest.fields() {
        let default = schema
            .get("default")
            .map(|value| format!(", default {value}"));
        let required = if manifest.requires(field) {
            ", required"
        } else {
            ""
        };
        let title = schema.get("title").and_then(Value::as_str).unwrap_or(field);
        line(format!(
            "  {field}: {title}{required}{}",
            default.unwrap_or_default()
        ));
    }
    page
}
