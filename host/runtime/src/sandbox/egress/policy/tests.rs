//! What the name layer lets out, by example and by property.

use http::Method;
use proptest::prelude::*;
use url::Url;

use crate::contract::hosts::{Hosts, normal};
use crate::sandbox::egress::policy::{Denied, Policy};

fn hosts(entries: &[&str]) -> Hosts {
    let entries: Vec<String> = entries.iter().map(|entry| (*entry).to_owned()).collect();
    Hosts::parse(&entries).unwrap()
}

fn asked() -> Hosts {
    hosts(&["id.example.com", "*.api.example.com", "Bücher.Example."])
}

fn typed() -> Vec<Url> {
    [
        "https://gateway.example.net:8443/token",
        "https://Dotted.example.net./",
        "https://192.0.2.7/",
        "https://[2001:db8::7]/",
        "http://plain.example.net/",
    ]
    .map(|url| normal(url).unwrap())
    .into()
}

fn policy(loopback_http: bool) -> Policy {
    Policy::new(asked(), None, &typed(), loopback_http)
}

fn judge(policy: &Policy, url: &str) -> Result<(), Denied> {
    policy.judge(&Method::GET, &normal(url).ok_or(Denied::Invalid)?)
}

#[test]
fn only_what_the_table_lists_may_leave() {
    use Denied::{Invalid, Loopback, Scheme, Unlisted, Userinfo};
    for (url, verdict) in [
        // Names of the manifest, however they are written.
        ("https://id.example.com/token", Ok(())),
        ("HTTPS://ID.Example.COM/token", Ok(())),
        ("https://id.example.com:443/token", Ok(())),
        ("https://id.example.com./token", Ok(())),
        ("https://%69d.example.com/", Ok(())),
        ("https://id。example。com/", Ok(())),
        ("https://bücher.example/", Ok(())),
        ("https://xn--bcher-kva.example/", Ok(())),
        ("https://id.example.com:8443/", Err(Unlisted)),
        ("https://id.example.com:80/", Err(Unlisted)),
        ("https://id.example.com.evil.example/", Err(Unlisted)),
        ("https://evil.example/id.example.com", Err(Unlisted)),
        ("https://evil.example?id.example.com", Err(Unlisted)),
        ("https://evil.example#@id.example.com", Err(Unlisted)),
        ("https://evil.example\\@id.example.com/", Err(Unlisted)),
        ("https://іd.example.com/", Err(Unlisted)),
        // Below a domain.
        ("https://eu.api.example.com/x?y", Ok(())),
        ("https://EU.API.example.com.:443/x?y", Ok(())),
        ("https://a.b.api.example.com", Ok(())),
        ("https://api.example.com/", Err(Unlisted)),
        ("https://evilapi.example.com/", Err(Unlisted)),
        ("https://eu.api.example.com.evil.example/", Err(Unlisted)),
        ("https://.api.example.com/", Err(Invalid)),
        ("https://eu..api.example.com/", Err(Invalid)),
        ("https://eu.api.example.com../", Err(Invalid)),
        ("https://*.api.example.com/", Err(Invalid)),
        // Origins that were typed, with their port and no other.
        ("https://gateway.example.net:8443/any/path", Ok(())),
        ("https://gateway.example.net.:8443/", Ok(())),
        ("https://dotted.example.net/", Ok(())),
        ("https://dotted.example.net./", Ok(())),
        ("https://gateway.example.net/", Err(Unlisted)),
        ("https://sub.gateway.example.net:8443/", Err(Unlisted)),
        // Addresses: only where they were typed, in every way of writing them.
        ("https://192.0.2.7/", Ok(())),
        ("https://0xc0000207/", Ok(())),
        ("https://[2001:db8::7]/", Ok(())),
        ("https://[2001:0DB8:0:0::0007]:443/", Ok(())),
        ("https://192.0.2.1/", Err(Unlisted)),
        ("https://3221225985/", Err(Unlisted)),
        ("https://0300.0.2.1/", Err(Unlisted)),
        ("https://[2001:db8::8]/", Err(Unlisted)),
        ("https://[::ffff:192.0.2.7]/", Err(Unlisted)),
        ("https://192.0.2.999/", Err(Invalid)),
        ("https://[2001:db8::7%25eth0]/", Err(Invalid)),
        // Only https.
        ("http://id.example.com/token", Err(Scheme)),
        ("http://id.example.com:443/token", Err(Unlisted)),
        ("http://plain.example.net/", Err(Scheme)),
        ("https://plain.example.net/", Err(Unlisted)),
        ("wss://id.example.com/", Err(Scheme)),
        ("ftp://id.example.com/", Err(Scheme)),
        ("http://evil.example/", Err(Unlisted)),
        // No user, wherever it leads.
        ("https://id.example.com@evil.example/", Err(Userinfo)),
        ("https://user@id.example.com/", Err(Userinfo)),
        ("https://:password@id.example.com/", Err(Userinfo)),
        ("https://user:password@127.0.0.1/", Err(Userinfo)),
        ("https://@id.example.com/", Ok(())),
        // This machine, in every way of writing it.
        ("http://127.0.0.1:8080/", Err(Loopback)),
        ("https://127.255.0.1/", Err(Loopback)),
        ("https://127.1/", Err(Loopback)),
        ("https://127.0.0.1./", Err(Loopback)),
        ("https://2130706433/", Err(Loopback)),
        ("https://0x7f000001/", Err(Loopback)),
        ("https://017700000001/", Err(Loopback)),
        ("https://0177.0.0.1/", Err(Loopback)),
        ("https://[::1]/", Err(Loopback)),
        ("https://[0:0:0:0:0:0:0:1]/", Err(Loopback)),
        ("https://[::ffff:127.0.0.1]/", Err(Loopback)),
        ("https://[::ffff:7f00:1]/", Err(Loopback)),
        ("https://localhost/", Err(Loopback)),
        ("https://LocalHost./", Err(Loopback)),
        ("https://any.localhost/", Err(Loopback)),
        // No URLs.
        ("", Err(Invalid)),
        ("id.example.com", Err(Invalid)),
        ("/token", Err(Invalid)),
        ("https://", Err(Invalid)),
        ("data:,x", Err(Invalid)),
        ("https://id.example.com:99999/", Err(Invalid)),
    ] {
        assert_eq!(judge(&policy(false), url), verdict, "{url}");
    }
}

