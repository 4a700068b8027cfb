//! One item of `GET /endpoint/v1/endpoints`, as far as an event needs it.
//!
//! The fields are flat: a nested one of the API (`os.platform`) is one field here, since absent, `null`, `""` and `{}`
//! mean the same at every level.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use time::OffsetDateTime;

use crate::json::{NotJson, Scalar, Scanner};
use crate::map_error::MapError;
use crate::sophos::device_id;
use crate::sophos::moment::moment;

/// The maximum number of entries of a list that are read: no endpoint has as many, and a record full of them would not
/// fit into a component's memory.
const MAX_ENTRIES: usize = 100_000;

/// An endpoint that can be mapped. Texts are borrowed from the record unless they are escaped there; a field that is
/// absent, empty or of another type than the API documents is `None`.
#[derive(Default)]
pub struct Endpoint<'a> {
    /// The JSON text of the record.
    pub json: &'a str,
    /// `id`, never empty.
    pub id: Cow<'a, str>,
    /// `hostname`; empty if it is absent.
    pub hostname: Cow<'a, str>,
    /// `type`: `computer`, `server` or `securityVm`.
    pub kind: Option<Cow<'a, str>>,
    /// `tenant.id`.
    pub tenant_id: Option<Cow<'a, str>>,
    /// `health.overall`: `good`, `suspicious`, `bad` or `unknown`.
    pub health: Option<Cow<'a, str>>,
    /// `os.platform`: `windows`, `linux` or `macOS`.
    pub os_platform: Option<Cow<'a, str>>,
    /// `os.name`, such as `Windows 10 Pro`.
    pub os_name: Option<Cow<'a, str>>,
    /// `ipv4Addresses`, each at its position.
    pub ipv4_addresses: Vec<Option<Cow<'a, str>>>,
    /// `ipv6Addresses`, each at its position.
    pub ipv6_addresses: Vec<Option<Cow<'a, str>>>,
    /// `macAddresses`, each at its position.
    pub mac_addresses: Vec<Option<Cow<'a, str>>>,
    /// `group`, as the single object that the API returns.
    pub group: Group<'a>,
    /// `group`, as an array of objects, which is the form in the specification's table.
    pub more_groups: Vec<Group<'a>>,
    /// `associatedPerson.name`.
    pub person_name: Option<Cow<'a, str>>,
    /// `tamperProtectionEnabled`.
    pub tamper_protection: Option<bool>,
    /// `isolation.status`: `isolated` or `notIsolated`.
    pub isolation: Option<Cow<'a, str>>,
    /// `cloud.provider`: `aws`, `azure` or `gcp`.
    pub cloud_provider: Option<Cow<'a, str>>,
    /// `lastSeenAt`, in UTC.
    pub last_seen_at: Option<OffsetDateTime>,
    /// `registeredAt`, in UTC.
    pub registered_at: Option<OffsetDateTime>,
}

/// A group that an endpoint is in.
#[derive(Default)]
pub struct Group<'a> {
    /// `group.id`.
    pub id: Option<Cow<'a, str>>,
    /// `group.name`.
    pub name: Option<Cow<'a, str>>,
}

/// Reads one endpoint from its JSON text, in one pass, of any depth and size.
///
/// Of duplicate texts and booleans the last one counts; duplicate objects and arrays are merged, and do not replace a
/// text of the same name. Of a list the first 100,000 entries count. A field of another type than the API documents
/// counts as absent.
///
/// # Errors
///
/// If the text is not JSON, is not an object, or its `id` is not a text, empty or too long.
pub fn read(endpoint_json: &str) -> Result<Endpoint<'_>, MapError> {
    let mut scanner = Scanner::new(endpoint_json);
    let scanned = scan(&mut scanner).and_then(|endpoint| scanner.end().map(|()| endpoint));
    let endpoint = Endpoint {
        json: endpoint_json,
        ..scanned.map_err(|NotJson| not_json(endpoint_json))?
    };
    require_id(&endpoint)?;
    Ok(endpoint)
}

/// Reads an endpoint as [`read`] does, from a longer text. A value that is not an endpoint has only its text, and
/// [`require_id`] rejects it.
///
/// # Errors
///
/// If the text is not JSON.
pub(crate) fn scan<'a>(scanner: &mut Scanner<'a>) -> Result<Endpoint<'a>, NotJson> {
    let mut endpoint = Endpoint::default();
    scanner.peek();
    let start = scanner.offset();
    scanner.members(|scanner, name| endpoint.take(&name.decoded().unwrap_or_default(), scanner))?;
    endpoint.json = scanner.since(start)?;
    Ok(endpoint)
}

