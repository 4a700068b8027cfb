//! An event as the list of its scalars: its JSON text, its fingerprint and its explanation come from the same list.

use std::borrow::Cow;

use serde_json::Value;
#[cfg(feature = "connector")]
use xxhash_rust::xxh3::Xxh3;

use crate::record::Node;

/// A value of the record that stands behind a scalar of the event.
#[derive(Clone, Debug)]
pub(crate) struct Source<'r> {
    pub(crate) pointer: String,
    pub(crate) node: &'r Node,
}

/// One scalar of an event.
#[derive(Clone, Debug)]
pub(crate) struct Scalar<'r> {
    /// Its JSON Pointer in the event. Its segments need no escapes, and one of digits is an index.
    pub(crate) path: Cow<'static, str>,
    pub(crate) value: Value,
    pub(crate) sources: Vec<Source<'r>>,
    pub(crate) rule: &'static str,
    /// Whether it tells when the device was seen, and nothing else.
    pub(crate) is_heartbeat: bool,
}

/// Returns the event: JSON text on one line. Scalars of one object or array follow one another.
pub(crate) fn json(scalars: &[Scalar<'_>]) -> String {
    let mut text = String::from("{");
    // The containers that are open inside the event, each with its segment and the character that closes it.
    let mut open: Vec<(&str, char)> = Vec::new();
    for scalar in scalars {
        let segments: Vec<&str> = scalar.path.split('/').skip(1).collect();
        let Some((last, parents)) = segments.split_last() else {
            continue;
        };
        let known = open.iter().map(|(segment, _)| segment);
        let common = known.zip(parents).take_while(|(a, b)| a == b).count();
        while open.len() > common {
            text.extend(open.pop().map(|(_, closing)| closing));
        }
        let inner = parents.iter().skip(common);
        for (segment, next) in inner.zip(segments.iter().skip(common + 1)) {
            begin(&mut text, segment);
            let (opening, closing) = match is_index(next) {
                true => ('[', ']'),
                false => ('{', '}'),
            };
            text.push(opening);
            open.push((segment, closing));
        }
        begin(&mut text, last);
        text.push_str(&scalar.value.to_string());
    }
    text.extend(open.into_iter().rev().map(|(_, closing)| closing));
    text.push('}');
    text
}

/// Writes what stands before a value: the comma and the name.
fn begin(text: &mut String, segment: &str) {
    if !text.ends_with(['{', '[']) {
        text.push(',');
    }
    if !is_index(segment) {
        text.push('"');
        text.push_str(segment);
        text.push_str("\":");
    }
}

fn is_index(segment: &str) -> bool {
    segment.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns a hash of everything that is not a heartbeat.
#[cfg(feature = "connector")]
pub(crate) fn fingerprint(scalars: &[Scalar<'_>]) -> u64 {
    let mut hash = Xxh3::new();
    for scalar in scalars.iter().filter(|scalar| !scalar.is_heartbeat) {
        hash.update(scalar.path.as_bytes());
        hash.update(b"\0");
        hash.update(scalar.value.to_string().as_bytes());
        hash.update(b"\0");
    }
    hash.digest()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scalar(path: &'static str, value: impl Into<Value>) -> Scalar<'static> {
        Scalar {
            path: path.into(),
            value: value.into(),
            sources: Vec::new(),
            rule: "",
            is_heartbeat: path.ends_with("time"),
        }
    }

    #[test]
    fn an_event_is_written_from_its_scalars() {
        assert_eq!(json(&[]), "{}");
        let scalars = [
            scalar("/a", 1),
            scalar("/b/c/0/d", "x\"\n"),
            scalar("/b/c/0/e", true),
            scalar("/b/c/1/d", "y"),
            scalar("/b/f", 2),
            scalar("/g/h/i", 3),
            scalar("/j", 4),
        ];
        assert_eq!(
            json(&scalars),
            r#"{"a":1,"b":{"c":[{"d":"x\"\n","e":true},{"d":"y"}],"f":2},"g":{"h":{"i":3}},"j":4}"#
        );
    }

    #[test]
    fn a_heartbeat_changes_no_fingerprint() {
        let of = |time: i64, name: &str| fingerprint(&[scalar("/time", time), scalar("/n", name)]);
        assert_eq!(of(1, "a"), of(2, "a"));
        assert_ne!(of(1, "a"), of(1, "b"));
    }
}
