//! What is stored of one source, and how it is read from its row.

use rusqlite::Row;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::units::timestamp;

/// What is stored of one source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SourceState {
    /// The account's name.
    pub account: String,
    /// The source's id.
    pub source: String,
    /// What a person calls the source; its id where no name is known.
    pub name: String,
    /// The cursor to continue from, as the component returned it; `None` before the first batch.
    pub cursor: Option<String>,
    /// The time up to which the source is collected, for people; `None` before the first walk has ended.
    pub mark: Option<String>,
    /// Whether a walk is in progress: the last batch said that more follows.
    pub walking: bool,
    /// Whether the walk in progress is a full one.
    pub full: bool,
    /// When the full walk in progress began.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub full_started_at: Option<OffsetDateTime>,
    /// When the last full walk ended, or a mark was set in its place.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub last_full_at: Option<OffsetDateTime>,
    /// When the source was last up to date.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub last_success_at: Option<OffsetDateTime>,
    /// What stopped the last run, if anything.
    pub last_error: Option<String>,
    /// When the last run was stopped.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub last_error_at: Option<OffsetDateTime>,
    /// Since when the source cannot be collected, as its account no longer lists it, or lists it with a reason that
    /// `last_error` repeats; `None` while it can.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub gone_at: Option<OffsetDateTime>,
    /// When the row last changed.
    #[serde(with = "time::serde::rfc3339")]
    pub updated_at: OffsetDateTime,
}

impl SourceState {
    /// Reads a row of the table of sources.
    pub(super) fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            account: row.get("account")?,
            source: row.get("source")?,
            name: row.get("name")?,
            cursor: row.get("cursor")?,
            mark: row.get("mark")?,
            walking: row.get("walking")?,
            full: row.get("full_walk")?,
            full_started_at: time(row, "full_started_at")?,
            last_full_at: time(row, "last_full_at")?,
            last_success_at: time(row, "last_success_at")?,
            last_error: row.get("last_error")?,
            last_error_at: time(row, "last_error_at")?,
            gone_at: time(row, "gone_at")?,
            updated_at: time(row, "updated_at")?.unwrap_or(OffsetDateTime::UNIX_EPOCH),
        })
    }
}

/// Reads a column that holds a time as text, or nothing.
pub(super) fn time(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<OffsetDateTime>> {
    let index = row.as_ref().column_index(column)?;
    row.get::<_, Option<String>>(index)?
        .map(|text| timestamp::parse(&text))
        .transpose()
        .map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(
                index,
                rusqlite::types::Type::Text,
                Box::new(error),
            )
        })
}
