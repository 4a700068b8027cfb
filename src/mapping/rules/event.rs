//! The event itself and `metadata`.

use crate::mapping::dialect::Dialect::{Ocsf, Sekoia};
use crate::mapping::rule::{Make, Rule, always, row, rule};
use crate::mapping::rules::times;
use crate::mapping::value::text;
use crate::ocsf;

/// The kind of the event.
pub(crate) const CLASS: &[Rule] = &[
    always("activity_id", Make::Integer(2)).required(),
    always("activity_name", Make::Text("Collect")),
    always("category_name", Make::Text("Discovery")),
    always("category_uid", Make::Integer(5)).required(),
    always("class_name", Make::Text("Device Inventory Info")),
    always("class_uid", Make::Integer(ocsf::CLASS_UID)).required(),
    always("type_name", Make::Text("Device Inventory Info: Collect")),
    always("type_uid", Make::Integer(ocsf::TYPE_UID)).required(),
    always("severity", Make::Text("Informational")),
    always("severity_id", Make::Integer(1)).required(),
    always("status", Make::Text("Success")).only(Ocsf),
    always("status_id", Make::Integer(1)).only(Ocsf),
    always(
        "message",
        Make::Text("Endpoint collected from Sophos Central"),
    )
    .only(Ocsf),
];

/// `metadata` and the cloud that the device runs in.
pub(crate) const METADATA: &[Rule] = &[
    always("metadata.product.name", Make::Text("Sophos EDR")).required(),
    always("metadata.product.vendor_name", Make::Text("Sophos")).only(Ocsf),
    always("metadata.product.version", Make::Text("N/A")).only(Sekoia),
    always("metadata.version", Make::Text(ocsf::VERSION)).required(),
    row(
        "metadata.uid",
        &[],
        "a UUID (version 8) made of all the rest of the event: the same event has the same one, wherever and \
         however often it is delivered",
        Make::EventUid,
    )
    .only(Ocsf)
    .heartbeat(),
    rule(
        "metadata.profiles[0]",
        &["cloud.provider"],
        "cloud, where a provider is known",
        |subject, _| {
            let has_cloud = subject.endpoint.cloud_provider.is_some();
            (has_cloud && subject.shows("cloud.provider")).then(|| text("cloud"))
        },
    )
    .only(Ocsf)
    .required(),
    rule(
        "metadata.tenant_uid",
        &["tenant.id"],
        "as it is",
        |subject, _| subject.endpoint.tenant_id.as_deref().map(text),
    )
    .only(Ocsf),
    rule(
        "metadata.original_time",
        &["lastSeenAt", "registeredAt"],
        "the text that the time of the event was read from",
        times::original,
    )
    .only(Ocsf)
    .heartbeat(),
    always("metadata.log_name", Make::Text("endpoints")).only(Ocsf),
    always(
        "metadata.log_provider",
        Make::Text("Sophos Central Endpoint API v1"),
    )
    .only(Ocsf),
    rule(
        "cloud.provider",
        &["cloud.provider"],
        "as it is",
        |subject, _| subject.endpoint.cloud_provider.as_deref().map(text),
    )
    .only(Ocsf),
];