#[test]
fn loopback_is_opened_by_its_flag_alone() {
    for (url, verdict) in [
        ("http://127.0.0.1:8080/", Ok(())),
        ("http://0177.1:8080/", Ok(())),
        ("https://[::1]:1/", Ok(())),
        ("http://localhost/", Ok(())),
        ("http://localhost.:8080/", Ok(())),
        ("ftp://localhost/", Err(Denied::Scheme)),
        ("http://user@localhost/", Err(Denied::Userinfo)),
        ("http://192.0.2.1/", Err(Denied::Unlisted)),
        ("http://0.0.0.0/", Err(Denied::Unlisted)),
        ("http://[::]/", Err(Denied::Unlisted)),
        ("http://id.example.com/", Err(Denied::Scheme)),
    ] {
        assert_eq!(judge(&policy(true), url), verdict, "{url}");
    }
}

#[test]
fn an_account_narrows_what_the_manifest_asks_for_and_not_what_it_types() {
    use Denied::{Narrowed, Unlisted};
    let narrowed = |entries: &[&str]| Policy::new(asked(), Some(hosts(entries)), &typed(), false);
    let eu = narrowed(&["EU.api.example.com.", "*.west.api.example.com"]);
    for (url, verdict) in [
        ("https://eu.api.example.com/", Ok(())),
        ("https://us.west.api.example.com/", Ok(())),
        ("https://us.api.example.com/", Err(Narrowed)),
        ("https://id.example.com/", Err(Narrowed)),
        ("https://evil.example/", Err(Unlisted)),
        ("https://gateway.example.net:8443/", Ok(())),
    ] {
        assert_eq!(judge(&eu, url), verdict, "{url}");
    }
    let nothing = narrowed(&[]);
    assert_eq!(judge(&nothing, "https://id.example.com/"), Err(Narrowed));
    assert_eq!(judge(&nothing, "https://192.0.2.7/"), Ok(()));
    // What the manifest does not ask for is not opened by the account either.
    let wider = narrowed(&["id.example.com", "evil.example"]);
    assert_eq!(judge(&wider, "https://evil.example/"), Err(Unlisted));
}

#[test]
fn a_list_covers_what_is_in_it_and_below_it() {
    for (entry, covered) in [
        ("id.example.com", true),
        ("ID.example.com.", true),
        ("xn--bcher-kva.example", true),
        ("eu.api.example.com", true),
        ("*.api.example.com", true),
        ("*.eu.api.example.com", true),
        ("api.example.com", false),
        ("*.id.example.com", false),
        ("*.example.com", false),
        ("*.evilapi.example.com", false),
        ("evil.example", false),
    ] {
        assert_eq!(asked().cover(&hosts(&[entry])), covered, "{entry}");
    }
    assert!(asked().cover(&Hosts::default()));
}

#[test]
fn no_tunnel_and_no_echo_is_let_out() {
    let url = normal("https://id.example.com/").unwrap();
    let method = |name: &str| Method::from_bytes(name.as_bytes()).unwrap();
    for (method, verdict) in [
        (Method::CONNECT, Err(Denied::Method)),
        (Method::TRACE, Err(Denied::Method)),
        (method("Connect"), Err(Denied::Method)),
        (method("trace"), Err(Denied::Method)),
        (method("tRACE"), Err(Denied::Method)),
        (method("traces"), Ok(())),
        (Method::POST, Ok(())),
        (Method::PATCH, Ok(())),
    ] {
        assert_eq!(policy(false).judge(&method, &url), verdict, "{method}");
    }
}

