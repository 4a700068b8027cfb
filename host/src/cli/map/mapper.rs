//! A component that maps, by its default dialect or by what the flags or an account say.

use std::path::Path;
use std::time::Duration;

use anyhow::{anyhow, bail};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::cli::args;
use crate::cli::map::records::Fault;
use crate::config::{Config, fit};
use crate::contract::bindings::inventory::connector::types::{Explanation, MapError};
use crate::contract::check;
use crate::contract::manifest::Manifest;
use crate::run::engine;
use crate::run::prepare::{self, Component};
use crate::sandbox::connector::{CallError, Connector};
use crate::sandbox::engine::Loaded;
use crate::text::printable::fault;
use crate::units::timestamp;

/// A component that maps.
pub(super) struct Mapper {
    connector: Connector,
    /// What `explain` gets in addition to the record; without it, `map` is called.
    choice: Option<Choice>,
}

/// A dialect of the manifest, or a config of the component.
struct Choice {
    /// The text that `explain` takes.
    text: String,
    /// Where the person chose it: a flag, or a key with its file.
    place: String,
}

impl Mapper {
    /// Loads the component that the flags name. `config` is read if they name an account, or no component.
    ///
    /// # Errors
    ///
    /// When a flag or the account does not fit the component, or there is none.
    pub(super) async fn new(config: &Path, args: &args::Map) -> anyhow::Result<Self> {
        let now = args.now.as_deref().map(parse_now).transpose()?;
        let runtime = engine::start()?;
        let (loaded, choice) = match &args.account {
            Some(name) => {
                let config = Config::load(config)?;
                let account = config.account(name)?;
                let found = prepare::component(&runtime, account).await?;
                let choice = Choice {
                    text: prepare::config_text(account),
                    place: format!(
                        "{}: account.{}.config",
                        account.file.display(),
                        account.name
                    ),
                };
                (found.loaded, Some(choice))
            }
            None => {
                let (path, sha256) =
                    crate::cli::component::component(args.component.as_deref(), config)?;
                let loaded = runtime.load(&path, sha256.as_deref()).await?;
                let choice = chosen(&loaded, args).await?;
                (loaded, choice)
            }
        };
        let mut connector = Connector::without_rights(loaded);
        if let Some(now) = now {
            connector.stop_clock(now);
        }
        Ok(Self { connector, choice })
    }

    /// Maps one record to its event, with the reasons if there was a choice of dialect or config; or returns why it cannot.
    ///
    /// # Errors
    ///
    /// When the component refuses the dialect or the config, as it would with any other record.
    pub(super) async fn map(&mut self, record: &str) -> anyhow::Result<Result<Explanation, Fault>> {
        let mapped = match &self.choice {
            Some(choice) => match self.connector.explain(record, &choice.text).await {
                Err(CallError::Told(error)) if check::is_about_dialect(&error) => {
                    bail!("{}: {}", choice.place, fault(&error.message))
                }
                mapped => mapped,
            },
            None => self.connector.map(record).await.map(|event| Explanation {
                event,
                values: Vec::new(),
                omitted: Vec::new(),
                unused: Vec::new(),
            }),
        };
        Ok(mapped.map_err(|error| match error {
            CallError::Told(MapError { message, line, .. }) => Fault {
                line: usize::try_from(line).unwrap_or(usize::MAX),
                why: message,
            },
            CallError::Stopped(stopped) => Fault {
                line: 1,
                why: stopped.to_string(),
            },
        }))
    }
}

/// Returns the time of `--now` since the beginning of 1970, as the clocks of components count it.
fn parse_now(text: &str) -> anyhow::Result<Duration> {
    let time = timestamp::parse(text).map_err(|error| anyhow!("--now: {error}"))?;
    Duration::try_from(time - OffsetDateTime::UNIX_EPOCH).map_err(|_| {
        anyhow!("--now: the clock of a component does not go back beyond 1970: give a later time than {text}")
    })
}

/// Returns what `--dialect`, `--omit` and `--explain` choose; `None` without any of them.
async fn chosen(loaded: &Loaded, args: &args::Map) -> anyhow::Result<Option<Choice>> {
    // An extra comma leaves an empty path.
    let omitted = args.omit.iter().map(|path| path.trim());
    let omitted: Vec<_> = omitted.filter(|path| !path.is_empty()).collect();
    if args.dialect.is_none() && omitted.is_empty() && !args.explain {
        return Ok(None);
    }
    let manifest = Component::describe(loaded.clone()).await?.manifest;
    if let Some(dialect) = &args.dialect
        && !manifest.dialects.contains(dialect)
    {
        bail!("--dialect must be one of: {}", manifest.dialects.join(", "));
    }
    if omitted.is_empty() {
        let place = match &args.dialect {
            Some(_) => "--dialect".to_owned(),
            None => format!(
                "{} does not know the first dialect of its own manifest",
                loaded.path.display()
            ),
        };
        let dialect = args.dialect.as_ref().or(manifest.dialects.first());
        let text = dialect.cloned();
        return Ok(text.map(|text| Choice { text, place }));
    }
    let omit = omit(&manifest, &omitted)?;
    let dialect = args.dialect.as_deref();
    let dialect = dialect.map(|dialect| ("dialect".to_owned(), dialect.into()));
    let config: Map<_, _> = dialect.into_iter().chain([omit]).collect();
    Ok(Some(Choice {
        text: Value::Object(config).to_string(),
        place: "--omit".to_owned(),
    }))
}

/// Returns the field of the config that `--omit` sets. A component without this field would leave nothing out, unnoticed.
fn omit(manifest: &Manifest, paths: &[&str]) -> anyhow::Result<(String, Value)> {
    const NAME: &str = "omit";
    if manifest.field(NAME).is_none() {
        bail!(
            "--omit: the component {} {} has no `{NAME}` in its config, so it can leave nothing out: take another \
             build of it, or leave --omit out",
            manifest.name,
            manifest.version
        );
    }
    let value = Value::from(paths.to_vec());
    let faults = fit::faults_of(manifest, NAME, &value);
    if !faults.is_empty() {
        bail!("--omit: {}", faults.join("; "));
    }
    Ok((NAME.to_owned(), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_begins_with_1970() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", Duration::ZERO),
            ("1970-01-01T01:00:01.5+01:00", Duration::from_millis(1500)),
            ("2026-11-20T08:00:00Z", Duration::from_secs(1_795_161_600)),
        ] {
            assert_eq!(parse_now(text).unwrap(), expected, "{text}");
        }
        for text in ["1969-12-31T23:59:59Z", "yesterday", "2026-11-20"] {
            let message = parse_now(text).unwrap_err().to_string();
            assert!(message.starts_with("--now: "), "{message}");
            assert!(message.contains(text), "{message}");
        }
    }
}
