//! The Rust side of `wit/`, generated; [`hostile!`](crate::hostile) exports it.
#![allow(
    missing_docs,
    unsafe_code,
    clippy::all,
    clippy::restriction,
    reason = "generated code is not ours to document or to make safe"
)]

wit_bindgen::generate!({
    path: "../../wit",
    world: "connector",
    generate_all,
    pub_export_macro: true,
    default_bindings_module: "hostile_guests::bindings",
});
