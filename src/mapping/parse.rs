//! Parses the JSON text of an endpoint into a tree.

use std::borrow::Cow;

use crate::json::{NotJson, Scanner};
use crate::mapping::record::{Content, Key, Record};
use crate::mapping::scalar;

/// Values nested deeper are kept as text: no receiver expects them, and some fail on them.
const MAX_DEPTH: usize = 32;

/// An endpoint with more values than this is not parsed: dozens of times the fullest known one.
const MAX_VALUES: usize = 8192;

/// Names above a value of this many bytes count as one more value, since `explain` repeats them for each.
const NAMES_OF_A_VALUE: usize = 128;

/// An endpoint of more bytes is not parsed: no API sends it.
pub(crate) const MAX_BYTES: usize = 1 << 20;

/// The names of an object with more members than this are sorted to compare them, not compared in pairs.
const FEW_NAMES: usize = 32;

/// Parses an endpoint that [`read`](crate::mapping::read) accepted. Returns `None` if it is too long, has too many
/// values, or a duplicate name in an object, since a pointer to it would be ambiguous.
pub(crate) fn parse(json: &str) -> Option<Record<'_>> {
    if json.len() > MAX_BYTES {
        return None;
    }
    let mut parser = Parser {
        record: Record::new(),
        names: Vec::with_capacity(FEW_NAMES),
        left: MAX_VALUES,
    };
    let mut scanner = Scanner::new(json);
    parser.value(&mut scanner, Key::Index(0), 0, 0).ok()?;
    parser.record.index_members();
    Some(parser.record)
}

/// The state of the parser.
struct Parser<'a> {
    record: Record<'a>,
    /// The names of the objects that are open, the outermost first.
    names: Vec<Cow<'a, str>>,
    /// How many more values are allowed.
    left: usize,
}

/// The text is not JSON, has too many values, or a duplicate name in an object.
struct NotATree;

impl From<NotJson> for NotATree {
    fn from(NotJson: NotJson) -> Self {
        Self
    }
}

impl<'a> Parser<'a> {
    /// Reads a value at this depth, below names of this many bytes.
    fn value(
        &mut self,
        scanner: &mut Scanner<'a>,
        key: Key<'a>,
        depth: usize,
        names: usize,
    ) -> Result<(), NotATree> {
        match scanner.peek() {
            Some(b'{') if depth <= MAX_DEPTH => {
                let object = self.record.open(key, Content::Object);
                self.members(scanner, depth, names)?;
                self.record.close(object);
            }
            Some(b'[') if depth <= MAX_DEPTH => {
                let array = self.record.open(key, Content::Array);
                self.entries(scanner, depth, names)?;
                self.record.close(array);
            }
            _ => {
                let json = scanner.value()?;
                if !matches!(json, "null" | r#""""# | "{}" | "[]") {
                    self.record.open(key, Content::Scalar(json));
                }
            }
        }
        Ok(())
    }

    fn members(
        &mut self,
        scanner: &mut Scanner<'a>,
        depth: usize,
        names: usize,
    ) -> Result<(), NotATree> {
        let outer = self.names.len();
        scanner.members(|scanner, quoted| {
            let name = scalar::name(quoted);
            let names = names + name.len();
            self.count(names)?;
            let known = self.names.get(outer..).unwrap_or_default();
            if known.len() < FEW_NAMES && known.contains(&name) {
                return Err(NotATree);
            }
            self.names.push(name.clone());
            self.value(scanner, Key::Name(name), depth + 1, names)
        })?;
        let names = self.names.get_mut(outer..).unwrap_or_default();
        if names.len() > FEW_NAMES {
            names.sort_unstable();
            if names.windows(2).any(|two| two.first() == two.last()) {
                return Err(NotATree);
            }
        }
        self.names.truncate(outer);
        Ok(())
    }

    fn entries(
        &mut self,
        scanner: &mut Scanner<'a>,
        depth: usize,
        names: usize,
    ) -> Result<(), NotATree> {
        let mut index = 0;
        scanner.entries(|scanner| {
            self.count(names)?;
            self.value(scanner, Key::Index(index), depth + 1, names)?;
            index += 1;
            Ok::<_, NotATree>(())
        })?;
        Ok(())
    }

    /// Counts a value below names of this many bytes.
    fn count(&mut self, names: usize) -> Result<(), NotATree> {
        let counts = names.div_ceil(NAMES_OF_A_VALUE).max(1);
        self.left = self.left.checked_sub(counts).ok_or(NotATree)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
