//! Holds requests, each with as much of the named part as the host accepts, and sends none of them.

use hostile_guests::wasi::http::types::{Fields, Method, OutgoingBody, OutgoingRequest};
use hostile_guests::wasi::io::streams::OutputStream;
use hostile_guests::{Batch, Config, Error, Hostile, batch, event, hostile};

/// As many as a component with 16 MiB of memory may hold, less its other needs.
const REQUESTS: usize = 240;

struct Guest;

/// The part of a request that is large.
#[derive(Default)]
struct Held {
    request: Option<OutgoingRequest>,
    fields: Option<Fields>,
    body: Option<(OutputStream, OutgoingBody)>,
}

impl Hostile for Guest {
    fn collect(config: &Config, _cursor: Option<&str>) -> Result<Batch, Error> {
        let text = "x".repeat(4 << 20);
        let (how, requests) = match config.how() {
            "body" => ("body", REQUESTS / 3),
            how => (how, REQUESTS),
        };
        let held: Vec<_> = (0..requests).map(|_| hold(how, &text)).collect();
        Ok(batch(vec![event(&format!("{} held", held.len()))]))
    }
}

fn hold(how: &str, text: &str) -> Held {
    let mut held = Held::default();
    if how == "header" {
        let fields = Fields::new();
        // Until the host accepts no more, which ends the call.
        while fields.append(&"x".to_owned(), &vec![b'x'; 1 << 10]).is_ok() {}
        held.fields = Some(fields);
        return held;
    }
    let request = OutgoingRequest::new(Fields::new());
    // Whether it is refused or not, the request is held.
    let _ = match how {
        "method" => request.set_method(&Method::Other(text.to_owned())),
        "authority" => request.set_authority(Some(text)),
        "path" => request.set_path_with_query(Some(&format!("/{text}"))),
        _ => Ok(()),
    };
    if how == "body"
        && let Ok(body) = request.body()
        && let Ok(stream) = body.write()
    {
        while let Ok(length @ 1..) = stream.check_write() {
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            if stream.write(&vec![b'x'; length.min(1 << 20)]).is_err() {
                break;
            }
        }
        held.body = Some((stream, body));
    }
    held.request = Some(request);
    held
}

hostile!(Guest);
