//! Accounts, each with a simulated Sophos Central of its own, whose devices check in as the test says. Every other account
//! is a partner with two tenants, hence with two sources.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::thread;
use std::time::Duration;

use fastrand::Rng;
use sophos_central_simulator::{
    CLIENT_ID, Clock, Credential, Fleet, Options, Route, Simulator, Tenant, instant,
};
use time::OffsetDateTime;

use crate::built;

/// How many endpoints an account has, over all its sources.
pub const ENDPOINTS: u64 = 40;
/// How many endpoints are on a page.
pub const PAGE: usize = 8;
/// How long the API takes for a page, so that a fault meets an account at work.
const PAGE_TIME: Duration = Duration::from_millis(80);

/// The state of a device: its id, and when it checked in, in seconds of Unix time.
pub type Seen = (String, i64);

/// An account.
pub struct Account {
    /// Its name.
    pub name: String,
    /// How many sources it has.
    pub sources: usize,
    simulator: Simulator,
    now: OffsetDateTime,
}

impl Account {
    /// Returns an account whose endpoints follow from its number.
    pub fn new(number: u64) -> Self {
        let now = instant("2026-11-20T12:00:00Z");
        let (sources, options) = match number % 2 {
            1 => (1, Options::new(Fleet::new(number, ENDPOINTS))),
            _ => {
                let tenants = Tenant::generate(number, 2, ENDPOINTS / 2);
                (2, Options::with_tenants(Credential::Partner, tenants))
            }
        };
        let simulator = Simulator::start(Options {
            clock: Clock::Fixed(now),
            ..options
        });
        simulator.before_each(|_| thread::sleep(PAGE_TIME));
        Self {
            name: format!("account-{number}"),
            sources,
            simulator,
            now,
        }
    }

    /// Returns the account's part of the configuration; it delivers to `intake`.
    pub fn config(&self, intake: &str) -> String {
        config(&self.name, self.simulator.url(), intake, PAGE)
    }

    /// Lets the API answer so many requests, and then none until [`Self::release`].
    pub fn hold(&self, requests: u64) {
        self.simulator.hold(requests);
    }

    /// Waits until the API holds a request back.
    pub fn wait_until_held(&self) {
        self.simulator.wait_until_held();
    }

    /// Lets the API answer again.
    pub fn release(&self) {
        self.simulator.release();
    }

    /// Lets some endpoints check in, and advances the API's clock.
    pub fn check_in(&mut self, rng: &mut Rng) {
        let before = self.now;
        self.now += time::Duration::minutes(5);
        for source in 0..self.sources {
            self.simulator.fleet_of(source, |fleet| {
                for index in 0..ENDPOINTS / self.sources as u64 {
                    if rng.u8(..) < 150 {
                        let moment = before + time::Duration::seconds(rng.i64(1..300));
                        fleet.check_in(index, moment);
                    }
                }
            });
        }
        // Afterwards, so that a walk that begins in between does not end at a time that it has not seen.
        let now = self.now;
        self.simulator
            .configure(|options| options.clock = Clock::Fixed(now));
    }

    /// Returns the current state of every endpoint that has one.
    pub fn fleet(&self) -> BTreeSet<Seen> {
        let of_source = |source| {
            self.simulator.fleet_of(source, |fleet| {
                let seen =
                    |index| Some((fleet.id(index), fleet.last_seen(index)?.unix_timestamp()));
                let indexes = 0..ENDPOINTS / self.sources as u64;
                indexes.filter_map(seen).collect::<Vec<_>>()
            })
        };
        (0..self.sources).flat_map(of_source).collect()
    }

    /// Returns how many requests for a page of a source came from a replica after another one had begun with the source,
    /// since the last call. Each run of a source has a token of its own.
    pub fn late_requests(&self) -> usize {
        let mut late = 0;
        let mut tokens: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for request in self.simulator.requests_of(Route::Endpoints) {
            let header = |name: &str| request.header(name).unwrap_or_default().to_owned();
            let token = header("authorization");
            let tokens = tokens.entry(header("x-tenant-id")).or_default();
            if tokens.last() != Some(&token) {
                late += usize::from(tokens.contains(&token));
                tokens.push(token);
            }
        }
        self.simulator.clear_requests();
        late
    }
}

/// Returns the part of a configuration for an account, which delivers to an intake, by a path of its own; each request
/// names the replica.
pub fn config(name: &str, api: &str, intake: &str, page: usize) -> String {
    let component = built("sophos-assets.wasm");
    let mut text = String::new();
    write!(
        text,
        r#"
[account.{name}]
component = {component:?}
allow_loopback_http = true
rate_limits = []
[account.{name}.config]
client_id = "{CLIENT_ID}"
api_host = "{api}"
token_url = "{api}/api/v2/oauth2/token"
page_size = {page}
[account.{name}.secrets]
client_secret = {{ env = "TEST_CLIENT_SECRET" }}
[account.{name}.deliver]
to = "http"
url = "{intake}/{name}"
headers = {{ x-replica = {{ env = "REPLICA" }} }}
"#
    )
    .unwrap();
    text
}
