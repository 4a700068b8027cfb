//! The cursor against an oracle: ten thousand random histories of a tenant, and no device is lost that a walk from the
//! mark could find.
//!
//! A history mixes check-ins (before, behind and during walks), an index that shows them up to 100 s late, devices
//! whose clocks are wrong, answers whose `Date` is days off or missing, a host clock that steps, answers without items,
//! listings that end early, totals that are missing or wrong, page keys that live for seconds, and runs that break off
//! at any request. The oracle knows what the API shows at every moment, what it kept back and what was delivered. What
//! only a full walk can find, it counts apart and names: [`Gap`].
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod history;
mod world;

use std::cell::RefCell;
use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use history::{Step, steps};
use world::{DEVICES, Gap, MAX_LAG, World};

const HISTORIES: u32 = 10_000;

fn run(steps: Vec<Step>) -> World {
    let mut world = World::new(1_800_000_000_000);
    for step in steps {
        match step {
            Step::CheckIn { device, lag } => world.check_in(device, lag),
            Step::Wait { millis } => world.now += millis,
            Step::HostClock { error } => world.host_error = error,
            Step::KeyLife { millis } => world.key_life = millis,
            Step::Page(page) => {
                world.page(&page);
            }
            Step::Full => world.forget_cursor(),
        }
    }
    world
}

/// All is well again: what the index holds back arrives, and every clock is right.
fn calm(world: &mut World) {
    world.host_error = 0;
    world.key_life = None;
    world.now += MAX_LAG;
}

#[test]
fn no_device_is_lost_that_a_walk_from_the_mark_could_find() {
    let gaps = RefCell::new(BTreeMap::<Gap, usize>::new());
    let config = Config {
        cases: HISTORIES,
        failure_persistence: None,
        ..Config::default()
    };
    let judged = TestRunner::new(config).run(&steps(), |steps| {
        let mut world = run(steps);
        prop_assert!(
            world.repeats <= world.repeats_allowed,
            "{} repeats, {} allowed",
            world.repeats,
            world.repeats_allowed
        );

        // The walk under way ends, and the next one brings all that is at or after the mark. No full walk helps.
        calm(&mut world);
        world.walk_to_the_end();
        world.walk_to_the_end();
        for device in 0..DEVICES {
            let seen = world.shown(device).unwrap();
            prop_assert!(
                world.is_delivered(device, seen) || world.gaps.contains_key(&(device, seen)),
                "device {} is lost",
                device
            );
        }
        let delivered = world.deliveries();
        world.now += 3_600_000;
        world.walk_to_the_end();
        prop_assert_eq!(
            world.deliveries(),
            delivered,
            "an idle tenant yields nothing"
        );

        // Missing devices are counted now, and the full walk finds them.
        for ((device, seen), gap) in &world.gaps {
            if world.shown(*device) == Some(*seen) && !world.is_delivered(*device, *seen) {
                *gaps.borrow_mut().entry(*gap).or_default() += 1;
            }
        }
        world.forget_cursor();
        world.walk_to_the_end();
        for device in 0..DEVICES {
            let seen = world.shown(device).unwrap();
            prop_assert!(
                world.is_delivered(device, seen),
                "not even a full walk finds device {}",
                device
            );
        }
        Ok(())
    });
    let gaps = gaps.into_inner();
    println!("found by a full walk alone, in {HISTORIES} histories: {gaps:?}");
    judged.unwrap();
    for gap in Gap::ALL {
        assert!(gaps.contains_key(&gap), "no history led to {gap:?}");
    }
}
