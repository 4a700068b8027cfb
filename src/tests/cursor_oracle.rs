//! The cursor against an oracle: thousands of random histories of a tenant, and no device is ever lost.
//!
//! A history mixes heartbeats (before, behind and during walks), an index that shows them up to 100 s late,
//! devices whose clocks are wrong, kills after a page was delivered and before its cursor was stored, and
//! page keys that the API refuses. The oracle knows what the API shows at every moment and what was
//! delivered.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::collections::HashMap;

use proptest::prelude::*;
use sophos_assets::cursor::{Cursor, Stuck};
use sophos_assets::timestamp::Timestamp;

const DEVICES: usize = 24;
const PAGE: usize = 5;
const OVERLAP: i64 = 120_000;
const LONGEST_LAG: i64 = 100_000;
/// The version of the mapping.
const MAPPING: u32 = 1;

const TENANT: &str = "tenant";

/// The first device's clock is three hours fast, the last one's two hours slow; the others' are right.
fn clock_error(device: usize) -> i64 {
    match device {
        0 => 3 * 3_600_000,
        23 => -2 * 3_600_000,
        _ => 0,
    }
}

/// No incremental walk can find a device that reports times before the mark; full walks do.
fn has_slow_clock(device: usize) -> bool {
    clock_error(device) < 0
}

#[derive(Clone, Debug)]
enum Step {
    /// A device checks in; the API shows it `lag` milliseconds later.
    CheckIn {
        device: usize,
        lag: i64,
    },
    Wait {
        millis: i64,
    },
    /// One call of `collect`, whose request takes so long.
    Page {
        millis: i64,
        killed: bool,
        key_refused: bool,
    },
    /// The host begins a walk without a cursor.
    Full,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..DEVICES, prop_oneof![Just(0), 0..=LONGEST_LAG])
            .prop_map(|(device, lag)| Step::CheckIn { device, lag }),
        3 => prop_oneof![1..2_000_i64, 1..400_000_i64].prop_map(|millis| Step::Wait { millis }),
        8 => (0..5_000_i64, prop::bool::weighted(0.15), prop::bool::weighted(0.05)).prop_map(
            |(millis, killed, key_refused)| Step::Page { millis, killed, key_refused }
        ),
        1 => Just(Step::Full),
    ]
}

struct CheckedIn {
    at: i64,
    shown_from: i64,
    reported: i64,
}

/// What was delivered, and which walk it is.
#[derive(Default)]
struct Walk {
    /// What the API showed when the walk began.
    shown: Vec<Option<i64>>,
    full: bool,
    restarted: bool,
}

struct World {
    now: i64,
    devices: Vec<Vec<CheckedIn>>,
    cursor: Option<String>,
    walk: Option<Walk>,
    delivered: HashMap<(usize, i64), u32>,
    /// Deliveries that may come again: one page a kill, everything after a restart or in a full walk.
    repeats_allowed: usize,
    repeats: usize,
}

impl World {
    fn new(now: i64) -> Self {
        let registered = |device: usize| {
            let at = now - 86_400_000 + device as i64 * 60_000;
            vec![CheckedIn {
                at,
                shown_from: at,
                reported: at,
            }]
        };
        Self {
            now,
            devices: (0..DEVICES).map(registered).collect(),
            cursor: None,
            walk: None,
            delivered: HashMap::new(),
            repeats_allowed: 0,
            repeats: 0,
        }
    }

    /// `lastSeenAt` as the API shows it now.
    fn shown(&self, device: usize) -> Option<i64> {
        self.devices[device]
            .iter()
            .filter(|check_in| check_in.shown_from <= self.now)
            .max_by_key(|check_in| check_in.at)
            .map(|check_in| check_in.reported)
    }

    fn all_shown(&self) -> Vec<Option<i64>> {
        (0..DEVICES).map(|device| self.shown(device)).collect()
    }

    fn check_in(&mut self, device: usize, lag: i64) {
        let at = self.now;
        let reported = at + clock_error(device);
        self.devices[device].push(CheckedIn {
            at,
            shown_from: at + lag,
            reported,
        });
    }

