//! `state` over several sources and accounts: the real program beside a run, and on a terminal.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod support;

use std::process::{Command, Stdio};

use serde_json::Value;
use sophos_central_simulator::{Credential, Fleet, Options, Tenant};
use support::{QUICK, Ran, Workplace, built};

/// A partner whose tenants have these names, collected once.
fn partner(names: &[&str]) -> Workplace {
    let mut tenants = Tenant::generate(7, names.len() as u64, 2);
    for (tenant, name) in tenants.iter_mut().zip(names) {
        tenant.name = (*name).to_owned();
    }
    let work = Workplace::new(Options::with_tenants(Credential::Partner, tenants));
    work.collect(0);
    work
}

/// Returns what is stored of every source.
fn stored(work: &Workplace) -> Vec<Value> {
    let ran = work.host(&["state", "list", "--json"]).expect(0);
    serde_json::from_str(&ran.stdout).unwrap()
}

/// Runs the host on a terminal on which a person types a line.
fn on_a_terminal(work: &Workplace, args: &str, typed: &str) -> Ran {
    let host = built("asset-host");
    let line = format!(
        "printf '{typed}\\n' | script -qec '{} {args}' /dev/null",
        host.display()
    );
    let output = Command::new("sh")
        .args(["-c", &line])
        .current_dir(work.path("."))
        .stdin(Stdio::null())
        .output();
    Ran::of(output.unwrap())
}

#[test]
fn a_source_is_named_by_its_name_unless_several_have_it() {
    let work = partner(&["Kestrel", "Nordlys", "Kestrel"]);
    work.host(&["state", "show", "--account", "acme", "--source", "nordlys"])
        .expect(0)
        .says(&["name             Nordlys"]);
    let ids: Vec<_> = stored(&work)
        .iter()
        .filter(|source| source["name"] == "Kestrel")
        .map(|source| source["source"].as_str().unwrap().to_owned())
        .collect();
    let lines = [0, 1].map(|index: usize| format!("--source {}  (Kestrel)", ids[index]));
    work.host(&["state", "reset", "--account", "acme", "--source", "Kestrel"])
        .expect(2)
        .says(&["several sources of this name", &lines[0], &lines[1]]);
    work.host(&["state", "reset", "--account", "acme", "--source", "Nordlys"])
        .expect(0)
        .says(&["forgot 1 cursor"]);
    assert_eq!(stored(&work).len(), 2);
}

#[test]
fn several_cursors_are_forgotten_only_if_somebody_says_so() {
    let work = partner(&["Kestrel", "Nordlys", "Osprey"]);
    let reset = ["state", "reset", "--account", "acme"];
    work.host(&reset)
        .expect(2)
        .says(&["3 cursors of account acme", "--yes"]);
    for answer in ["", "n", "no"] {
        on_a_terminal(&work, "state reset --account acme", answer)
            .expect(2)
            .says(&[
                "Forget 3 cursors of account acme? [y/N]",
                "nothing is forgotten",
            ]);
    }
    assert_eq!(stored(&work).len(), 3);
    on_a_terminal(&work, "state reset --account acme", "y")
        .expect(0)
        .says(&["forgot 3 cursors"]);
    assert_eq!(stored(&work).len(), 0);

    work.collect(0);
    work.edit_config("account.acme", "account.other");
    work.host(&["state", "prune"])
        .expect(2)
        .says(&["3 cursors of account acme", "--yes"]);
    assert_eq!(stored(&work).len(), 3);
    work.host(&["state", "prune", "--yes"])
        .expect(0)
        .says(&["forgot account acme"]);
    assert_eq!(stored(&work).len(), 0);
}

#[test]
fn an_account_is_changed_beside_a_run_of_another() {
    let work = Workplace::new(Options::new(Fleet::new(1, 3)));
    let config = std::fs::read_to_string(work.path("asset-host.toml")).unwrap();
    let events = |name: &str| config.replace("account.acme", &format!("account.{name}"));
    let others = events("beta") + &events("gone");
    work.append(&others);
    work.collect(0);
    work.configure("", &format!("{QUICK}{}", events("beta")));
    work.simulator.hold(3);
    let mut run = work.start(&["collect", "--account", "acme"]);
    work.simulator.wait_until_held();

    let in_use = format!("is in use for account acme by process {}", run.id());
    let time = "2026-10-01T00:00:00Z";
    for command in [
        &["approve", "--account"][..],
        &["state", "set", "--last-seen", time, "--account"],
        &["state", "reset", "--account"],
    ] {
        work.host(&[command, &["acme"]].concat())
            .expect(2)
            .says(&[&in_use]);
        work.host(&[command, &["beta"]].concat()).expect(0);
    }
    work.host(&["state", "prune"])
        .expect(0)
        .says(&["forgot account gone"]);
    work.simulator.release();
    assert!(run.wait().unwrap().success());
    let accounts: Vec<_> = stored(&work)
        .iter()
        .map(|source| source["account"].clone())
        .collect();
    assert_eq!(accounts, ["acme"]);
}
