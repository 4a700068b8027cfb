//! A server of one list of assets on loopback: a path, a token, an entity tag.
//!
//! ```
//! use sophos_central_simulator::Fault;
//! use sophos_central_simulator::list_server::{List, ListServer};
//!
//! let server = ListServer::start(List::new("id,hostname\n1,a\n"));
//! assert!(server.url().ends_with("/assets"));
//!
//! // The second request finds another list, the third one none.
//! server.list_from(2, List::new("id,hostname\n1,b\n"));
//! server.fault(3, Fault::status(503));
//! assert!(server.requests().is_empty());
//! ```

use std::hash::{DefaultHasher, Hash, Hasher};

use anyhow::Result;

use crate::answer::{self, Answer};
use crate::damage::{self, Content};
use crate::fault::Fault;
use crate::request::Request;
use crate::running::{Place, Running};
use crate::server::{Answering, Reply};

/// The token that the server wants, behind `Bearer`.
pub const TOKEN: &str = "token-of-the-list-1793";

/// The path of the list.
const PATH: &str = "/assets";

/// A list and how it is sent.
#[derive(Clone)]
pub struct List {
    /// The body.
    pub body: Vec<u8>,
    /// Whether it has an entity tag, a hash of the body.
    pub etag: bool,
    /// Whether it is compressed for a client that takes it.
    pub gzip: bool,
}

impl List {
    /// Returns a list with an entity tag, not compressed.
    pub fn new(body: impl Into<Vec<u8>>) -> Self {
        Self {
            body: body.into(),
            etag: true,
            gzip: false,
        }
    }

    fn tag(&self) -> Option<String> {
        let mut hash = DefaultHasher::new();
        self.body.hash(&mut hash);
        self.etag.then(|| format!("\"{:016x}\"", hash.finish()))
    }
}

/// A running server.
pub struct ListServer(Running<State>);

impl ListServer {
    /// Starts a server of a list over HTTP.
    ///
    /// # Panics
    ///
    /// If the system gives no socket or thread.
    #[allow(
        clippy::expect_used,
        reason = "a test without its server must stop and say so"
    )]
    pub fn start(list: List) -> Self {
        Self::start_at(list, false).expect("the server of the list starts")
    }

    /// Starts a server of a list over HTTPS, with a certificate that no authority has signed.
    ///
    /// # Errors
    ///
    /// If the system gives no socket, thread or certificate.
    pub fn start_https(list: List) -> Result<Self> {
        Self::start_at(list, true)
    }

    fn start_at(list: List, https: bool) -> Result<Self> {
        let place = Place {
            address: [127, 0, 0, 1].into(),
            port: 0,
            host: None,
            https,
            certificate: None,
        };
        let state = State {
            lists: vec![(1, list)],
            faults: Vec::new(),
            requests: Vec::new(),
        };
        Running::start("server of the list", place, |_| state).map(Self)
    }

    /// Returns the URL of the list.
    pub fn url(&self) -> String {
        format!("{}{PATH}", self.0.url)
    }

    /// Replaces the list from the next request on.
    pub fn list(&self, list: List) {
        let next = self.requests().len() + 1;
        self.list_from(next, list);
    }

    /// Replaces the list from this request on, counted from 1.
    pub fn list_from(&self, request: usize, list: List) {
        self.0.lock().lists.push((request, list));
    }

    /// Lets this request fail, counted from 1.
    pub fn fault(&self, request: usize, fault: Fault) {
        self.0.lock().faults.push((request, fault));
    }

    /// Lets the next request fail.
    pub fn fault_next(&self, fault: Fault) {
        let next = self.requests().len() + 1;
        self.fault(next, fault);
    }

    /// Returns all requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.0.lock().requests.clone()
    }
}

struct State {
    /// Each with the request from which on it is there; the last one counts.
    lists: Vec<(usize, List)>,
    faults: Vec<(usize, Fault)>,
    requests: Vec<Request>,
}

impl State {
    fn answer(&self, request: &Request) -> Answer {
        let refuse = |status| Answer::json(status, b"{\"error\":\"[canary]\"}".to_vec());
        if request.header("authorization") != Some(&format!("Bearer {TOKEN}")) {
            return refuse(401);
        }
        let number = self.requests.len();
        let list = self.lists.iter().rev().find(|(from, _)| *from <= number);
        let Some((_, list)) = list.filter(|_| request.path == PATH && request.method == "GET")
        else {
            return refuse(404);
        };
        let tag = list.tag();
        let is_known = tag.is_some() && request.header("if-none-match") == tag.as_deref();
        let mut answer = Answer {
            status: if is_known { 304 } else { 200 },
            headers: vec![("x-request-id".to_owned(), format!("request-{number:04}"))],
            body: match is_known {
                true => Vec::new(),
                false => list.body.clone(),
            },
        };
        if let Some(tag) = tag {
            answer.set_header("etag", &tag);
        }
        if list.gzip && request.header("accept-encoding") == Some("gzip") && !is_known {
            answer.body = answer::gzip(&answer.body);
            answer.set_header("content-encoding", "gzip");
        }
        answer
    }
}

impl Answering for State {
    fn connect(&mut self) -> u64 {
        0
    }

    fn reply(&mut self, request: Request) -> Reply {
        self.requests.push(request.clone());
        let number = self.requests.len();
        let answer = self.answer(&request);
        let fault = self.faults.iter().find(|(at, _)| *at == number);
        let content = match fault.map(|(_, fault)| fault) {
            None => Content::Answer(answer),
            Some(Fault::Status {
                code,
                headers,
                body,
            }) => {
                let mut failed = Answer::json(*code, body.clone().unwrap_or_default());
                failed.set_header("x-request-id", &format!("request-{number:04}"));
                for (name, value) in headers {
                    failed.set_header(name, value);
                }
                Content::Answer(failed)
            }
            Some(fault) => damage::wire(fault, damage::body(fault, answer, &[])),
        };
        Reply {
            wait: matches!(fault, Some((_, Fault::Stall))),
            content,
        }
    }

    fn recorded(&self) -> usize {
        self.requests.len()
    }
}
