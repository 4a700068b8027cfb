//! What the words of the API mean. They are compared without case, since it writes `macOS` where its
//! documentation says `macos`.

/// `device.type` and `.type_id` of an appliance's virtual machine.
pub const VIRTUAL: (&str, i64) = ("Virtual", 6);

/// An operating system.
#[derive(Clone, Copy)]
pub struct Platform {
    /// `os.platform`, and `device.os.type` of the `sekoia` dialect.
    pub word: &'static str,
    /// `device.os.type`: OCSF's caption of `type_id`.
    pub caption: &'static str,
    /// `device.os.type_id`
    pub type_id: i64,
}

const PLATFORMS: [(&str, &str, i64); 4] = [
    ("windows", "Windows", 100),
    ("linux", "Linux", 200),
    ("macos", "macOS", 300),
    ("android", "Android", 201),
];

/// `device.type` and `.type_id` of a known `type`.
pub fn device_type(word: &str) -> Option<(&'static str, i64)> {
    let types = [
        ("computer", ("Desktop", 2)),
        ("server", ("Server", 1)),
        ("securityVm", VIRTUAL),
    ];
    find(types, word)
}

/// A known `os.platform`.
pub fn platform(word: &str) -> Option<Platform> {
    let platforms = PLATFORMS.map(|(word, caption, type_id)| {
        let platform = Platform {
            word,
            caption,
            type_id,
        };
        (word, platform)
    });
    find(platforms, word)
}

/// `device.is_compliant`, and half of `device.is_trusted`, of `health.overall`.
pub fn is_healthy(overall: &str) -> Option<bool> {
    find(
        [("good", true), ("bad", false), ("suspicious", false)],
        overall,
    )
}

/// `device.risk_level` and `.risk_level_id` of `health.overall`.
pub fn risk(overall: &str) -> Option<(&'static str, i64)> {
    let levels = [
        ("good", ("Low", 1)),
        ("suspicious", ("Medium", 2)),
        ("bad", ("High", 3)),
    ];
    find(levels, overall)
}

/// `device.is_trusted`.
pub fn is_trusted(
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

/// What a product of Sophos is as an agent: `device.agent_list[].type` and `.type_id`. OCSF names no type for
/// some of them, which are then called by their code.
pub fn agent_type(code: &str) -> (&str, i64) {
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
