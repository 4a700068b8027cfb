//! `enrichments` and `unmapped`: fields that have no attribute in OCSF.

use crate::mapping::dialect::Dialect::{Ocsf, Sekoia};
use crate::mapping::omit::Omit;
use crate::mapping::record::Record;
use crate::mapping::rule::{Make, Rule, always, row, rule};
use crate::mapping::rules::words::is_healthy;
use crate::mapping::subject::Subject;
use crate::mapping::value::{Made, Value, from_nothing, text};

/// `enrichments`
pub(crate) const ENRICHMENTS: &[Rule] = &[
    always("enrichments[0].name", Make::Text("compliance"))
        .only(Sekoia)
        .required(),
    always("enrichments[0].value", Make::Text("hygiene"))
        .only(Sekoia)
        .required(),
    rule(
        "enrichments[0].data",
        &["tamperProtectionEnabled"],
        "an empty object where tamper protection is unknown",
        |subject, _| {
            let is_unknown = subject.endpoint.tamper_protection.is_none();
            is_unknown.then(|| from_nothing(Value::EmptyObject))
        },
    )
    .only(Sekoia)
    .required(),
    rule(
        "enrichments[0].data.Firewall_status",
        &["tamperProtectionEnabled"],
        "true is Enabled, false is Disabled",
        |subject, _| {
            let enabled = subject.endpoint.tamper_protection?;
            Some(text(if enabled { "Enabled" } else { "Disabled" }))
        },
    )
    .only(Sekoia)
    .required(),
    rule(
        "enrichments[0].name",
        &["health.overall"],
        "device.is_compliant where that is in the event, else device.uid: the attribute that the data belongs to",
        |subject, _| {
            subject.shows_state.then(|| match compliance(subject) {
                Some(_) => text("device.is_compliant"),
                None => from_nothing(Value::Text("device.uid".into())),
            })
        },
    )
    .only(Ocsf)
    .required(),
    rule(
        "enrichments[0].value",
        &["health.overall", "id"],
        "the value of the attribute in name",
        |subject, _| {
            subject.shows_state.then(|| match compliance(subject) {
                Some(value) => {
                    let value = if value { "true" } else { "false" };
                    Made::at(Value::Text(value.into()), &["health.overall"], 0)
                }
                None => Made::at(Value::Text((&*subject.endpoint.id).into()), &["id"], 0),
            })
        },
    )
    .only(Ocsf)
    .required(),
    rule(
        "enrichments[0].type",
        &[],
        "always compliance, where there are data",
        |subject, _| subject.shows_state.then(|| text("compliance")),
    )
    .only(Ocsf),
    rule(
        "enrichments[0].provider",
        &[],
        "always Sophos Central, where there are data",
        |subject, _| subject.shows_state.then(|| text("Sophos Central")),
    )
    .only(Ocsf),
    part("enrichments[0].data.health", &["health"]),
    part("enrichments[0].data.isolation", &["isolation"]),
    part("enrichments[0].data.tamperProtectionEnabled", &["tamperProtectionEnabled"]),
    part("enrichments[0].data.tamperProtectionSupported", &["tamperProtectionSupported"]),
    part("enrichments[0].data.encryption", &["encryption"]),
    part("enrichments[0].data.lockdown", &["lockdown"]),
];

/// The fields that no other rule uses.
pub(crate) const REST: &[Rule] = &[
    row(
        "unmapped",
        &[""],
        "the fields of the endpoint that no other value uses, at their places",
        Make::Rest,
    )
    .only(Ocsf),
    rule(
        "raw_data",
        &[""],
        "the unchanged endpoint, only if it has more than 8,192 values or a duplicate name, so that its fields are not mapped",
        |subject, _| subject.unparsed.map(text),
    )
    .only(Ocsf),
];

/// Returns a part of the endpoint, unchanged.
const fn part(path: &'static str, sources: &'static [&'static str]) -> Rule {
    row(path, sources, "as it is, without what is empty", Make::Part).only(Ocsf)
}

/// Returns whether the endpoint has a value for `enrichments[0].data` that `omit` does not leave out, unless it leaves
/// out the complete enrichment.
pub(crate) fn shows_state(record: &Record<'_>, omit: &Omit) -> bool {
    let mut parts = ENRICHMENTS
        .iter()
        .filter(|rule| matches!(rule.make, Make::Part));
    parts.any(|rule| {
        let mut sources = rule.sources.iter();
        let is_there = sources.any(|source| record.at(source, 0).is_some());
        is_there && (!omit.has(rule.path) || omit.has("enrichments[0].name"))
    })
}

/// `device.is_compliant`, where the event has it.
fn compliance(subject: &Subject<'_>) -> Option<bool> {
    if !subject.shows("device.is_compliant") {
        return None;
    }
    subject.endpoint.health.as_deref().and_then(is_healthy)
}
