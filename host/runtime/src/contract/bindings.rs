//! The host's side of `wit/`, generated.
//!
//! Lints are relaxed here and nowhere else: generated code is not ours to document.
#![allow(missing_docs, clippy::all, clippy::restriction)]

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "connector-api",
    imports: { default: async },
    exports: { default: async },
});
