use serde_json::json;

use super::*;

#[test]
fn a_dialect_or_a_config_steers_the_mapping() {
    for (text, dialect, omit) in [
        ("sekoia", Dialect::Sekoia, vec![]),
        ("ocsf", Dialect::Ocsf, vec![]),
        ("{}", Dialect::Sekoia, vec![]),
        (
            r#"{"client_id": "x", "dialect": "ocsf", "omit": ["unmapped", "device.owner"]}"#,
            Dialect::Ocsf,
            vec!["device.owner", "unmapped"],
        ),
    ] {
        let mapping = Mapping::of(text).unwrap();
        assert_eq!(mapping.dialect, dialect, "{text}");
        assert_eq!(mapping.omit.paths(), omit, "{text}");
    }
}

#[test]
fn an_invalid_setting_names_the_valid_ones() {
    for (text, says) in [
        ("OCSF", "sekoia, ocsf"),
        ("", "sekoia, ocsf"),
        (r#"{"dialect": "cef"}"#, "sekoia, ocsf"),
        (r#"{"dialect": 1}"#, "sekoia, ocsf"),
        (r#"{"omit": "device.desc"}"#, "must be an array"),
        (r#"{"omit": [1]}"#, "must be an array"),
        (
            r#"{"omit": ["device.owner"]}"#,
            "`device.owner` is not an attribute",
        ),
    ] {
        let error = Mapping::of(text).unwrap_err();
        assert!(error.message.contains(says), "{text}: {error}");
        assert_eq!((error.line, error.column), (0, 0), "{text}");
    }
}

#[test]
fn every_choice_has_a_version_of_its_own() {
    let version = |dialect: &str, omit: &[&str]| {
        Mapping::new(Some(&json!(dialect)), Some(&json!(omit)))
            .unwrap()
            .version()
    };
    assert_eq!(Mapping::default().version(), SEKOIA_VERSION);
    assert_eq!(version("sekoia", &[]), SEKOIA_VERSION);
    let mut versions = vec![
        version("sekoia", &[]),
        version("ocsf", &[]),
        version("sekoia", &["device.desc"]),
        version("sekoia", &["device.desc", "device.ip"]),
        version("ocsf", &["device.ip"]),
    ];
    assert_eq!(
        version("sekoia", &["device.ip", "device.desc", "device.ip"]),
        version("sekoia", &["device.desc", "device.ip"])
    );
    versions.sort_unstable();
    versions.dedup();
    assert_eq!(versions.len(), 5);
}

#[test]
fn the_name_of_a_tenant_is_read_from_a_config_and_has_no_version() {
    for dialect in Dialect::ALL.map(Dialect::name) {
        let config = |name: Value| {
            let tenant = json!({"id": "t", "api_host": "x", "name": name});
            let config = json!({"dialect": dialect, "tenant": tenant});
            Mapping::of(&config.to_string()).unwrap()
        };
        let named = config(json!("Example Dental"));
        assert_eq!(named.tenant.as_ref().unwrap().name, "Example Dental");
        for unnamed in [json!(""), json!(null), json!(5)] {
            let unnamed = config(unnamed);
            assert_eq!(unnamed.tenant, None);
            assert_eq!(unnamed.version(), named.version());
        }
        assert_eq!(named.version(), Mapping::of(dialect).unwrap().version());
    }
}

#[test]
fn a_new_version_of_a_dialect_is_another_for_each_choice() {
    for (dialect, omit) in [
        ("sekoia", &[][..]),
        ("sekoia", &["device.desc"]),
        ("ocsf", &[]),
        ("ocsf", &["device.owner"]),
    ] {
        let mapping = Mapping::new(Some(&json!(dialect)), Some(&json!(omit))).unwrap();
        assert_ne!(mapping.mark(1), mapping.mark(2), "{dialect} {omit:?}");
    }
}
