//! Accounts, each with a simulated Sophos Central of its own, whose devices check in as the test says.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::thread;
use std::time::Duration;

use fastrand::Rng;
use sophos_central_simulator::{CLIENT_ID, Clock, Fleet, Options, Route, Simulator, instant};
use time::OffsetDateTime;

use crate::built;

/// How many endpoints an account has.
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
    simulator: Simulator,
    now: OffsetDateTime,
}

impl Account {
    /// Returns an account whose endpoints follow from its number.
    pub fn new(number: u64) -> Self {
        let now = instant("2026-11-20T12:00:00Z");
        let simulator = Simulator::start(Options {
            clock: Clock::Fixed(now),
            ..Options::new(Fleet::new(number, ENDPOINTS))
        });
        simulator.before_each(|_| thread::sleep(PAGE_TIME));
        Self {
            name: format!("account-{number}"),
            simulator,
            now,
        }
    }

    /// Returns the account's part of the configuration; it delivers to `intake`.
    pub fn config(&self, intake: &str) -> String {
        config(&self.name, self.simulator.url(), intake, PAGE)
    }

    /// Lets some endpoints check in, and advances the API's clock.
    pub fn check_in(&mut self, rng: &mut Rng) {
        let before = self.now;
        self.now += time::Duration::minutes(5);
        self.simulator.fleet(|fleet| {
            for index in 0..ENDPOINTS {
                if rng.u8(..) < 150 {
                    fleet.check_in(index, before + time::Duration::seconds(rng.i64(1..300)));
                }
            }
        });
        // Afterwards, so that a walk that begins in between does not end at a time that it has not seen.
        let now = self.now;
        self.simulator
            .configure(|options| options.clock = Clock::Fixed(now));
    }

    /// Returns the current state of every endpoint that has one.
    pub fn fleet(&self) -> BTreeSet<Seen> {
        self.simulator.fleet(|fleet| {
            let seen = |index| Some((fleet.id(index), fleet.last_seen(index)?.unix_timestamp()));
            (0..ENDPOINTS).filter_map(seen).collect()
        })
    }

    /// Returns how many requests for a page came from a replica after another one had begun, since the last call. Each
    /// run of a replica has a token of its own.
    pub fn late_requests(&self) -> usize {
        let mut earlier = BTreeSet::new();
        let mut last = None;
        let mut late = 0;
        for request in self.simulator.requests_of(Route::Endpoints) {
            let token = request
                .header("authorization")
                .unwrap_or_default()
                .to_owned();
            if last.as_ref() != Some(&token) {
                earlier.extend(last.replace(token.clone()));
            }
            late += usize::from(earlier.contains(&token));
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
