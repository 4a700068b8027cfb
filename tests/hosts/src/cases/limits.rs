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
