//! The generated part of a Markdown file.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

const BEGIN: &str = "<!-- figures -->\n";
const END: &str = "<!-- end -->";

/// Writes the figures between the marks of a file.
///
/// # Errors
///
/// If the file cannot be read or written, or has no marks.
pub fn write(file: &Path, figures: &str) -> Result<()> {
    let name = file.display();
    let text = fs::read_to_string(file).with_context(|| format!("{name} cannot be read"))?;
    let text = replaced(&text, figures)
        .with_context(|| format!("{name} has no line {BEGIN} or no {END} after it"))?;
    fs::write(file, text).with_context(|| format!("{name} cannot be written"))
}

fn replaced(text: &str, figures: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{figures}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_outside_the_marks_is_kept() {
        let text = "# Title\n<!-- figures -->\nold\n<!-- end -->\nprose\n";
        let written = replaced(text, "new\n").unwrap();
        assert_eq!(
            written,
            "# Title\n<!-- figures -->\n\nnew\n\n<!-- end -->\nprose\n"
        );
        assert_eq!(replaced(&written, "new\n").unwrap(), written);
        assert_eq!(replaced("no marks", "new\n"), None);
    }
}
