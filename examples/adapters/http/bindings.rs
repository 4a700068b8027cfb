//! The world `http-server`, generated.
#![allow(
    missing_docs,
    unsafe_code,
    clippy::all,
    clippy::restriction,
    reason = "generated code is not ours to document or to make safe"
)]

wit_bindgen::generate!({
    path: ["../../wit", "adapters.wit"],
    world: "inventory:adapters/http-server",
    generate_all,
});
use super::Component;
export!(Component);