/// Rejects a value that is not an object, or whose `id` is not a text, empty or too long.
pub(crate) fn require_id(endpoint: &Endpoint<'_>) -> Result<(), MapError> {
    if device_id::is_too_long(&endpoint.id) {
        return Err(too_long_id(endpoint.json));
    }
    if !endpoint.id.is_empty() {
        return Ok(());
    }
    let start = start(endpoint.json);
    if endpoint.json.as_bytes().get(start) == Some(&b'{') {
        return Err(no_text(endpoint.json, "id"));
    }
    Err(not_an_object(endpoint.json, start))
}

/// Rejects an endpoint whose `hostname` is not a text or empty: the receiver of the `sekoia` dialect requires it.
pub(crate) fn require_hostname(endpoint: &Endpoint<'_>) -> Result<(), MapError> {
    if endpoint.hostname.is_empty() {
        return Err(no_text(endpoint.json, "hostname"));
    }
    Ok(())
}

/// Returns the position of the JSON, after white space.
fn start(text: &str) -> usize {
    let json = text.trim_start_matches([' ', '\t', '\n', '\r']);
    text.len() - json.len()
}

impl<'a> Endpoint<'a> {
    /// Reads a member of the record; skips one that no event needs.
    fn take(&mut self, name: &str, scanner: &mut Scanner<'a>) -> Result<(), NotJson> {
        match name {
            "id" => take(scanner, |value| self.id = value.text().unwrap_or_default()),
            "hostname" => take(scanner, |value| {
                self.hostname = value.text().unwrap_or_default();
            }),
            "type" => take(scanner, |value| self.kind = value.text()),
            "tamperProtectionEnabled" => take(scanner, |value| {
                self.tamper_protection = value.boolean();
            }),
            "lastSeenAt" => take(scanner, |value| self.last_seen_at = moment(value)),
            "registeredAt" => take(scanner, |value| self.registered_at = moment(value)),
            "tenant" => take_text(scanner, "id", &mut self.tenant_id),
            "health" => take_text(scanner, "overall", &mut self.health),
            "os" => take_members(scanner, |member, value| match member {
                "platform" => self.os_platform = value.text(),
                "name" => self.os_name = value.text(),
                _ => {}
            }),
            "associatedPerson" => take_text(scanner, "name", &mut self.person_name),
            "isolation" => take_text(scanner, "status", &mut self.isolation),
            "cloud" => take_text(scanner, "provider", &mut self.cloud_provider),
            "ipv4Addresses" => take_texts(scanner, &mut self.ipv4_addresses),
            "ipv6Addresses" => take_texts(scanner, &mut self.ipv6_addresses),
            "macAddresses" => take_texts(scanner, &mut self.mac_addresses),
            "group" if scanner.peek() == Some(b'[') => self.take_groups(scanner),
            "group" => self.group.take(scanner),
            _ => scanner.skip(),
        }
    }

    fn take_groups(&mut self, scanner: &mut Scanner<'a>) -> Result<(), NotJson> {
        scanner.entries(|scanner| {
            let mut group = Group::default();
            group.take(scanner)?;
            add(&mut self.more_groups, group);
            Ok(())
        })?;
        Ok(())
    }
}

impl<'a> Group<'a> {
    fn take(&mut self, scanner: &mut Scanner<'a>) -> Result<(), NotJson> {
        take_members(scanner, |member, value| match member {
            "id" => self.id = value.text(),
            "name" => self.name = value.text(),
            _ => {}
        })
    }
}

/// Reads a value and returns it unless it is an object or an array.
fn take<'a>(scanner: &mut Scanner<'a>, each: impl FnOnce(Scalar<'a>)) -> Result<(), NotJson> {
    scanner.scalar().map(|value| value.map_or((), each))
}

/// Reads a value, and calls back for each member of an object with its name and value; [`Scalar::Other`] for a nested
/// one.
fn take_members<'a>(
    scanner: &mut Scanner<'a>,
    mut each: impl FnMut(&str, Scalar<'a>),
) -> Result<(), NotJson> {
    scanner.members(|scanner, member| {
        let member = member.decoded().unwrap_or_default();
        each(&member, scanner.scalar()?.unwrap_or(Scalar::Other));
        Ok(())
    })?;
    Ok(())
}

/// Reads a value, and returns the text of this member if it is an object.
fn take_text<'a>(
    scanner: &mut Scanner<'a>,
    name: &str,
    text: &mut Option<Cow<'a, str>>,
) -> Result<(), NotJson> {
    take_members(scanner, |member, value| {
        if member == name {
            *text = value.text();
        }
    })
}

