//! Everything a running simulator knows, and how it answers a request.

use std::collections::HashMap;

use fastrand::Rng;
use serde_json::json;
use time::{Duration, OffsetDateTime};

use crate::answer::{Answer, Refusal, error_object, error_word};
use crate::clock;
use crate::damage::{self, Content};
use crate::fault::Fault;
use crate::fleet::Fleet;
use crate::holds::Holds;
use crate::options::{Gzip, Options};
use crate::request::{Request, Route};
use crate::routes::{endpoints, tenants, token, whoami};
use crate::script::Script;
use crate::server::{Answering, Reply};
use crate::uuid;

/// A change to the fleet before one endpoints request is answered.
pub(crate) type OnceHook = Box<dyn FnOnce(&mut Fleet) + Send>;
/// A change to the fleet before every endpoints request is answered.
pub(crate) type EachHook = Box<dyn FnMut(&mut Fleet) + Send>;

pub(crate) struct State {
    pub(crate) options: Options,
    pub(crate) url: String,
    pub(crate) script: Script<Route, Request, Fault>,
    pub(crate) requests: Vec<Request>,
    pub(crate) connections: u64,
    /// The tokens that are good, and until when.
    pub(crate) tokens: HashMap<String, OffsetDateTime>,
    /// Every token ever issued, oldest first.
    pub(crate) issued: Vec<String>,
    /// Before how many more endpoints requests each runs.
    pub(crate) once_hooks: Vec<(u64, OnceHook)>,
    pub(crate) each_hooks: Vec<EachHook>,
    pub(crate) holds: Holds,
    /// The page keys of each tenant's present walk.
    keys: HashMap<usize, Vec<String>>,
    ids: Rng,
}

impl Answering for State {
    fn connect(&mut self) -> u64 {
        self.connections += 1;
        self.connections
    }

    fn reply(&mut self, request: Request) -> Reply {
        let mut keys = Vec::new();
        if request.route == Some(Route::Endpoints) {
            self.run_hooks(&request);
            keys = self.note_key(&request);
        }
        let fault = request
            .route
            .and_then(|route| self.script.next(route, &request));
        let answer = match &fault {
            Some(Fault::Status {
                code,
                headers,
                body,
            }) => self.status(&request, *code, headers, body.as_deref()),
            _ => self
                .true_answer(&request)
                .unwrap_or_else(|refusal| self.refuse(refusal)),
        };
        let answer = match &fault {
            Some(fault) => damage::body(fault, answer, &keys),
            None => answer,
        };
        let answer = self.finish(answer, &request);
        let content = match &fault {
            Some(fault) => damage::wire(fault, answer),
            None => Content::Answer(answer),
        };
        if self.options.record_requests {
            self.requests.push(request);
        }
        Reply {
            wait: self.holds.due() || matches!(fault, Some(Fault::Stall)),
            content,
        }
    }

    fn recorded(&self) -> usize {
        self.requests.len()
    }
}

impl State {
    pub(crate) fn new(options: Options, url: String) -> State {
        State {
            options,
            url,
            script: Script::new(),
            requests: Vec::new(),
            connections: 0,
            tokens: HashMap::new(),
            issued: Vec::new(),
            once_hooks: Vec::new(),
            each_hooks: Vec::new(),
            holds: Holds::default(),
            keys: HashMap::new(),
            ids: Rng::with_seed(0),
        }
    }

    fn true_answer(&mut self, request: &Request) -> Result<Answer, Refusal> {
        let Some(route) = request.route else {
            return Err(Refusal::api(404, "Not Found"));
        };
        if request.method != route.method().as_str() {
            return Err(Refusal::api(405, "Method Not Allowed"));
        }
        let body = match route {
            Route::Token => {
                token::judge(&self.options, request)?;
                self.issue_token()
            }
            Route::Whoami => {
                self.judge_token(request)?;
                whoami::body(&self.options, &self.url)
                    .to_string()
                    .into_bytes()
            }
            Route::PartnerTenants | Route::OrganizationTenants => {
                self.judge_token(request)?;
                tenants::page(&self.options, request, &self.url)?
                    .to_string()
                    .into_bytes()
            }
            Route::Endpoints => {
                self.judge_token(request)?;
                endpoints::page(&self.options, request)?
            }
        };
        Ok(Answer::json(200, body))
    }

