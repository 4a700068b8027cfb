//! What each device last looked like, for accounts that deliver only what has changed (`emit = "changed"`).
//!
//! A stored fingerprint says what the receiver has, so it must be gone before anything else may reach the
//! receiver: a push that fails half way, or a process that is killed behind one, may have delivered some of a
//! page. Were the fingerprint before it still there, a device that then turns back to what it was would look
//! unchanged, and the receiver would keep what is no longer true until the next full walk. The order for each
//! page is hence: ask what has changed, forget the devices that are about to be sent, deliver, store.
//!
//! A device costs 64 bytes on the disk at most, whatever its id: 16 for the id, 8 for the fingerprint, up to 2
//! for the source's number, 7 that SQLite adds, and its share of what is free in the tree's pages.

use std::collections::HashMap;

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::contract::bindings::inventory::connector::types::Event;
use crate::state::{State, StateError};

/// The longest id that is stored, in bytes: those of a UUID.
const LONGEST_KEY: usize = 16;

/// What a confirmed batch leaves of its devices.
#[derive(Debug, Clone, Copy)]
pub enum Fingerprints<'a> {
    /// Nothing, and what is stored of the source is no longer true: the account delivers what was seen.
    Forgotten,
    /// The ids and fingerprints of the events that are confirmed, in the order of the batch. A full walk
    /// begins with nothing stored, so that what is gone from the fleet goes from the state as well.
    Confirmed(&'a [(&'a str, u64)]),
}

impl State {
    /// Tells of each event of a page whether it is news: its device is unknown, or its fingerprint is not the
    /// one that was last confirmed. Where a device comes twice, its later event is compared to its earlier
    /// one, so that the last one sent is always the latest.
    ///
    /// Ask only once the page before is stored, or that page's devices are compared to what was before it.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or is damaged.
    pub fn changed(
        &self,
        account: &str,
        source: &str,
        events: &[Event],
    ) -> Result<Vec<bool>, StateError> {
        changed(&self.connection, account, source, events)
            .map_err(|error| StateError::of(&self.path, error))
    }

    /// Forgets the fingerprints of devices that are about to be sent, all or none: until the page is
    /// confirmed, nobody knows what the receiver has of them. Nothing is written where none is stored.
    ///
    /// # Errors
    ///
    /// When the file cannot be written; do not send the page then. What was stored before is still there,
    /// whole.
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
                delete.execute(params![number, Key::of(device)])?;
            }
            Ok(())
        })
    }
}

/// The number of a source; none where nothing is stored of it.
fn number(connection: &Connection, account: &str, source: &str) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT number FROM source WHERE account = ?1 AND source = ?2")?
        .query_row(params![account, source], |row| row.get(0))
        .optional()
}

fn changed(
    connection: &Connection,
    account: &str,
    source: &str,
    events: &[Event],
) -> rusqlite::Result<Vec<bool>> {
    // Without it, every look-up would lock the file and unlock it again.
    let transaction = connection.unchecked_transaction()?;
    // A source that is not stored has none, which no row's is equal to.
    let number = number(&transaction, account, source)?;
    let mut stored = transaction
        .prepare_cached("SELECT fingerprint FROM fingerprint WHERE source = ?1 AND device = ?2")?;
    let mut earlier = HashMap::with_capacity(events.len());
    events
        .iter()
        .map(|event| {
            let before = match earlier.insert(event.device.as_str(), event.fingerprint) {
                Some(fingerprint) => Some(fingerprint),
                None => stored
                    .query_row(params![number, Key::of(&event.device)], |row| row.get(0))
                    .optional()?
                    .map(i64::cast_unsigned),
            };
            Ok(before != Some(event.fingerprint))
        })
        .collect()
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
        upsert.execute(params![number, Key::of(device), fingerprint.cast_signed()])?;
    }
    Ok(())
}

/// Deletes the fingerprints of every source of an account, and returns how many there were.
pub(super) fn forget_account(connection: &Connection, account: &str) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "DELETE FROM fingerprint WHERE source IN (SELECT number FROM source WHERE account = ?1)",
        )?
        .execute([account])
}

/// Deletes the fingerprints of the source `number`; where there are none, that costs one look-up.
pub(super) fn forget(connection: &Connection, number: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM fingerprint WHERE source = ?1")?
        .execute([number])
        .map(drop)
}

/// A device's id in 16 bytes at most.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key<'a> {
    /// The bytes of a UUID in its canonical form; of any longer text, the first ones of its SHA-256, which
    /// are as good as unique.
    Bytes([u8; LONGEST_KEY]),
    /// A short text as it is.
    Text(&'a str),
}

impl<'a> Key<'a> {
    fn of(device: &'a str) -> Self {
        if device.len() <= LONGEST_KEY {
            return Self::Text(device);
        }
        let canonical = |uuid: &Uuid| {
            let mut buffer = Uuid::encode_buffer();
            uuid.hyphenated().encode_lower(&mut buffer) == device
        };
        match Uuid::try_parse(device).ok().filter(canonical) {
            Some(uuid) => Self::Bytes(uuid.into_bytes()),
            None => {
                let mut bytes = [0; LONGEST_KEY];
                for (byte, digest) in bytes.iter_mut().zip(Sha256::digest(device)) {
                    *byte = digest;
                }
                Self::Bytes(bytes)
            }
        }
    }
}

impl ToSql for Key<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_canonical_uuid_takes_its_bytes_and_a_short_text_itself() {
        let id = "00112233-4455-6677-8899-aabbccddeeff";
        let bytes = [
            0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd,
            0xee, 0xff,
        ];
        assert_eq!(Key::of(id), Key::Bytes(bytes));
        for text in ["", "7", "sixteen bytes ok"] {
            assert_eq!(Key::of(text), Key::Text(text));
        }
    }

    proptest! {
        /// Ids that differ in a letter's case or in their form are different devices.
        #[test]
        fn different_ids_have_different_keys(bytes: [u8; 16], other in "\\PC{0,60}") {
            let uuid = Uuid::from_bytes(bytes);
            let ids = [
                uuid.hyphenated().to_string(),
                format!("{:X}", uuid.hyphenated()),
                uuid.simple().to_string(),
                uuid.braced().to_string(),
                uuid.urn().to_string(),
                other,
            ];
            for (place, id) in ids.iter().enumerate() {
                for earlier in &ids[..place] {
                    // An upper-case form without letters is the lower-case one.
                    prop_assert_eq!(Key::of(id) == Key::of(earlier), id == earlier);
                }
            }
        }
    }
}
