//! Words of a component or an API, before they reach a terminal.

/// The most characters of one fault: whoever wrote what is wrong decides how long the fault is.
const LONGEST_FAULT: usize = 500;

/// The most characters of a text of a component that a warning quotes, such as a host or the name of a header.
pub const MAX_QUOTE: usize = 100;

/// The text on one line, without characters that steer a terminal or what is seen of it: each becomes a space.
pub fn printable(text: &str) -> String {
    text.replace(steers, " ")
}

/// The same for each line of a text whose line breaks are the host's own.
pub fn printable_lines(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(printable).collect();
    lines.join("\n")
}

/// A fault that quotes what a component gave: on one line, and cut where it is long.
pub fn fault(text: &str) -> String {
    cut(printable(text), LONGEST_FAULT)
}

/// A text of a component as a warning quotes it: on one line, and cut to [`MAX_QUOTE`] characters.
pub fn quote(text: &str) -> String {
    cut(printable(text), MAX_QUOTE)
}

fn cut(mut text: String, characters: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(characters) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// Whether a character steers a terminal, turns the direction of what follows, breaks a line, or is not seen.
pub fn steers(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_becomes_a_space() {
        for steering in [
            '\0', '\n', '\r', '\u{1b}', '\u{7f}', '\u{9b}', '\u{61c}', '\u{200b}', '\u{200f}',
            '\u{202a}', '\u{202e}', '\u{2060}', '\u{2066}', '\u{2069}', '\u{feff}',
        ] {
            assert_eq!(printable(&format!("a{steering}b")), "a b", "{steering:?}");
        }
        let harmless = "Zoë's \"Gerät\" – 端末 ✓";
        assert_eq!(printable(harmless), harmless);
    }

    #[test]
    fn line_breaks_of_the_hosts_own_stay() {
        assert_eq!(
            printable_lines("first\u{1b}[2J\n  second\u{202e}\r\n"),
            "first [2J\n  second  \n"
        );
    }

    #[test]
    fn a_long_fault_is_cut() {
        assert_eq!(fault("short\nfault"), "short fault");
        let longest = "é".repeat(500);
        assert_eq!(fault(&longest), longest);
        assert_eq!(fault(&format!("{longest}é")), format!("{longest}…"));
    }

    #[test]
    fn a_long_quote_is_cut() {
        assert_eq!(quote("host\u{1b}.example"), "host .example");
        let longest = "é".repeat(MAX_QUOTE);
        assert_eq!(quote(&longest), longest);
        assert_eq!(quote(&"é".repeat(60_000)), format!("{longest}…"));
    }
}
