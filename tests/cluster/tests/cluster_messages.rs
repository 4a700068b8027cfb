//! A cluster that is not there, refuses the credentials, is full or has lost its majority: what a replica says, and that
//! nothing is lost.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::process::Output;

use cluster_tests::accounts::PAGE;
use cluster_tests::place::{Needs, Place};
use cluster_tests::replica::{NATS_SECRET, Replica};
use sophos_central_simulator::nats::Settings;

/// One server and one replica, with these settings.
fn one(settings: Settings<'static>, cluster: &'static str) -> Needs {
    Needs {
        servers: 1,
        settings,
        replicas: 1,
        cluster,
        accounts: 3,
        ..Needs::default()
    }
}

#[track_caller]
fn assert_says(output: &Output, code: i32, texts: &[&str]) {
    let log = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{log}");
    for text in texts {
        assert!(log.contains(text), "{text:?} is not in\n{log}");
    }
    assert!(!log.contains(NATS_SECRET), "a secret is in {log}");
}

#[test]
fn a_cluster_that_is_not_there_is_named_with_the_remedy() {
    let mut place = Place::new(one(Settings::default(), ""));
    place.servers.kill(0);
    let urls = place.servers.urls();
    let replica = place.replica("direct", &urls);
    for command in [
        &["collect"][..],
        &["collect", "--every", "1h"],
        &["state", "list"],
    ] {
        assert_says(&replica.run(command), 2, &[&urls[0], "cannot be reached"]);
    }
    place.servers.restart(0).unwrap();
    place.servers.wait_until_ready().unwrap();
    place.start_replica(0);
    place.wait_until_all_arrived();
}

#[test]
fn credentials_that_the_servers_refuse_are_named_without_the_secret() {
    const TOKEN: Settings<'_> = Settings {
        jetstream: "sync_interval: always",
        server: "authorization { token: \"secret-of-the-cluster-7731\" }",
    };
    for (credentials, is_right) in [
        ("", false),
        ("credentials = { token = { env = \"WRONG\" } }", false),
        (
            "credentials = { user = { name = \"assets\", password = { env = \"NATS_SECRET\" } } }",
            false,
        ),
        ("credentials = { token = { env = \"NATS_SECRET\" } }", true),
    ] {
        let mut place = Place::new(one(TOKEN, credentials));
        place.replicas[0]
            .variables
            .push(("WRONG", "wrong-secret-of-the-cluster".to_owned()));
        if is_right {
            place.start_replica(0);
            place.wait_until_all_arrived();
        } else {
            let output = place.replicas[0].run(&["collect"]);
            assert_says(
                &output,
                2,
                &["authorization violation", "cluster.credentials"],
            );
        }
    }
}

#[test]
fn a_cluster_that_is_full_says_so_and_collection_continues_once_it_has_space() {
    let full = Settings {
        jetstream: "sync_interval: always\nmax_file_store: 4KB",
        server: "",
    };
    let mut place = Place::start(one(full, ""));
    place.wait_for_log(0, "is full");
    place.servers.kill(0);
    place.servers.configure(Settings::default()).unwrap();
    place.servers.restart(0).unwrap();
    place.wait_until_all_arrived();
    place.replicas.iter_mut().for_each(Replica::assert_runs);
}

#[test]
fn without_a_majority_of_servers_a_replica_waits_and_then_goes_on() {
    let mut place = Place::start(Needs {
        replicas: 1,
        accounts: 3,
        ..Needs::default()
    });
    place.wait_for_deliveries(0, 2);
    place.servers.kill(0);
    place.servers.kill(1);
    place.wait_for_log(0, "cannot be reached");
    place.servers.restart(0).unwrap();
    place.servers.restart(1).unwrap();
    place.wait_until_all_arrived();
    place.replicas.iter_mut().for_each(Replica::assert_runs);
    for account in &place.accounts {
        assert!(place.arrivals.repeats(&account.name) <= 2 * PAGE);
    }
}