#[test]
fn an_empty_table_denies_all() {
    for url in ["https://id.example.com/", "https://192.0.2.1/"] {
        assert_eq!(judge(&Policy::default(), url), Err(Denied::Unlisted));
    }
}

#[test]
fn a_form_that_is_not_in_the_table_is_refused() {
    for entry in [
        "",
        "*",
        "*.",
        "*.com.*",
        "*foo.example.com",
        "**.example.com",
        "*.*.example.com",
        "com",
        "com.",
        "*.com",
        ".example.com",
        "a..example.com",
        "a.example.com..",
        "a%2eexample.com",
        "https://a.example",
        "a.example/",
        "a.example:443",
        "user@a.example",
        "a example.com",
        "192.0.2.1",
        "0xc0.0.2.1",
        "[2001:db8::1]",
        "*.192.0.2.1",
    ] {
        assert_eq!(Hosts::parse(&[entry.to_owned()]).unwrap_err(), entry);
    }
}

/// Pieces of hosts that come close to those of the table.
fn host() -> impl Strategy<Value = String> {
    let label = prop_oneof![
        Just("id".to_owned()),
        Just("api".to_owned()),
        Just("example".to_owned()),
        Just("com".to_owned()),
        Just("net".to_owned()),
        Just("gateway".to_owned()),
        Just("evil".to_owned()),
        Just("localhost".to_owned()),
        Just(String::new()),
        "[a-zA-Z0-9-]{1,6}",
    ];
    let own = prop::collection::vec(label, 1..6).prop_map(|labels| labels.join("."));
    let known = prop_oneof![
        Just("id.example.com".to_owned()),
        Just("eu.api.example.com".to_owned()),
        Just("gateway.example.net".to_owned()),
        Just("127.0.0.1".to_owned()),
        Just("[::1]".to_owned()),
    ];
    let host = prop_oneof![own, known];
    let dots = prop_oneof![Just(""), Just("."), Just("..")];
    (host, dots, any::<u64>()).prop_map(|(host, dots, upper)| {
        let cased = host.chars().enumerate().map(|(at, letter)| {
            if upper >> (at % 64) & 1 == 1 {
                letter.to_ascii_uppercase()
            } else {
                letter
            }
        });
        cased.collect::<String>() + dots
    })
}

/// Whether the table of [`policy`] lists it, told from the parts that the URL was made of.
fn is_listed(scheme: &str, user: &str, host: &str, port: Option<u16>) -> bool {
    let host = host.to_ascii_lowercase();
    let host = host.strip_suffix('.').unwrap_or(&host);
    let labels: Vec<&str> = host.split('.').collect();
    let asked = match labels.as_slice() {
        ["id", "example", "com"] => true,
        [above @ .., "api", "example", "com"] => {
            !above.is_empty() && above.iter().all(|label| !label.is_empty())
        }
        _ => false,
    };
    let asked = asked && port.is_none_or(|port| port == 443);
    let typed = match host {
        "gateway.example.net" => port == Some(8443),
        "dotted.example.net" => port.is_none_or(|port| port == 443),
        _ => false,
    };
    scheme.eq_ignore_ascii_case("https") && user.is_empty() && (asked || typed)
}

proptest! {
    #[test]
    fn no_url_whose_host_is_not_listed_is_ever_let_out(
        scheme in prop_oneof![
            4 => Just("https"),
            1 => Just("HTTPS"),
            1 => Just("http"),
            1 => Just("wss"),
            1 => Just("ftp"),
        ],
        user in prop_oneof![
            3 => Just(String::new()),
            1 => "[a-z:.]{1,8}".prop_map(|user| user + "@"),
            1 => Just("id.example.com@".to_owned()),
        ],
        host in host(),
        port in prop_oneof![
            Just(None),
            Just(Some(443)),
            Just(Some(8443)),
            any::<u16>().prop_map(Some),
        ],
        rest in "[/?#][ -~]{0,20}",
    ) {
        let at = port.map(|port| format!(":{port}")).unwrap_or_default();
        let url = format!("{scheme}://{user}{host}{at}{rest}");
        // A user that is nothing but a colon is none.
        let user = if user == ":@" { "" } else { &user };
        let out = judge(&policy(false), &url).is_ok();
        let listed = is_listed(scheme, user, &host, port);
        prop_assert!(!out || listed, "{url}");
        // Not everything that begins like a name in Punycode is one.
        let punycode = host.to_ascii_lowercase().contains("xn--");
        prop_assert!(out || !listed || punycode, "{url}");
    }

    #[test]
    fn what_is_let_out_is_https_to_a_listed_host_whatever_the_text_is(text in "\\PC{0,40}") {
        if let Some(url) = normal(&format!("https://{text}"))
            && policy(false).judge(&Method::GET, &url).is_ok()
        {
            let port = url.port();
            let host = url.host_str().unwrap();
            let literal = ["192.0.2.7", "[2001:db8::7]"].contains(&host);
            let book = host == "xn--bcher-kva.example";
            prop_assert!(
                literal || book || is_listed(url.scheme(), url.username(), host, port),
                "{url}"
            );
        }
    }
}
