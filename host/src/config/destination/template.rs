//! Texts with placeholders: `{account}`, `{source}` and `{name}` in a path, a URL or the value of a header.
//!
//! A tenant's administrator chooses its name, and the API its id, so each value is made harmless for its place: by
//! [`path_name`] in paths, percent-encoded in URLs and headers.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use crate::config::destination::path_name;

/// What is percent-encoded in URLs and headers: all but letters and digits of ASCII, `-`, `.`, `_` and `~`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A source, as placeholders name it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SourceName<'a> {
    /// The account's name.
    pub account: &'a str,
    /// The vendor's id.
    pub id: &'a str,
    /// What a person calls it; its id if that is nothing.
    pub name: &'a str,
    /// Whether the name alone could lead to the path of another source, so that the id follows it.
    pub is_ambiguous: bool,
}

/// A text with placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Text(String),
    Account,
    Source,
    Name,
}

impl Template {
    /// Parses a text in which `{{` and `}}` are braces.
    ///
    /// # Errors
    ///
    /// When another brace belongs to no placeholder. The message does not repeat the text, which may be a secret.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let tokens = [
            ("{{", Part::Text("{".to_owned())),
            ("}}", Part::Text("}".to_owned())),
            ("{account}", Part::Account),
            ("{source}", Part::Source),
            ("{name}", Part::Name),
        ];
        let mut parts = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let token = tokens
                .iter()
                .find_map(|(token, part)| Some((part.clone(), rest.strip_prefix(token)?)));
            let text = || {
                let end = rest.find(['{', '}']).unwrap_or(rest.len());
                let (text, rest) = rest.split_at_checked(end).filter(|_| end > 0)?;
                Some((Part::Text(text.to_owned()), rest))
            };
            let (part, after) = token.or_else(text).ok_or(
                "contains a brace that belongs to no placeholder: write {account}, {source} or {name}, or {{ and }} \
                 for braces",
            )?;
            parts.push(part);
            rest = after;
        }
        Ok(Self(parts))
    }

    /// Returns whether the text has this placeholder.
    pub(super) fn has(&self, placeholder: &Part) -> bool {
        self.0.contains(placeholder)
    }

    /// Returns whether the text has no placeholder.
    pub(super) fn is_plain(&self) -> bool {
        self.0.iter().all(|part| matches!(part, Part::Text(_)))
    }

    /// Returns the text with what `value` returns in the place of each placeholder.
    pub(super) fn fill(&self, value: impl Fn(&Part) -> String) -> String {
        let text = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            placeholder => value(placeholder),
        };
        self.0.iter().map(text).collect()
    }

    /// Returns the path of a source, in which each value is a part of one component.
    pub(super) fn path(&self, source: &SourceName<'_>) -> String {
        self.fill(|placeholder| match placeholder {
            Part::Account => path_name::of_text(source.account),
            Part::Source => path_name::of_id(source.id),
            _ if source.is_ambiguous => path_name::with_id(source.name(), source.id),
            _ => path_name::of_text(source.name()),
        })
    }

    /// Returns the URL or the header's value of a source. Each value is one segment of a path, one value of a query, or
    /// visible ASCII.
    pub(super) fn encoded(&self, source: &SourceName<'_>) -> String {
        self.fill(|placeholder| {
            let value = match placeholder {
                Part::Account => source.account,
                Part::Source => source.id,
                _ => source.name(),
            };
            let encoded = utf8_percent_encode(value, ENCODED).to_string();
            // A segment of dots, also if they are encoded once, would remove itself or the one before.
            match encoded.bytes().all(|byte| byte == b'.') {
                true => encoded.replace('.', "%252E"),
                false => encoded,
            }
        })
    }

    /// Returns a URL with placeholders as an example of the URLs of all sources.
    ///
    /// # Errors
    ///
    /// When a placeholder stands before the path.
    pub(super) fn example(&self) -> Result<String, &'static str> {
        let [one, other] = ["x", "y"].map(|value| self.fill(|_| value.to_owned()));
        if let (Ok(one), Ok(other)) = (Url::parse(&one), Url::parse(&other))
            && one.origin() != other.origin()
        {
            return Err(
                "has a placeholder before its path: write placeholders in its path or query only",
            );
        }
        Ok(one)
    }

    /// Returns the text before the first placeholder.
    pub(super) fn first_text(&self) -> String {
        let text = |part: &Part| match part {
            Part::Text(text) => Some(text.clone()),
            _ => None,
        };
        self.0.iter().map_while(text).collect()
    }

    /// Returns what all paths of an account begin and end with.
    pub(super) fn path_ends(&self, account: &str) -> (String, String) {
        let text = |part: &Part| match part {
            Part::Text(text) => Some(text.clone()),
            Part::Account => Some(path_name::of_text(account)),
            Part::Source | Part::Name => None,
        };
        let begin = self.0.iter().map_while(text).collect();
        let mut end: Vec<_> = self.0.iter().rev().map_while(text).collect();
        end.reverse();
        (begin, end.concat())
    }
}

impl<'a> SourceName<'a> {
    fn name(&self) -> &'a str {
        match self.name.trim().is_empty() {
            true => self.id,
            false => self.name,
        }
    }
}
