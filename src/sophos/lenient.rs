//! Reads JSON values without insisting on their type.
//!
//! The API drops and changes fields without notice, and one surprise in a field that nothing needs must
//! not cost a device. So a record is walked in one pass, each value is taken as the text it is
//! ([`RawValue`]: scanned by its grammar without recursion, at any depth and size), and only then asked
//! what it is. A value of another type than the one asked for counts as absent, as do `null` and `""`.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

/// Longer than any time that RFC 3339 can write with a fraction that makes sense.
const LONGEST_TIME: usize = 64;

/// What [`walk`] finds under the name of a member.
#[derive(Clone, Copy)]
pub enum Found<'n, 'a> {
    /// A text, a number, a boolean or `null`.
    Scalar(&'a RawValue),
    /// A member of an object, with its name.
    Member(&'n str, &'a RawValue),
    /// An entry of an array.
    Entry(&'a RawValue),
}

/// Walks over `object`, the text of a JSON object, and hands each member on: its name and its value, or
/// where that is an object or an array, one by one what it holds. What a name holds that comes twice is
/// handed on twice, and what was handed on before an error stands.
///
/// # Errors
///
/// Where the text stops being JSON, or is not one object and nothing else.
pub fn walk<'a>(
    object: &'a str,
    each: impl FnMut(&str, Found<'_, 'a>),
) -> Result<(), serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(object);
    deserializer.deserialize_map(Members { text: object, each })?;
    deserializer.end()
}

struct Members<'a, F> {
    text: &'a str,
    each: F,
}

impl<'a, F: FnMut(&str, Found<'_, 'a>)> Visitor<'a> for Members<'a, F> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(quoted) = map.next_key::<&RawValue>()? {
            let name = text(quoted).unwrap_or_default();
            if matches!(first_byte_after(quoted, self.text), Some(b'{' | b'[')) {
                map.next_value_seed(Inner {
                    name: &name,
                    each: &mut self.each,
                })?;
            } else {
                (self.each)(&name, Found::Scalar(map.next_value()?));
            }
        }
        Ok(())
    }
}

/// How the value begins whose name is `quoted`, a part of `text`. Serde has no such look ahead, and a
/// value that was taken as a whole would have to be scanned a second time for what it holds.
pub fn first_byte_after(quoted: &RawValue, text: &str) -> Option<u8> {
    let end = offset(quoted, text) + quoted.get().len();
    let mut rest = text.as_bytes().get(end..)?.iter();
    rest.find(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b':'))
        .copied()
}

/// Where in `text` the value stands that was taken from it, in bytes.
pub fn offset(value: &RawValue, text: &str) -> usize {
    value
        .get()
        .as_ptr()
        .addr()
        .saturating_sub(text.as_ptr().addr())
}

/// What an object or an array under `name` holds.
struct Inner<'n, F> {
    name: &'n str,
    each: &'n mut F,
}

impl<'a, F: FnMut(&str, Found<'_, 'a>)> DeserializeSeed<'a> for Inner<'_, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a, F: FnMut(&str, Found<'_, 'a>)> Visitor<'a> for Inner<'_, F> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object or an array")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some((name, value)) = map.next_entry::<&RawValue, &RawValue>()? {
            let name = text(name).unwrap_or_default();
            (self.each)(self.name, Found::Member(&name, value));
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(value) = list.next_element()? {
            (self.each)(self.name, Found::Entry(value));
        }
        Ok(())
    }
}

/// A text that is not empty.
pub fn text(value: &RawValue) -> Option<Cow<'_, str>> {
    let quoted = value.get().strip_prefix('"')?.strip_suffix('"')?;
    if quoted.is_empty() {
        None
    } else if quoted.contains('\\') {
        // Fails on half a surrogate pair, which stands for no character: no text.
        serde_json::from_str(value.get()).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(quoted))
    }
}

