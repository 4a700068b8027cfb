//! The world `egress-filter`, generated.
#![allow(
    missing_docs,
    unsafe_code,
    clippy::all,
    clippy::restriction,
    reason = "generated code is not ours to document or to make safe"
)]

wit_bindgen::generate!({
    path: ["../../wit", "adapters.wit"],
    world: "inventory:adapters/egress-filter",
    generate_all,
});

// Native linkers, which the tests use, do not take the names of exports.
#[cfg(target_family = "wasm")]
use super::Component;
#[cfg(target_family = "wasm")]
export!(Component);
