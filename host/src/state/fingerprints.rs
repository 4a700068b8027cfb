//! The fingerprint of each device that the destination has, for accounts that deliver only changes
//! (`emit = "changed"`).
//!
//! A stored fingerprint says what the receiver has, so it is deleted before anything else may reach the receiver: a
//! push that fails half way, or a process that is killed after it, may have delivered a part of a page. With the old
//! fingerprint still stored, a device that then changes back would look unchanged, and the receiver would keep what is
//! no longer true until the next full walk. The order for each page is hence: ask what has changed, forget the devices
//! that are about to be sent, deliver, store.
//!
//! A device takes at most 64 bytes on the disk: 16 for its key, 8 for the fingerprint, up to 2 for the source's
//! number, 7 that SQLite adds, and its share of the free space in the tree's pages.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use crate::contract::bindings::inventory::connector::types::Event;
use crate::state::error::StateError;
use crate::state::file::State;

/// What is stored of the devices of a confirmed batch.
#[derive(Debug, Clone, Copy)]
pub enum Fingerprints<'a> {
    /// Nothing, and what is stored of the source is deleted: the account delivers what was seen.
    Forgotten,
    /// The ids and fingerprints of the confirmed events, in the order of the batch. A full walk begins with nothing
    /// stored, so that devices that have left the fleet leave the state as well.
    Confirmed(&'a [(&'a str, u64)]),
}

impl State {
    /// Returns for each event of a page whether its device is unknown or has another fingerprint than the one that was
    /// last confirmed. If a device comes twice, its later event is compared to its earlier one, so that the last one
    /// sent is always the latest.
    ///
    /// Call it only once the page before is stored, or devices are compared to what was before that page.
    pub fn changed<'e>(
        &self,
        account: &str,
        source: &str,
        events: &'e [Event],
    ) -> Result<Vec<bool>, StateError> {
        self.read(|connection| {
            // `None` for a source that is not stored: NULL equals no row's number.
            let number = number(connection, account, source)?;
            let mut stored = connection.prepare_cached(
                "SELECT fingerprint FROM fingerprint WHERE source = ?1 AND device = ?2",
            )?;
            let mut earlier = HashMap::with_capacity(events.len());
            let is_changed = |event: &'e Event| {
                let before = match earlier.insert(event.device.as_str(), event.fingerprint) {
                    Some(fingerprint) => Some(fingerprint),
                    None => stored
                        .query_row(params![number, key(&event.device)], |row| row.get(0))
                        .optional()?
                        .map(i64::cast_unsigned),
                };
                Ok(before != Some(event.fingerprint))
            };
            events.iter().map(is_changed).collect()
        })
    }

    /// Forgets the fingerprints of devices that are about to be sent, all or none: until the page is confirmed, it is
    /// not known what the receiver has of them. If it fails, do not send the page.
    pub fn forget_fingerprints<'a>(
        &mut self,
        account: &str,
        source: &str,
        devices: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), StateError> {
        self.transact(|transaction| {
            let Some(number) = number(transaction, account, source)? else {
                return Ok(());
            };
            let mut delete = transaction
                .prepare_cached("DELETE FROM fingerprint WHERE source = ?1 AND device = ?2")?;
            for device in devices {
                delete.execute(params![number, key(device)])?;
            }
            Ok(())
        })
    }
}

/// Returns the number of a source, if anything is stored of it.
fn number(connection: &Connection, account: &str, source: &str) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT number FROM source WHERE account = ?1 AND source = ?2")?
        .query_row(params![account, source], |row| row.get(0))
        .optional()
}

/// Stores the fingerprints of a batch of the source `number`.
pub(super) fn store(
    connection: &Connection,
    number: i64,
    fingerprints: &Fingerprints<'_>,
    begins_full_walk: bool,
) -> rusqlite::Result<()> {
    let confirmed = match fingerprints {
        Fingerprints::Forgotten => return forget(connection, number),
        Fingerprints::Confirmed(confirmed) => *confirmed,
    };
    if begins_full_walk {
        forget(connection, number)?;
    }
    let mut upsert = connection.prepare_cached(
        "INSERT INTO fingerprint (source, device, fingerprint) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET fingerprint = excluded.fingerprint
             WHERE fingerprint <> excluded.fingerprint",
    )?;
    for (device, fingerprint) in confirmed {
        upsert.execute(params![number, key(device), fingerprint.cast_signed()])?;
    }
    Ok(())
}

/// Deletes the fingerprints of the source `number`; without any, that costs one look-up.
pub(super) fn forget(connection: &Connection, number: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM fingerprint WHERE source = ?1")?
        .execute([number])
        .map(drop)
}

/// Returns what a device is stored by: the first 16 bytes of its id's SHA-256, which are as good as unique.
fn key(device: &str) -> [u8; 16] {
    let mut key = [0; 16];
    for (byte, digest) in key.iter_mut().zip(Sha256::digest(device)) {
        *byte = digest;
    }
    key
}
