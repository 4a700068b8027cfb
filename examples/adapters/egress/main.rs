//! Stands between a connector and `wasi:http`: refuses requests to hosts that are not allowed, lets requests wait for
//! their turn, and sets timeouts. The types of `wasi:http` pass through, so only the start of a request comes by here.

mod allow_list;
mod bindings;
mod rate_limit;
mod rules;

use std::cell::RefCell;
use std::thread;
use std::time::Instant;

use bindings::exports::inventory::adapters::egress::{Guest as Egress, Rules};
use bindings::exports::wasi::http::outgoing_handler::Guest as OutgoingHandler;
use bindings::wasi::http::outgoing_handler;
use bindings::wasi::http::types::{
    ErrorCode, FutureIncomingResponse, Method, OutgoingRequest, RequestOptions, Scheme,
};

use crate::rules::Gate;

thread_local! {
    /// `None` until the rules are set: nothing may leave.
    static GATE: RefCell<Option<Gate>> = const { RefCell::new(None) };
}

/// The component, whose exports are below.
pub(crate) struct Component;

impl Egress for Component {
    fn configure(rules: Rules) -> Result<(), String> {
        GATE.with_borrow_mut(|gate| {
            *gate = Some(Gate::new(&rules, gate.take())?);
            Ok(())
        })
    }
}

impl OutgoingHandler for Component {
    fn handle(
        request: OutgoingRequest,
        options: Option<RequestOptions>,
    ) -> Result<FutureIncomingResponse, ErrorCode> {
        let timeout = GATE.with_borrow_mut(|gate| {
            let gate = gate.as_mut().ok_or(ErrorCode::HttpRequestDenied)?;
            if !may_leave(gate, &request) {
                return Err(ErrorCode::HttpRequestDenied);
            }
            thread::sleep(gate.limiter.reserve(Instant::now()));
            Ok(gate.timeout_nanos)
        })?;
        outgoing_handler::handle(request, Some(with_timeouts(options, timeout)))
    }
}

fn may_leave(gate: &Gate, request: &OutgoingRequest) -> bool {
    let tunnels = match request.method() {
        Method::Connect | Method::Trace => true,
        Method::Other(name) => ["connect", "trace"]
            .iter()
            .any(|tunnel| name.eq_ignore_ascii_case(tunnel)),
        _ => false,
    };
    let scheme = match request.scheme() {
        Some(Scheme::Https) => "https",
        Some(Scheme::Http) => "http",
        _ => return false,
    };
    let authority = request.authority().unwrap_or_default();
    !tunnels && gate.allow_list.allows(scheme, &authority)
}

/// Returns the component's options, with our timeouts where it has none or longer ones.
fn with_timeouts(options: Option<RequestOptions>, nanos: u64) -> RequestOptions {
    let options = options.unwrap_or_else(RequestOptions::new);
    let bounded = |timeout: Option<u64>| Some(timeout.unwrap_or(nanos).min(nanos));
    // A host that does not know one of them goes on without it.
    let _ = options.set_connect_timeout(bounded(options.connect_timeout()));
    let _ = options.set_first_byte_timeout(bounded(options.first_byte_timeout()));
    let _ = options.set_between_bytes_timeout(bounded(options.between_bytes_timeout()));
    options
}
