use serde_json::{Value, json};
use url::Url;

use super::*;
use crate::config::{Config, SCHEMA};
use crate::sophos::tenants::{Listed, Listing};
use crate::sophos::trust;

const ID: &str = "11d1f0aa-3b7e-4c8e-9d10-2f4c5a6b7c01";

fn listing(access: Result<Tenant, String>, unidentified: Vec<usize>) -> Listing {
    Listing {
        tenants: vec![Listed {
            id: ID.to_owned(),
            name: "Example Dental".to_owned(),
            access,
        }],
        unidentified,
        next: Some(3),
        count: None,
    }
}

#[test]
fn a_source_is_collected_with_the_accounts_config_and_its_tenant() {
    let tenant = Tenant {
        id: ID.to_owned(),
        api_host: Url::parse("https://api-eu01.central.sophos.com").unwrap(),
    };
    let config = r#"{"client_id": "c", "page_size": 7, "tenant": {"id": "old", "api_host": "x"}}"#;
    let page = sources(config, 2, listing(Ok(tenant.clone()), Vec::new()));
    assert_eq!(page.next.as_deref(), Some("3"));
    let [source] = page.sources.as_slice() else {
        panic!("{}", page.sources.len());
    };
    assert_eq!(
        (source.id.as_str(), source.name.as_str()),
        (ID, "Example Dental")
    );
    let config = source.config.as_ref().unwrap();
    assert_eq!(
        serde_json::from_str::<Value>(config).unwrap(),
        json!({
            "client_id": "c", "page_size": 7,
            "tenant": {"id": ID, "api_host": "https://api-eu01.central.sophos.com", "name": "Example Dental"},
        })
    );
    let read = Config::parse(config).unwrap();
    assert_eq!(read.tenant, Some(tenant));
    assert_eq!(read.mapping.tenant.unwrap().name, "Example Dental");
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    assert!(validator.is_valid(&serde_json::from_str(config).unwrap()));
}

#[test]
fn the_name_in_a_config_is_bounded_and_not_the_id() {
    for (name, expected) in [
        (ID.to_owned(), None),
        ("é".repeat(300), Some("é".repeat(256))),
        (" a\u{1b}\"b ".to_owned(), Some("a\u{1b}\"b".to_owned())),
    ] {
        let tenant = Tenant {
            id: ID.to_owned(),
            api_host: Url::parse("https://api-eu01.central.sophos.com").unwrap(),
        };
        let config = with_tenant(Map::new(), &tenant, &name);
        let config: Value = serde_json::from_str(&config).unwrap();
        assert_eq!(config["tenant"]["name"].as_str(), expected.as_deref());
    }
}

#[test]
fn a_tenant_that_cannot_be_collected_keeps_its_id_and_has_a_reason() {
    let page = sources(
        r#"{"client_id": "c"}"#,
        2,
        listing(Err("Why.".to_owned()), Vec::new()),
    );
    let found: Vec<_> = page
        .sources
        .iter()
        .map(|source| (source.id.as_str(), &source.config))
        .collect();
    assert_eq!(found, [(ID, &Err("Why.".to_owned()))]);
}

#[test]
fn entries_without_an_id_are_reported_together_with_their_places() {
    assert_eq!(trust::id(UNIDENTIFIED), None);
    for (places, words) in [
        (vec![17], "Page 2 of the tenants has entries without an id"),
        (vec![1, 17], ": number 1, 17 on the page."),
        (
            (1..=12).collect(),
            ": number 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more on the page.",
        ),
    ] {
        let page = sources("{}", 2, listing(Err(String::new()), places));
        let last = page.sources.last().unwrap();
        assert_eq!(last.id, UNIDENTIFIED);
        let reason = last.config.as_ref().unwrap_err();
        assert!(reason.contains(words), "{reason}");
    }
}
