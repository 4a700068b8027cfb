//! `asset-host init`: writes a commented configuration file for a component.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde_json::Value;

use crate::cli::args;
use crate::cli::exit::ExitStatus;
use crate::config::fit::PLACEHOLDER;
use crate::config::is_account_name;
use crate::contract::manifest::schema::Schema;
use crate::contract::manifest::{Manifest, Secret};
use crate::run::engine;
use crate::run::prepare::Component;
use crate::text::printable::printable;

mod dialect;

/// The longest line of a comment.
const WIDTH: usize = 100;

/// Writes the configuration file `config`, or one for the account in the folder `config`, for a component, and says on
/// `out` what to do next.
///
/// # Errors
///
/// When there is no component or it is not a connector, the account's name is not valid, the file exists and is not to
/// be replaced, or it cannot be written.
pub(crate) async fn run(
    config: &Path,
    args: &args::Init,
    out: &mut dyn Write,
) -> anyhow::Result<ExitStatus> {
    let file = &match config.is_dir() {
        true => config.join(format!("{}.toml", args.account)),
        false => config.to_owned(),
    };
    // Checked before the component is compiled, which takes a second; `create_new` below is what decides.
    if !args.force && file.exists() {
        bail!(exists(file));
    }
    // The file to replace may be wrong, so the component that it names is not looked up.
    let component = match &args.component {
        Some(named) => named.clone(),
        None => crate::cli::component::beside_program()?,
    };
    let loaded = engine::start()?.load(&component, None).await?;
    let described = Component::describe(loaded).await?;
    let (manifest, sha256) = (&described.manifest, &described.loaded.digest);
    let text = write(manifest, sha256, &component, file, args)?;
    next_steps(manifest, config, file, &text, out)?;
    Ok(ExitStatus::Done)
}

/// Writes the file `config` for the component in the file `component`, and returns its text.
fn write(
    manifest: &Manifest,
    sha256: &str,
    component: &Path,
    config: &Path,
    args: &args::Init,
) -> anyhow::Result<String> {
    let account = args.account.as_str();
    if !is_account_name(account) {
        bail!(
            "--account {account:?} is not a valid name of an account: use letters, digits, `-` and `_`"
        );
    }
    let component = relative(component, config)?;
    let dialect = dialect::choose(manifest, args.dialect.as_deref())?;
    let text = configuration(manifest, sha256, &component, account, dialect.as_deref());
    let file = OpenOptions::new()
        .write(true)
        .truncate(true)
        .create(args.force)
        .create_new(!args.force)
        .open(config);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    match written {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => bail!(exists(config)),
        written => written.with_context(|| cannot_write(config))?,
    }
    Ok(text)
}

fn exists(config: &Path) -> String {
    format!(
        "{} exists: name another file with --config, or replace it with --force",
        config.display()
    )
}

fn cannot_write(config: &Path) -> String {
    format!(
        "cannot write {}; its folder must exist and be writable",
        config.display()
    )
}

/// Returns the component's path for the configuration file: relative to the file's folder if it lies below it, so that
/// both can be moved together, else absolute.
fn relative(component: &Path, config: &Path) -> anyhow::Result<PathBuf> {
    let folder = match config.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let folder = folder
        .canonicalize()
        .with_context(|| cannot_write(config))?;
    let component = component
        .canonicalize()
        .with_context(|| format!("cannot find the component {}", component.display()))?;
    if component.to_str().is_none() {
        bail!(
            "{}: the path is not UTF-8 text, so a configuration file cannot name it: rename it",
            component.display()
        );
    }
    Ok(match component.strip_prefix(&folder) {
        Ok(below) => below.to_owned(),
        Err(_) => component,
    })
}

/// Says which lines of `file` to change and what to do then with `config`, which is the file or its folder.
fn next_steps(
    manifest: &Manifest,
    config: &Path,
    file: &Path,
    text: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(out, "Wrote {}. Next:", file.display())?;
    for (number, line) in (1..).zip(text.lines()) {
        if !line.starts_with('#') && line.contains(PLACEHOLDER) {
            let line = printable(line);
            writeln!(out, "  - put your own value into line {number}: {line}")?;
        }
    }
    for secret in &manifest.secrets {
        writeln!(
            out,
            "  - put the {} into the environment variable {}, or name another source in the file",
            printable(&secret.title),
            variable(manifest, secret)
        )?;
    }
    let option = match config == Path::new("asset-host.toml") {
        true => String::new(),
        false => format!(" --config {}", config.display()),
    };
    writeln!(out, "  - test it with: asset-host{option} check")
}

