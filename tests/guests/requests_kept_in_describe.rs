//! Holds requests with methods of 1 MiB before anything is approved.

use hostile_guests::serde_json::Value;
use hostile_guests::wasi::http::types::{Fields, Method, OutgoingRequest};
use hostile_guests::{Hostile, hostile};

struct Guest;

impl Hostile for Guest {
    fn describe(manifest: Value) -> String {
        let method = Method::Other("x".repeat(1 << 20));
        let requests: Vec<_> = (0..900)
            .map(|_| OutgoingRequest::new(Fields::new()))
            .collect();
        for request in &requests {
            // Whether it is refused or not, the request is held.
            let _ = request.set_method(&method);
        }
        manifest.to_string()
    }
}

hostile!(Guest);
