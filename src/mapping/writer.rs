//! Writes an event value by value, as JSON on one line.

use simdutf8::basic::from_utf8;
use uuid::Builder;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use crate::mapping::json::{write_integer, write_text};
use crate::mapping::object::Object;
use crate::mapping::rule::Rule;
use crate::mapping::rules::Constants;
use crate::mapping::value::Value;

/// The placeholder of the event's UUID, which is computed from the rest.
const NO_UID: &str = "00000000-0000-0000-0000-000000000000";

/// An event that is being written.
pub(crate) struct Writer {
    json: Vec<u8>,
    /// The object that contains the last value.
    open: &'static Object,
    /// The index of the entry in its list.
    index: usize,
    /// The byte before the next member: `{` in an empty object, else a comma.
    separator: u8,
    /// The text without heartbeats, up to the last heartbeat.
    lasting: Vec<u8>,
    /// The end of the last heartbeat in `json`.
    heartbeat_end: usize,
    /// The position of the event's UUID.
    uid: Option<usize>,
}

/// An event that was written.
pub(crate) struct Written {
    /// The JSON text.
    pub(crate) json: String,
    /// XXH3-64 over the text without heartbeats. Equal on every machine.
    pub(crate) fingerprint: u64,
    /// `metadata.uid`, if the event has one.
    pub(crate) uid: Option<String>,
}

impl Writer {
    /// Starts an empty event.
    pub(crate) fn new() -> Self {
        Self {
            json: Vec::with_capacity(2048),
            open: &Object::EVENT,
            index: 0,
            separator: b'{',
            lasting: Vec::with_capacity(2048),
            heartbeat_end: 0,
            uid: None,
        }
    }

    /// Writes the value of a rule, in the entry `index` of the rule's list.
    pub(crate) fn value(&mut self, rule: &'static Rule, index: usize, value: &Value<'_>) {
        self.be_in(&rule.object, index);
        // The fingerprint leaves out a heartbeat with the comma before it.
        let start = self.json.len() + usize::from(self.separator == b'{');
        self.separate();
        rule.written.write(&mut self.json);
        match value {
            // Constants are written with their names.
            _ if rule.is_constant() => {}
            Value::Text(text) => write_text(&mut self.json, text),
            Value::Integer(number) => write_integer(&mut self.json, *number),
            Value::Boolean(true) => self.json.extend_from_slice(b"true"),
            Value::Boolean(false) => self.json.extend_from_slice(b"false"),
            Value::Part(node) => node.write(&mut self.json),
            Value::EmptyObject => self.json.extend_from_slice(b"{}"),
            Value::EventUid => {
                self.uid = Some(self.json.len() + 1);
                write_text(&mut self.json, NO_UID);
            }
        }
        if rule.is_single {
            self.json.push(b']');
        }
        if rule.heartbeat {
            self.keep_until(start);
            self.heartbeat_end = self.json.len();
        }
    }

    /// Writes constants, in the entry `index` of their list.
    pub(crate) fn constants(&mut self, constants: &Constants, index: usize) {
        if let [first, ..] = constants.rules.as_slice() {
            self.be_in(&first.object, index);
        }
        self.separate();
        self.json.extend_from_slice(&constants.written);
    }

    /// Closes the event.
    pub(crate) fn finish(mut self) -> Written {
        self.close(0);
        self.json.push(b'}');
        self.keep_until(self.json.len());
        let uid = self.uid.and_then(|at| {
            let uid = Builder::from_custom_bytes(xxh3_128(&self.json).to_be_bytes()).into_uuid();
            let uid = uid.to_string();
            self.json
                .get_mut(at..at + NO_UID.len())?
                .copy_from_slice(uid.as_bytes());
            Some(uid)
        });
        let fingerprint = xxh3_64(&self.lasting);
        // For an event that fills the memory, there is room for two copies at once.
        drop(self.lasting);
        Written {
            fingerprint,
            // Consists of texts only. Copied, so that it takes no more room than it needs, and validated with SIMD.
            json: from_utf8(&self.json).unwrap_or_default().to_owned(),
            uid,
        }
    }

    /// Adds the text since the last heartbeat to the text without heartbeats.
    fn keep_until(&mut self, end: usize) {
        let lasting = self.json.get(self.heartbeat_end..end);
        self.lasting.extend_from_slice(lasting.unwrap_or_default());
    }

    #[inline(always)]
    fn be_in(&mut self, object: &'static Object, index: usize) {
        if index != self.index || *object != *self.open {
            self.go_to(object, index);
        }
    }

    /// Closes and opens objects until the last value's object is this one, in the entry `index` of its list.
    #[inline(never)]
    fn go_to(&mut self, object: &'static Object, index: usize) {
        let shared = self.open.shared(object);
        self.close(shared);
        let (inside, to_open) = object.steps().split_at(shared);
        if index != self.index && inside.iter().any(|step| step.is_each) {
            self.json.extend_from_slice(b"},");
            self.separator = b'{';
        }
        for step in to_open {
            self.separate();
            step.written.write(&mut self.json);
            self.separator = b'{';
        }
        self.open = object;
        self.index = index;
    }

    /// Closes all open objects but the outermost `shared` ones.
    fn close(&mut self, shared: usize) {
        for step in self.open.steps().iter().skip(shared).rev() {
            self.json
                .extend_from_slice(if step.is_list { b"}]" } else { b"}" });
            self.separator = b',';
        }
    }

    fn separate(&mut self) {
        self.json.push(self.separator);
        self.separator = b',';
    }
}
