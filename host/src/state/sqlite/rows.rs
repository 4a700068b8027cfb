//! The rows of the tables, read and written.

use std::collections::BTreeMap;

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};
use time::OffsetDateTime;

use crate::state::change::{
    AccountRecord, Change, DeviceKey, FingerprintChange, SourceRecord, Stored,
};
use crate::state::consent::Consent;
use crate::state::error::StateError;
use crate::state::source_state::SourceState;
use crate::state::sqlite::file::State;
use crate::units::timestamp;

/// Stores what is known of a source. Its number stays, by which its fingerprints are found.
const STORE_SOURCE: &str = "
    INSERT INTO source (account, source, name, cursor, mark, walking, full_walk, full_started_at, last_full_at,
                        last_success_at, last_error, last_error_at, gone_at, updated_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
    ON CONFLICT (account, source) DO UPDATE SET
        name = excluded.name,
        cursor = excluded.cursor,
        mark = excluded.mark,
        walking = excluded.walking,
        full_walk = excluded.full_walk,
        full_started_at = excluded.full_started_at,
        last_full_at = excluded.last_full_at,
        last_success_at = excluded.last_success_at,
        last_error = excluded.last_error,
        last_error_at = excluded.last_error_at,
        gone_at = excluded.gone_at,
        updated_at = excluded.updated_at";

const PUT: &str = "
    INSERT INTO fingerprint (source, device, fingerprint) VALUES (?1, ?2, ?3)
    ON CONFLICT DO UPDATE SET fingerprint = excluded.fingerprint WHERE fingerprint <> excluded.fingerprint";

impl State {
    /// Returns what is stored of an account.
    pub(crate) fn stored(&self, account: &str) -> Result<Stored, StateError> {
        let mut all = self.select(Some(account))?;
        Ok(all.remove(account).unwrap_or_default())
    }

    /// Returns what is stored of every account, by the accounts' names.
    pub(crate) fn all(&self) -> Result<BTreeMap<String, Stored>, StateError> {
        self.select(None)
    }

    /// Returns what is stored of one account, or of all.
    fn select(&self, account: Option<&str>) -> Result<BTreeMap<String, Stored>, StateError> {
        let condition = account.map_or("", |_| "WHERE account = ?1");
        let params = || rusqlite::params_from_iter(account);
        let sql = |table| format!("SELECT * FROM {table} {condition}");
        self.read(|connection| {
            let mut all: BTreeMap<String, Stored> = BTreeMap::new();
            let mut statement = connection.prepare_cached(&sql("source"))?;
            let mut rows = statement.query(params())?;
            while let Some(row) = rows.next()? {
                let state = source(row)?;
                let record = SourceRecord {
                    destination: None,
                    state: Some(state.clone()),
                };
                of(&mut all, row)?.sources.insert(state.source, record);
            }
            let mut statement = connection.prepare_cached(&sql("destination"))?;
            let mut rows = statement.query(params())?;
            while let Some(row) = rows.next()? {
                let record = of(&mut all, row)?
                    .sources
                    .entry(row.get("source")?)
                    .or_default();
                record.destination = row.get("identity")?;
            }
            let mut statement = connection.prepare_cached(&sql("account"))?;
            let mut rows = statement.query(params())?;
            while let Some(row) = rows.next()? {
                of(&mut all, row)?.account.slot = time(row, "slot")?;
            }
            let mut statement = connection.prepare_cached(&sql("consent"))?;
            let mut rows = statement.query(params())?;
            while let Some(row) = rows.next()? {
                of(&mut all, row)?.account.consent = Some(consent(row)?);
            }
            Ok(all)
        })
    }

    /// Returns the fingerprints of devices of a source, each if it is stored.
    pub(crate) fn fingerprints(
        &self,
        account: &str,
        source: &str,
        devices: &[DeviceKey],
    ) -> Result<Vec<Option<u64>>, StateError> {
        self.read(|connection| {
            // `None` for a source that is not stored: NULL equals no row's number.
            let number = number(connection, account, source)?;
            let mut stored = connection.prepare_cached(
                "SELECT fingerprint FROM fingerprint WHERE source = ?1 AND device = ?2",
            )?;
            let stored = devices.iter().map(|device| {
                let fingerprint = stored
                    .query_row(params![number, device], |row| row.get(0))
                    .optional()?;
                Ok(fingerprint.map(i64::cast_unsigned))
            });
            stored.collect()
        })
    }

    /// Returns every fingerprint of a source.
    pub(crate) fn all_fingerprints(
        &self,
        account: &str,
        source: &str,
    ) -> Result<Vec<(DeviceKey, u64)>, StateError> {
        self.read(|connection| {
            let number = number(connection, account, source)?;
            connection
                .prepare_cached("SELECT device, fingerprint FROM fingerprint WHERE source = ?1")?
                .query_map([number], |row| {
                    Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned()))
                })?
                .collect()
        })
    }

    /// Applies a change, all of it or nothing.
    pub(crate) fn apply(&mut self, account: &str, change: &Change) -> Result<(), StateError> {
        self.transact(|transaction| {
            if let Some(record) = &change.account {
                store_account(transaction, account, record)?;
            }
            for (source, record) in &change.sources {
                match record {
                    Some(record) => store_source(transaction, account, source, record)?,
                    None => {
                        for table in ["source", "destination"] {
                            let sql =
                                format!("DELETE FROM {table} WHERE account = ?1 AND source = ?2");
                            transaction
                                .prepare_cached(&sql)?
                                .execute([account, source])?;
                        }
                    }
                }
            }
            for (source, change) in &change.fingerprints {
                if let Some(number) = number(transaction, account, source)? {
                    change_fingerprints(transaction, number, change)?;
                }
            }
            Ok(())
        })
    }

    /// Gives the space of what was deleted back to the disk, if there is space to pack the file.
    pub(crate) fn pack(&self) {
        let _ = self.connection.execute_batch("VACUUM");
    }
}

