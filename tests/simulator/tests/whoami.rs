//! The whoami route.

use serde_json::json;
use sophos_central_simulator::{
    ACCOUNT_ID, Credential, DEFAULT_TENANT, Fault, Fleet, Options, Route, Simulator, Tenant,
};

use crate::client::{Client, Session, assert_error};

#[test]
fn a_tenant_credential_has_a_data_region_and_others_have_none() {
    let simulator = Simulator::start(Options::new(Fleet::new(1, 0)));
    let url = simulator.url();
    let mut session = Session::of(&simulator);
    let body = session.get("/whoami/v1", &[]).unwrap().json();
    assert_eq!(
        body,
        json!({"id": DEFAULT_TENANT, "idType": "tenant", "apiHosts": {"global": url, "dataRegion": url}})
    );
    for (credential, name) in [
        (Credential::Partner, "partner"),
        (Credential::Organization, "organization"),
    ] {
        simulator.configure(|options| options.credential = credential);
        let body = session.get("/whoami/v1", &[]).unwrap().json();
        assert_eq!(
            body,
            json!({"id": ACCOUNT_ID, "idType": name, "apiHosts": {"global": url}})
        );
    }
}

#[test]
fn ids_can_be_in_upper_case_and_the_global_host_can_end_in_a_slash() {
    let mut options = Options::new(Fleet::new(1, 0));
    options.upper_case_id = true;
    options.trailing_slash = true;
    let simulator = Simulator::start(options);
    let body = Session::of(&simulator)
        .get("/whoami/v1", &[])
        .unwrap()
        .json();
    assert_eq!(body["id"], DEFAULT_TENANT.to_uppercase());
    assert_eq!(body["apiHosts"]["global"], format!("{}/", simulator.url()));
}

#[test]
fn whoami_without_a_token_gets_401() {
    let simulator = Simulator::start(Options::new(Fleet::new(1, 0)));
    assert_error(&Client::of(&simulator).get("/whoami/v1", &[]).unwrap(), 401);
}

#[test]
fn an_option_or_a_fault_can_set_another_data_region() {
    let mut tenant = Tenant::new(DEFAULT_TENANT, "Example", Fleet::new(1, 0));
    tenant.api_host = Some("https://api-eu01.example.com".to_owned());
    let simulator = Simulator::start(Options::with_tenants(Credential::Tenant, vec![tenant]));
    simulator.fault(
        Route::Whoami,
        2,
        Fault::WrongHost("https://other.example.com".to_owned()),
    );
    let mut session = Session::of(&simulator);
    let mut region =
        || session.get("/whoami/v1", &[]).unwrap().json()["apiHosts"]["dataRegion"].clone();
    assert_eq!(region(), "https://api-eu01.example.com");
    assert_eq!(region(), "https://other.example.com");
}
