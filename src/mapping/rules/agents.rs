//! `device.agent_list`: the installed products of Sophos. A product that is assigned but not installed is left to
//! `unmapped`.

use crate::mapping::dialect::Dialect::Ocsf;
use crate::mapping::rule::{Make, Rule, always, rule};
use crate::mapping::rules::words::agent_type;
use crate::mapping::subject::Subject;
use crate::mapping::value::{Made, Value};

const CODE: &[&str] = &["assignedProducts[].code"];
const POLICY: &[&str] = &["tamperProtectionEnabled", "assignedProducts[].code"];

/// `device.agent_list`
pub(crate) const AGENTS: &[Rule] = &[
    rule(
        "device.agent_list[].uid",
        &["id", "assignedProducts[].code"],
        "the id of the endpoint, on the first coreAgent only",
        |subject, index| {
            let agent = subject.agents.get(index)?;
            (subject.core_agent == Some(index)).then(|| {
                let id = Value::Text((&*subject.endpoint.id).into());
                Made::at(id, &["id", "assignedProducts[].code"], agent.entry)
            })
        },
    )
    .only(Ocsf),
    rule(
        "device.agent_list[].name",
        &["assignedProducts[].code", "assignedProducts[].status"],
        "the code of each product whose status is installed",
        |subject, index| {
            let agent = subject.agents.get(index)?;
            let sources = &["assignedProducts[].code", "assignedProducts[].status"];
            let name = Value::Text((&*agent.code).into());
            Some(Made::at(name, sources, agent.entry))
        },
    )
    .only(Ocsf)
    .required(),
    always("device.agent_list[].vendor_name", Make::Text("Sophos")).only(Ocsf),
    rule(
        "device.agent_list[].version",
        &["assignedProducts[].version"],
        "as it is",
        |subject, index| {
            let agent = subject.agents.get(index)?;
            let version = Value::Text(agent.version.as_deref()?.into());
            Some(Made::at(
                version,
                &["assignedProducts[].version"],
                agent.entry,
            ))
        },
    )
    .only(Ocsf),
    rule(
        "device.agent_list[].type",
        CODE,
        "coreAgent, interceptX, xdr and mtr are Endpoint Detection and Response; else the code",
        |subject, index| {
            let agent = subject.agents.get(index)?;
            let (caption, _) = agent_type(&agent.code);
            Some(Made::at(Value::Text(caption.into()), CODE, agent.entry))
        },
    )
    .only(Ocsf),
    rule(
        "device.agent_list[].type_id",
        CODE,
        "coreAgent, interceptX, xdr and mtr are 1; else 99 (Other)",
        |subject, index| {
            let agent = subject.agents.get(index)?;
            let (_, type_id) = agent_type(&agent.code);
            Some(Made::at(Value::Integer(type_id), CODE, agent.entry))
        },
    )
    .only(Ocsf),
    rule(
        "device.agent_list[].policies[0].name",
        POLICY,
        "always Tamper Protection, on the first coreAgent only, where it is known",
        |subject, index| policy(subject, index, |_| Value::Text("Tamper Protection".into())),
    )
    .only(Ocsf)
    .required(),
    rule(
        "device.agent_list[].policies[0].is_applied",
        POLICY,
        "tamperProtectionEnabled as it is",
        |subject, index| policy(subject, index, Value::Boolean),
    )
    .only(Ocsf),
];

fn policy<'a>(
    subject: &'a Subject<'a>,
    index: usize,
    value: impl FnOnce(bool) -> Value<'a>,
) -> Option<Made<'a>> {
    let agent = subject.agents.get(index)?;
    let enabled = subject.endpoint.tamper_protection?;
    let is_core_agent = subject.core_agent == Some(index);
    is_core_agent.then(|| Made::at(value(enabled), POLICY, agent.entry))
}