/// Returns the account of a row.
fn of<'a>(
    all: &'a mut BTreeMap<String, Stored>,
    row: &Row<'_>,
) -> rusqlite::Result<&'a mut Stored> {
    Ok(all.entry(row.get("account")?).or_default())
}

fn store_source(
    connection: &Connection,
    account: &str,
    source: &str,
    record: &SourceRecord,
) -> rusqlite::Result<()> {
    let text = |time: Option<OffsetDateTime>| time.map(timestamp::format);
    if let Some(state) = &record.state {
        connection.prepare_cached(STORE_SOURCE)?.execute(params![
            account,
            source,
            state.name,
            state.cursor,
            state.mark,
            state.walking,
            state.full,
            text(state.full_started_at),
            text(state.last_full_at),
            text(state.last_success_at),
            state.last_error,
            text(state.last_error_at),
            text(state.gone_at),
            timestamp::format(state.updated_at),
        ])?;
    }
    if let Some(destination) = &record.destination {
        connection
            .prepare_cached(
                "INSERT INTO destination (account, source, identity) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET identity = excluded.identity WHERE identity <> excluded.identity",
            )?
            .execute(params![account, source, destination])?;
    }
    Ok(())
}

fn store_account(
    connection: &Connection,
    account: &str,
    record: &AccountRecord,
) -> rusqlite::Result<()> {
    for table in ["account", "consent"] {
        let sql = format!("DELETE FROM {table} WHERE account = ?1");
        connection.prepare_cached(&sql)?.execute([account])?;
    }
    if let Some(slot) = record.slot {
        connection
            .prepare_cached("INSERT INTO account (account, slot) VALUES (?1, ?2)")?
            .execute(params![account, timestamp::format(slot)])?;
    }
    if let Some(Consent { asks, approved_at }) = &record.consent {
        let asks = serde_json::to_string(asks)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
        connection
            .prepare_cached("INSERT INTO consent (account, asks, approved_at) VALUES (?1, ?2, ?3)")?
            .execute(params![account, asks, timestamp::format(*approved_at)])?;
    }
    Ok(())
}

/// Changes the fingerprints of the source `number`.
fn change_fingerprints(
    connection: &Connection,
    number: i64,
    change: &FingerprintChange,
) -> rusqlite::Result<()> {
    match change {
        // Without any, that costs one look-up.
        FingerprintChange::Clear => connection
            .prepare_cached("DELETE FROM fingerprint WHERE source = ?1")?
            .execute([number])
            .map(drop),
        FingerprintChange::Forget(devices) => {
            let mut delete = connection
                .prepare_cached("DELETE FROM fingerprint WHERE source = ?1 AND device = ?2")?;
            devices
                .iter()
                .try_for_each(|device| delete.execute(params![number, device]).map(drop))
        }
        FingerprintChange::Put(devices) => {
            let mut put = connection.prepare_cached(PUT)?;
            devices.iter().try_for_each(|(device, fingerprint)| {
                let fingerprint = fingerprint.cast_signed();
                put.execute(params![number, device, fingerprint]).map(drop)
            })
        }
    }
}

/// Returns the number of a source, if anything is stored of it.
fn number(connection: &Connection, account: &str, source: &str) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT number FROM source WHERE account = ?1 AND source = ?2")?
        .query_row(params![account, source], |row| row.get(0))
        .optional()
}

/// Reads a row of the table of sources.
fn source(row: &Row<'_>) -> rusqlite::Result<SourceState> {
    Ok(SourceState {
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

/// Reads a row of the table of approvals.
fn consent(row: &Row<'_>) -> rusqlite::Result<Consent> {
    let asks = row.as_ref().column_index("asks")?;
    let damaged =
        |error| rusqlite::Error::FromSqlConversionFailure(asks, Type::Text, Box::new(error));
    Ok(Consent {
        asks: serde_json::from_str(row.get_ref(asks)?.as_str()?).map_err(damaged)?,
        approved_at: time(row, "approved_at")?.unwrap_or(OffsetDateTime::UNIX_EPOCH),
    })
}

/// Reads a column that holds a time as text, or nothing.
fn time(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<OffsetDateTime>> {
    let index = row.as_ref().column_index(column)?;
    row.get::<_, Option<String>>(index)?
        .map(|text| timestamp::parse(&text))
        .transpose()
        .map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(index, Type::Text, Box::new(error))
        })
}
