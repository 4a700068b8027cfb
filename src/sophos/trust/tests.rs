use url::Url;

use super::*;

fn trusted(host: &str) -> bool {
    api_host(host, &Url::parse("https://proxy.example:8443").unwrap()).is_some()
}

#[test]
fn a_regional_host_of_the_vendor_or_the_typed_origin_is_trusted() {
    for host in [
        "https://api-eu02.central.sophos.com",
        "https://api-xx99.central.sophos.com/",
        "https://proxy.example:8443/",
    ] {
        assert!(trusted(host), "{host}");
    }
}

#[test]
fn any_other_host_is_refused() {
    for host in [
        "http://api-eu02.central.sophos.com",
        "https://central.sophos.com.example",
        "https://api-eu02.central.sophos.com.example.com",
        "https://evilcentral.sophos.com",
        "https://api-eu02.central.sophos.com:8443",
        "https://user@api-eu02.central.sophos.com",
        "https://api-eu02.central.sophos.com@example.com",
        "https://proxy.example",
        "http://proxy.example:8443",
        "https://192.0.2.1",
        "data:,api-eu02.central.sophos.com",
        "nonsense",
        "",
    ] {
        assert!(!trusted(host), "{host}");
    }
}

#[test]
fn only_the_origin_of_a_host_is_kept() {
    let typed = Url::parse("http://127.0.0.1:8080/path").unwrap();
    for (text, kept) in [
        (
            "https://API-eu02.central.sophos.com/a?b#c",
            "https://api-eu02.central.sophos.com/",
        ),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/"),
    ] {
        assert_eq!(api_host(text, &typed).unwrap().as_str(), kept);
    }
}

#[test]
fn an_id_is_lower_case_and_can_stand_in_a_header() {
    for (text, expected) in [
        (
            "3F0F2C7E-2A1D-4B7C-9A55-0D9B6A1C2E01",
            Some("3f0f2c7e-2a1d-4b7c-9a55-0d9b6a1c2e01"),
        ),
        ("a", Some("a")),
        ("", None),
        ("a b", None),
        ("a\r\nx-partner-id: b", None),
        ("ä", None),
    ] {
        assert_eq!(id(text).as_deref(), expected, "{text:?}");
    }
    assert!(id(&"a".repeat(64)).is_some());
    assert!(id(&"a".repeat(65)).is_none());
}
