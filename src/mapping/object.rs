//! Where in an event an attribute stands: the objects and lists around it, taken apart when this is compiled.

use crate::mapping::prepared::Prepared;

/// The most objects and lists that an attribute of the table stands in.
const MAX_DEPTH: usize = 3;

/// An object of the event that attributes stand in.
#[derive(Clone, Copy)]
pub(crate) struct Object {
    steps: [Step; MAX_DEPTH],
    depth: u8,
    /// A number for the path to it, so that paths are compared at a stroke.
    path: u32,
}

/// A step on the way from the event to an object: a member that is an object, or a list of objects.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    /// What every event with it has of it: the name with a colon, and the beginning of a list.
    pub(crate) written: Prepared<24>,
    /// Whether it is a list.
    pub(crate) is_list: bool,
    /// Whether it is a list that can have more entries than one.
    pub(crate) is_each: bool,
    /// The number for the path to here.
    path: u32,
}

impl Object {
    /// The event itself.
    pub(crate) const EVENT: Self = Self {
        steps: [Step::new("", 0); MAX_DEPTH],
        depth: 0,
        path: 0,
    };

    /// The object that the attribute of a path stands in, and the rest of the path: the attribute's name.
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

    /// The steps from the event to the object.
    pub(crate) fn steps(&self) -> &[Step] {
        self.steps
            .get(..usize::from(self.depth))
            .unwrap_or_default()
    }

    /// With how many steps the ways to both objects begin alike.
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
    /// A step that is written with `[0]` or `[]` at its end where it is a list.
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
