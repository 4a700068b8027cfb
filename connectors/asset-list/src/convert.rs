//! Values of a list as those of attributes.

use std::net::IpAddr;

use serde_json::Value;
use time::format_description::well_known::Rfc3339;
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time};

use crate::record::Node;

/// The earliest time that class 5001 allows, in milliseconds: numbers below are seconds.
const MIN_MILLIS: i64 = 100_000_000_000;

/// The end of the year 2099, in milliseconds: what lies behind is no time, but another number.
const MAX_MILLIS: i64 = 4_102_444_799_999;

/// The year 2000 in milliseconds: a smaller number is rather a date in digits such as 202511200841.
const MIN_NUMBER_MILLIS: i64 = 946_684_800_000;

/// Returns a scalar as a text without white space around it; `None` for a list and an object.
pub(crate) fn text(node: &Node) -> Option<String> {
    match node {
        Node::Scalar(Value::String(text)) => Some(text.trim().to_owned()),
        Node::Scalar(value @ (Value::Number(_) | Value::Bool(_))) => Some(value.to_string()),
        _ => None,
    }
    .filter(|text| !text.is_empty())
}

/// Returns an id: a text or an integer. A number with a fraction may have lost digits when it was written.
pub(crate) fn id(node: &Node) -> Option<String> {
    match node {
        Node::Scalar(Value::Number(number)) if number.is_f64() => None,
        Node::Scalar(Value::Bool(_)) => None,
        node => text(node),
    }
}

/// Returns the entries of a list: those of an array, or the parts of a text between `separators`, without empty ones;
/// each with its index in an array.
pub(crate) fn entries<'r>(
    node: &'r Node,
    separators: &[char],
) -> Vec<(Option<usize>, &'r Node, String)> {
    let parts = |index, node: &'r Node| {
        let parts: Vec<_> = text(node)
            .unwrap_or_default()
            .split(separators)
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(|part| (index, node, part.to_owned()))
            .collect();
        parts
    };
    match node {
        Node::List(entries) => {
            let entries = entries.iter().enumerate();
            entries
                .flat_map(|(index, entry)| parts(Some(index), entry))
                .collect()
        }
        node => parts(None, node),
    }
}

/// Returns an IP address in its usual form.
pub(crate) fn ip_address(text: &str) -> Option<String> {
    text.parse::<IpAddr>().ok().map(|ip| ip.to_string())
}

/// Returns a MAC address of six bytes in upper case with colons, read with colons, hyphens, dots or nothing between.
pub(crate) fn mac_address(text: &str) -> Option<String> {
    let digits: Vec<char> = text
        .chars()
        .filter(|c| !matches!(c, ':' | '-' | '.'))
        .map(|c| c.to_ascii_uppercase())
        .collect();
    let is_mac = digits.len() == 12 && digits.iter().all(char::is_ascii_hexdigit);
    let pairs = digits.chunks(2).map(|pair| pair.iter().collect::<String>());
    is_mac.then(|| pairs.collect::<Vec<_>>().join(":"))
}

/// Returns whether a text is an e-mail address as OCSF requires it.
pub(crate) fn is_email_address(text: &str) -> bool {
    let is_local = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    let is_host = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let Some((host, rest)) = domain.split_once('.') else {
        return false;
    };
    let is_filled = !local.is_empty() && !host.is_empty() && !rest.is_empty();
    is_filled
        && local.chars().all(is_local)
        && host.chars().all(is_host)
        && rest.chars().all(|c| is_host(c) || c == '.')
}

