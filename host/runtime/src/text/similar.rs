//! The nearest known word to a mistyped one, for messages.

/// Returns `, did you mean `…`?` for the known word nearest to `word`, or nothing where none is near.
pub fn hint<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.chars().count() / 4)
        .min()
        .map(|(_, candidate)| format!(", did you mean `{candidate}`?"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_a_near_word_and_no_far_one() {
        let known = ["client_id", "token_url", "to", "api_host"];
        for (word, expected) in [
            ("clientid", ", did you mean `client_id`?"),
            ("tokne_url", ", did you mean `token_url`?"),
            ("ot", ", did you mean `to`?"),
            ("region", ""),
            ("", ""),
        ] {
            assert_eq!(hint(word, known), expected, "{word}");
        }
    }
}
