//! `asset-host init`: writes a commented configuration file for a component.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde_json::Value;

use crate::cli::args;
use crate::cli::exit::ExitStatus;
use crate::config::fit::PLACEHOLDER;
use crate::config::{Retry, is_account_name};
use crate::contract::manifest::schema::Schema;
use crate::contract::manifest::{Manifest, Secret};
use crate::run::prepare;
use crate::sandbox::engine::Runtime;
use crate::text::printable::printable;
use crate::units::duration;

mod bounds;

/// How long the lines of a comment may get.
const WIDTH: usize = 100;

/// Writes the configuration file `config` for a component, and says on `out` what to do next.
///
/// # Errors
///
/// When there is no component or it is no connector, the account's name is not one, the file is there and
/// not to be replaced, or it cannot be written.
pub(crate) async fn run(
    config: &Path,
    args: &args::Init,
    out: &mut dyn Write,
) -> anyhow::Result<ExitStatus> {
    // Before the component is compiled, which takes its time; that the file is created is checked below.
    if !args.force && config.exists() {
        bail!(is_there(config));
    }
    // The file that is to be replaced may well be wrong, so it is not asked which component it names.
    let component = match &args.component {
        Some(named) => named.clone(),
        None => crate::cli::component::beside_program()?,
    };
    let loaded = Runtime::new()?.load(&component, None).await?;
    let manifest = prepare::manifest(&loaded).await?;
    write(&manifest, &loaded.digest, &component, config, args, out)
}

/// Writes the file `config` for the component in the file `component`, whose manifest is `manifest` and whose
/// digest `sha256`.
fn write(
    manifest: &Manifest,
    sha256: &str,
    component: &Path,
    config: &Path,
    args: &args::Init,
    out: &mut dyn Write,
) -> anyhow::Result<ExitStatus> {
    let account = args.account.as_str();
    if !is_account_name(account) {
        bail!(
            "--account {account:?}: is not a name for an account: use letters, digits, `-` and `_`"
        );
    }
    let component = relative(component, config)?;
    let text = configuration(manifest, sha256, &component, account);
    let mut options = OpenOptions::new();
    options.write(true).truncate(true);
    if args.force {
        options.create(true);
    } else {
        options.create_new(true);
    }
    let mut file = match options.open(config) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            bail!(is_there(config))
        }
        Err(error) => return Err(error).with_context(|| cannot_write(config)),
    };
    file.write_all(text.as_bytes())
        .with_context(|| cannot_write(config))?;
    next_steps(manifest, config, &text, out)?;
    Ok(ExitStatus::Done)
}

/// What to say where the file is not to be replaced.
fn is_there(config: &Path) -> String {
    format!(
        "{} is there already: name another file with --config, or replace it with --force",
        config.display()
    )
}

/// What to say where the file cannot be written.
fn cannot_write(config: &Path) -> String {
    format!(
        "cannot write {}; its folder must exist and be writable",
        config.display()
    )
}

/// The component's path as the configuration file is to name it: relative to the file's folder if it lies
/// below it, so that both can be moved together, else absolute.
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
            "{}: the path is not UTF-8 text, so no configuration file can name it: rename it",
            component.display()
        );
    }
    Ok(match component.strip_prefix(&folder) {
        Ok(below) => below.to_owned(),
        Err(_) => component,
    })
}

/// Tells which lines to change and what to do then.
fn next_steps(
    manifest: &Manifest,
    config: &Path,
    text: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    let file = config.display();
    writeln!(out, "Wrote {file}. Next:")?;
    for (index, line) in text.lines().enumerate() {
        if !line.starts_with('#') && line.contains(PLACEHOLDER) {
            writeln!(
                out,
                "  - put your own value into line {}: {}",
                index + 1,
                printable(line)
            )?;
        }
    }
    for secret in &manifest.secrets {
        writeln!(
            out,
            "  - put the {} into the environment variable {}, or tell another place in the file",
            printable(&secret.title),
            variable(manifest, secret)
        )?;
    }
    let option = if config == Path::new("asset-host.toml") {
        String::new()
    } else {
        format!(" --config {file}")
    };
    writeln!(out, "  - test it with: asset-host{option} check")
}