/// Returns a commented configuration for one account of a component.
///
/// `sha256` is the component's digest, and `component` the path to write into the file. Fields that must be set and have
/// no default hold [`PLACEHOLDER`]; the others are commented out and show their default, but for a dialect that was
/// chosen.
fn configuration(
    manifest: &Manifest,
    sha256: &str,
    component: &Path,
    account: &str,
    dialect: Option<&str>,
) -> String {
    format!(
        include_str!("init/template.txt"),
        about = comment(&format!(
            "Configuration of asset-host for {}, collected by the component {} {}. {}",
            manifest.product, manifest.name, manifest.version, manifest.description
        )),
        account = account,
        component = quoted(&component.to_string_lossy()),
        sha256 = quoted(sha256),
        hosts = toml(&Value::from(manifest.hosts.clone())).unwrap_or_default(),
        config = fields(manifest, dialect),
        secrets = secrets(manifest, account),
    )
}

/// Returns the fields of the config, those first that must be set.
fn fields(manifest: &Manifest, dialect: Option<&str>) -> String {
    let (required, optional): (Vec<_>, Vec<_>) = manifest
        .fields()
        .partition(|(name, _)| manifest.requires(name));
    let fields = required.into_iter().chain(optional);
    let fields = fields.map(|(name, schema)| {
        let line = match dialect {
            Some(dialect) if name == dialect::FIELD => format!("{name} = {}", quoted(dialect)),
            _ => field(manifest, name, schema),
        };
        about(schema) + &line + "\n"
    });
    fields.collect::<Vec<_>>().join("\n")
}

/// Returns the table of secrets, or nothing if the component asks for none.
fn secrets(manifest: &Manifest, account: &str) -> String {
    if manifest.secrets.is_empty() {
        return String::new();
    }
    let mut text = format!(
        "[account.{account}.secrets]\n# Where each secret comes from; this file never contains the secret itself. Other \
         sources:\n# {{ file = \"path\" }} or {{ command = [\"pass\", \"name\"], timeout = \"30s\" }}\n"
    );
    for secret in &manifest.secrets {
        let about = comment(&format!("{}: {}", secret.title, secret.description));
        let source = quoted(&variable(manifest, secret));
        text += &format!("{about}\n{} = {{ env = {source} }}\n", secret.name);
    }
    text + "\n"
}

/// Returns the title and description of a field as a comment.
fn about(schema: &Schema) -> String {
    let texts: Vec<&str> = [&schema.title, &schema.description]
        .into_iter()
        .filter_map(|text| text.as_deref())
        .collect();
    if texts.is_empty() {
        return String::new();
    }
    comment(&texts.join(": ")) + "\n"
}

/// Returns a field's line: set if it must be, else commented out.
fn field(manifest: &Manifest, name: &str, schema: &Schema) -> String {
    let default = schema.default.as_ref().and_then(toml);
    if manifest.requires(name) {
        // The placeholder fails the check against the schema whatever the type, so nobody runs with a made-up value.
        let value = default.unwrap_or_else(|| quoted(PLACEHOLDER));
        return format!("{name} = {value}");
    }
    let first_choice = || schema.choices.as_ref()?.first().and_then(toml);
    let value = default
        .or_else(first_choice)
        .unwrap_or_else(|| "\"\"".to_owned());
    format!("#{name} = {value}")
}

/// Returns the environment variable that a secret is read from at first: `VENDOR_SECRET`.
fn variable(manifest: &Manifest, secret: &Secret) -> String {
    let name = format!("{}_{}", manifest.vendor, secret.name).to_ascii_uppercase();
    let name = name.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    match name.starts_with(|c: char| c.is_ascii_digit()) {
        true => format!("_{name}"),
        false => name,
    }
}

/// Returns a text as a comment of one or more lines.
fn comment(text: &str) -> String {
    // The component's texts must not begin a line of their own, nor control a terminal.
    let text = printable(text);
    let options = textwrap::Options::new(WIDTH)
        .initial_indent("# ")
        .subsequent_indent("# ")
        .break_words(false);
    textwrap::fill(&text, options)
}

/// Returns a JSON value as TOML on one line; `None` if TOML has no such value.
fn toml(value: &Value) -> Option<String> {
    let joined = |texts: Option<Vec<String>>| texts.map(|texts| texts.join(", "));
    match value {
        Value::Null => None,
        Value::String(text) => Some(quoted(text)),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Array(items) => {
            let items = joined(items.iter().map(toml).collect())?;
            Some(format!("[{items}]"))
        }
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| {
                Some(format!("{} = {}", quoted(name), toml(value)?))
            };
            let fields = joined(fields.iter().map(field).collect())?;
            Some(format!("{{ {fields} }}"))
        }
    }
}

/// Returns a text as a TOML string on one line. JSON's escapes are TOML's, except for the one character that JSON does
/// not escape and TOML does not allow.
fn quoted(text: &str) -> String {
    Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

#[cfg(test)]
mod tests;
