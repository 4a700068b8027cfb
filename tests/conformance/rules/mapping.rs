//! Rules of `map` and `explain`.

use anyhow::{Context, Result, bail, ensure};
use connector_runtime::Limits;
use connector_runtime::contract::check;
use connector_runtime::types::MapError;
use serde_json::Value;

use crate::guest::Instance;
use crate::rules::Subject;
use crate::rules::texts::texts;

const UNKNOWN: &str = "no-such-dialect";

impl Subject {
    pub(super) async fn any_text_is_mapped(&mut self) -> Result<()> {
        let mut instance = self.guest.instance().await?;
        for text in texts(&self.records) {
            let mapped = instance.map(&text).await.with_context(|| about(&text))?;
            let fits = match &mapped {
                Ok(event) => self.is_event(event),
                Err(error) => is_in(&text, error),
            };
            fits.with_context(|| about(&text))?;
        }
        Ok(())
    }

    pub(super) async fn any_text_is_explained(&mut self) -> Result<()> {
        let mut instance = self.guest.instance().await?;
        for dialect in &self.manifest()?.dialects {
            for text in texts(&self.records) {
                let explained = instance.explain(&text, dialect).await;
                let fits = match &explained.with_context(|| about(&text))? {
                    Ok(explanation) => {
                        let checked = check::explanation(explanation, &Limits::default());
                        checked
                            .map_err(Into::into)
                            .and_then(|()| self.is_event(&explanation.event))
                    }
                    Err(error) => is_in(&text, error),
                };
                fits.with_context(|| about(&text))?;
            }
        }
        Ok(())
    }

    pub(super) async fn explanation_is_of_the_event(&mut self) -> Result<()> {
        let mut instance = self.guest.instance().await?;
        let dialect = self.manifest()?.dialects.first().context("no dialect")?;
        for text in texts(&self.records) {
            let mapped = instance.map(&text).await?;
            let explained = instance.explain(&text, dialect).await?;
            let is_same = match (&mapped, &explained) {
                (Ok(event), Ok(explanation)) => *event == explanation.event,
                (Err(one), Err(other)) => (one.line, one.column) == (other.line, other.column),
                _ => false,
            };
            ensure!(
                is_same,
                "{}: map and explain (in {dialect}, the first dialect) differ",
                about(&text)
            );
        }
        Ok(())
    }

    pub(super) async fn unknown_dialect_is_refused(&mut self) -> Result<()> {
        let mut instance = self.guest.instance().await?;
        for dialect in [UNKNOWN, ""] {
            let error = refused(&mut instance, "{}", dialect).await?;
            for known in &self.manifest()?.dialects {
                ensure!(
                    error.message.contains(known),
                    "the error does not list {known}: {}",
                    error.message
                );
            }
        }
        Ok(())
    }

    pub(super) async fn config_fault_comes_first(&mut self) -> Result<()> {
        let mut instance = self.guest.instance().await?;
        for record in ["not json", "", "[]"] {
            refused(&mut instance, record, UNKNOWN).await?;
        }
        Ok(())
    }

    pub(super) async fn mapping_takes_the_config(&mut self) -> Result<()> {
        let mut instance = self.guest.instance().await?;
        for config in [self.config.as_str(), "{}", "{\"no_such_field\":1}"] {
            if let Err(error) = instance.explain("{}", config).await? {
                ensure!(
                    error.line > 0,
                    "explain does not take the config {config}: {}",
                    error.message
                );
            }
        }
        Ok(())
    }

    /// Checks an event: one JSON object on one line, of the class that the manifest names.
    pub(super) fn is_event(&self, event: &str) -> Result<()> {
        check::mapped(event, &Limits::default())?;
        let class = self.manifest()?.ocsf.class_uid;
        let event: Value = serde_json::from_str(event)?;
        let class_of_event = event.get("class_uid").and_then(Value::as_u64);
        ensure!(
            class_of_event == Some(class.into()),
            "the event has not the class_uid {class}"
        );
        Ok(())
    }
}

/// Returns the error of `explain` with a dialect that does not exist; it must not be about the record.
async fn refused(instance: &mut Instance, record: &str, dialect: &str) -> Result<MapError> {
    match instance.explain(record, dialect).await? {
        Ok(_) => bail!("explain takes the dialect {dialect:?}"),
        Err(error) => {
            let place = (error.line, error.column);
            ensure!(
                place == (0, 0),
                "an unknown dialect is a fault at {place:?} of the record {record:?}, not at (0, 0)"
            );
            Ok(error)
        }
    }
}

/// Checks that the place of an error is in a text.
fn is_in(text: &str, error: &MapError) -> Result<()> {
    let MapError {
        message,
        line,
        column,
    } = error;
    ensure!(!message.is_empty(), "the error has no message");
    let number = usize::try_from(*line)?
        .checked_sub(1)
        .context("the error is at line 0, as if it were not in the text")?;
    let content = text.split('\n').nth(number);
    let content = content.with_context(|| {
        format!("the error is at line {line} of a text that is shorter: {message}")
    })?;
    ensure!(
        *column as usize <= content.len() + 1,
        "the error is at column {column} of a line that is shorter: {message}"
    );
    Ok(())
}

fn about(text: &str) -> String {
    let begin: String = text.chars().take(60).collect();
    format!("the text {begin:?} of {} bytes", text.len())
}
