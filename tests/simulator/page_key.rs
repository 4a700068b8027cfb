//! The page key of the endpoints route: base64 of a JSON array with the id to continue from.
//!
//! It holds no state of the server, as the keys captured from the real API suggest, so it never ends. It is standard
//! base64 with padding: `+`, `/` and `=` must be percent-encoded by the client.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Returns the key of the page that begins with the endpoint `id`.
pub(crate) fn encode(id: &str) -> String {
    STANDARD.encode(serde_json::json!([id]).to_string())
}

/// Returns the id in a key; `None` when the key is malformed.
pub(crate) fn decode(key: &str) -> Option<String> {
    let bytes = STANDARD.decode(key).ok()?;
    let [id] = serde_json::from_slice::<[String; 1]>(&bytes).ok()?;
    Some(id)
}
