//! Text of a component or an API, made safe for a terminal.

/// The most characters of a fault: the component or the API that it quotes decides how long it is.
const MAX_FAULT: usize = 500;

/// The most characters of a text of a component that a warning quotes, such as a host or the name of a header.
pub const MAX_QUOTE: usize = 100;

/// Returns the text on one line, with a space for each character that is unsafe for a terminal.
pub fn printable(text: &str) -> String {
    text.replace(is_unsafe_for_terminal, " ")
}

/// Returns the text with each line as [`printable`] returns it, for a text whose line breaks are the host's own.
pub fn printable_lines(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(printable).collect();
    lines.join("\n")
}

/// Returns a fault that quotes a component: on one line, and cut to `MAX_FAULT` characters.
pub fn fault(text: &str) -> String {
    cut(printable(text), MAX_FAULT)
}

/// Returns a component's text as a warning quotes it: on one line, and cut to [`MAX_QUOTE`] characters.
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

/// Returns whether a character controls a terminal, changes the direction of text, breaks a line, or is invisible.
pub fn is_unsafe_for_terminal(character: char) -> bool {
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
    fn an_unsafe_character_becomes_a_space() {
        for unsafe_character in [
            '\0', '\n', '\r', '\u{1b}', '\u{7f}', '\u{9b}', '\u{61c}', '\u{200b}', '\u{200f}',
            '\u{202a}', '\u{202e}', '\u{2060}', '\u{2066}', '\u{2069}', '\u{feff}',
        ] {
            assert_eq!(
                printable(&format!("a{unsafe_character}b")),
                "a b",
                "{unsafe_character:?}"
            );
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
