//! Why a record cannot be mapped, and the place of the error in its text.

use std::fmt;

/// The contract's `map-error`: what is wrong with a record, what is expected, and where.
///
/// It never repeats a value of the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapError {
    /// What is wrong and what is expected.
    pub message: String,
    /// The line of the error, from 1; 0 if it is not in the record but in the settings.
    pub line: u32,
    /// The column of the error in that line, counted in bytes from 1; 0 is before the first byte.
    pub column: u32,
}

impl MapError {
    /// Returns an error at the byte `offset` of `text`.
    pub(crate) fn at(text: &str, offset: usize, message: String) -> Self {
        let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
        let line_feeds = before.iter().filter(|&&byte| byte == b'\n').count();
        let last_line = before
            .rsplit(|&byte| byte == b'\n')
            .next()
            .unwrap_or(before);
        Self {
            message,
            line: number(line_feeds + 1),
            column: number(last_line.len() + 1),
        }
    }

    /// Returns the error for a text that is not JSON.
    pub(crate) fn syntax(error: &serde_json::Error) -> Self {
        let text = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        let what = text.strip_suffix(&place).unwrap_or(&text);
        Self {
            message: format!(
                "the text is not JSON ({what}); one endpoint as a JSON object was expected"
            ),
            line: number(error.line()),
            column: number(error.column()),
        }
    }
}

impl fmt::Display for MapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "line {}, column {}: ", self.line, self.column)?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for MapError {}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_line_and_a_column_in_bytes() {
        let text = "{\n \"ä\": 1\n}";
        for (offset, line, column) in [
            (0, 1, 1),
            (1, 1, 2),
            (2, 2, 1),
            (8, 2, 7),
            (11, 3, 1),
            (99, 3, 2),
        ] {
            let error = MapError::at(text, offset, String::new());
            assert_eq!((error.line, error.column), (line, column), "{offset}");
        }
    }

    #[test]
    fn a_syntax_error_says_its_place_once() {
        let error = serde_json::from_str::<serde_json::Value>("[1,\n 2 3]").unwrap_err();
        let error = MapError::syntax(&error);
        assert_eq!(
            error.to_string(),
            "line 2, column 4: the text is not JSON (expected `,` or `]`); one endpoint as a JSON object was expected"
        );
    }
}
