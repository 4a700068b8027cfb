//! What a host keeps a component from: other hosts, and more requests than the manifest allows.

use std::time::Duration;

use serde_json::json;
use sophos_central_simulator::{Fleet, Options};

use super::tenant;
use crate::place::{Host, Place};

/// A host that neither the manifest nor the operator names is not reached.
pub fn a_host_that_is_not_allowed_is_not_reached(host: &Host) {
    let place = tenant();
    for allow in [None, Some("http://127.0.0.1:1".to_owned())] {
        let mut call = place.call("collect");
        call.allow = allow;
        let ran = place.run(host, &call).expect(1).says(&["denied: "]);
        assert_eq!(ran.stdout, "");
    }
    assert_eq!(place.simulator.connections(), 0);
}

/// No window of a second holds more than the ten requests that the manifest of Sophos' component allows.
pub fn requests_keep_to_the_limits_of_the_manifest(host: &Host) {
    let mut place = Place::new(Options::new(Fleet::new(1, 1_500)));
    place.config = json!({"page_size": 50});
    let ran = place.collect(host).expect(0);
    assert_eq!(ran.stdout.lines().count(), 1_500);
    let requests = place.simulator.requests();
    assert!(requests.len() >= 32, "{}", requests.len());
    for window in requests.windows(11) {
        // Half a second less, as two requests may be on their way for different times.
        let between = window[10].received - window[0].received;
        assert!(
            between > Duration::from_millis(500),
            "eleven requests in {between:?}"
        );
    }
}

/// A component sees neither environment variables nor files, not even those beside the host.
pub fn a_component_gets_no_environment_and_no_files(host: &Host) {
    let place = tenant();
    let folder = place.path("");
    std::fs::write(place.path("asset-host.toml"), "").unwrap();
    for (component, said) in [
        ("guests/environment.wasm", "other: nothing was there"),
        ("guests/filesystem.wasm", "other: no file was reached"),
    ] {
        let mut call = place.call("collect");
        call.component = component;
        call.arguments = vec![json!({ "how": folder }).to_string()];
        let ran = place.run(host, &call).expect(1).says(&[said]);
        assert_eq!(ran.stdout, "");
    }
}

/// A component sets no header that belongs to the connection.
pub fn a_component_sets_no_header_of_the_connection(host: &Host) {
    let place = tenant();
    let mut call = place.call("collect");
    call.component = "guests/forbidden_headers.wasm";
    call.arguments = vec!["{}".to_owned()];
    let ran = place.run(host, &call).expect(1);
    let ran = ran.says(&["denied: ", "Host (", "Transfer-Encoding ("]);
    assert_eq!(ran.stdout, "");
}

/// A call that computes for ever is ended, and counts as an API that is unavailable.
pub fn a_component_that_computes_for_ever_is_ended(host: &Host) {
    let place = tenant();
    let mut call = place.call("collect");
    call.component = "guests/endless_loop.wasm";
    call.arguments = vec!["{}".to_owned()];
    call.deadline = 2;
    call.patience = 1;
    let ran = place.run(host, &call).expect(1);
    ran.says(&["unavailable: the call took longer than 2 s"]);
}
