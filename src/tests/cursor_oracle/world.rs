//! A tenant, its API, and the runs that collect it; and the judgement of what was delivered.

use std::collections::{BTreeMap, HashMap, HashSet};

use sophos_assets::cursor::{Cursor, Stuck};
use sophos_assets::timestamp::Timestamp;

use crate::history::{Answer, Broken, Page, Total};

/// How many devices there are: enough that the announced total of a full walk shows a loss of half of them.
pub const DEVICES: usize = 40;
/// How late the API shows a check-in at most.
pub const MAX_LAG: i64 = 100_000;

const PAGE: usize = 6;
const OVERLAP: i64 = 120_000;
/// The version of the mapping.
const MAPPING: u32 = 1;
const TENANT: &str = "tenant";

/// Why a device is found by a full walk alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gap {
    /// Its clock is slow: it reports times before the mark.
    SlowDevice,
    /// No clock that the walk could go by was right: all of them were ahead.
    EveryClockAhead,
    /// The listing ended early, and missed no more than may have been deleted meanwhile.
    TooFewMissing,
    /// The listing ended early, and the API had announced no total, or a wrong one.
    NoTotal,
    /// Three walks in a row or more ended early.
    ShortAgainAndAgain,
}

impl Gap {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::SlowDevice,
        Self::EveryClockAhead,
        Self::TooFewMissing,
        Self::NoTotal,
        Self::ShortAgainAndAgain,
    ];
}

/// The first device's clock is three hours fast, the last one's two hours slow; the others' are right.
fn clock_error(device: usize) -> i64 {
    match device {
        0 => 3 * 3_600_000,
        _ if device == DEVICES - 1 => -2 * 3_600_000,
        _ => 0,
    }
}

struct CheckedIn {
    at: i64,
    shown_from: i64,
    reported: i64,
}

/// The walk under way, as the API saw it.
#[derive(Clone)]
struct Walk {
    /// The devices that the API showed when the walk began.
    shown: Vec<Option<i64>>,
    /// The filter.
    after: Option<i64>,
    /// The upper limit of a mark that is taken from a correct clock.
    right_cap: i64,
    /// Every clock that the first answer could go by was ahead.
    every_clock_ahead: bool,
    /// Devices that match the filter and were not listed.
    kept_back: HashSet<(usize, i64)>,
    /// How many items were listed, and how many there truly are.
    items: usize,
    there: usize,
    announced: Option<usize>,
}

impl Walk {
    fn is_short(&self) -> bool {
        self.announced
            .is_some_and(|announced| self.items + 10 + announced / 100 < announced)
    }
}

pub struct World {
    /// The true time.
    pub now: i64,
    pub host_error: i64,
    pub key_life: Option<i64>,
    /// Devices that are missing for a known reason and lie before the mark.
    pub gaps: BTreeMap<(usize, i64), Gap>,
    /// Deliveries that may come again: one page of each run that broke off.
    pub repeats_allowed: usize,
    pub repeats: usize,
    devices: Vec<Vec<CheckedIn>>,
    cursor: Option<String>,
    walk: Option<Walk>,
    short_walks: u32,
    /// Since the last walk that listed everything, one began again or ended early: what its first part delivered may
    /// come twice.
    may_repeat: bool,
    /// Marks that wrong clocks have set: from where the mark should be at most, to where it is.
    set_ahead: Vec<(i64, i64)>,
    delivered: HashMap<(usize, i64), usize>,
}

