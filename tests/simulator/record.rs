//! One endpoint as `view=full` shows it: the shape of a generated record.
//!
//! Absent fields are left out, as the real API does; it never writes `null`.

use serde::Serialize;

/// A record; the order of fields is the order in the JSON.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Record<'a> {
    pub(crate) id: &'a str,
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    pub(crate) tenant: Id<'a>,
    pub(crate) hostname: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) health: Option<Health>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) os: Option<Os>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ipv4_addresses: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ipv6_addresses: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mac_addresses: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) group: Option<Named>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) associated_person: Option<Person>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tamper_protection_supported: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tamper_protection_enabled: Option<bool>,
    pub(crate) assigned_products: Vec<Product>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_seen_at: Option<&'a str>,
    pub(crate) registered_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_os_update_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_agent_update_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) serial_number: Option<String>,
    pub(crate) cloned: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) encryption: Option<Encryption>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cloud: Option<Cloud>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) lockdown: Option<Status>,
    pub(crate) online: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) isolation: Option<Isolation>,
    pub(crate) mdr_managed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) packages: Option<Packages>,
    pub(crate) tags: Vec<Tag>,
}

#[derive(Serialize)]
pub(crate) struct Id<'a> {
    pub(crate) id: &'a str,
}

#[derive(Serialize)]
pub(crate) struct Named {
    pub(crate) id: String,
    pub(crate) name: &'static str,
}

#[derive(Serialize)]
pub(crate) struct Status {
    pub(crate) status: &'static str,
}

#[derive(Serialize)]
pub(crate) struct Health {
    pub(crate) overall: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) threats: Option<Status>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) services: Option<Services>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Services {
    pub(crate) status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) service_details: Option<Vec<Service>>,
}

#[derive(Serialize)]
pub(crate) struct Service {
    pub(crate) name: String,
    pub(crate) status: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Os {
    pub(crate) is_server: bool,
    pub(crate) platform: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) major_version: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) minor_version: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) build: Option<u32>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Person {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) via_login: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct Product {
    pub(crate) code: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<String>,
    pub(crate) status: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Encryption {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) volumes: Option<Vec<Volume>>,
    pub(crate) overall_status: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Volume {
    pub(crate) volume_id: String,
    pub(crate) status: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Cloud {
    pub(crate) provider: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) instance_id: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Isolation {
    pub(crate) status: &'static str,
    pub(crate) admin_isolated: bool,
    pub(crate) self_isolated: bool,
}

#[derive(Serialize)]
pub(crate) struct Packages {
    pub(crate) protection: Status,
    pub(crate) encryption: Status,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Tag {
    pub(crate) key: String,
    pub(crate) value: String,
    pub(crate) display_string: String,
}