    fn issue_token(&mut self) -> Vec<u8> {
        let number = self.issued.len();
        let token = format!(
            "eyJhbGciOiJSUzI1NiJ9.{:016x}{number:04}.c2ln",
            self.ids.u64(..)
        );
        let lifetime = Duration::seconds(self.options.expires_in.into());
        self.tokens
            .insert(token.clone(), self.options.clock.now() + lifetime);
        self.issued.push(token.clone());
        let refresh = format!("{:016x}", self.ids.u64(..));
        token::body(&token, self.options.expires_in, &refresh, &self.id())
            .to_string()
            .into_bytes()
    }

    fn judge_token(&self, request: &Request) -> Result<(), Refusal> {
        let token = request
            .header("authorization")
            .and_then(|value| value.strip_prefix("Bearer "));
        let end = token.and_then(|token| self.tokens.get(token));
        match end {
            Some(end) if *end > self.options.clock.now() => Ok(()),
            _ => Err(Refusal::api(401, "Unauthorized")),
        }
    }

    fn refuse(&mut self, refusal: Refusal) -> Answer {
        let (status, body) = match refusal {
            Refusal::Api { status, message } => {
                let created = clock::timestamp(self.options.clock.now(), true);
                (
                    status,
                    error_object(status, &message, &self.id(), &self.id(), &created),
                )
            }
            Refusal::Token {
                status,
                code,
                message,
            } => (
                status,
                json!({"errorCode": code, "message": message, "trackingId": self.id()}),
            ),
        };
        Answer::json(status, body.to_string().into_bytes())
    }

    fn status(
        &mut self,
        request: &Request,
        code: u16,
        headers: &[(String, String)],
        body: Option<&[u8]>,
    ) -> Answer {
        let word = error_word(code);
        let refusal = match request.route {
            Some(Route::Token) => Refusal::Token {
                status: code,
                code: word,
                message: word,
            },
            _ => Refusal::api(code, word),
        };
        let mut answer = self.refuse(refusal);
        if let Some(body) = body {
            answer.body = body.to_vec();
        }
        for (name, value) in headers {
            answer.set_header(name, value);
        }
        answer
    }

    /// Sets what every answer has and compresses it where that is due.
    fn finish(&self, mut answer: Answer, request: &Request) -> Answer {
        if self.options.date_header {
            answer.set_header("date", &self.options.clock.http_date());
        }
        let offered = request
            .header("accept-encoding")
            .is_some_and(|value| value.contains("gzip"));
        let gzip = match self.options.gzip {
            Gzip::WhenOffered => offered,
            Gzip::Never => false,
            Gzip::Always => true,
        };
        if gzip
            && !answer
                .headers
                .iter()
                .any(|(name, _)| name == "content-encoding")
        {
            answer.gzip();
        }
        answer
    }

    fn run_hooks(&mut self, request: &Request) {
        let place = endpoints::tenant_of(&self.options, request).unwrap_or(0);
        let Some(tenant) = self.options.tenants.get_mut(place) else {
            return;
        };
        tenant.fleet.index_late_check_ins();
        self.each_hooks
            .iter_mut()
            .for_each(|hook| hook(&mut tenant.fleet));
        for (left, hook) in std::mem::take(&mut self.once_hooks) {
            if left <= 1 {
                hook(&mut tenant.fleet)
            } else {
                self.once_hooks.push((left - 1, hook))
            }
        }
    }

    /// Keeps the page key of the request, and returns those of its walk.
    fn note_key(&mut self, request: &Request) -> Vec<String> {
        let place = endpoints::tenant_of(&self.options, request).unwrap_or(0);
        let keys = self.keys.entry(place).or_default();
        match request.query("pageFromKey") {
            None | Some("") => keys.clear(),
            Some(key) => keys.push(key.to_owned()),
        }
        keys.clone()
    }

    /// Returns a new id for an error or a token answer.
    fn id(&mut self) -> String {
        uuid::uuid(&mut self.ids)
    }
}
