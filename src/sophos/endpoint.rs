//! One item of `GET /endpoint/v1/endpoints`, as far as an event needs it.
//!
//! The fields are flat: what the API nests (`os.platform`) is one field here, since absent, `null`, `""`
//! and `{}` mean the same at every level.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;
use time::OffsetDateTime;

use crate::mapping::MapError;
use crate::sophos::lenient::{self, Found, boolean, moment, text};

/// The most entries of a list that count: no endpoint has as many, and those of a record that is nothing else
/// would not fit into a component's memory.
const MOST_ENTRIES: usize = 100_000;

/// An endpoint that was read and can be mapped. Texts are borrowed from the record where they are not
/// escaped there; a field that is absent, empty or of another type than the API documents is `None`.
#[derive(Default)]
pub struct Endpoint<'a> {
    /// The record as it came.
    pub json: &'a str,
    /// `id`, never empty.
    pub id: Cow<'a, str>,
    /// `hostname`; empty where it is absent.
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
    /// `group`, as the one object that the API gives.
    pub group: Group<'a>,
    /// `group`, as the array of objects that the specification's table names.
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

/// Reads one endpoint from its JSON text, in one pass that takes any depth and size.
///
/// Of a text or a boolean that comes twice the last one counts; objects and arrays are taken together, and
/// take nothing away from a text under the same name. Of a list the first 100,000 entries count. A field of
/// another type than the API documents counts as absent.
///
/// # Errors
///
/// The text is not JSON, is not an object, or has no `id` that is a text and not empty.
pub fn read(endpoint_json: &str) -> Result<Endpoint<'_>, MapError> {
    let start = start(endpoint_json);
    if endpoint_json.as_bytes().get(start) != Some(&b'{') {
        return Err(not_an_object(endpoint_json, start));
    }

    let mut endpoint = Endpoint {
        json: endpoint_json,
        ..Endpoint::default()
    };
    lenient::walk(endpoint_json, |name, found| endpoint.take(name, found))
        .map_err(|error| MapError::syntax(&error))?;
    if endpoint.id.is_empty() {
        return Err(no_text(endpoint_json, "id"));
    }
    Ok(endpoint)
}

/// Refuses an endpoint whose `hostname` is no text or empty: the receiver of the `sekoia` dialect demands it of
/// a device.
pub fn require_hostname(endpoint: &Endpoint<'_>) -> Result<(), MapError> {
    if endpoint.hostname.is_empty() {
        return Err(no_text(endpoint.json, "hostname"));
    }
    Ok(())
}

/// Where the JSON begins, after white space.
fn start(text: &str) -> usize {
    let json = text.trim_start_matches([' ', '\t', '\n', '\r']);
    text.len() - json.len()
}

/// `id` and `lastSeenAt` of a record that [`read`] refused, as far as they can be read: for the reject,
/// and for a cursor that must pass the record by.
pub fn identify(endpoint_json: &str) -> (Option<String>, Option<OffsetDateTime>) {
    let mut endpoint = Endpoint::default();
    // The text may well not be JSON: what stands before its fault counts.
    let _ = lenient::walk(endpoint_json, |name, found| endpoint.take(name, found));
    let id = Some(endpoint.id.into_owned()).filter(|id| !id.is_empty());
    (id, endpoint.last_seen_at)
}

impl<'a> Endpoint<'a> {
    /// Takes over a part of the record; one that no event needs is passed by.
    fn take(&mut self, name: &str, found: Found<'_, 'a>) {
        match found {
            Found::Scalar(value) => self.take_scalar(name, value),
            Found::Member(member, value) => self.take_member(name, member, value),
            Found::Entry(value) => self.take_entry(name, value),
        }
    }

    fn take_scalar(&mut self, name: &str, value: &'a RawValue) {
        match name {
            "id" => self.id = text(value).unwrap_or_default(),
            "hostname" => self.hostname = text(value).unwrap_or_default(),
            "type" => self.kind = text(value),
            "tamperProtectionEnabled" => self.tamper_protection = boolean(value),
            "lastSeenAt" => self.last_seen_at = moment(value),
            "registeredAt" => self.registered_at = moment(value),
            _ => {}
        }
    }

