//! How a fault changes an answer: its body first, then the way it goes over the wire.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::answer::{self, Answer};
use crate::fault::Fault;
use crate::page_key;

/// The bytes to send.
pub(crate) enum Content {
    /// A whole HTTP answer; the connection lives on.
    Answer(Answer),
    /// Bytes, after which the connection ends.
    Wire(Wire),
}

/// Bytes sent by hand.
#[derive(Default)]
pub(crate) struct Wire {
    /// The bytes to send at once.
    pub(crate) first: Vec<u8>,
    /// The bytes to send once the gate is open, if it is to be waited for.
    pub(crate) later: Option<Vec<u8>>,
    /// End with a reset instead of an orderly close.
    pub(crate) reset: bool,
}

/// The keys of the walk so far, oldest first, the request's own last; empty on a first page.
pub(crate) type Keys = [String];

/// Changes the body, before it is compressed. `Status` is not for here: its body is the route's own.
pub(crate) fn body(fault: &Fault, mut answer: Answer, keys: &Keys) -> Answer {
    match fault {
        Fault::Body {
            content_type,
            bytes,
        } => {
            answer.status = 200;
            answer.set_header("content-type", content_type);
            answer.body.clone_from(bytes);
        }
        Fault::Edit(change) => edit(&mut answer, |json| change(json)),
        Fault::Redirect(to) => {
            answer.status = 302;
            answer.set_header("location", to);
            answer.body.clear();
        }
        Fault::RepeatedKey { back } => edit(&mut answer, |page| repeat_key(page, keys, *back)),
        Fault::WrongHost(host) => edit(&mut answer, |json| wrong_host(json, host)),
        Fault::NotUtf8 => {
            // The opening brace is followed by a new field whose text contains the byte.
            let rest = answer.body.split_off(answer.body.len().min(1));
            answer.body.extend_from_slice(b"\"note\":\"\xff\"");
            if rest != b"}" {
                answer.body.push(b',');
            }
            answer.body.extend_from_slice(&rest);
        }
        Fault::Oversized(size) => {
            answer.body.resize(answer.body.len().max(*size), b' ');
            // Anything that names an encoding keeps the answer from being compressed.
            answer.set_header("content-encoding", "identity");
        }
        Fault::GzipBomb(size) => {
            answer.body = bomb(&answer.body, *size);
            answer.set_header("content-encoding", "gzip");
        }
        Fault::BrokenGzip => {
            answer.gzip();
            // The second half is not a deflate stream any more.
            let half = answer.body.len() / 2;
            answer
                .body
                .iter_mut()
                .skip(half)
                .for_each(|byte| *byte = 0xff);
        }
        Fault::Status { .. }
        | Fault::Reset
        | Fault::Close
        | Fault::Truncate
        | Fault::Stall
        | Fault::StallInBody
        | Fault::Wire(_) => {}
    }
    answer
}

/// Chooses how the finished answer goes over the wire.
pub(crate) fn wire(fault: &Fault, answer: Answer) -> Content {
    match fault {
        Fault::Reset => Content::Wire(Wire {
            reset: true,
            ..Wire::default()
        }),
        Fault::Close => Content::Wire(Wire::default()),
        Fault::Wire(bytes) => Content::Wire(Wire {
            first: bytes.clone(),
            ..Wire::default()
        }),
        Fault::Truncate => Content::Wire(Wire {
            first: halves(&answer).0,
            ..Wire::default()
        }),
        Fault::StallInBody => {
            let (first, rest) = halves(&answer);
            Content::Wire(Wire {
                first,
                later: Some(rest),
                ..Wire::default()
            })
        }
        _ => Content::Answer(answer),
    }
}

/// Returns the head with half of the body, and the other half.
fn halves(answer: &Answer) -> (Vec<u8>, Vec<u8>) {
    let (half, rest) = answer.body.split_at(answer.body.len() / 2);
    ([answer.head().as_slice(), half].concat(), rest.to_vec())
}

fn edit(answer: &mut Answer, change: impl FnOnce(&mut Value)) {
    if let Ok(mut json) = serde_json::from_slice(&answer.body) {
        change(&mut json);
        answer.body = json.to_string().into_bytes();
    }
}

fn repeat_key(page: &mut Value, keys: &Keys, back: usize) {
    let old = keys.iter().rev().nth(back).cloned();
    let own = page
        .pointer("/items/0/id")
        .and_then(Value::as_str)
        .map(page_key::encode);
    let pages = page.get_mut("pages").and_then(Value::as_object_mut);
    if let (Some(pages), Some(key)) = (pages, old.or(own)) {
        pages.insert("nextKey".to_owned(), key.into());
    }
}

fn wrong_host(json: &mut Value, host: &str) {
    if let Some(hosts) = json.get_mut("apiHosts").and_then(Value::as_object_mut) {
        hosts.insert("dataRegion".to_owned(), host.into());
    }
    for item in json
        .get_mut("items")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        if let Some(item) = item.as_object_mut() {
            item.insert("apiHost".to_owned(), json!(host));
        }
    }
}

/// Compresses the text and blanks up to `size` without ever holding them.
fn bomb(text: &[u8], size: usize) -> Vec<u8> {
    let blanks = [b' '; 64 * 1024];
    let mut left = size.saturating_sub(text.len());
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let mut written = encoder.write_all(text);
    while left > 0 && written.is_ok() {
        let some = blanks.get(..left).unwrap_or(&blanks);
        written = encoder.write_all(some);
        left -= some.len();
    }
    encoder.finish().unwrap_or_else(|_| answer::gzip(text))
}
