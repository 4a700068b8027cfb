//! Words of a component or an API, before they reach a terminal.

/// The text on one line, without characters that steer a terminal: each becomes a space.
pub fn printable(text: &str) -> String {
    text.replace(char::is_control, " ")
}
