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
