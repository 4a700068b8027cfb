//! The fingerprints of a source as a sequence of changes.
//!
//! A message begins with a byte that says what it changes. The keys of devices follow, each with its fingerprint where
//! fingerprints are stored.

use std::collections::HashMap;

use crate::state::change::{DeviceKey, FingerprintChange};

const CLEAR: u8 = 0;
const FORGET: u8 = 1;
const PUT: u8 = 2;

/// The fingerprints of a source, by the keys of its devices.
pub(super) type Fingerprints = HashMap<DeviceKey, u64>;

/// Applies a change, and returns the messages that describe it, each at most `max` bytes long; none if nothing changes.
pub(super) fn apply(
    stored: &mut Fingerprints,
    change: &FingerprintChange,
    max: usize,
) -> Vec<Vec<u8>> {
    match change {
        FingerprintChange::Clear if stored.is_empty() => Vec::new(),
        FingerprintChange::Clear => {
            stored.clear();
            vec![vec![CLEAR]]
        }
        FingerprintChange::Forget(devices) => {
            let forgotten = devices
                .iter()
                .filter(|device| stored.remove(*device).is_some());
            messages(FORGET, forgotten.map(|device| device.to_vec()), max)
        }
        FingerprintChange::Put(devices) => {
            let changed = devices
                .iter()
                .filter(|(key, print)| stored.insert(*key, *print) != Some(*print));
            let entries = changed.map(|(key, print)| [&key[..], &print.to_be_bytes()].concat());
            messages(PUT, entries, max)
        }
    }
}

fn messages(kind: u8, entries: impl Iterator<Item = Vec<u8>>, max: usize) -> Vec<Vec<u8>> {
    let mut messages: Vec<Vec<u8>> = Vec::new();
    for entry in entries {
        match messages.last_mut() {
            Some(message) if message.len() + entry.len() <= max => message.extend(entry),
            _ => messages.push([&[kind], &entry[..]].concat()),
        }
    }
    messages
}

/// Returns whether a message makes those before it count no more.
pub(super) fn is_clear(message: &[u8]) -> bool {
    message == [CLEAR]
}

/// Applies a stored message; `None` if it is none of [`apply`].
pub(super) fn replay(stored: &mut Fingerprints, message: &[u8]) -> Option<()> {
    let (kind, entries) = message.split_first()?;
    match *kind {
        CLEAR if entries.is_empty() => stored.clear(),
        FORGET => {
            let (keys, []) = entries.as_chunks() else {
                return None;
            };
            for key in keys {
                stored.remove(key);
            }
        }
        PUT => {
            let (entries, []) = entries.as_chunks::<24>() else {
                return None;
            };
            for entry in entries {
                let (key, print) = entry.split_first_chunk()?;
                stored.insert(*key, u64::from_be_bytes(print.try_into().ok()?));
            }
        }
        _ => return None,
    }
    Some(())
}
