//! Writes an event, one value after the other, as JSON on one line.

use uuid::Builder;
use xxhash_rust::xxh3::{Xxh3Default, xxh3_128};

use super::record::write_text;
use super::rule::{Rule, Value, is_in_list};

/// Where the event's UUID will stand: it is made of all the rest.
const NO_UID: &str = "00000000-0000-0000-0000-000000000000";

/// An event that is being written.
pub struct Writer {
    json: Vec<u8>,
    /// The path of the object that the last value stands in.
    open: &'static str,
    /// The index of the entry that the `[]` in `open` stands for.
    index: usize,
    /// Whether the object that is open holds something.
    is_begun: bool,
    /// Where the values of heartbeats stand.
    heartbeats: Vec<(usize, usize)>,
    /// Where the event's UUID is to stand.
    uid: Option<usize>,
}

/// An event that was written.
pub struct Written {
    /// The JSON text.
    pub json: String,
    /// XXH3-64 over the text without what a heartbeat moves. Equal on every machine.
    pub fingerprint: u64,
    /// `metadata.uid`, where the event has one.
    pub uid: Option<String>,
}

impl Writer {
    /// An event without anything.
    pub fn new() -> Self {
        let mut json = Vec::with_capacity(2048);
        json.push(b'{');
        Self {
            json,
            open: "",
            index: 0,
            is_begun: false,
            heartbeats: Vec::new(),
            uid: None,
        }
    }

    /// Writes the value of a rule, in the entry `index` of the rule's list.
    pub fn value(&mut self, rule: &'static Rule, index: usize, value: &Value<'_>) {
        let start = self.name(rule, index);
        match value {
            Value::Text(text) => write_text(&mut self.json, text),
            // Neither a number nor a Vec can fail to be written.
            Value::Integer(number) => drop(serde_json::to_writer(&mut self.json, number)),
            Value::Boolean(true) => self.json.extend_from_slice(b"true"),
            Value::Boolean(false) => self.json.extend_from_slice(b"false"),
            Value::Part(node) => node.write(&mut self.json),
            Value::EventUid => {
                self.uid = Some(self.json.len() + 1);
                write_text(&mut self.json, NO_UID);
            }
        }
        self.end(rule, start);
    }

    /// Closes the event.
    pub fn finish(mut self) -> Written {
        self.close(self.open, "");
        self.json.push(b'}');
        let mut hash = Xxh3Default::new();
        let mut from = 0;
        for (start, end) in &self.heartbeats {
            hash.update(self.json.get(from..*start).unwrap_or_default());
            from = *end;
        }
        hash.update(self.json.get(from..).unwrap_or_default());
        let uid = self.uid.and_then(|at| {
            let uid = Builder::from_custom_bytes(xxh3_128(&self.json).to_be_bytes()).into_uuid();
            let uid = uid.to_string();
            self.json
                .get_mut(at..at + NO_UID.len())?
                .copy_from_slice(uid.as_bytes());
            Some(uid)
        });
        Written {
            fingerprint: hash.digest(),
            // Made of texts alone.
            json: String::from_utf8(self.json).unwrap_or_default(),
            uid,
        }
    }

    /// Opens the object of a rule and writes the name; returns where that began.
    fn name(&mut self, rule: &'static Rule, index: usize) -> usize {
        if rule.object != self.open || index != self.index {
            self.go_to(rule.object, index);
        }
        let start = self.json.len();
        if self.is_begun {
            self.json.push(b',');
        }
        self.is_begun = true;
        self.quoted(rule.name);
        self.json.push(b':');
        if rule.is_single {
            self.json.push(b'[');
        }
        start
    }

    /// Writes a name of the table, which never needs an escape.
    fn quoted(&mut self, name: &str) {
        self.json.push(b'"');
        self.json.extend_from_slice(name.as_bytes());
        self.json.push(b'"');
    }

    fn end(&mut self, rule: &'static Rule, start: usize) {
        if rule.is_single {
            self.json.push(b']');
        }
        if rule.heartbeat {
            self.heartbeats.push((start, self.json.len()));
        }
    }

    /// Closes and opens objects until the one of the path is open, in the entry `index` of its list.
    fn go_to(&mut self, object: &'static str, index: usize) {
        let shared = shared(self.open, object);
        self.close(self.open, shared);
        if index != self.index && is_in_list(shared) {
            self.json.extend_from_slice(b"},{");
            self.is_begun = false;
        }
        let rest = object.get(shared.len()..).unwrap_or_default();
        for step in rest.split('.').filter(|step| !step.is_empty()) {
            if self.is_begun {
                self.json.push(b',');
            }
            self.is_begun = false;
            let name = step.split('[').next().unwrap_or(step);
            self.quoted(name);
            self.json.extend_from_slice(if name.len() < step.len() {
                b":[{"
            } else {
                b":{"
            });
        }
        self.open = object;
        self.index = index;
    }

    /// Closes what is open until only `outer`, the begin of its path, is.
    fn close(&mut self, open: &'static str, outer: &str) {
        let rest = open.get(outer.len()..).unwrap_or_default();
        for step in rest.split('.').rev().filter(|step| !step.is_empty()) {
            self.json
                .extend_from_slice(if step.ends_with(']') { b"}]" } else { b"}" });
            self.is_begun = true;
        }
    }
}

/// The longest path of whole steps that two paths begin with.
fn shared<'p>(one: &'p str, other: &str) -> &'p str {
    let pairs = one.bytes().zip(other.bytes());
    let same = pairs.take_while(|(one, other)| one == other).count();
    let ends = |path: &str| matches!(path.as_bytes().get(same), None | Some(b'.'));
    let begin = one.get(..same).unwrap_or_default();
    if ends(one) && ends(other) {
        return begin;
    }
    begin.rsplit_once('.').map_or("", |(steps, _)| steps)
}
