//! Bounds on the texts of a request that a component is putting together.
//!
//! wasmtime-wasi-http keeps a method, an authority and a path of any length, outside of the component's own memory. So
//! its functions that take them are wrapped: a text that no honest request has is refused before it is kept. Header
//! fields have a bound of their own in that crate (see [`crate::sandbox::instance`]).

use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, LinkerInstance, Resource};
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

type Request = Resource<HostOutgoingRequest>;
type Store<'a> = StoreContextMut<'a, Sandbox>;

/// Wraps the functions of a linker that has `wasi:http`.
///
/// # Errors
///
/// When the linker does not take them.
pub fn bound(linker: &mut Linker<Sandbox>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    let mut types = linker.instance(HTTP_TYPES)?;
    types.func_wrap(
        "[method]outgoing-request.set-method",
        |mut store: Store<'_>, (request, method): (Request, Method)| {
            if let Method::Other(name) = &method
                && name.len() > MAX_METHOD
            {
                return Ok(REFUSED);
            }
            let set = store.data_mut().http().set_method(request, method)?;
            Ok((set,))
        },
    )?;
    bound_text(
        &mut types,
        "authority",
        MAX_AUTHORITY,
        |store, request, text| store.data_mut().http().set_authority(request, text),
    )?;
    bound_text(
        &mut types,
        "path-with-query",
        MAX_PATH,
        |store, request, text| store.data_mut().http().set_path_with_query(request, text),
    )?;
    linker.allow_shadowing(false);
    Ok(())
}

/// A function of `wasi:http` that sets an optional text of a request.
type SetText = fn(&mut Store<'_>, Request, Option<String>) -> wasmtime::Result<Result<(), ()>>;

/// Wraps the function that sets an optional text, of at most `max` bytes.
fn bound_text(
    types: &mut LinkerInstance<'_, Sandbox>,
    what: &str,
    max: usize,
    set: SetText,
) -> wasmtime::Result<()> {
    types.func_wrap(
        &format!("[method]outgoing-request.set-{what}"),
        move |mut store: Store<'_>, (request, text): (Request, Option<String>)| {
            if text.as_ref().is_some_and(|text| text.len() > max) {
                return Ok(REFUSED);
            }
            Ok((set(&mut store, request, text)?,))
        },
    )
}
