//! The object of the event that contains an attribute, with the objects and lists around it, parsed at compile time.

use crate::mapping::prepared::Prepared;

/// The maximum number of objects and lists around an attribute of the table.
const MAX_DEPTH: usize = 3;

/// An object of the event that contains attributes.
#[derive(Clone, Copy)]
pub(crate) struct Object {
    steps: [Step; MAX_DEPTH],
    depth: u8,
    /// The number of the path to it, so that paths are compared at once.
    path: u32,
}

/// A step on the way from the event to an object: a member that is an object, or a list of objects.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    /// The text that every event with it contains: the name with a colon, and the beginning of a list.
    pub(crate) written: Prepared<24>,
    /// Whether it is a list.
    pub(crate) is_list: bool,
    /// Whether it is a list that can have several entries.
    pub(crate) is_each: bool,
    /// The number of the path to it.
    path: u32,
}

impl Object {
    /// The event itself.
    pub(crate) const EVENT: Self = Self {
        steps: [Step::new("", 0); MAX_DEPTH],
        depth: 0,
        path: 0,
    };

    /// Splits a path into the object that contains the attribute, and the attribute's name.
    pub(crate) const fn around(path: &'static str) -> (Self, &'static str) {
        // The number of a path is its FNV-1a hash; a test of the table shows that no two have the same.
        let mut hash: u32 = 0x811c_9dc5;
        let mut object = Self::EVENT;
        let mut rest = path;
        let mut length = 0;
        while let Some((name, [byte, after @ ..])) = rest.as_bytes().split_at_checked(length) {
            if *byte == b'.' {
                object = object.then(Step::new(rest.split_at(name.len()).0, hash));
                rest = rest.split_at(rest.len() - after.len()).1;
                length = 0;
            } else {
                length += 1;
            }
            hash = (hash ^ *byte as u32).wrapping_mul(0x0100_0193);
        }
        (object, rest)
    }

    const fn then(self, step: Step) -> Self {
        assert!(
            (self.depth as usize) < MAX_DEPTH,
            "an attribute stands in more objects than MAX_DEPTH says"
        );
        let [first, second, third] = self.steps;
        Self {
            steps: match self.depth {
                0 => [step, second, third],
                1 => [first, step, third],
                _ => [first, second, step],
            },
            depth: self.depth + 1,
            path: step.path,
        }
    }

    /// Returns the steps from the event to the object.
    pub(crate) fn steps(&self) -> &[Step] {
        self.steps
            .get(..usize::from(self.depth))
            .unwrap_or_default()
    }

    /// Returns how many steps from the event both objects share.
    pub(crate) fn shared(&self, other: &Self) -> usize {
        let pairs = self.steps().iter().zip(other.steps());
        pairs
            .take_while(|(one, other)| one.path == other.path)
            .count()
    }
}

impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

impl Step {
    /// Parses a step; a list ends with `[0]` or `[]`.
    const fn new(written: &'static str, path: u32) -> Self {
        let (name, is_list, is_each) = match written.as_bytes() {
            [name @ .., b'[', b'0', b']'] => (name, true, false),
            [name @ .., b'[', b']'] => (name, true, true),
            name => (name, false, false),
        };
        let written = Prepared::EMPTY.with(b"\"").with(name).with(b"\":");
        Self {
            written: if is_list { written.with(b"[") } else { written },
            is_list,
            is_each,
            path,
        }
    }
}
