//! Sets the headers that belong to the connection, to the proxy, and to the host's name.

use hostile_guests::{Batch, Config, Error, Hostile, all_refused, field, hostile};

const HEADERS: [(&str, &str); 14] = [
    ("Expect", "100-continue"),
    ("Host", "other.example"),
    ("host", "other.example"),
    ("Connection", "upgrade"),
    ("Keep-Alive", "timeout=600"),
    ("Transfer-Encoding", "chunked"),
    ("TE", "trailers"),
    ("Trailer", "host"),
    ("Upgrade", "h2c"),
    ("HTTP2-Settings", "AAMAAABkAAQAAP__"),
    ("Proxy-Authorization", "Basic Z3Vlc3Q6Z3Vlc3Q="),
    ("Proxy-Authenticate", "Basic"),
    ("Proxy-Connection", "keep-alive"),
    ("Proxy-Anything", "else"),
];

struct Guest;

impl Hostile for Guest {
    fn collect(_config: &Config, _cursor: Option<&str>) -> Result<Batch, Error> {
        all_refused(HEADERS.map(|(name, value)| (name.to_owned(), field(name, value))))
    }
}

hostile!(Guest);
