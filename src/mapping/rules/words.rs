//! The meaning of the API's enumerations. They are compared without case, since the API writes `macOS` where its
//! documentation says `macos`.

/// A caption with its number, as OCSF enumerates them.
type Kind = (&'static str, i64);

/// `device.type` and `.type_id` of a `type` that OCSF 1.6.0 has a value for: the words of Sophos, and the captions.
pub(crate) fn device_type(word: &str) -> Option<Kind> {
    let types = [
        ("computer", ("Desktop", 2)),
        ("server", ("Server", 1)),
        ("securityVm", ("Virtual", 6)),
        ("unknown", ("Unknown", 0)),
        ("desktop", ("Desktop", 2)),
        ("laptop", ("Laptop", 3)),
        ("tablet", ("Tablet", 4)),
        ("mobile", ("Mobile", 5)),
        ("virtual", ("Virtual", 6)),
        ("iot", ("IOT", 7)),
        ("browser", ("Browser", 8)),
        ("firewall", ("Firewall", 9)),
        ("switch", ("Switch", 10)),
        ("hub", ("Hub", 11)),
        ("router", ("Router", 12)),
        ("ids", ("IDS", 13)),
        ("ips", ("IPS", 14)),
        ("loadBalancer", ("Load Balancer", 15)),
        ("load balancer", ("Load Balancer", 15)),
    ];
    find(types, word)
}

/// `device.os.type` and `.type_id` of a platform that OCSF 1.6.0 has a value for.
pub(crate) fn os_type(word: &str) -> Option<Kind> {
    let types = [
        ("windows", ("Windows", 100)),
        ("linux", ("Linux", 200)),
        ("macos", ("macOS", 300)),
        ("android", ("Android", 201)),
        ("unknown", ("Unknown", 0)),
        ("windowsMobile", ("Windows Mobile", 101)),
        ("windows mobile", ("Windows Mobile", 101)),
        ("ios", ("iOS", 301)),
        ("ipados", ("iPadOS", 302)),
        ("solaris", ("Solaris", 400)),
        ("aix", ("AIX", 401)),
        ("hpux", ("HP-UX", 402)),
        ("hp-ux", ("HP-UX", 402)),
    ];
    find(types, word)
}

/// The same in the dialect `sekoia`: the specification's table knows computers and servers.
pub(crate) fn sekoia_device_type(word: Option<&str>) -> Kind {
    let types = [("computer", ("Desktop", 2)), ("server", ("Server", 1))];
    word.and_then(|word| find(types, word))
        .unwrap_or(("Unknown", 0))
}

/// The same in the dialect `sekoia`: the receiver accepts only these words, in lower case.
pub(crate) fn sekoia_os_type(word: Option<&str>) -> Kind {
    let types = [
        ("windows", 100),
        ("linux", 200),
        ("macos", 300),
        ("android", 201),
    ]
    .map(|kind| (kind.0, kind));
    word.and_then(|word| find(types, word))
        .unwrap_or(("unknown", 0))
}

/// `device.is_compliant`, and half of `device.is_trusted`, of `health.overall`.
pub(crate) fn is_healthy(overall: &str) -> Option<bool> {
    find(
        [("good", true), ("bad", false), ("suspicious", false)],
        overall,
    )
}

/// `device.risk_level` and `.risk_level_id` of `health.overall`.
pub(crate) fn risk(overall: &str) -> Option<(&'static str, i64)> {
    let levels = [
        ("good", ("Low", 1)),
        ("suspicious", ("Medium", 2)),
        ("bad", ("High", 3)),
    ];
    find(levels, overall)
}

/// `device.is_trusted`.
pub(crate) fn is_trusted(
    isolation: Option<&str>,
    healthy: Option<bool>,
    tamper_protection: Option<bool>,
) -> Option<bool> {
    if isolation.is_some_and(|status| status.eq_ignore_ascii_case("isolated")) {
        return Some(false);
    }
    match healthy {
        Some(true) if tamper_protection == Some(true) => Some(true),
        Some(false) => Some(false),
        _ => None,
    }
}

/// The kind of agent of a product of Sophos: `device.agent_list[].type` and `.type_id`. OCSF has no type for some of
/// them, whose type is then their code.
pub(crate) fn agent_type(code: &str) -> (&str, i64) {
    const DETECTION: (&str, i64) = ("Endpoint Detection and Response", 1);
    let types = [
        ("coreAgent", DETECTION),
        ("interceptX", DETECTION),
        ("xdr", DETECTION),
        ("mtr", DETECTION),
    ];
    find(types, code).unwrap_or((code, 99))
}

fn find<T, const N: usize>(known: [(&str, T); N], word: &str) -> Option<T> {
    let mut known = known.into_iter();
    known
        .find(|(name, _)| name.eq_ignore_ascii_case(word))
        .map(|(_, meaning)| meaning)
}

#[cfg(test)]
mod tests;
