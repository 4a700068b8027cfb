//! What `init` writes about how far a component reaches and how much it may take: each key with its default or an
//! example, commented out, and what it is for.

use serde_json::Value;

use crate::cli::init::{comment, quoted, toml};
use crate::contract::limits::Limits;
use crate::contract::limits::Timeouts;
use crate::contract::manifest::Manifest;
use crate::units::{duration, quantity};

/// The keys of the account itself that say how far its component reaches.
pub(super) fn reach(manifest: &Manifest) -> String {
    let hosts = toml(&Value::from(manifest.hosts.clone())).unwrap_or_default();
    lines([
        (
            "Which of the hosts that the component asks for it may reach: all of them without this.",
            "hosts",
            hosts,
        ),
        (
            "Private or otherwise special addresses that it may reach, such as those of an appliance.",
            "allow_addresses",
            "[\"10.0.0.0/8\"]".to_owned(),
        ),
        (
            "A PEM file of certificate authorities to trust beside the system's.",
            "ca_file",
            quoted("authorities.pem"),
        ),
    ])
}

/// `[account.NAME.timeouts]`
pub(super) fn timeouts(account: &str) -> String {
    let timeouts = Timeouts::default();
    let keys = [
        (
            "For a TCP connection, the resolving of its name included.",
            "connect",
            timeouts.connect,
        ),
        ("For TLS on it.", "tls", timeouts.tls),
        (
            "For the head of an answer.",
            "first_byte",
            timeouts.first_byte,
        ),
        (
            "For each next byte of an answer.",
            "between_bytes",
            timeouts.between_bytes,
        ),
        (
            "For one request, to the last byte of its answer.",
            "request",
            timeouts.request,
        ),
        (
            "For one call of the component, waits included.",
            "call",
            timeouts.call,
        ),
    ];
    let text = |(what, key, value)| (what, key, quoted(&duration::format(value)));
    let head = format!("#[account.{account}.timeouts]\n# How long to wait.\n");
    head + &lines(keys.map(text))
}

/// `[account.NAME.limits]`
pub(super) fn limits(account: &str) -> String {
    let rows = Limits::default().rows(&Timeouts::default());
    let keys = rows.iter().filter_map(|(key, shown, what)| {
        // The other tables are written elsewhere.
        let key = key.strip_prefix("limits.")?;
        Some((
            format!("For {what}."),
            key,
            toml(&quantity::as_configured(shown))?,
        ))
    });
    let head = format!(
        "#[account.{account}.limits]\n# Beyond these a call of the component is stopped. Bytes may be a plain number \
         as well.\n"
    );
    head + &lines(keys)
}

/// Each key on a line that is commented out, below a line that says what it is. With the line's end of the writer an empty line follows.
fn lines<'a>(keys: impl IntoIterator<Item = (impl AsRef<str>, &'a str, String)>) -> String {
    keys.into_iter()
        .map(|(what, key, value)| format!("{}\n#{key} = {value}\n", comment(what.as_ref())))
        .collect()
}