/// Writes a commented configuration for one account of a component.
///
/// `sha256` is the component's digest, and `component` the path to write into the file. Fields that must be set and have no default hold
/// [`PLACEHOLDER`]; the others are commented out and show their default.
pub(crate) fn configuration(
    manifest: &Manifest,
    sha256: &str,
    component: &Path,
    account: &str,
) -> String {
    let mut text = String::new();
    let mut line = |line: &str| {
        text.push_str(line);
        text.push('\n');
    };

    line(&comment(&format!(
        "Configuration of asset-host for {}, collected by the component {} {}. {}",
        manifest.product, manifest.name, manifest.version, manifest.description
    )));
    line("#");
    line(
        "# Paths are relative to this file. A line like #name = value shows the default, or an example.",
    );
    line("");
    line(&format!("[account.{account}]"));
    line(&format!(
        "component = {}",
        quoted(&component.to_string_lossy())
    ));
    line(
        "# Pins the component to this very build: another one does not run. `asset-host describe`",
    );
    line("# prints the digest of a build and what it asks for.");
    line(&format!("#sha256 = {}", quoted(sha256)));
    line(
        "# After how long everything is walked again, which alone finds devices that were never seen.",
    );
    line("#full_every = \"7d\"");
    line(&bounds::reach(manifest));

    line(&format!("[account.{account}.config]"));
    let (required, optional): (Vec<_>, Vec<_>) = manifest
        .fields()
        .partition(|(name, _)| manifest.requires(name));
    for (index, (name, schema)) in required.into_iter().chain(optional).enumerate() {
        if index > 0 {
            line("");
        }
        if let Some(about) = about(schema) {
            line(&about);
        }
        line(&field(manifest, name, schema));
    }
    line("");

    if !manifest.secrets.is_empty() {
        line(&format!("[account.{account}.secrets]"));
        line(
            "# Where each secret comes from; the secret itself never stands in this file. Other places:",
        );
        line("# { file = \"path\" } or { command = [\"pass\", \"name\"], timeout = \"30s\" }");
        for secret in &manifest.secrets {
            line(&comment(&format!(
                "{}: {}",
                secret.title, secret.description
            )));
            line(&format!(
                "{} = {{ env = {} }}",
                secret.name,
                quoted(&variable(manifest, secret))
            ));
        }
        line("");
    }

    line(&format!("[account.{account}.deliver]"));
    line(
        "# Where the events go: to the end of a file, one a line, or one of the other three below.",
    );
    line("to = \"file\"");
    line("# After the file was renamed, the host begins a new one.");
    line(&format!("path = \"{account}.ndjson\""));
    line("");
    line("# Standard output, one a line: redirected to a file or a pipe, not a terminal.");
    line("#to = \"stdout\"");
    line("");
    line("# Sekoia.io: the asset connector's UUID, and a key that may write to it.");
    line("#to = \"sekoia\"");
    line("#base = \"https://api.sekoia.io\"");
    line("#uuid = \"00000000-0000-4000-8000-000000000000\"");
    line("#api_key = { env = \"SEKOIA_API_KEY\" }");
    line("#batch = 100");
    line("# How long to wait until the platform has ingested a batch, and when to ask it first.");
    line("#task_wait = \"5m\"");
    line("#task_poll = \"1s\"");
    line("");
    line(
        "# Any intake that takes events by POST. A header is a text, or tells where a secret comes from.",
    );
    line("#to = \"http\"");
    line("#url = \"https://intake.example.com/events\"");
    line(
        "# Beyond this very machine http:// is refused, as events name persons and machines. Without",
    );
    line("# headers that hold a secret, and on a network that nobody else reads, this allows it.");
    line("#allow_plain_http = false");
    line("# \"ndjson\" is one event a line, \"array\" one JSON array.");
    line("#format = \"ndjson\"");
    line("#headers = { authorization = { env = \"INTAKE_TOKEN\", prefix = \"Bearer \" } }");
    line("#gzip = false");
    line("#batch_events = 500");
    line("#batch_bytes = 1048576");
    line("");
    line("# For sekoia and http: for a connection and for a whole answer, and how to try again.");
    line("#timeouts = { connect = \"10s\", answer = \"1m\" }");
    line("#retry = { total = \"10m\", first = \"1s\", most = \"1m\" }");
    line("");

    let retry = Retry::default();
    line(&format!("#[account.{account}.retry]"));
    line(
        "# While the API is unavailable: how long to go on, and the bounds of the first and of any pause.",
    );
    for (name, value) in [
        ("total", retry.total),
        ("first", retry.first),
        ("most", retry.most),
    ] {
        line(&format!("#{name} = \"{}\"", duration::format(value)));
    }
    line("");

    line(&bounds::timeouts(account));
    line(&bounds::limits(account));
    line("[state]");
    line("# How far each source is collected. Keep this file.");
    line("path = \"state.db\"");
    text
}

/// What a field is, as a comment: its title and description.
fn about(schema: &Schema) -> Option<String> {
    let texts: Vec<&str> = [&schema.title, &schema.description]
        .into_iter()
        .filter_map(|text| text.as_deref())
        .collect();
    (!texts.is_empty()).then(|| comment(&texts.join(": ")))
}

/// A field's line: set where it must be, else commented out.
fn field(manifest: &Manifest, name: &str, schema: &Schema) -> String {
    let default = schema.default.as_ref().and_then(toml);
    if manifest.requires(name) {
        // A value of another type fails the check by the schema as well, so nobody runs with one that was made up.
        let value = default.unwrap_or_else(|| quoted(PLACEHOLDER));
        return format!("{name} = {value}");
    }
    let first_choice = || schema.choices.as_ref()?.first().and_then(toml);
    let value = default
        .or_else(first_choice)
        .unwrap_or_else(|| "\"\"".to_owned());
    format!("#{name} = {value}")
}

/// The environment variable that a secret is first looked for in: `VENDOR_SECRET`.
fn variable(manifest: &Manifest, secret: &Secret) -> String {
    let name: String = format!("{}_{}", manifest.vendor, secret.name)
        .to_ascii_uppercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        format!("_{name}")
    } else {
        name
    }
}

/// A text as a comment of one or more lines.
fn comment(text: &str) -> String {
    // The component's texts must not begin a line of their own, nor drive a terminal.
    let text = printable(text);
    let options = textwrap::Options::new(WIDTH)
        .initial_indent("# ")
        .subsequent_indent("# ")
        .break_words(false);
    textwrap::fill(&text, options)
}

/// A JSON value as TOML on one line; none where TOML has no such value.
fn toml(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quoted(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(toml).collect::<Option<_>>()?;
            format!("[{}]", items.join(", "))
        }
        Value::Object(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(name, value)| Some(format!("{} = {}", quoted(name), toml(value)?)))
                .collect::<Option<_>>()?;
            format!("{{ {} }}", fields.join(", "))
        }
    })
}

/// A text as a TOML string on one line. JSON's escapes are TOML's, but for the one character that JSON leaves
/// as it is and TOML does not take.
fn quoted(text: &str) -> String {
    Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

#[cfg(test)]
mod tests;
