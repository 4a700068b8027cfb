use super::*;

#[test]
fn attributes_objects_and_lists_can_be_left_out() {
    for (path, dialect) in [
        ("device.desc", Dialect::Sekoia),
        (" device.groups ", Dialect::Sekoia),
        ("device.network_interfaces[].mac", Dialect::Sekoia),
        ("device.network_interfaces[]", Dialect::Sekoia),
        ("device.owner", Dialect::Ocsf),
        ("device.owner.full_name", Dialect::Ocsf),
        ("device.hostname", Dialect::Ocsf),
        ("device.os", Dialect::Ocsf),
        ("enrichments", Dialect::Ocsf),
        ("enrichments[0].data.health", Dialect::Ocsf),
        ("unmapped", Dialect::Ocsf),
        ("unmapped.tags", Dialect::Ocsf),
        ("observables", Dialect::Ocsf),
    ] {
        assert!(checked(&[path], dialect).is_ok(), "{path}");
    }
}

#[test]
fn required_attributes_cannot_be_left_out() {
    for (path, dialect, remedy) in [
        ("", Dialect::Sekoia, "is not an attribute"),
        ("unmapped.tags", Dialect::Sekoia, "is not an attribute"),
        ("unmapped.", Dialect::Ocsf, "is not an attribute"),
        (
            "unmapped.os.isServer",
            Dialect::Ocsf,
            "Leave out `unmapped.os`",
        ),
        (
            "unmapped.tags[0]",
            Dialect::Ocsf,
            "Leave out `unmapped.tags`",
        ),
        ("device.owner", Dialect::Sekoia, "is not an attribute"),
        (
            "device.des",
            Dialect::Sekoia,
            "is not an attribute of the dialect `sekoia`; `device` has uid, hostname, name, desc, type",
        ),
        (
            "device.owner.nam",
            Dialect::Ocsf,
            "`device.owner` has uid, name, domain, full_name",
        ),
        (
            "device.groups[].id",
            Dialect::Ocsf,
            "`device.groups` has uid, name",
        ),
        ("devices", Dialect::Ocsf, "an event has activity_id"),
        (
            "/device/desc",
            Dialect::Sekoia,
            "as in `device.groups[].name`",
        ),
        ("device", Dialect::Ocsf, "no event is complete"),
        ("device.uid", Dialect::Ocsf, "no event is complete"),
        ("device.hostname", Dialect::Sekoia, "no event is complete"),
        ("device.os", Dialect::Sekoia, "no event is complete"),
        ("time", Dialect::Ocsf, "no event is complete"),
        (
            "enrichments[0].data",
            Dialect::Ocsf,
            "Leave out `enrichments`",
        ),
        ("metadata.profiles", Dialect::Ocsf, "Leave out `cloud`"),
        ("device.os.name", Dialect::Ocsf, "Leave out `device.os`"),
        (
            "device.groups[].name",
            Dialect::Sekoia,
            "Leave out `device.groups`",
        ),
        (
            "device.network_interfaces[].ip",
            Dialect::Ocsf,
            "Leave out `device.network_interfaces`",
        ),
    ] {
        let error = checked(&[path], dialect).unwrap_err();
        assert!(error.contains(remedy), "{path}: {error}");
    }
}

#[test]
fn a_list_has_the_same_attributes_with_its_index_and_without() {
    for (given, expected, dialect) in [
        ("device.groups.uid", "device.groups[].uid", Dialect::Sekoia),
        (
            "device.network_interfaces.mac",
            "device.network_interfaces[].mac",
            Dialect::Sekoia,
        ),
        (
            "enrichments.data.health",
            "enrichments[0].data.health",
            Dialect::Ocsf,
        ),
        (
            "enrichments[].data.health",
            "enrichments[0].data.health",
            Dialect::Ocsf,
        ),
        ("unmapped.tags[]", "unmapped.tags", Dialect::Ocsf),
        // Cursors of these exist.
        ("device.groups[]", "device.groups[]", Dialect::Sekoia),
        ("device.groups", "device.groups", Dialect::Sekoia),
    ] {
        let omit = checked(&[given], dialect).unwrap();
        assert_eq!(omit.paths(), [expected], "{given}");
    }
    for path in ["device[].desc", "device.groups[0].uid", "device.desc[]"] {
        assert!(checked(&[path], Dialect::Sekoia).is_err(), "{path}");
    }
}
