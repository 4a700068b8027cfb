//! The cursor: which list was walked, and how far.
//!
//! A walk goes through the rows of one list by their ids. If the list changes before the walk ends, it goes on behind the
//! last id in the new list, and the next walk begins without an entity tag: so it finds what the change put before it.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::config::{Range, millis};
use crate::list::List;

/// The version of the cursor's text; one more is refused by this program.
const VERSION: u64 = 1;

/// The position of a source.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Cursor {
    version: u64,
    /// The hash of the config. With another one everything is collected again.
    config: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) range: Option<Range>,
    /// The entity tag and the digest of the list that was walked to its end, or is being walked.
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    /// When the last list was downloaded that was walked to its end and had a device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mark: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    walk: Option<Walk>,
}

/// The position of a walk that has begun.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Walk {
    /// The earliest time of what is delivered, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<i64>,
    /// When its first list was downloaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    began: Option<String>,
    /// How many rows of this list are behind it.
    rows: usize,
    /// The last id among them.
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<String>,
    /// Whether it had a device.
    found: bool,
    /// Whether the list has changed meanwhile.
    changed: bool,
}

/// Why a cursor is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    Damaged,
    Newer,
    OtherRange,
}

impl Refused {
    /// Returns it as a message.
    pub(crate) fn message(self) -> &'static str {
        match self {
            Self::Damaged => "The cursor is damaged. Drop it to collect everything again.",
            Self::Newer => {
                "The cursor was written by a newer version of this component. Use that version, or drop the cursor to \
                 collect everything again."
            }
            Self::OtherRange => {
                "The cursor belongs to a walk over another range, or over none. Begin without a cursor."
            }
        }
    }
}

impl Cursor {
    /// Resumes from `text`, or starts a walk: over everything, the range, or what was seen at or after the time that
    /// `text` is.
    pub(crate) fn resume(
        text: Option<&str>,
        config: u64,
        range: Option<Range>,
    ) -> Result<Self, Refused> {
        let mut cursor = Self {
            version: VERSION,
            config,
            range,
            ..Self::default()
        };
        let Some(text) = text else {
            return Ok(cursor);
        };
        if let Ok(time) = OffsetDateTime::parse(text.trim(), &Rfc3339) {
            cursor.walk = Some(Walk {
                from: millis(time),
                ..Walk::default()
            });
            return match range {
                None => Ok(cursor),
                Some(_) => Err(Refused::OtherRange),
            };
        }
        /// The only field that every version has.
        #[derive(Deserialize)]
        struct Versioned {
            version: u64,
        }
        let versioned: Versioned = serde_json::from_str(text).map_err(|_| Refused::Damaged)?;
        match versioned.version {
            VERSION => {}
            0 => return Err(Refused::Damaged),
            _ => return Err(Refused::Newer),
        }
        let stored: Self = serde_json::from_str(text).map_err(|_| Refused::Damaged)?;
        if stored.range != range {
            return Err(Refused::OtherRange);
        }
        Ok(match stored.config == config {
            true => stored,
            false => cursor,
        })
    }

    /// Returns the entity tag with which the list is asked for: that of the last walk, if all of it is known.
    pub(crate) fn etag(&self) -> Option<&str> {
        self.etag.as_deref().filter(|_| self.walk.is_none())
    }

    /// Returns whether a walk over this list goes on.
    pub(crate) fn is_amid(&self, digest: &str) -> bool {
        self.has_begun() && self.digest.as_deref() == Some(digest)
    }

    fn has_begun(&self) -> bool {
        self.walk.as_ref().is_some_and(|walk| walk.began.is_some())
    }

    /// Returns whether this list was walked to its end, so that there is nothing to do.
    pub(crate) fn knows(&self, digest: &str) -> bool {
        self.walk.is_none() && self.digest.as_deref() == Some(digest)
    }

    /// Records that the list has not changed.
    pub(crate) fn stay(&mut self, etag: Option<String>, now: &str) {
        if etag.is_some() {
            self.etag = etag;
        }
        if self.mark.is_some() {
            self.mark = Some(now.to_owned());
        }
    }

    /// Begins or goes on with the walk in a list. Returns its next row, and whether the list has changed since the last
    /// page.
    pub(crate) fn enter(&mut self, list: &List, now: &str) -> (usize, bool) {
        let is_amid = self.is_amid(&list.digest);
        let has_changed = self.has_begun() && !is_amid;
        let walk = self.walk.get_or_insert_default();
        if has_changed {
            walk.changed = true;
            let after = walk.after.as_deref();
            // Rows without an id, which come first, are reported once.
            walk.rows = match after {
                None => 0,
                after => list.rows.partition_point(|row| row.id.as_deref() <= after),
            };
        }
        if walk.began.is_none() {
            walk.began = Some(now.to_owned());
        }
        self.digest = Some(list.digest.clone());
        self.etag = list.etag.clone();
        (walk.rows, has_changed)
    }

    /// Returns whether a device is in the range, or late enough. One that does not tell when it was seen is.
    pub(crate) fn wants(&self, last_seen: Option<i64>) -> bool {
        let range = self.range.unwrap_or_default();
        let from = self.walk.as_ref().and_then(|walk| walk.from);
        last_seen.is_none_or(|seen| {
            from.max(range.since).is_none_or(|since| seen >= since)
                && range.until.is_none_or(|until| seen < until)
        })
    }

    /// Ends a page with the row before `next`. Returns whether the walk goes on.
    pub(crate) fn turn(&mut self, list: &List, next: usize, found: bool) -> bool {
        let Some(mut walk) = self.walk.take() else {
            return false;
        };
        walk.found |= found;
        if next < list.rows.len() {
            walk.rows = next;
            let last = next.checked_sub(1).and_then(|last| list.rows.get(last));
            walk.after = last.and_then(|row| row.id.as_deref().map(str::to_owned));
            self.walk = Some(walk);
            return true;
        }
        if walk.changed {
            self.etag = None;
            self.digest = None;
        }
        if walk.found && self.range.is_none() {
            self.mark = walk.began;
        }
        false
    }

    /// Returns the text to store.
    pub(crate) fn into_text(self) -> Result<String, serde_json::Error> {
        serde_json::to_string(&self)
    }
}

#[cfg(test)]
mod tests;