impl World {
    pub fn new(now: i64) -> Self {
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
            host_error: 0,
            key_life: None,
            gaps: BTreeMap::new(),
            repeats_allowed: 0,
            repeats: 0,
            devices: (0..DEVICES).map(registered).collect(),
            cursor: None,
            walk: None,
            short_walks: 0,
            may_repeat: false,
            set_ahead: Vec::new(),
            delivered: HashMap::new(),
        }
    }

    /// `lastSeenAt` as the API shows it now.
    pub fn shown(&self, device: usize) -> Option<i64> {
        self.devices[device]
            .iter()
            .filter(|check_in| check_in.shown_from <= self.now)
            .max_by_key(|check_in| check_in.at)
            .map(|check_in| check_in.reported)
    }

    pub fn is_delivered(&self, device: usize, seen: i64) -> bool {
        self.delivered.contains_key(&(device, seen))
    }

    /// How many events were delivered.
    pub fn deliveries(&self) -> usize {
        self.delivered.values().sum()
    }

    pub fn check_in(&mut self, device: usize, lag: i64) {
        self.devices[device].push(CheckedIn {
            at: self.now,
            shown_from: self.now + lag,
            reported: self.now + clock_error(device),
        });
    }

    /// The next walk is one over everything.
    pub fn forget_cursor(&mut self) {
        self.cursor = None;
        self.walk = None;
        self.short_walks = 0;
        self.set_ahead.clear();
        self.gaps.clear();
    }

    /// One call of `collect`. Returns whether the walk has ended.
    pub fn page(&mut self, page: &Page) -> bool {
        let mut cursor = self.resume();
        let query = cursor.query();
        let key = query.page_from_key.as_deref().map(read_key);
        if page.broken == Some(Broken::Asking) {
            self.now += page.millis;
            return false;
        }
        if key.is_some_and(|(_, expires)| page.key_refused || expires < self.now) {
            self.refuse_key(cursor);
            return false;
        }
        let from = key.map_or(0, |(device, _)| device);

        // The API looks somewhere between the request's beginning and its end.
        self.now += page.millis / 2;
        let after = query.last_seen_after.map(Timestamp::millis);
        let matching: Vec<_> = (from..DEVICES)
            .filter_map(|device| Some((device, self.shown(device)?)))
            .filter(|(_, seen)| after.is_none_or(|after| *seen >= after))
            .collect();
        let mut walk = match self.walk.clone() {
            Some(walk) if from > 0 => walk,
            earlier => {
                self.may_repeat |= earlier.is_some();
                self.begin_walk(after, page, matching.len())
            }
        };
        self.now += page.millis - page.millis / 2;

        let date = page.date_error.map(|error| self.now + error);
        let host = self.now + self.host_error;
        if from == 0 {
            walk.right_cap = self.now - page.millis - OVERLAP;
            walk.every_clock_ahead = date.map_or(host, |date| date.min(host)) > self.now;
        }
        let date = date.map(|date| Timestamp::from_millis(date.div_euclid(1000) * 1000));
        cursor.answered(date, Timestamp::from_millis(host), page.millis, OVERLAP);
        let (listed, next) = cut(&matching, page.answer, &mut walk);
        let next = next.map(|device| {
            let expires = self.key_life.map_or(i64::MAX, |life| self.now + life);
            format!("{device}@{expires}")
        });

        let mut sent = Vec::new();
        for (device, seen) in listed {
            let (id, last_seen) = (format!("{device:02}"), Some(Timestamp::from_millis(*seen)));
            if !cursor.leaves_out(&id, last_seen) {
                sent.push((*device, *seen));
            }
            cursor.saw(&id, last_seen);
        }
        let announced = walk.announced.filter(|_| from == 0);
        cursor.listed(listed.len(), announced.map(|announced| announced as u64));
        let more = cursor.turn_page(next.as_deref()).unwrap();
        if page.broken == Some(Broken::Delivering) {
            return false;
        }
        self.deliver(&sent, &walk);
        if page.broken == Some(Broken::Storing) {
            self.repeats_allowed += sent.len();
            return false;
        }
        self.cursor = Some(cursor.into_text().unwrap());
        self.walk = more.then(|| walk.clone());
        if !more {
            self.judge(&walk);
        }
        !more
    }

    /// Calls `collect` until the walk has ended.
    pub fn walk_to_the_end(&mut self) {
        for _ in 0..3 * DEVICES {
            if self.page(&Page::GOOD) {
                return;
            }
            // After too many refused keys the walk may begin again half an hour later.
            self.now += 10 * 60_000;
        }
        panic!("the walk does not end");
    }

    fn resume(&self) -> Cursor {
        let host = Timestamp::from_millis(self.now + self.host_error);
        Cursor::resume(self.cursor.as_deref(), TENANT, None, MAPPING, host).unwrap()
    }

    fn refuse_key(&mut self, mut cursor: Cursor) {
        match cursor.key_refused(Timestamp::from_millis(self.now + self.host_error)) {
            // The world keeps its walk, and so knows that this one is not its first.
            Ok(()) => self.cursor = Some(cursor.into_text().unwrap()),
            Err(why) => assert_eq!(why, Stuck::KeyRefusedAgain),
        }
    }

    fn begin_walk(&self, after: Option<i64>, page: &Page, there: usize) -> Walk {
        let of_page = match page.answer {
            Answer::Empty | Answer::EmptyInTheMiddle => 0,
            Answer::Whole | Answer::Last => there.min(PAGE),
        };
        Walk {
            shown: (0..DEVICES).map(|device| self.shown(device)).collect(),
            after,
            right_cap: 0,
            every_clock_ahead: false,
            kept_back: HashSet::new(),
            items: 0,
            there,
            announced: match page.total {
                Total::Right => Some(there),
                Total::Missing => None,
                Total::TooHigh => Some(there + 10 * DEVICES),
                Total::OfThePage => Some(of_page),
            },
        }
    }

    fn deliver(&mut self, sent: &[(usize, i64)], walk: &Walk) {
        let may_repeat = walk.after.is_none() || self.may_repeat;
        for event in sent {
            let times = self.delivered.entry(*event).or_default();
            *times += 1;
            if *times > 1 && !may_repeat {
                self.repeats += 1;
            }
        }
    }

    /// A walk has ended: what it listed is delivered, and what lies before the mark now is delivered too, or a known
    /// reason hides it.
    fn judge(&mut self, walk: &Walk) {
        let is_short = walk.is_short();
        self.may_repeat = is_short || !walk.kept_back.is_empty();
        self.short_walks = if is_short { self.short_walks + 1 } else { 0 };
        let mark = self.resume().query().last_seen_after.map(Timestamp::millis);
        assert!(mark >= walk.after, "the mark fell");
        if is_short && self.short_walks < 3 {
            assert_eq!(mark, walk.after, "the mark rose after a short walk");
        }
        if walk.items == 0 {
            assert_eq!(mark, walk.after, "the mark rose after a walk without items");
        }
        if let Some(mark) = mark.filter(|_| mark > walk.after)
            && mark > walk.right_cap
        {
            assert!(walk.every_clock_ahead, "the mark is above the cap");
            self.set_ahead.push((walk.right_cap, mark));
        }
        for device in 0..DEVICES {
            let Some(seen) = self.shown(device) else {
                continue;
            };
            if self.is_delivered(device, seen) || self.gaps.contains_key(&(device, seen)) {
                continue;
            }
            let stood_still = walk.shown[device] == Some(seen);
            let fits = walk.after.is_none_or(|after| seen >= after);
            let kept_back = walk.kept_back.contains(&(device, seen));
            assert!(
                !stood_still || !fits || kept_back,
                "device {device}, last seen at {seen}, was listed and not delivered"
            );
            if mark.is_some_and(|mark| seen < mark) {
                let gap = self.gap(walk, device, seen);
                self.gaps.insert((device, seen), gap);
            }
        }
    }

    /// Why a device lies before the mark and was not delivered.
    fn gap(&self, walk: &Walk, device: usize, seen: i64) -> Gap {
        if clock_error(device) < 0 {
            return Gap::SlowDevice;
        }
        if walk.kept_back.contains(&(device, seen)) {
            return match walk.announced {
                Some(announced) if walk.is_short() => {
                    assert!(self.short_walks >= 3, "{announced} were announced");
                    Gap::ShortAgainAndAgain
                }
                Some(announced) if announced >= walk.there => Gap::TooFewMissing,
                _ => Gap::NoTotal,
            };
        }
        let mut ahead = self.set_ahead.iter();
        assert!(
            ahead.any(|(right, mark)| (*right..*mark).contains(&seen)),
            "device {device}, last seen at {seen}, is lost after the walk"
        );
        Gap::EveryClockAhead
    }
}

/// What a page lists of what fits, and the device that the next one begins with. What the API keeps back, and no later
/// page of the walk can bring, is noted in the walk.
fn cut<'a>(
    matching: &'a [(usize, i64)],
    answer: Answer,
    walk: &mut Walk,
) -> (&'a [(usize, i64)], Option<usize>) {
    let (page, rest) = matching.split_at(matching.len().min(PAGE));
    let next = rest.first().map(|(device, _)| *device);
    let (listed, next) = match answer {
        Answer::Whole => (page, next),
        Answer::Last => (page, None),
        Answer::Empty => (&[][..], None),
        Answer::EmptyInTheMiddle => (&[][..], next),
    };
    if listed.is_empty() {
        walk.kept_back.extend(page);
    }
    if next.is_none() {
        walk.kept_back.extend(rest);
    }
    walk.items += listed.len();
    (listed, next)
}

/// The device that a page key leads to, and until when it does.
fn read_key(key: &str) -> (usize, i64) {
    let (device, expires) = key.split_once('@').unwrap();
    (device.parse().unwrap(), expires.parse().unwrap())
}
