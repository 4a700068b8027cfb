//! Sends many requests at once and reads none of their answers, for which it has an accomplice.

use hostile_guests::wasi::http::outgoing_handler;
use hostile_guests::wasi::http::types::{Fields, OutgoingRequest, Scheme};
use hostile_guests::{Batch, Config, Error, Hostile, batch, event, hostile};

/// Each takes two handles or three.
const REQUESTS: usize = 200;

struct Guest;

impl Hostile for Guest {
    fn collect(config: &Config, _cursor: Option<&str>) -> Result<Batch, Error> {
        let url = config.text("api_url");
        let place = url.trim_start_matches("http://").trim_end_matches('/');
        let mut answers = Vec::new();
        for _ in 0..REQUESTS {
            let request = OutgoingRequest::new(Fields::new());
            let _ = request.set_scheme(Some(&Scheme::Http));
            let _ = request.set_authority(Some(place));
            let _ = request.set_path_with_query(Some("/"));
            answers.extend(outgoing_handler::handle(request, None));
        }
        // Each has begun, or its request failed.
        for answer in &answers {
            answer.subscribe().block();
        }
        let heads: Vec<_> = answers.iter().filter_map(|answer| answer.get()).collect();
        let begun = heads
            .iter()
            .filter(|head| matches!(head, Ok(Ok(_))))
            .count();
        Ok(batch(vec![event(&format!("{begun} answers held"))]))
    }
}

hostile!(Guest);
