//! What can be made to go wrong with one answer, or with all answers of a route.

use std::sync::Arc;

use serde_json::{Value, json};

/// Changes the JSON of an answer.
pub type JsonChange = Arc<dyn Fn(&mut Value) + Send + Sync>;

/// What goes wrong. A fault replaces or damages the answer that the request would have got; the request still counts
/// and is recorded, and the fleet's hooks still run.
#[derive(Clone)]
pub enum Fault {
    /// This status with these headers. Without `body` it is the route's own error object for that status.
    Status {
        /// The status code.
        code: u16,
        /// Headers beside those that every answer has.
        headers: Vec<(String, String)>,
        /// The body.
        body: Option<Vec<u8>>,
    },
    /// The connection is reset (TCP RST) instead of an answer.
    Reset,
    /// The connection is closed in order instead of an answer.
    Close,
    /// `Content-Length` promises the whole body, half of it is sent, and the connection is closed.
    Truncate,
    /// Nothing is sent until [`Simulator::release`](crate::Simulator::release); then the real answer.
    Stall,
    /// The head and half of the body are sent, the rest at [`Simulator::release`](crate::Simulator::release); then
    /// the connection is closed.
    StallInBody,
    /// 200 with this body instead of the real one.
    Body {
        /// The `Content-Type`.
        content_type: String,
        /// The body.
        bytes: Vec<u8>,
    },
    /// The answer's JSON, changed. An answer that is not JSON stays as it is.
    Edit(JsonChange),
    /// 302 to this URL.
    Redirect(String),
    /// A page whose `nextKey` is an old key: with `back` 0 the one of this request, with 1 the one before that of the
    /// same tenant, and so on. If there is no such key (the first page has none), it is this page's first key.
    RepeatedKey {
        /// How many keys to go back.
        back: usize,
    },
    /// The answer with blanks behind it, this many bytes in all, not compressed.
    Oversized(usize),
    /// The answer with blanks behind it, this many bytes once it is decompressed.
    GzipBomb(usize),
    /// `Content-Encoding: gzip` over a body that breaks off decompression half-way.
    BrokenGzip,
    /// The `dataRegion` of whoami, and the `apiHost` of every tenant in a listing, are this URL.
    WrongHost(String),
    /// The answer's JSON text with a byte in a string that is not UTF-8.
    NotUtf8,
    /// These bytes instead of an HTTP answer; then the connection is closed.
    Wire(Vec<u8>),
}

impl Fault {
    /// This status with the route's own error object.
    pub fn status(code: u16) -> Fault {
        Fault::Status {
            code,
            headers: Vec::new(),
            body: None,
        }
    }

    /// 429, with `Retry-After` of this many seconds if given.
    pub fn rate_limited(retry_after: Option<u32>) -> Fault {
        let headers = retry_after.map(|seconds| ("retry-after".to_owned(), seconds.to_string()));
        Fault::Status {
            code: 429,
            headers: headers.into_iter().collect(),
            body: None,
        }
    }

    /// 200 with bytes that are not JSON, although the `Content-Type` says so.
    pub fn garbage() -> Fault {
        Fault::Body {
            content_type: "application/json".to_owned(),
            bytes: b"}{ not JSON \x01".to_vec(),
        }
    }

    /// 200 with an HTML page, as a proxy's login page has it.
    pub fn html() -> Fault {
        let page = "<!DOCTYPE html><html><body><h1>Please sign in</h1></body></html>";
        Fault::Body {
            content_type: "text/html".to_owned(),
            bytes: page.as_bytes().to_vec(),
        }
    }

    /// 200 with this JSON.
    pub fn json(body: &Value) -> Fault {
        Fault::Body {
            content_type: "application/json".to_owned(),
            bytes: body.to_string().into_bytes(),
        }
    }

    /// 200 with `{}`.
    pub fn empty_object() -> Fault {
        Fault::json(&json!({}))
    }

    /// Returns the answer's JSON, changed by a closure.
    pub fn edit(change: impl Fn(&mut Value) + Send + Sync + 'static) -> Fault {
        Fault::Edit(Arc::new(change))
    }

    /// Returns a page without the named top-level field, such as `pages` or `items`.
    pub fn without(field: &str) -> Fault {
        let field = field.to_owned();
        Fault::edit(move |page| {
            if let Some(fields) = page.as_object_mut() {
                fields.remove(&field);
            }
        })
    }

    /// Returns a page whose named top-level field, such as `items`, has this value.
    pub fn with(field: &str, value: Value) -> Fault {
        let field = field.to_owned();
        Fault::edit(move |page| {
            if let Some(fields) = page.as_object_mut() {
                fields.insert(field.clone(), value.clone());
            }
        })
    }
}
