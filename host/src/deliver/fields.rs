//! Reads the fields of a JSON answer where they stand, without copying them.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// The fields of a JSON object.
#[derive(Default)]
pub(super) struct Fields<'a>(BTreeMap<String, &'a RawValue>);

impl<'a> Fields<'a> {
    /// Reads the object in a text as far as it is JSON; there are no fields where the text is no object.
    pub(super) fn read(json: &'a [u8]) -> Self {
        Self::read_with_items(json, |_| {})
    }

    /// Reads the object in a text; where it is an array, calls `on_item` for each of its items instead.
    pub(super) fn read_with_items(json: &'a [u8], on_item: impl FnMut(&'a RawValue)) -> Self {
        let mut reader = Reader {
            fields: Self::default(),
            on_item,
        };
        // What was read before an error counts.
        let _ = serde_json::Deserializer::from_slice(json).deserialize_any(&mut reader);
        reader.fields
    }

    /// Returns the JSON of a field.
    pub(super) fn json(&self, name: &str) -> Option<&'a str> {
        self.0.get(name).map(|value| value.get())
    }

    /// Returns a field, if it is there and has this type.
    pub(super) fn get<T: Deserialize<'a>>(&self, name: &str) -> Option<T> {
        serde_json::from_str(self.json(name)?).ok()
    }
}

struct Reader<'a, F> {
    fields: Fields<'a>,
    on_item: F,
}

impl<'a, F: FnMut(&'a RawValue)> Visitor<'a> for &mut Reader<'a, F> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("an object or an array")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut access: A) -> Result<(), A::Error> {
        while let Some((name, value)) = access.next_entry()? {
            self.fields.0.insert(name, value);
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut access: A) -> Result<(), A::Error> {
        while let Some(item) = access.next_element()? {
            (self.on_item)(item);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_text_that_is_cut_off_keeps_the_fields_before(end in 0_usize..=45) {
            let json = r#"{"first":true,"second":{"a":[1,2,3]},"third":""}"#;
            let all = Fields::read(json.as_bytes());
            for (name, value) in Fields::read(&json.as_bytes()[..end]).0 {
                prop_assert_eq!(Some(value.get()), all.json(&name));
            }
        }
    }
}
