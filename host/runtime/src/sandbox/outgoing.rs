//! Bounds on the texts of a request that a component is putting together.
//!
//! wasmtime-wasi-http keeps a method, an authority and a path of any length, outside of the component's own memory. So
//! its functions that take them are wrapped: a text that no honest request has is refused before it is kept. Header
//! fields have a bound of their own in that crate (see [`crate::sandbox::instance`]).

use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi_http::WasiHttpView;
use wasmtime_wasi_http::p2::bindings::http::types::{HostOutgoingRequest as _, Method};
use wasmtime_wasi_http::p2::types::HostOutgoingRequest;

use crate::sandbox::instance::Sandbox;

/// The longest method, in bytes. The longest that is registered, `UPDATEREDIRECTREF`, has 17.
pub const MAX_METHOD: usize = 64;

/// The longest host with its port, in bytes. A name has 253 at most, a port 5.
pub const MAX_AUTHORITY: usize = 300;

/// The longest path with its query, in bytes: what most servers take as a whole request line.
pub const MAX_PATH: usize = 8 << 10;

/// The interface that is wrapped, with the version that wasmtime-wasi-http gives it.
const HTTP_TYPES: &str = "wasi:http/types@0.2.12";

/// The error for what a component may not set; the request stays as it was.
const REFUSED: (Result<(), ()>,) = (Err(()),);

/// Wraps the functions of a linker that has `wasi:http`.
///
/// # Errors
///
/// When the linker does not take them.
pub fn bound(linker: &mut Linker<Sandbox>) -> wasmtime::Result<()> {
    type Request = Resource<HostOutgoingRequest>;
    linker.allow_shadowing(true);
    let mut types = linker.instance(HTTP_TYPES)?;
    types.func_wrap(
        "[method]outgoing-request.set-method",
        |mut store: StoreContextMut<'_, Sandbox>, (request, method): (Request, Method)| {
            if let Method::Other(name) = &method
                && name.len() > MAX_METHOD
            {
                return Ok(REFUSED);
            }
            let set = store.data_mut().http().set_method(request, method)?;
            Ok((set,))
        },
    )?;
    types.func_wrap(
        "[method]outgoing-request.set-authority",
        |mut store: StoreContextMut<'_, Sandbox>, (request, text): (Request, Option<String>)| {
            if is_longer(text.as_deref(), MAX_AUTHORITY) {
                return Ok(REFUSED);
            }
            let set = store.data_mut().http().set_authority(request, text)?;
            Ok((set,))
        },
    )?;
    types.func_wrap(
        "[method]outgoing-request.set-path-with-query",
        |mut store: StoreContextMut<'_, Sandbox>, (request, text): (Request, Option<String>)| {
            if is_longer(text.as_deref(), MAX_PATH) {
                return Ok(REFUSED);
            }
            let set = store.data_mut().http().set_path_with_query(request, text)?;
            Ok((set,))
        },
    )?;
    linker.allow_shadowing(false);
    Ok(())
}

fn is_longer(text: Option<&str>, most: usize) -> bool {
    text.is_some_and(|text| text.len() > most)
}