    /// One call of `collect`. Gives whether the walk has ended.
    fn page(&mut self, millis: i64, killed: bool, key_refused: bool) -> bool {
        let clock = Timestamp::from_millis(self.now);
        let text = self.cursor.as_deref();
        let mut cursor = Cursor::resume(text, TENANT, None, MAPPING, clock).unwrap();
        let query = cursor.query();
        let from: usize = query
            .page_from_key
            .as_deref()
            .map_or(0, |key| key.parse().unwrap());
        if key_refused && query.page_from_key.is_some() {
            match cursor.key_refused(clock) {
                Ok(()) => {
                    self.cursor = Some(cursor.into_text().unwrap());
                    let full = self.walk.take().is_some_and(|walk| walk.full);
                    self.walk = Some(Walk {
                        full,
                        restarted: true,
                        shown: Vec::new(),
                    });
                }
                Err(why) => assert_eq!(why, Stuck::KeyRefusedAgain),
            }
            return false;
        }

        // The API looks somewhere between the request's beginning and its end.
        self.now += millis / 2;
        if from == 0 {
            let shown = self.all_shown();
            let walk = self.walk.get_or_insert_with(Walk::default);
            walk.shown = shown;
            walk.full |= text.is_none();
        }
        let after = query.last_seen_after.map_or(i64::MIN, Timestamp::millis);
        let matching: Vec<_> = (from..DEVICES)
            .filter_map(|device| Some((device, self.shown(device)?)))
            .filter(|(_, seen)| *seen >= after)
            .collect();
        self.now += millis - millis / 2;

        cursor.answered(
            Timestamp::from_millis(self.now / 1000 * 1000),
            millis,
            OVERLAP,
        );
        let page: Vec<_> = matching.iter().take(PAGE).copied().collect();
        let walk = self.walk.as_ref().unwrap();
        let may_repeat = walk.full || walk.restarted;
        let mut sent = 0;
        for (device, seen) in page {
            let (id, last_seen) = (format!("{device:02}"), Some(Timestamp::from_millis(seen)));
            if !cursor.leaves_out(&id, last_seen) {
                let times = self.delivered.entry((device, seen)).or_default();
                *times += 1;
                sent += 1;
                if *times > 1 && !may_repeat {
                    self.repeats += 1;
                }
            }
            cursor.saw(&id, last_seen);
        }
        let next = matching.get(PAGE).map(|(device, _)| device.to_string());
        let more = cursor.turn_page(next.as_deref()).unwrap();
        if killed {
            // The page has arrived, its cursor is not stored: it comes again.
            self.repeats_allowed += sent;
            if from == 0 && text.is_none() {
                self.walk = None;
            }
            return false;
        }
        self.cursor = Some(cursor.into_text().unwrap());
        if !more {
            self.walk_ended();
        }
        !more
    }

    /// What stood still since the walk began was delivered by it or before it.
    fn walk_ended(&mut self) {
        let walk = self.walk.take().unwrap();
        for (device, began_with) in walk.shown.iter().enumerate() {
            let Some(seen) = *began_with else { continue };
            let stood_still = self.shown(device) == Some(seen);
            if stood_still && (walk.full || !has_slow_clock(device)) {
                assert!(
                    self.delivered.contains_key(&(device, seen)),
                    "device {device}, last seen at {seen}, is lost after the walk"
                );
            }
        }
    }

    fn walk_to_the_end(&mut self) {
        for _ in 0..3 * DEVICES {
            if self.page(10, false, false) {
                return;
            }
        }
        panic!("the walk does not end");
    }
}

fn run(steps: Vec<Step>) -> World {
    let mut world = World::new(1_800_000_000_000);
    for step in steps {
        match step {
            Step::CheckIn { device, lag } => world.check_in(device, lag),
            Step::Wait { millis } => world.now += millis,
            Step::Page {
                millis,
                killed,
                key_refused,
            } => {
                world.page(millis, killed, key_refused);
            }
            Step::Full => {
                world.cursor = None;
                world.walk = None;
            }
        }
    }
    world
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6_000, ..ProptestConfig::default() })]

    #[test]
    fn no_device_is_lost(steps in prop::collection::vec(step(), 0..150)) {
        let mut world = run(steps);
        // What is in the index's queue arrives, and the run after next has nothing left to bring.
        world.now += LONGEST_LAG;
        world.walk_to_the_end();
        world.walk_to_the_end();
        let delivered = world.delivered.values().sum::<u32>();
        world.now += 3_600_000;
        world.walk_to_the_end();
        prop_assert_eq!(world.delivered.values().sum::<u32>(), delivered, "an idle tenant yields nothing");

        world.cursor = None;
        world.walk = None;
        world.walk_to_the_end();
        for device in 0..DEVICES {
            let seen = world.shown(device).unwrap();
            prop_assert!(world.delivered.contains_key(&(device, seen)), "device {} is lost", device);
        }
    }

    #[test]
    fn repeats_come_from_kills_restarts_and_full_walks_alone(
        steps in prop::collection::vec(step(), 0..150)
    ) {
        let world = run(steps);
        prop_assert!(
            world.repeats <= world.repeats_allowed,
            "{} repeats, {} allowed",
            world.repeats,
            world.repeats_allowed
        );
    }
}
