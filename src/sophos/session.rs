//! The session: an access token and whose it is, kept in the instance between calls.
//!
//! Losing it costs a request or two, never a record. One instance serves one account, so there is one
//! session at most; another account's configuration replaces it.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use super::token::{self, Token};
use super::whoami::{self, Tenant};
use crate::bindings::inventory::connector::types::Error;
use crate::config::Config;

/// A token is renewed when less than this of its life is left, or a tenth of it where it is short.
const MARGIN: Duration = Duration::from_secs(60);

/// No token is kept for longer, whatever its answer says.
const LONGEST_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// What a call needs to ask the API.
#[derive(Clone, Debug)]
pub struct Session {
    account: (String, String, String),
    /// For the `Authorization` header.
    pub token: Token,
    renew_at: Instant,
    /// Whose endpoints they are.
    pub tenant: Tenant,
    /// Whether the token was given in this very call, so that its refusal is no expiry.
    pub fresh: bool,
}

thread_local! {
    static KEPT: RefCell<Option<Session>> = const { RefCell::new(None) };
}

/// The kept session of the account, or a new one: `POST /api/v2/oauth2/token` and `GET /whoami/v1`.
pub fn open(config: &Config) -> Result<Session, Error> {
    let account = (
        config.token_url.to_string(),
        config.api_host.to_string(),
        config.client_id.clone(),
    );
    let kept = KEPT.take().filter(|kept| kept.account == account);
    let session = match kept {
        Some(kept) if Instant::now() < kept.renew_at => Session {
            fresh: false,
            ..kept
        },
        kept => {
            let asked = Instant::now();
            let (token, life) = token::request(config)?;
            let life = life.min(LONGEST_LIFE);
            let tenant = match kept {
                Some(kept) => kept.tenant,
                None => whoami::request(config, &token)?,
            };
            Session {
                account,
                token,
                renew_at: asked + life.saturating_sub(MARGIN.min(life / 10)),
                tenant,
                fresh: true,
            }
        }
    };
    KEPT.set(Some(session.clone()));
    Ok(session)
}

/// Forgets the session, so that the next call begins a new one.
pub fn forget() {
    KEPT.set(None);
}
