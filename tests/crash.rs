//! `kill -9` at random moments, 200 times, while events go to an HTTP intake: every device is received in every state
//! in which it checked in, and at most one page is repeated per kill.
//!
//! A moment is the n-th answer of the API or of the intake, drawn from a seed: the process is killed while the answer
//! is held, or just as it is sent, when it is anywhere between reading it and storing the cursor.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::process::Child;

use fastrand::Rng;
use sophos_central_simulator::intake::{self, Intake};
use sophos_central_simulator::{Clock, Fleet, Options, instant};
use support::Workplace;
use time::{Duration, OffsetDateTime};

const KILLS: u32 = 200;
const ENDPOINTS: u64 = 300;
const PAGE: usize = 50;

/// The state of a device: its id, and when it checked in, in whole seconds of Unix time.
type Seen = (String, i64);

/// The moment of a kill.
#[derive(Clone, Copy, Debug)]
struct Moment {
    /// Whether it is an answer of the intake; else it is one of the API.
    of_intake: bool,
    /// The number of the answer in the run.
    nth: u64,
    /// Whether the answer is sent before the kill.
    sent: bool,
}

impl Moment {
    fn draw(rng: &mut Rng) -> Self {
        let of_intake = rng.bool();
        Self {
            of_intake,
            // Token, whoami, and a page for each fifty that checked in; a page goes in three requests.
            nth: rng.u64(1..=if of_intake { 9 } else { 6 }),
            sent: rng.bool(),
        }
    }
}

struct Place {
    work: Workplace,
    intake: Intake,
    now: OffsetDateTime,
    /// How often each state of each device was received.
    received: BTreeMap<Seen, usize>,
}

impl Place {
    fn new() -> Self {
        let now = instant("2026-11-20T12:00:00Z");
        let intake = Intake::start(intake::Options::new());
        let work = Workplace::new(Options {
            clock: Clock::Fixed(now),
            ..Options::new(Fleet::new(1, ENDPOINTS))
        });
        work.configure(&format!("page_size = {PAGE}"), "");
        work.deliver(&format!(
            "to = \"http\"\nurl = \"{}/events\"\nbatch_events = 20",
            intake.url()
        ));
        Self {
            work,
            intake,
            now,
            received: BTreeMap::new(),
        }
    }

    /// Advances the time, and lets some devices check in.
    fn check_in(&mut self, rng: &mut Rng) {
        self.now += Duration::minutes(5);
        let now = self.now;
        self.work
            .simulator
            .configure(|options| options.clock = Clock::Fixed(now));
        self.work.simulator.fleet(|fleet| {
            for index in 0..ENDPOINTS {
                if rng.u8(..) < 100 {
                    fleet.check_in(index, now - Duration::seconds(rng.i64(1..60)));
                }
            }
        });
    }

    /// Runs the host and kills it at this moment; returns false if it ended before.
    fn kill(&self, moment: Moment) -> bool {
        let (simulator, intake) = (&self.work.simulator, &self.intake);
        if moment.of_intake {
            intake.hold(moment.nth);
        } else {
            simulator.hold(moment.nth);
        }
        let mut host: Child = self.work.start(&["collect"]);
        let ended = || host.try_wait().unwrap().is_some();
        let held = if moment.of_intake {
            intake.wait_until_held_or(ended)
        } else {
            simulator.wait_until_held_or(ended)
        };
        if held && moment.sent {
            intake.release();
            simulator.release();
        }
        // It may have ended by itself by now, and cannot be killed then.
        let _ = host.kill();
        let status = host.wait().unwrap();
        simulator.clear_holds();
        intake.clear_holds();
        simulator.release();
        intake.release();
        if status.code().is_some() {
            assert_eq!(status.code(), Some(0), "{moment:?}");
        }
        status.code().is_none()
    }

    /// Counts what was received since the last call.
    fn receive(&mut self) {
        for event in self.intake.take() {
            let id = event["device"]["uid"].as_str().unwrap().to_owned();
            let time = event["time"].as_i64().unwrap();
            *self.received.entry((id, time)).or_default() += 1;
        }
    }

    /// Returns how many deliveries repeated another.
    fn repeats(&self) -> usize {
        self.received.values().map(|times| times - 1).sum()
    }

    /// Returns the current state of every device that was ever seen.
    fn fleet(&self) -> Vec<Seen> {
        self.work.simulator.fleet(|fleet| {
            (0..ENDPOINTS)
                .filter_map(|index| {
                    let seen = fleet.last_seen(index)?;
                    Some((fleet.id(index), seen.unix_timestamp()))
                })
                .collect()
        })
    }
}

#[test]
fn a_run_killed_at_random_moments_loses_nothing_and_repeats_at_most_a_page() {
    let mut rng = Rng::with_seed(3);
    let mut place = Place::new();
    let mut kills = 0;
    let mut rounds = 0;
    while kills < KILLS {
        let moment = Moment::draw(&mut rng);
        kills += u32::from(place.kill(moment));
        rounds += 1;
        place.receive();
        let repeated = place.repeats();
        assert!(
            repeated <= PAGE * usize::try_from(kills).unwrap(),
            "{repeated} repeated after {kills} kills, the last at {moment:?}"
        );
        assert!(rounds < 2 * KILLS, "most runs end before they are killed");
        place.check_in(&mut rng);
    }

    // The interrupted walk is finished, and the next one finds devices that checked in during it.
    place.work.collect(0);
    place.work.collect(0);
    place.receive();
    let missing: Vec<_> = place
        .fleet()
        .into_iter()
        .filter(|seen| !place.received.contains_key(seen))
        .collect();
    assert!(missing.is_empty(), "never received: {missing:?}");
    let devices: BTreeSet<_> = place.received.keys().map(|(id, _)| id.clone()).collect();
    let all = place.work.simulator.fleet(|fleet| fleet.ids());
    assert!(devices.iter().eq(&all), "{} devices", devices.len());
    let repeated = place.repeats();
    assert!(
        repeated > 0,
        "no kill came between a delivery and its cursor"
    );
    assert!(repeated <= PAGE * KILLS as usize, "{repeated} repeated");
    place.work.collect(0).says(&["events 0"]);
}
