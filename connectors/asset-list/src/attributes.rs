//! The attributes of class 5001 that a column can be mapped to.

/// How a value becomes that of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    DeviceType,
    IpAddresses,
    MacAddresses,
    OsName,
    Email,
    Groups,
    Flag,
    Time,
}

impl Kind {
    /// Returns the rule in words.
    pub(crate) fn rule(self) -> &'static str {
        match self {
            Self::Text => "the text, without white space around it",
            Self::DeviceType => {
                "by a word such as server, desktop, laptop, tablet, phone, virtual, firewall, switch or router; else Other"
            }
            Self::IpAddresses => "the first IP address of the list",
            Self::MacAddresses => "the first MAC address of the list, in upper case with colons",
            Self::OsName => {
                "the text, without white space around it; its type by a word such as Windows, Linux, macOS, iOS or Android"
            }
            Self::Email => "the text, if it is an e-mail address",
            Self::Groups => "each name of the list",
            Self::Flag => {
                "true, yes, y, on or 1 is true; false, no, n, off or 0 is false; in any case"
            }
            Self::Time => {
                "a time as RFC 3339, YYYY-MM-DD with or without hh:mm or hh:mm:ss (UTC), or seconds or milliseconds since 1970"
            }
        }
    }
}

/// One attribute.
#[derive(Debug)]
pub(crate) struct Attribute {
    /// Its name in the config, and that of the column that it reads if the config has no `columns`.
    pub(crate) name: &'static str,
    /// Its JSON Pointer in the event.
    pub(crate) path: &'static str,
    pub(crate) kind: Kind,
    /// What it is, for a person.
    #[cfg_attr(
        not(feature = "connector"),
        expect(dead_code, reason = "only the manifest says it")
    )]
    pub(crate) about: &'static str,
}

const fn attribute(
    name: &'static str,
    path: &'static str,
    kind: Kind,
    about: &'static str,
) -> Attribute {
    Attribute {
        name,
        path,
        kind,
        about,
    }
}

/// The attribute that tells when a device was last seen.
pub(crate) const LAST_SEEN: &str = "last_seen";

/// All attributes, in the order of the event: those of one object follow one another.
#[rustfmt::skip] // One line each.
pub(crate) const ATTRIBUTES: [Attribute; 27] = [
    attribute("hostname", "/device/hostname", Kind::Text, "the host name"),
    attribute("name", "/device/name", Kind::Text, "the name that people use"),
    attribute("type", "/device/type_id", Kind::DeviceType, "the kind of device"),
    attribute("domain", "/device/domain", Kind::Text, "the domain"),
    attribute("desc", "/device/desc", Kind::Text, "a description"),
    attribute("other_id", "/device/uid_alt", Kind::Text, "another id, such as an asset tag"),
    attribute("vendor_name", "/device/vendor_name", Kind::Text, "the manufacturer"),
    attribute("model", "/device/model", Kind::Text, "the model"),
    attribute("ip", "/device/ip", Kind::IpAddresses, "IP addresses"),
    attribute("mac", "/device/mac", Kind::MacAddresses, "MAC addresses"),
    attribute("serial_number", "/device/hw_info/serial_number", Kind::Text, "the serial number"),
    attribute("os_name", "/device/os/name", Kind::OsName, "the operating system"),
    attribute("os_version", "/device/os/version", Kind::Text, "its version, with `os_name` only"),
    attribute("os_build", "/device/os/build", Kind::Text, "its build, with `os_name` only"),
    attribute("owner_name", "/device/owner/name", Kind::Text, "the person or account that owns it"),
    attribute("owner_email", "/device/owner/email_addr", Kind::Email, "the e-mail address of the owner; also `device.owner.name`, where no column names the owner"),
    attribute("groups", "/device/groups", Kind::Groups, "names of groups"),
    attribute("city", "/device/location/city", Kind::Text, "the city where it is"),
    attribute("country", "/device/location/country", Kind::Text, "the country where it is, as ISO 3166 codes it"),
    attribute("org_name", "/device/org/name", Kind::Text, "the organization that it belongs to"),
    attribute("region", "/device/region", Kind::Text, "the region, of a cloud"),
    attribute("is_managed", "/device/is_managed", Kind::Flag, "whether it is managed"),
    attribute("is_compliant", "/device/is_compliant", Kind::Flag, "whether it complies with the rules"),
    attribute("is_personal", "/device/is_personal", Kind::Flag, "whether it belongs to a person"),
    attribute("first_seen", "/device/first_seen_time", Kind::Time, "when it was seen for the first time"),
    attribute("created", "/device/created_time", Kind::Time, "when it was recorded"),
    attribute(LAST_SEEN, "/device/last_seen_time", Kind::Time, "when it was last seen; also the time of the event"),
];
