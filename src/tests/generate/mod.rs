//! Endpoints as no API sends them: any field missing, of another type, or holding odd texts.
// Helpers of tests may stop at the first surprise; clippy grants it only to what is marked as a test.
#![allow(clippy::unwrap_used)]

use std::net::{Ipv4Addr, Ipv6Addr};

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

/// Times in the form of the API, many of them impossible.
const TIME: &str = "[0-9]{4}-[01][0-9]-[0-3][0-9][T ][0-2][0-9]:[0-5][0-9]:[0-6][0-9]\
    (\\.[0-9]{1,12})?(Z|[+-][0-9]{2}:[0-9]{2})?";

fn mac() -> impl Strategy<Value = String> {
    let separator = select(vec![
        (":", 2),
        ("-", 2),
        (".", 4),
        ("", 12),
        (":", 4),
        ("-", 3),
    ]);
    (any::<[u8; 6]>(), separator, any::<bool>()).prop_map(|(octets, (separator, group), upper)| {
        let digits: Vec<_> = octets.iter().map(|octet| format!("{octet:02x}")).collect();
        let digits: Vec<_> = digits.concat().chars().collect();
        let groups: Vec<String> = digits
            .chunks(group)
            .map(|group| group.iter().collect())
            .collect();
        let mac = groups.join(separator);
        if upper { mac.to_uppercase() } else { mac }
    })
}

/// Texts that a field may hold: words of the API, addresses and times in good and odd forms, and any.
fn text() -> impl Strategy<Value = String> {
    let words = vec![
        "",
        " ",
        "computer",
        "server",
        "securityVm",
        "good",
        "bad",
        "suspicious",
        "unknown",
        "Isolated",
        "isolated",
        "notIsolated",
        "windows",
        "linux",
        "macOS",
        "android",
        "iOS",
        "mobile",
        "azure",
        "null",
        "n/a",
        r"EXAMPLE\\ida",
        r"EXAMPLE\ida",
        r"\\",
        "ida",
        "ida@corp.example",
        "192.0.2.10",
        "169.254.1.2",
        "2001:db8::a",
        "2001:DB8:0::A",
        "00:00:5E:00:53:01",
        "00-00-5e-00-53-01",
        "192.0.2.0/24",
        "192.0.2.010",
        "fe80::1%eth0",
        "2024-01-07T06:26:08.668Z",
        "2024-01-07T06:26:08",
        "2024-01-07T06:26:08+05:30",
        "20240107T062608,5+0530",
        "2024-01-07",
        "2024-01-07T24:00",
        "9999-12-31T23:59:59-23:59",
        "0000-01-01T00:00:00+23:59",
        "1969-12-31T23:59:59.5Z",
    ];
    prop_oneof![
        4 => select(words).prop_map(str::to_owned),
        2 => any::<Ipv4Addr>().prop_map(|address| address.to_string()),
        2 => any::<Ipv6Addr>().prop_map(|address| address.to_string()),
        1 => any::<Ipv6Addr>().prop_map(|address| format!(" {address}%12")),
        1 => any::<[u16; 8]>().prop_map(|groups| groups.map(|group| format!("{group:04X}")).join(":")),
        1 => any::<Ipv4Addr>().prop_map(|address| format!("::ffff:{address}")),
        2 => mac(),
        1 => TIME,
        2 => ".{0,8}",
        1 => any::<String>(),
    ]
}

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let names = select(vec!["id", "name", "platform", "overall", "status"]);
        let names = prop_oneof![names.prop_map(str::to_owned), text()];
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((names, option::of(inner)), 0..4).prop_map(to_object),
        ]
    })
}

/// A value of the wanted kind more often than not, else anything.
fn mostly(wanted: impl Strategy<Value = Value> + 'static) -> BoxedStrategy<Value> {
    prop_oneof![4 => wanted, 1 => anything()].boxed()
}

fn texts() -> BoxedStrategy<Value> {
    mostly(text().prop_map(Value::from))
}

fn object(names: &[&'static str]) -> BoxedStrategy<Value> {
    let members: Vec<_> = names
        .iter()
        .map(|name| (Just((*name).to_owned()), option::weighted(0.8, texts())))
        .collect();
    members.prop_map(to_object).boxed()
}

fn to_object(members: Vec<(String, Option<Value>)>) -> Value {
    let present = members
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)));
    Value::Object(present.collect())
}

fn operating_system() -> BoxedStrategy<Value> {
    let number = || option::weighted(0.8, mostly((0..30_000_i64).prop_map(Value::from)));
    let members = (
        object(&["platform", "name"]),
        vec(number(), 3).prop_map(|numbers| {
            let names = ["majorVersion", "minorVersion", "build"].map(str::to_owned);
            to_object(names.into_iter().zip(numbers).collect())
        }),
    );
    members
        .prop_map(|(texts, numbers)| joined(texts, numbers))
        .boxed()
}

fn joined(mut one: Value, other: Value) -> Value {
    if let (Value::Object(one), Value::Object(other)) = (&mut one, other) {
        one.extend(other);
    }
    one
}

fn products() -> BoxedStrategy<Value> {
    let code = select(vec![
        "coreAgent",
        "interceptX",
        "deviceEncryption",
        "ztna",
        "",
        "new",
    ]);
    let status = select(vec!["installed", "Installed", "notInstalled"]);
    let product = (code, status, object(&["version", "other"])).prop_map(|(code, status, rest)| {
        joined(serde_json::json!({ "code": code, "status": status }), rest)
    });
    vec(mostly(product), 0..4).prop_map(Value::from).boxed()
}

/// Something like an endpoint. Its `id` and `hostname` are texts more often than not.
pub fn endpoint() -> impl Strategy<Value = Value> {
    let list = || mostly(vec(texts(), 0..5).prop_map(Value::from));
    let group = || object(&["id", "name"]);
    let groups = prop_oneof![group(), vec(group(), 0..3).prop_map(Value::from)];
    let fields: Vec<(&str, BoxedStrategy<Value>)> = vec![
        (
            "id",
            prop_oneof![4 => "[0-9a-f-]{1,36}".prop_map(Value::from), 1 => texts()].boxed(),
        ),
        (
            "hostname",
            prop_oneof![4 => ".{1,15}".prop_map(Value::from), 1 => texts()].boxed(),
        ),
        ("type", texts()),
        ("tenant", mostly(object(&["id"]))),
        ("health", mostly(object(&["overall", "threats"]))),
        ("os", mostly(operating_system())),
        ("ipv4Addresses", list()),
        ("ipv6Addresses", list()),
        ("macAddresses", list()),
        ("group", mostly(groups)),
        (
            "associatedPerson",
            mostly(object(&["id", "name", "viaLogin"])),
        ),
        (
            "tamperProtectionEnabled",
            mostly(any::<bool>().prop_map(Value::from)),
        ),
        ("isolation", mostly(object(&["status"]))),
        ("cloud", mostly(object(&["provider", "instanceId"]))),
        ("lastSeenAt", texts()),
        ("registeredAt", texts()),
        ("assignedProducts", mostly(products())),
        ("serialNumber", texts()),
        ("encryption", anything().boxed()),
        ("tags", anything().boxed()),
        ("somethingNew", anything().boxed()),
    ];
    let members: Vec<_> = fields
        .into_iter()
        .map(|(name, value)| (Just(name.to_owned()), option::weighted(0.9, value)))
        .collect();
    members.prop_map(to_object)
}
