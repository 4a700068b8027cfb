//! The Rust side of `wit/`, generated.
//!
//! The only module in which lints are relaxed: generated code is not ours to document or to make safe.
#![allow(missing_docs, unsafe_code, clippy::all, clippy::restriction)]

/// The component, whose exports `lib.rs` implements.
#[cfg_attr(
    not(target_family = "wasm"),
    allow(dead_code, reason = "only wasm has exports")
)]
pub(crate) struct Component;

#[cfg(feature = "connector")]
wit_bindgen::generate!({
    path: "../../wit",
    world: "connector",
    generate_all,
});

#[cfg(not(feature = "connector"))]
wit_bindgen::generate!({
    path: "../../wit",
    world: "mapper",
    generate_all,
});

// Native linkers do not take the names of exports, such as `inventory:connector/mapping@0.1.0#map`.
#[cfg(target_family = "wasm")]
export!(Component with_types_in self);