    fn take_member(&mut self, name: &str, member: &str, value: &'a RawValue) {
        match (name, member) {
            ("tenant", "id") => self.tenant_id = text(value),
            ("health", "overall") => self.health = text(value),
            ("os", "platform") => self.os_platform = text(value),
            ("os", "name") => self.os_name = text(value),
            ("group", _) => self.group.take(member, value),
            ("associatedPerson", "name") => self.person_name = text(value),
            ("isolation", "status") => self.isolation = text(value),
            ("cloud", "provider") => self.cloud_provider = text(value),
            _ => {}
        }
    }

    fn take_entry(&mut self, name: &str, value: &'a RawValue) {
        match name {
            "ipv4Addresses" => add(&mut self.ipv4_addresses, text(value)),
            "ipv6Addresses" => add(&mut self.ipv6_addresses, text(value)),
            "macAddresses" => add(&mut self.mac_addresses, text(value)),
            "group" if self.more_groups.len() < MOST_ENTRIES => {
                let mut group = Group::default();
                // An entry that is no object has no members to take over.
                let _ = lenient::walk(value.get(), |name, found| {
                    if let Found::Scalar(value) = found {
                        group.take(name, value);
                    }
                });
                self.more_groups.push(group);
            }
            _ => {}
        }
    }
}

impl<'a> Group<'a> {
    fn take(&mut self, name: &str, value: &'a RawValue) {
        match name {
            "id" => self.id = text(value),
            "name" => self.name = text(value),
            _ => {}
        }
    }
}

fn add<T>(list: &mut Vec<T>, entry: T) {
    if list.len() < MOST_ENTRIES {
        list.push(entry);
    }
}

/// Says why a field is no text that is not empty; one that is missing is missed where the record starts.
fn no_text(endpoint_json: &str, name: &str) -> MapError {
    let members: BTreeMap<String, &RawValue> =
        serde_json::from_str(endpoint_json).unwrap_or_default();
    let value = members.get(name);
    let found = match value.map(|value| value.get()) {
        None => "is missing",
        Some(r#""""#) => "is empty",
        Some(text) if text.starts_with('"') => "holds half a surrogate pair",
        Some(_) => value.map_or("is missing", |value| kind(value)),
    };
    let offset = value.map_or_else(
        || start(endpoint_json),
        |value| lenient::offset(value, endpoint_json),
    );
    let message = format!("`{name}` {found}; a string that is not empty was expected");
    MapError::at(endpoint_json, offset, message)
}

/// Says what a text is that does not begin like an object at `start`.
fn not_an_object(endpoint_json: &str, start: usize) -> MapError {
    let what = match serde_json::from_str::<&RawValue>(endpoint_json) {
        Ok(value) => kind(value),
        Err(_) if start == endpoint_json.len() => "is empty",
        Err(error) => return MapError::syntax(&error),
    };
    let message = format!("the text {what}; one endpoint as a JSON object was expected");
    MapError::at(endpoint_json, start, message)
}

/// What kind of JSON value the text holds.
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
    fn a_refused_record_tells_its_id_and_time_as_far_as_they_can_be_read() {
        let id = "00000000-0000-0000-0000-000000000001";
        let seen = Some(1_795_164_067);
        for (text, has_id, last_seen) in [
            (
                format!(r#"{{"id":"{id}","lastSeenAt":"2026-11-20T08:41:07.318Z"}}"#),
                true,
                seen,
            ),
            (
                format!(r#"{{"id":"{id}","lastSeenAt":"2026-11-20T08:41:07.318Z","hostname":7,"#),
                true,
                seen,
            ),
            (
                format!(r#"{{"id":"{id}","lastSeenAt":"yesterday","hostname":null}}"#),
                true,
                None,
            ),
            (
                format!(r#"{{"id":"{id}","lastSeenAt":"2026-11-20T08:4"#),
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
            (String::new(), false, None),
        ] {
            let refused = read(&text).and_then(|endpoint| require_hostname(&endpoint));
            assert!(refused.is_err(), "{text}");
            let (found, moment) = identify(&text);
            assert_eq!(found.as_deref(), has_id.then_some(id), "{text}");
            assert_eq!(
                moment.map(OffsetDateTime::unix_timestamp),
                last_seen,
                "{text}"
            );
        }
    }
}
