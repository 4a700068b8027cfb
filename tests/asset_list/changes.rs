//! What a later run collects: by the entity tag, by the list itself, and by the hash of each row.

use std::collections::BTreeSet;

use sophos_central_simulator::Fault;
use sophos_central_simulator::intake::{self, Failure, Intake};
use sophos_central_simulator::list_server::List;

use crate::place::{CSV, Place, devices};

fn without_tag(text: &str) -> List {
    List {
        etag: false,
        ..List::new(text)
    }
}

#[test]
fn an_unchanged_list_is_not_sent_again() {
    let place = Place::csv(&devices(3, "host"));
    place.collect(0).says(&["events 3"]);
    place.collect(0).says(&["events 0"]);
    assert_eq!(place.conditional(), [false, true]);
    place.server.list(List::new(devices(4, "host")));
    place.collect(0).says(&["events 4"]);
    // A full run asks for everything.
    place
        .host(&["collect", "--full"])
        .expect(0)
        .says(&["events 4"]);
    assert_eq!(place.conditional(), [false, true, true, false]);
}

#[test]
fn an_unchanged_list_without_an_entity_tag_is_recognised() {
    let place = Place::new(without_tag(&devices(3, "host")));
    place.collect(0).says(&["events 3"]);
    place.collect(0).says(&["events 0"]);
    assert_eq!(place.conditional(), [false, false]);
    place.server.list(without_tag(&devices(3, "other")));
    place.collect(0).says(&["events 3"]);
}

#[test]
fn only_changed_rows_are_sent_if_the_account_says_so() {
    let place = Place::csv(&devices(1_200, "host"));
    place.configure("emit = \"changed\"", CSV);
    place.collect(0).says(&["events 1200"]);
    place.events();
    // Every device is seen again, and one is renamed.
    let seen = devices(1_200, "host")
        .replace("08:41:07", "09:00:00")
        .replace("host-700,", "renamed,");
    place.server.list(List::new(seen));
    place.collect(0).says(&["events 1"]);
    assert_eq!(place.ids(), ["device-000700"]);
}

#[test]
fn another_config_collects_everything_again() {
    let place = Place::csv(&devices(3, "host"));
    place.collect(0).says(&["events 3"]);
    place.configure("", &format!("{CSV}\nproduct = \"CMDB\""));
    place.collect(0).says(&["events 3"]);
    assert_eq!(place.conditional(), [false, false]);
}

/// The destination refuses the second page, so the first run ends amid the walk; the next one goes on in another list.
#[test]
fn a_list_that_changes_within_a_walk_loses_no_row() {
    let intake = Intake::start(intake::Options::new());
    let place = Place::csv(&devices(1_500, "host"));
    place.deliver(&format!("to = \"http\"\nurl = \"{}/events\"", intake.url()));
    intake.fault(intake::Route::Plain, 2, Failure::of(Fault::status(404)));
    place.collect(1);
    // A row in front moves all others; one is renamed behind the position, one before it.
    let changed = devices(1_500, "host")
        .replace("last_seen\n", "last_seen\na-new-device,new,\n")
        .replace("host-3,", "renamed,")
        .replace("host-1003,", "renamed,");
    place.server.list(List::new(changed));
    place
        .collect(0)
        .says(&["The list has changed since the last page"]);
    let ids: BTreeSet<_> = intake.ids().into_iter().collect();
    assert!((0..1_500).all(|n| ids.contains(&format!("device-{n:06}"))));
    // What lies before the position comes with the next run, which asks for all of it.
    place.collect(0).says(&["events 1501"]);
    assert_eq!(place.conditional(), [false; 3]);
    place.collect(0).says(&["events 0"]);
}

#[test]
fn a_range_takes_what_was_seen_in_it_and_what_does_not_tell() {
    let place = Place::csv("id,last_seen\n1,2026-11-01\n2,2026-11-02\n3,2026-11-03\n4,\n5,soon\n");
    place
        .host(&[
            "collect",
            "--since",
            "2026-11-02T00:00:00Z",
            "--until",
            "2026-11-03T00:00:00Z",
        ])
        .expect(0);
    assert_eq!(place.ids(), ["2", "4", "5"]);
    // A range stores nothing.
    place.collect(0).says(&["events 5"]);
}

#[test]
fn a_time_begins_where_another_connector_ended() {
    let place = Place::csv("id,last_seen\n1,2026-11-01\n2,2026-11-02\n3,\n");
    place
        .host(&[
            "state",
            "set",
            "--account",
            "acme",
            "--source",
            "list",
            "--last-seen",
            "2026-11-02T00:00:00Z",
        ])
        .expect(0);
    place.collect(0);
    assert_eq!(place.ids(), ["2", "3"]);
    place.collect(0).says(&["events 0"]);
}
