//! Watches the stored cursors while faults happen: none goes back.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::Value;

use crate::replica::Replica;

/// How long to wait between two looks.
const PAUSE: Duration = Duration::from_millis(500);

/// What a look at the state says of one source.
#[derive(Clone, Debug)]
struct Position {
    /// When it was stored, by the replica's clock: RFC 3339, so that texts of one form compare as times.
    stored: String,
    mark: Option<String>,
    /// When the walk in progress began, and the number of its items so far.
    walk: Option<(String, u64)>,
}

/// Runs `state list` again and again on a thread of its own.
pub struct Watch {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Seen>,
}

#[derive(Default)]
struct Seen {
    newest: BTreeMap<(String, String), Position>,
    looks: usize,
    backward: Vec<String>,
}

impl Watch {
    /// Begins to watch, with the configuration of this replica.
    pub fn start(replica: Replica) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let mut seen = Seen::default();
            while !stopped.load(Ordering::Relaxed) {
                seen.look(&replica);
                thread::sleep(PAUSE);
            }
            // By now all is stored, and no server lags behind.
            let newest = std::mem::take(&mut seen.newest);
            seen.look(&replica);
            for (key, earlier) in newest {
                match seen.newest.get(&key) {
                    Some(last) if last.stored >= earlier.stored => {
                        earlier.compare(last, &mut seen.backward)
                    }
                    last => seen.backward.push(format!("{earlier:?} became {last:?}")),
                }
            }
            seen
        });
        Self { stop, thread }
    }

    /// Ends the watch, once nothing changes any more. Returns how many times it has looked.
    #[track_caller]
    pub fn end(self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        let seen = self.thread.join().unwrap();
        assert!(
            seen.backward.is_empty(),
            "cursors went back: {:#?}",
            seen.backward
        );
        assert!(!seen.newest.is_empty(), "no cursor was seen");
        seen.looks
    }
}

impl Seen {
    fn look(&mut self, replica: &Replica) {
        let output = replica.run(&["state", "list", "--json"]);
        // Without servers there is no answer.
        let Ok(Value::Array(sources)) = serde_json::from_slice(&output.stdout) else {
            return;
        };
        self.looks += 1;
        for source in sources {
            let text = |key: &str| source[key].as_str().unwrap().to_owned();
            let key = (text("account"), text("source"));
            let walk = &source["cursor"]["walk"];
            let position = Position {
                stored: text("updated_at"),
                mark: source["mark"].as_str().map(str::to_owned),
                walk: walk["began"]
                    .as_str()
                    .map(|began| (began.to_owned(), walk["items"].as_u64().unwrap_or(0))),
            };
            match self.newest.get(&key) {
                // A server that lags behind the others answers with what was stored before.
                Some(newest) if newest.stored > position.stored => {}
                newest => {
                    if let Some(newest) = newest {
                        newest.compare(&position, &mut self.backward);
                    }
                    self.newest.insert(key, position);
                }
            }
        }
    }
}

impl Position {
    /// Compares with what was stored later.
    fn compare(&self, later: &Position, backward: &mut Vec<String>) {
        let walk_back = match (&self.walk, &later.walk) {
            (Some((began, items)), Some((later_began, later_items))) => {
                began == later_began && later_items < items
            }
            _ => false,
        };
        if later.mark < self.mark || walk_back {
            backward.push(format!("{self:?} became {later:?}"));
        }
    }
}
