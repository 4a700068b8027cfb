//! The cases, each a sentence about a host.

mod another;
mod errors;
mod faults;
mod functions;
mod limits;

pub use another::*;
pub use errors::*;
pub use faults::*;
pub use functions::*;
pub use limits::*;

use sophos_central_simulator::{Credential, Fleet, Options, Tenant};

use crate::place::Place;

/// How many endpoints the tenant has: three pages.
const ENDPOINTS: u64 = 1_200;

/// Returns a place with one tenant.
fn tenant() -> Place {
    Place::new(Options::new(Fleet::new(1, ENDPOINTS)))
}

/// Returns a place with a partner of so many tenants with two endpoints each.
fn partner(tenants: u64) -> Place {
    partner_of(Tenant::generate(7, tenants, 2))
}

fn partner_of(tenants: Vec<Tenant>) -> Place {
    Place::new(Options::with_tenants(Credential::Partner, tenants))
}

/// Returns the lines in order.
fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<_> = text.lines().collect();
    lines.sort_unstable();
    lines
}
