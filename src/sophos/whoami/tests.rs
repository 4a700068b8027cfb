use url::Url;

use super::*;
use crate::bindings::inventory::connector::types::Error;
use crate::config::Config;

const ID: &str = "3f0f2c7e-2a1d-4b7c-9a55-0d9b6a1c2e01";

fn outcome(id: &str, kind: &str, region: &str) -> Result<Owner, Error> {
    let config =
        Config::parse(r#"{"client_id": "c", "api_host": "https://proxy.example:8443"}"#).unwrap();
    let body = format!(
        r#"{{"id": "{id}", "idType": "{kind}",
                "apiHosts": {{"global": "https://api.central.sophos.com/"{region}}}}}"#
    );
    read(&config, body.as_bytes())
}

#[test]
fn a_tenant_has_an_id_in_lower_case_and_a_trusted_host() {
    let region = r#", "dataRegion": "https://api-eu02.central.sophos.com""#;
    let Ok(Owner::Tenant(tenant)) = outcome(&ID.to_uppercase(), "tenant", region) else {
        panic!("no tenant");
    };
    assert_eq!(tenant.id, ID);
    assert_eq!(
        tenant.api_host.as_str(),
        "https://api-eu02.central.sophos.com/"
    );
    for region in [
        "",
        r#", "dataRegion": null"#,
        r#", "dataRegion": """#,
        r#", "dataRegion": "https://example.com""#,
    ] {
        assert!(
            matches!(outcome(ID, "tenant", region), Err(Error::Protocol(_))),
            "{region}"
        );
    }
}

#[test]
fn a_parent_needs_no_regional_host() {
    for (kind, level) in [
        ("partner", Level::Partner),
        ("organization", Level::Organization),
    ] {
        let id = ID.to_owned();
        assert_eq!(
            outcome(&ID.to_uppercase(), kind, "").unwrap(),
            Owner::Parent(Parent { level, id })
        );
        assert_eq!(level.word(), kind);
    }
}

#[test]
fn a_parent_needs_a_tenant_and_a_tenant_is_its_own() {
    let tenant = |id: &str, host: &str| Tenant {
        id: id.to_owned(),
        api_host: Url::parse(host).unwrap(),
    };
    let own = tenant(ID, "https://api-eu02.central.sophos.com");
    let moved = tenant(ID, "https://api-us03.central.sophos.com");
    let other = tenant("other", "https://api-eu02.central.sophos.com");
    let single = Owner::Tenant(own.clone());
    assert_eq!(single.tenant(None).unwrap(), own);
    assert_eq!(single.tenant(Some(&moved)).unwrap(), own);

    let parent = Owner::Parent(Parent {
        level: Level::Partner,
        id: "p".to_owned(),
    });
    assert_eq!(parent.tenant(Some(&other)).unwrap(), other);
    for (owner, named, field, words) in [
        (&single, Some(&other), "/tenant/id", "another one"),
        (&parent, None, "/tenant", "Run `discover`"),
    ] {
        let Err(Error::InvalidConfig(errors)) = owner.tenant(named) else {
            panic!("{field}");
        };
        let [error] = errors.as_slice() else {
            panic!("{field}");
        };
        assert_eq!(error.field, field);
        assert!(error.message.contains(words), "{}", error.message);
    }
}

#[test]
fn an_owner_that_is_unknown_or_has_no_id_is_refused() {
    for (id, kind) in [
        (ID, "galaxy"),
        (ID, "Tenant"),
        ("", "partner"),
        ("a b", "partner"),
    ] {
        assert!(
            matches!(outcome(id, kind, ""), Err(Error::Protocol(_))),
            "{id} {kind}"
        );
    }
}
