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
mod tests {
    use super::*;

    #[test]
    fn is_trusted_by_isolation_then_health_then_tamper_protection() {
        const YES: Option<bool> = Some(true);
        const NO: Option<bool> = Some(false);
        for isolation in [None, Some("notIsolated"), Some("isolating")] {
            for (health, tamper_protection, trusted) in [
                (YES, YES, YES),
                (YES, NO, None),
                (YES, None, None),
                (NO, YES, NO),
                (NO, NO, NO),
                (NO, None, NO),
                (None, YES, None),
                (None, NO, None),
                (None, None, None),
            ] {
                assert_eq!(is_trusted(isolation, health, tamper_protection), trusted);
                assert_eq!(is_trusted(Some("isolated"), health, tamper_protection), NO);
            }
        }
    }

    #[test]
    fn words_of_health_count_without_case() {
        for (word, healthy, level) in [
            ("good", Some(true), Some(("Low", 1))),
            ("Good", Some(true), Some(("Low", 1))),
            ("suspicious", Some(false), Some(("Medium", 2))),
            ("bad", Some(false), Some(("High", 3))),
            ("unknown", None, None),
            ("goodish", None, None),
        ] {
            assert_eq!(is_healthy(word), healthy, "{word}");
            assert_eq!(risk(word), level, "{word}");
        }
    }

    /// The enumeration of an object's `type_id` in the schema of OCSF, each number with its caption.
    fn captions_of(object: &str) -> Vec<(i64, String)> {
        let path = "../tests/ocsf/ocsf-1.6.0-device-inventory-info.strict.schema.json";
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        let schema: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let rules = schema["$defs"][object]["allOf"].as_array().unwrap();
        let caption = |rule: &serde_json::Value| {
            let number = rule.pointer("/if/properties/type_id/const")?.as_i64()?;
            let caption = rule.pointer("/then/properties/type/const")?.as_str()?;
            Some((number, caption.to_owned()))
        };
        rules.iter().filter_map(caption).collect()
    }

    #[test]
    fn every_value_of_the_two_enumerations_is_found_by_its_caption_in_any_case() {
        for (object, kind_of, count) in [
            ("device", device_type as fn(&str) -> Option<Kind>, 16),
            ("os", os_type, 11),
        ] {
            let captions = captions_of(object);
            assert_eq!(captions.len(), count, "{object}");
            for (number, caption) in captions {
                for word in [&caption, &caption.to_lowercase(), &caption.to_uppercase()] {
                    assert_eq!(kind_of(word), Some((&*caption, number)), "{word}");
                }
            }
        }
    }

    #[test]
    fn the_dialect_sekoia_knows_the_words_of_the_specification_alone() {
        for word in ["mobile", "desktop", "securityVm", "laptop"] {
            assert_eq!(sekoia_device_type(Some(word)), ("Unknown", 0), "{word}");
        }
        for word in ["ios", "solaris", "windowsMobile", "hp-ux"] {
            assert_eq!(sekoia_os_type(Some(word)), ("unknown", 0), "{word}");
        }
    }

    #[test]
    fn a_product_without_a_type_of_its_own_is_called_by_its_code() {
        for (code, expected) in [
            ("interceptX", ("Endpoint Detection and Response", 1)),
            ("deviceEncryption", ("deviceEncryption", 99)),
            ("ztna", ("ztna", 99)),
        ] {
            assert_eq!(agent_type(code), expected);
        }
    }
}
