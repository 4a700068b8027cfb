//! The Rust side of `wit/`, generated.
//!
//! The only module in which lints are relaxed: generated code is not ours to document or to make safe.
#![allow(missing_docs, unsafe_code, clippy::all, clippy::restriction)]

use super::Component;

#[cfg(feature = "connector")]
wit_bindgen::generate!({
    path: "../wit",
    world: "connector",
    generate_all,
});

#[cfg(not(feature = "connector"))]
wit_bindgen::generate!({
    path: "../wit",
    world: "mapper",
    generate_all,
});

export!(Component with_types_in self);
