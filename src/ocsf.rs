//! The OCSF event: class *Device Inventory Info* (5001) of OCSF 1.6.0, as far as a Sophos endpoint fills it.
//!
//! The fields stand in the order of the specification's sample, since the event is written in that order.
//! An attribute without a value is left out: OCSF's JSON Schema refuses `null`.

use std::borrow::Cow;

use serde::Serialize;

/// The version of OCSF: `metadata.version`.
pub const VERSION: &str = "1.6.0";

/// The class *Device Inventory Info*: `class_uid`.
pub const CLASS_UID: u16 = 5001;

/// A Device Inventory Info event.
#[derive(Serialize)]
pub struct Event<'a> {
    /// `activity_id`: what was done; 2 is *Collect*.
    pub activity_id: u8,
    /// `activity_name`: the caption of `activity_id`.
    pub activity_name: &'static str,
    /// `category_name`: the caption of `category_uid`.
    pub category_name: &'static str,
    /// `category_uid`: 5 is *Discovery*.
    pub category_uid: u8,
    /// `class_name`: the caption of `class_uid`.
    pub class_name: &'static str,
    /// `class_uid`: 5001 is *Device Inventory Info*.
    pub class_uid: u16,
    /// `type_name`: class and activity in words.
    pub type_name: &'static str,
    /// `type_uid`: `class_uid` × 100 + `activity_id`.
    pub type_uid: u32,
    /// `severity`: the caption of `severity_id`.
    pub severity: &'static str,
    /// `severity_id`: 1 is *Informational*.
    pub severity_id: u8,
    /// `time`: when the event occurred. OCSF counts milliseconds, the `sekoia` dialect seconds.
    pub time: i64,
    /// `metadata`.
    pub metadata: Metadata,
    /// `device`: what the event is about.
    pub device: Device<'a>,
    /// `enrichments`.
    pub enrichments: [Enrichment; 1],
}

/// The object `metadata`: where an event comes from.
#[derive(Serialize)]
pub struct Metadata {
    /// `metadata.product`: what reported the device.
    pub product: Product,
    /// `metadata.version`: the version of OCSF.
    pub version: &'static str,
}

/// The object `product`.
#[derive(Serialize)]
pub struct Product {
    /// `product.name`.
    pub name: &'static str,
    /// `product.version`.
    pub version: &'static str,
}

/// The object `device`.
#[derive(Serialize)]
pub struct Device<'a> {
    /// `device.uid`.
    pub uid: &'a str,
    /// `device.hostname`.
    pub hostname: &'a str,
    /// `device.name`.
    pub name: &'a str,
    /// `device.desc`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desc: Option<Cow<'a, str>>,
    /// `device.type`: the caption of `type_id`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// `device.type_id`: 0 *Unknown*, 1 *Server*, 2 *Desktop*.
    pub type_id: u8,
    /// `device.os`.
    pub os: OperatingSystem<'a>,
    /// `device.ip`: the primary address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<&'a str>,
    /// `device.network_interfaces`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub network_interfaces: Vec<NetworkInterface<'a>>,
    /// `device.groups`: the groups that the device is in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Group<'a>>,
    /// `device.org`: whose the device is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub org: Option<Organization<'a>>,
    /// `device.region`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<&'a str>,
    /// `device.is_managed`.
    pub is_managed: bool,
    /// `device.is_compliant`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_compliant: Option<bool>,
    /// `device.is_trusted`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_trusted: Option<bool>,
    /// `device.first_seen_time`, in the unit of [`Event::time`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_seen_time: Option<i64>,
    /// `device.created_time`, in the unit of [`Event::time`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_time: Option<i64>,
    /// `device.last_seen_time`, in the unit of [`Event::time`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_seen_time: Option<i64>,
}

/// The object `os`.
#[derive(Serialize)]
pub struct OperatingSystem<'a> {
    /// `os.name`, with edition and release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
    /// `os.type`: the family in words.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// `os.type_id`: 0 *Unknown*, 100 *Windows*, 200 *Linux*, 201 *Android*, 300 *macOS*.
    pub type_id: u16,
}

/// The object `network_interface`.
#[derive(Serialize)]
pub struct NetworkInterface<'a> {
    /// `network_interface.hostname`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hostname: Option<&'a str>,
    /// `network_interface.ip`, of type `ip_t`.
    pub ip: &'a str,
    /// `network_interface.mac`, of type `mac_t`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mac: Option<String>,
    /// `network_interface.name`.
    pub name: String,
}

/// The object `group`.
#[derive(Serialize)]
pub struct Group<'a> {
    /// `group.uid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<&'a str>,
    /// `group.name`.
    pub name: &'a str,
}

/// The object `organization`.
#[derive(Serialize)]
pub struct Organization<'a> {
    /// `organization.uid`.
    pub uid: &'a str,
    /// `organization.name`.
    pub name: &'a str,
}

/// The object `enrichment`.
#[derive(Serialize)]
pub struct Enrichment {
    /// `enrichment.name`.
    pub name: &'static str,
    /// `enrichment.value`.
    pub value: &'static str,
    /// `enrichment.data`, of type `json_t`: any JSON.
    pub data: EnrichmentData,
}

/// What the receiver reads from `enrichment.data`.
#[derive(Serialize)]
pub struct EnrichmentData {
    /// `Firewall_status`: `Enabled` or `Disabled`.
    #[serde(rename = "Firewall_status", skip_serializing_if = "Option::is_none")]
    pub firewall_status: Option<&'static str>,
}
