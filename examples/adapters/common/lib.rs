//! What the adapters `cli` and `http` share: they drive a connector through the interfaces that it exports.

mod bindings;
mod error;
mod explanation;
mod open;
mod patience;
mod source;
mod walk;

pub use bindings::inventory::connector::types::{Account, Batch, Error, MapError, Source};
pub use bindings::inventory::connector::{collection, mapping};
pub use error::{retry_after, to_json, to_text};
pub use explanation::explanation_to_json;
pub use open::{Network, open};
pub use patience::Patience;
pub use source::{account_to_json, list, to_json as source_to_json};
pub use walk::walk;