/// Reads a value, and returns the texts if it is an array, each at its position.
fn take_texts<'a>(
    scanner: &mut Scanner<'a>,
    texts: &mut Vec<Option<Cow<'a, str>>>,
) -> Result<(), NotJson> {
    scanner.entries(|scanner| {
        add(texts, scanner.scalar()?.and_then(Scalar::text));
        Ok(())
    })?;
    Ok(())
}

fn add<T>(list: &mut Vec<T>, entry: T) {
    if list.len() < MAX_ENTRIES {
        list.push(entry);
    }
}

/// Describes why a field is not a text, or empty; a missing one is reported at the beginning of the record.
fn no_text(endpoint_json: &str, name: &str) -> MapError {
    let value = member(endpoint_json, name);
    let found = match value.map(|value| value.get()) {
        None => "is missing",
        Some(r#""""#) => "is empty",
        Some(text) if text.starts_with('"') => "holds half a surrogate pair",
        Some(_) => value.map_or("is missing", |value| kind(value)),
    };
    let message = format!("`{name}` {found}; a string that is not empty was expected");
    MapError::at(endpoint_json, offset(endpoint_json, value), message)
}

/// Reports that the `id` is too long, without repeating it.
fn too_long_id(endpoint_json: &str) -> MapError {
    let message = format!(
        "`id` is too long; a string of at most {} bytes, written as JSON with its quotes, was expected",
        device_id::MAX_LENGTH
    );
    let place = offset(endpoint_json, member(endpoint_json, "id"));
    MapError::at(endpoint_json, place, message)
}

fn member<'a>(endpoint_json: &'a str, name: &str) -> Option<&'a RawValue> {
    let members: BTreeMap<String, &RawValue> =
        serde_json::from_str(endpoint_json).unwrap_or_default();
    members.get(name).copied()
}

/// Returns the position of a value of the record, or of the record itself if it has no such value.
fn offset(endpoint_json: &str, value: Option<&RawValue>) -> usize {
    value.map_or_else(
        || start(endpoint_json),
        |value| {
            let value = value.get().as_ptr().addr();
            value.saturating_sub(endpoint_json.as_ptr().addr())
        },
    )
}

/// Describes the value at `start`, which is not an object.
fn not_an_object(endpoint_json: &str, start: usize) -> MapError {
    let what = match serde_json::from_str::<&RawValue>(endpoint_json) {
        Ok(value) => kind(value),
        Err(_) => return not_json(endpoint_json),
    };
    let message = format!("the text {what}; one endpoint as a JSON object was expected");
    MapError::at(endpoint_json, start, message)
}

/// Describes where a text stops being JSON.
fn not_json(endpoint_json: &str) -> MapError {
    let start = start(endpoint_json);
    if start < endpoint_json.len()
        && let Err(error) = serde_json::from_str::<IgnoredAny>(endpoint_json)
    {
        return MapError::syntax(&error);
    }
    let message = "the text is empty; one endpoint as a JSON object was expected".to_owned();
    MapError::at(endpoint_json, start, message)
}

/// Returns the kind of JSON value.
fn kind(value: &RawValue) -> &'static str {
    match value.get().as_bytes().first() {
        Some(b'{') => "is an object",
        Some(b'[') => "is an array",
        Some(b'"') => "is a string",
        Some(b't' | b'f') => "is a boolean",
        Some(b'n') => "is null",
        _ => "is a number",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rejected_record_has_its_id_and_time_if_they_can_be_read() {
        let id = "00000000-0000-0000-0000-000000000001";
        let seen = Some(1_795_164_067);
        for (text, has_id, last_seen) in [
            (
                format!(r#"{{"id":"{id}","lastSeenAt":"2026-11-20T08:41:07.318Z"}}"#),
                true,
                seen,
            ),
            (
                format!(r#"{{"id":"{id}","lastSeenAt":"yesterday","hostname":null}}"#),
                true,
                None,
            ),
            (
                r#"{"id":17,"lastSeenAt":"2026-11-20T08:41:07.318Z"}"#.to_owned(),
                false,
                seen,
            ),
            (
                r#"{"id":"","hostname":"example-workstation"}"#.to_owned(),
                false,
                None,
            ),
            (format!(r#"[{{"id":"{id}"}}]"#), false, None),
            ("7".to_owned(), false, None),
        ] {
            let endpoint = scan(&mut Scanner::new(&text)).unwrap();
            let refused = require_id(&endpoint).and_then(|()| require_hostname(&endpoint));
            assert!(refused.is_err(), "{text}");
            assert_eq!(endpoint.id, if has_id { id } else { "" }, "{text}");
            assert_eq!(
                endpoint.last_seen_at.map(OffsetDateTime::unix_timestamp),
                last_seen,
                "{text}"
            );
        }
    }
}