/// Returns the boolean that a word means.
pub(crate) fn flag(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "y" | "on" | "1" => Some(true),
        "false" | "no" | "n" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// Returns a time in milliseconds since 1970: RFC 3339, a date with or without a time of day in UTC, or a number of
/// seconds or milliseconds.
pub(crate) fn time(text: &str) -> Option<i64> {
    let millis = match text.parse::<i64>() {
        Ok(number) if number < MIN_MILLIS => number.checked_mul(1000)?,
        Ok(number) if number < MIN_NUMBER_MILLIS => return None,
        Ok(number) => number,
        Err(_) => {
            let moment = OffsetDateTime::parse(text, &Rfc3339)
                .ok()
                .or_else(|| without_offset(text))?;
            i64::try_from(moment.unix_timestamp_nanos().div_euclid(1_000_000)).ok()?
        }
    };
    (MIN_MILLIS..=MAX_MILLIS)
        .contains(&millis)
        .then_some(millis)
}

/// Reads `YYYY-MM-DD`, alone or with `hh:mm` or `hh:mm:ss` behind a space or a `T`.
fn without_offset(text: &str) -> Option<OffsetDateTime> {
    let (date, clock) = text.split_once([' ', 'T']).unwrap_or((text, "00:00"));
    let [year, month, day] = numbers(date, '-')?.try_into().ok()?;
    let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
    let date = Date::from_calendar_date(i32::from(year), month, u8::try_from(day).ok()?).ok()?;
    let clock = match *numbers(clock.trim(), ':')? {
        [hour, minute] => [hour, minute, 0],
        [hour, minute, second] => [hour, minute, second],
        _ => return None,
    };
    let [hour, minute, second] = clock.map(|number| u8::try_from(number).unwrap_or(u8::MAX));
    let clock = Time::from_hms(hour, minute, second).ok()?;
    Some(PrimitiveDateTime::new(date, clock).assume_utc())
}

/// Returns the numbers between separators, each of digits alone.
fn numbers(text: &str, separator: char) -> Option<Vec<u16>> {
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let number = |part: &str| part.parse().ok().filter(|_| is_number(part));
    text.split(separator).map(number).collect()
}

/// Words, each with the id and the caption of a type of device. The first one that a text contains counts.
const DEVICE_TYPES: [(&str, u8, &str); 23] = [
    ("virtual", 6, "Virtual"),
    ("vm", 6, "Virtual"),
    ("load balancer", 15, "Load Balancer"),
    ("firewall", 9, "Firewall"),
    ("switch", 10, "Switch"),
    ("router", 12, "Router"),
    ("hub", 11, "Hub"),
    ("ids", 13, "IDS"),
    ("ips", 14, "IPS"),
    ("iot", 7, "IOT"),
    ("server", 1, "Server"),
    ("laptop", 3, "Laptop"),
    ("notebook", 3, "Laptop"),
    ("desktop", 2, "Desktop"),
    ("workstation", 2, "Desktop"),
    ("computer", 2, "Desktop"),
    ("pc", 2, "Desktop"),
    ("tablet", 4, "Tablet"),
    ("ipad", 4, "Tablet"),
    ("phone", 5, "Mobile"),
    ("smartphone", 5, "Mobile"),
    ("iphone", 5, "Mobile"),
    ("mobile", 5, "Mobile"),
];

/// Words, each with the id and the caption of a type of operating system. The first one that a text begins with or
/// contains as a word counts.
const OS_TYPES: [(&str, u16, &str); 22] = [
    ("windows mobile", 101, "Windows Mobile"),
    ("windows phone", 101, "Windows Mobile"),
    ("windows", 100, "Windows"),
    ("android", 201, "Android"),
    ("ipados", 302, "iPadOS"),
    ("ios", 301, "iOS"),
    ("macos", 300, "macOS"),
    ("mac os", 300, "macOS"),
    ("os x", 300, "macOS"),
    ("solaris", 400, "Solaris"),
    ("sunos", 400, "Solaris"),
    ("aix", 401, "AIX"),
    ("hp-ux", 402, "HP-UX"),
    ("linux", 200, "Linux"),
    ("ubuntu", 200, "Linux"),
    ("debian", 200, "Linux"),
    ("red hat", 200, "Linux"),
    ("rhel", 200, "Linux"),
    ("centos", 200, "Linux"),
    ("fedora", 200, "Linux"),
    ("suse", 200, "Linux"),
    ("sles", 200, "Linux"),
];

/// Returns id and caption of a type of device.
pub(crate) fn device_type(text: &str) -> (u8, String) {
    let lower = text.to_lowercase();
    let found = DEVICE_TYPES
        .iter()
        .find(|(word, ..)| has_words(&lower, word));
    match found {
        Some((_, id, caption)) => (*id, (*caption).to_owned()),
        None if lower == "unknown" => (0, "Unknown".to_owned()),
        None => (99, text.to_owned()),
    }
}

/// Returns id and caption of the type of an operating system.
pub(crate) fn os_type(name: &str) -> (u16, String) {
    let lower = name.to_lowercase();
    // The IOS of Cisco is not that of Apple.
    let cisco = ["cisco", "ios xe", "ios-xe", "ios xr", "ios-xr"];
    let is_cisco = cisco.iter().any(|words| has_words(&lower, words));
    let found = OS_TYPES.iter().find(|(word, ..)| has_words(&lower, word));
    match found {
        Some((word, id, caption)) if !(is_cisco && *word == "ios") => (*id, (*caption).to_owned()),
        None if lower == "unknown" => (0, "Unknown".to_owned()),
        _ => (99, name.to_owned()),
    }
}

/// Returns whether a text contains these words as a whole; a plural `s` may follow.
fn has_words(text: &str, words: &str) -> bool {
    text.match_indices(words).any(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(at + words.len()..).unwrap_or_default();
        let after = after.strip_prefix('s').unwrap_or(after).chars().next();
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphabetic)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_in_the_forms_that_lists_use() {
        const MOMENT: i64 = 1_763_628_067_000;
        for (text, millis) in [
            ("2025-11-20T08:41:07Z", Some(MOMENT)),
            ("2025-11-20T09:41:07.318+01:00", Some(MOMENT + 318)),
            ("2025-11-20 08:41:07", Some(MOMENT)),
            ("2025-11-20T08:41", Some(MOMENT - 7000)),
            ("2025-11-20", Some(1_763_596_800_000)),
            ("1763628067", Some(MOMENT)),
            ("1763628067318", Some(MOMENT + 318)),
            ("20/11/2025", None),
            ("20251120084107", None),
            ("202511200841", None),
            ("20251120", None),
            ("9999-12-31", None),
            ("2025-02-30", None),
            ("2025-11-20 24:00", None),
            ("2025-+1-20", None),
            ("2025-11-20 08:41:07:01", None),
            ("0", None),
            ("1970-01-01", None),
            ("-1763628067", None),
            ("9223372036854775807", None),
            ("99999-01-01", None),
            ("never", None),
            ("", None),
        ] {
            assert_eq!(time(text), millis, "{text:?}");
        }
    }

    #[test]
    fn a_type_of_device_is_found_by_its_words() {
        for (text, id) in [
            ("Server", 1),
            ("Rack servers", 1),
            ("virtual server", 6),
            ("Dell Laptop 14\"", 3),
            ("PC", 2),
            ("Mobile phone", 5),
            ("Mac minis", 99),
            ("Observer", 99),
            ("Printer", 99),
            ("UNKNOWN", 0),
            ("İpad", 99),
        ] {
            assert_eq!(device_type(text).0, id, "{text:?}");
        }
    }

    #[test]
    fn a_type_of_operating_system_is_found_by_its_words() {
        for (text, id) in [
            ("Microsoft Windows 11 Pro", 100),
            ("Windows Mobile 6", 101),
            ("Ubuntu 24.04", 200),
            ("RHEL9", 200),
            ("macOS 15", 300),
            ("iOS", 301),
            ("iOS 26.1", 301),
            ("Cisco NX-OS", 99),
            ("Cisco IOS XE 17", 99),
            ("IOS-XR 7.9", 99),
            ("unknown", 0),
        ] {
            assert_eq!(os_type(text).0, id, "{text:?}");
        }
    }

    #[test]
    fn addresses_have_one_form() {
        for (text, mac) in [
            ("00-00-5e-00-53-01", Some("00:00:5E:00:53:01")),
            ("0000.5e00.5301", Some("00:00:5E:00:53:01")),
            ("00005E005301", Some("00:00:5E:00:53:01")),
            ("00:00:5e:00:53", None),
            ("00:00:5e:00:53:0g", None),
            ("", None),
        ] {
            assert_eq!(mac_address(text).as_deref(), mac, "{text:?}");
        }
        assert_eq!(ip_address("2001:DB8::1").as_deref(), Some("2001:db8::1"));
        assert_eq!(ip_address("192.0.2.0/24"), None);
    }

    #[test]
    fn an_email_address_is_one_as_ocsf_requires_it() {
        for (text, is_address) in [
            ("a.b+c@example.com", true),
            ("a@example", false),
            ("a@@example.com", false),
            ("a b@example.com", false),
            ("ä@example.com", false),
            ("a@.com", false),
            ("@example.com", false),
            ("a@example.", false),
        ] {
            assert_eq!(is_email_address(text), is_address, "{text:?}");
        }
    }
}
