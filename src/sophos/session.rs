//! The session: an access token and its owner, kept in the instance between calls.
//!
//! Losing it costs a request or two, never a record. An instance serves one account, so it has at most one session;
//! another account's configuration replaces it. All tenants of a partner or an organization share it: five thousand of
//! them need one token.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use url::Url;

use crate::bindings::inventory::connector::types::{Error, Failure};
use crate::config::Config;
use crate::http::{self, Response};
use crate::sophos::ahead;
use crate::sophos::errors::{Clues, origin, token_refused, unanswered};
use crate::sophos::token::{self, Token};
use crate::sophos::whoami::{self, Owner};

/// A token is renewed when less than this of its life is left, or a tenth of a short life.
const MARGIN: Duration = Duration::from_secs(60);

/// The minimum time for which a token is used, since a life of zero seconds would cost a token request for each page.
/// The API's 401 still ends it.
const MIN_USE: Duration = Duration::from_secs(60);

/// The maximum time for which a token is kept.
const MAX_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// The context of a request.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    account: (String, String, String),
    token: Token,
    renew_at: Instant,
    /// The owner of the credential.
    pub(crate) owner: Owner,
    /// Whether the token was issued in this call, so that its rejection does not mean that it has expired.
    fresh: bool,
}

thread_local! {
    static KEPT: RefCell<Option<Session>> = const { RefCell::new(None) };
}

/// Returns the kept session of the account, or a new one: `POST /api/v2/oauth2/token` and `GET /whoami/v1`.
pub(crate) fn open(config: &Config) -> Result<Session, Error> {
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
            let use_for = use_for(life);
            let owner = match kept {
                Some(kept) => kept.owner,
                None => whoami::request(config, &token)?,
            };
            Session {
                account,
                token,
                renew_at: asked + use_for,
                owner,
                fresh: true,
            }
        }
    };
    KEPT.set(Some(session.clone()));
    Ok(session)
}

/// Returns how long a token with this life is used.
fn use_for(life: Duration) -> Duration {
    let life = life.min(MAX_LIFE);
    life.saturating_sub(MARGIN.min(life / 10)).max(MIN_USE)
}

impl Session {
    /// Sends `GET url` with the session's token and `scope`, the name and id of the header that names the tenant.
    /// Returns a response of any status but 401.
    ///
    /// # Errors
    ///
    /// A failed request, as [`unanswered`] reports it. A 401 ends the session: `expired` if the token worked before,
    /// `unauthorized` if it is new.
    pub(crate) fn get(&self, url: &Url, scope: (&str, &str)) -> Result<Response, Error> {
        let answer = ahead::answer(url, scope.1).unwrap_or_else(|| {
            let authorization = self.token.authorization();
            http::get(url, &[("authorization", authorization.as_str()), scope])
        });
        let answer = answer.map_err(|error| unanswered(url, error))?;
        if answer.status != 401 {
            return Ok(answer);
        }
        // The next call starts a new session.
        KEPT.set(None);
        if self.fresh {
            return Err(token_refused(url, &answer, self.owner.credentials_page()));
        }
        Err(Error::Expired(Failure {
            message: format!(
                "{} no longer accepts the access token (401); the next call requests another.",
                origin(url)
            ),
            correlation_id: Clues::of(&answer).correlation_id,
        }))
    }

    /// Requests ahead what [`Self::get`] will request next.
    pub(crate) fn get_ahead(&self, url: Url, scope: (&str, &str)) {
        let authorization = self.token.authorization();
        let headers = [("authorization", authorization.as_str()), scope];
        ahead::ask(url, scope.1, &headers);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_used_for_a_minute_at_least_and_a_day_at_most() {
        for (life, used) in [
            (0, 60),
            (1, 60),
            (60, 60),
            (100, 90),
            (3_600, 3_540),
            (u64::MAX, 86_340),
        ] {
            let used = Duration::from_secs(used);
            assert_eq!(use_for(Duration::from_secs(life)), used, "{life}");
        }
    }
}