/// `true` or `false`.
pub fn boolean(value: &RawValue) -> Option<bool> {
    match value.get() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// A time as RFC 3339 writes it, in UTC. One without a zone is taken as UTC, and one that UTC cannot write
/// with a year of four digits counts as absent.
pub fn moment(value: &RawValue) -> Option<OffsetDateTime> {
    let text = text(value).filter(|text| text.len() <= LONGEST_TIME)?;
    OffsetDateTime::parse(&text, &Rfc3339)
        .or_else(|_| OffsetDateTime::parse(&format!("{text}Z"), &Rfc3339))
        .ok()?
        .checked_to_offset(UtcOffset::UTC)
        .filter(|moment| (0..=9999).contains(&moment.year()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(json: &str) -> &RawValue {
        serde_json::from_str(json).unwrap()
    }

    const OTHER_TYPES: [&str; 9] = [
        "null",
        "true",
        "7",
        "1e999",
        "-0.5",
        "[]",
        "[\"a\"]",
        "{}",
        r#"{"a":"b"}"#,
    ];

    #[test]
    fn a_text_is_borrowed_unless_it_is_escaped() {
        assert!(matches!(
            text(raw(r#""straße""#)),
            Some(Cow::Borrowed("straße"))
        ));
        assert_eq!(
            text(raw(r#""a\\b\u00df\ud83d\ude00\n""#)).unwrap(),
            "a\\bß😀\n"
        );
    }

    #[test]
    fn what_is_no_text_is_absent() {
        for json in OTHER_TYPES {
            assert_eq!(text(raw(json)), None, "{json}");
        }
        for json in [r#""""#, r#""\ud800""#, r#""\udc00\ud800""#] {
            assert_eq!(text(raw(json)), None, "{json}");
        }
    }

    #[test]
    fn only_true_and_false_are_booleans() {
        assert_eq!(boolean(raw("true")), Some(true));
        assert_eq!(boolean(raw("false")), Some(false));
        for json in ["null", "1", "0", r#""true""#, "[true]", "{}"] {
            assert_eq!(boolean(raw(json)), None, "{json}");
        }
    }

    fn walked(json: &str) -> (Vec<String>, Result<(), serde_json::Error>) {
        let mut seen = Vec::new();
        let end = walk(json, |name, found| {
            seen.push(match found {
                Found::Scalar(value) => format!("{name}={}", value.get()),
                Found::Member(member, value) => format!("{name}.{member}={}", value.get()),
                Found::Entry(value) => format!("{name}[]={}", value.get()),
            });
        });
        (seen, end)
    }

    #[test]
    fn a_walk_goes_two_levels_deep_and_no_deeper() {
        let (seen, end) = walked(
            r#" {"a":1e999,"b" : [ {"a":[2]} ,[3],"4"],"\u0063"
            :{"a":"x","b":{"c":[]}},"d":{},"e":[],"f":null} "#,
        );
        end.unwrap();
        assert_eq!(
            seen,
            [
                "a=1e999",
                r#"b[]={"a":[2]}"#,
                "b[]=[3]",
                r#"b[]="4""#,
                r#"c.a="x""#,
                r#"c.b={"c":[]}"#,
                "f=null"
            ]
        );
    }

    #[test]
    fn a_name_that_comes_twice_is_handed_on_twice_and_one_that_is_no_text_is_empty() {
        let (seen, end) = walked(r#"{"a":1,"a":{"b":1,"b":2},"":0,"\ud800":{"\udc00":1}}"#);
        end.unwrap();
        assert_eq!(seen, ["a=1", "a.b=1", "a.b=2", "=0", ".=1"]);
    }

    #[test]
    fn what_was_walked_over_before_an_error_stands() {
        for rest in [
            ":}", ":", " 2", "::2", ":2", ":2},", ":[2", ":{\"c\"}", ":\"\n\"}", ":-}", ":{]}",
        ] {
            let (seen, end) = walked(&format!(r#"{{"a":1,"b"{rest}"#));
            assert_eq!(seen.first().unwrap(), "a=1", "{rest}");
            end.unwrap_err();
        }
    }

    #[test]
    fn only_an_object_can_be_walked_over() {
        for json in [
            "",
            " ",
            "null",
            "7",
            "1e999",
            r#""a""#,
            r#"["a","b"]"#,
            "[[\"a\",1]]",
        ] {
            let (seen, end) = walked(json);
            assert_eq!(seen, [""; 0], "{json}");
            end.unwrap_err();
        }
    }

    #[test]
    fn a_moment_is_read_in_utc() {
        for (json, seconds, nanoseconds) in [
            ("2024-01-07T06:26:08.668Z", 1_704_608_768, 668_000_000),
            ("2024-01-07T06:26:08Z", 1_704_608_768, 0),
            (
                "2024-01-07T06:26:08.1234567899Z",
                1_704_608_768,
                123_456_789,
            ),
            ("2024-01-07T06:26:08", 1_704_608_768, 0),
            ("2024-01-07T06:26:08.668", 1_704_608_768, 668_000_000),
            ("2024-01-07t06:26:08z", 1_704_608_768, 0),
            ("2024-01-07 06:26:08Z", 1_704_608_768, 0),
            ("2024-01-07T08:56:08+02:30", 1_704_608_768, 0),
            ("2024-01-06T22:26:08-08:00", 1_704_608_768, 0),
            ("1969-12-31T23:59:59.5Z", -1, 500_000_000),
            ("0000-01-01T00:00:00Z", -62_167_219_200, 0),
            ("9999-12-31T23:59:59Z", 253_402_300_799, 0),
        ] {
            let moment = moment(raw(&format!("{json:?}"))).unwrap();
            assert_eq!(
                (moment.unix_timestamp(), moment.nanosecond()),
                (seconds, nanoseconds),
                "{json}"
            );
            assert_eq!(moment.offset(), UtcOffset::UTC, "{json}");
        }
    }

    #[test]
    fn what_is_no_moment_is_absent() {
        for text in [
            "yesterday",
            "2024-01-07",
            "2024-13-07T06:26:08Z",
            "2024-02-30T06:26:08Z",
            "2024-01-07T25:26:08Z",
            "2024-01-07T06:26Z",
            "2024-01-07T06:26:08ZZ",
            "2024-01-07T06:26:08Z ",
            "20240107T062608Z",
            "-PT2H",
            "1704608768",
            "9999-12-31T23:59:59-01:00",
            "0000-01-01T00:00:00+01:00",
        ] {
            assert_eq!(moment(raw(&format!("{text:?}"))), None, "{text}");
        }
        for json in OTHER_TYPES {
            assert_eq!(moment(raw(json)), None, "{json}");
        }
    }
}
