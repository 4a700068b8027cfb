//! Uses the secret correctly, and then returns all of its memory.
#![cfg(target_arch = "wasm32")]

use std::hint::black_box;

use hostile_guests::wasi::http::types::Method;
use hostile_guests::{Batch, Config, Error, Event, Hostile, batch, event, hostile, secret, send};

fn in_hex(bytes: &[u8]) -> Event {
    let hex = |byte: &u8| format!("{byte:02x}");
    event(&bytes.iter().map(hex).collect::<String>())
}

/// Returns the linear memory as it is now, without its beginning, which is not used.
#[allow(unsafe_code, reason = "no safe code reads memory that it does not own")]
fn memory() -> Vec<u8> {
    const PAGE: usize = 65_536;
    let start = 1024;
    let length = core::arch::wasm32::memory_size(0) * PAGE - start;
    let copied = (start..start + length).map(|address| {
        // SAFETY: the address is within the linear memory, all of which may be read, and this is the only thread.
        unsafe { core::ptr::read_volatile(core::ptr::with_exposed_provenance::<u8>(address)) }
    });
    copied.collect()
}

struct Guest;

impl Hostile for Guest {
    fn collect(config: &Config, _cursor: Option<&str>) -> Result<Batch, Error> {
        let secret = secret("secret").unwrap_or_default();
        let (headers, body) = match config.how() {
            "json" => (
                vec![("content-type", "application/json")],
                format!("{{\"id\":\"guest\",\"secret\":\"{secret}\"}}"),
            ),
            _ => (
                vec![("content-type", "application/x-www-form-urlencoded")],
                format!("id=guest&secret={secret}"),
            ),
        };
        let token_url = config.text("token_url");
        let first = send(&Method::Post, token_url, &headers, body.as_bytes())
            .map_err(|refused| refused.error("token"))?;
        let bearer = format!("Bearer {secret}");
        let headers = [("authorization", bearer.as_str())];
        let second = send(&Method::Post, token_url, &headers, b"{}")
            .map_err(|refused| refused.error("token"))?;
        let content = memory().chunks(64 << 10).map(in_hex).collect();
        // Nothing of it is overwritten until here.
        black_box((first.body, second.body, body, bearer));
        Ok(batch(content))
    }
}

hostile!(Guest);
