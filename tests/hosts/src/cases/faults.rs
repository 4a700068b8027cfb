//! Connections that break or hang once, in the midst of a walk: no event is lost or told twice.

use sophos_central_simulator::{Fault, Gzip, Route};

use super::tenant;
use crate::place::Host;
use crate::program;

/// Asserts that a walk whose second page fails so the first time collects everything.
fn weathers(host: &Host, faults: &[Fault], timeout: u32) {
    let place = tenant();
    let expected = program::events(&place);
    for fault in faults {
        place.simulator.clear_requests();
        place.simulator.fault(Route::Endpoints, 2, fault.clone());
        let mut call = place.call("collect");
        call.timeout = timeout;
        let ran = place
            .run(host, &call)
            .expect(0)
            .says(&["trying again", "unavailable: "]);
        assert!(ran.stdout == expected, "other events: {}", ran.stderr);
        assert!(place.simulator.requests_of(Route::Endpoints).len() > 3);
    }
}

/// A connection that is reset or closed instead of an answer is tried again.
pub fn a_broken_connection_is_tried_again(host: &Host) {
    weathers(host, &[Fault::Reset, Fault::Close], 30);
}

/// An answer that ends too early is tried again.
pub fn an_answer_that_ends_early_is_tried_again(host: &Host) {
    weathers(host, &[Fault::Truncate, Fault::BrokenGzip], 30);
    let place = tenant();
    // Without compression only the host sees that the end is missing.
    place
        .simulator
        .configure(|options| options.gzip = Gzip::Never);
    place.simulator.fault(Route::Endpoints, 2, Fault::Truncate);
    let ran = place.collect(host).expect(0).says(&["unavailable: "]);
    assert_eq!(ran.stdout.lines().count(), 1_200);
}

/// An answer that does not begin, or stops in its midst, is given up after the timeout and tried again.
pub fn an_answer_that_stalls_is_tried_again(host: &Host) {
    weathers(host, &[Fault::Stall, Fault::StallInBody], 2);
}

/// Bytes that are not HTTP are tried again.
pub fn bytes_that_are_not_http_are_tried_again(host: &Host) {
    weathers(host, &[Fault::Wire(b"SSH-2.0-example\r\n".to_vec())], 30);
}

/// A connection that always breaks fails the source after a while, and only then.
pub fn a_connection_that_always_breaks_is_given_up(host: &Host) {
    let place = tenant();
    place.simulator.fault_always(Route::Endpoints, Fault::Reset);
    let mut call = place.call("collect");
    call.patience = 2;
    place
        .run(host, &call)
        .expect(1)
        .says(&["trying again", "unavailable: "]);
    assert!(place.simulator.requests_of(Route::Endpoints).len() > 1);
}
