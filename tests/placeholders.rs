//! `{account}`, `{source}` and `{name}` in a destination: each tenant's events go to a place of their own, whatever the
//! tenant is called.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise, in its helpers too"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use sophos_central_simulator::intake::{self, Intake};
use sophos_central_simulator::{Access, Credential, Fleet, Options, Tenant};
use support::{Ran, Workplace, built};
use time::OffsetDateTime;

/// How many endpoints each tenant has.
const EACH: u64 = 3;

/// A partner whose tenants have these names, and files by `path` below a folder of their own.
fn partner(names: &[&str], path: &str) -> (Workplace, Vec<Tenant>) {
    let mut tenants = Tenant::generate(5, names.len() as u64, EACH);
    for (tenant, name) in tenants.iter_mut().zip(names) {
        (*name).clone_into(&mut tenant.name);
    }
    let options = Options::with_tenants(Credential::Partner, tenants.clone());
    let work = Workplace::new(options);
    fs::create_dir(work.path("out")).unwrap();
    work.deliver(&format!("to = \"file\"\npath = \"out/{path}\""));
    (work, tenants)
}

/// Returns the devices in each file below a folder, by the file's path in it. A device is in a file once.
#[track_caller]
fn files(folder: &Path) -> BTreeMap<String, Vec<String>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if entry.file_type().unwrap().is_dir() {
            for (below, ids) in files(&entry.path()) {
                found.insert(format!("{name}/{below}"), ids);
            }
            continue;
        }
        let mut ids: Vec<String> = fs::read_to_string(entry.path())
            .unwrap()
            .lines()
            .map(|line| {
                let event: Value = serde_json::from_str(line).unwrap();
                event["device"]["uid"].as_str().unwrap().to_owned()
            })
            .collect();
        ids.sort();
        let unique: BTreeSet<_> = ids.iter().collect();
        assert_eq!(unique.len(), ids.len(), "{name} has a device twice");
        found.insert(name, ids);
    }
    found
}

/// Returns the devices of a tenant.
fn devices(tenant: &Tenant) -> Vec<String> {
    let mut ids = tenant.fleet.ids();
    ids.sort();
    ids
}

/// Returns what is beside the folder of events.
fn beside(work: &Workplace) -> BTreeSet<String> {
    let entries = fs::read_dir(work.path(".")).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with("state.db") && name != "asset-host.toml")
        .collect()
}

#[test]
fn a_partner_of_forty_tenants_has_forty_files_by_name() {
    let names: Vec<String> = (1..=40)
        .map(|number| format!("Customer {number} Ltd"))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (work, tenants) = partner(&names, "{account}/{name}.ndjson");
    work.collect(0).says(&["sources 40", "events 120"]);
    // `showAs` is the name without the legal form.
    let expected: BTreeMap<_, _> = tenants
        .iter()
        .map(|tenant| {
            let name = tenant.name.trim_end_matches(" Ltd");
            (format!("acme/{name}.ndjson"), devices(tenant))
        })
        .collect();
    assert_eq!(files(&work.path("out")), expected);
    assert_eq!(beside(&work), BTreeSet::from(["out".to_owned()]));
}

#[test]
fn hostile_names_go_nowhere_else_and_collide_nowhere() {
    let long = "x".repeat(300);
    let names = [
        "../x",
        "../../../../../../../tmp/asset-host-escaped",
        "/tmp/asset-host-escaped",
        "a/b",
        "a\\b",
        "..",
        ".",
        "NUL",
        "con.txt",
        &long,
        &format!("{long}y"),
        "Contoso",
        "CONTOSO",
        "contoso.",
        "line\nbreak",
        "line\u{2028}break",
        "zero\0byte",
        "{source}",
        "{account}",
        "state",
        ".hidden",
        " ",
        "~root",
        "-rf",
        "$(id)",
    ];
    let (work, tenants) = partner(&names, "{name}.ndjson");
    work.collect(0).says(&[&format!("sources {}", names.len())]);
    let found = files(&work.path("out"));
    // Each tenant has a file, and it has no other's events.
    let mut expected: Vec<_> = tenants.iter().map(devices).collect();
    let mut received: Vec<_> = found.values().cloned().collect();
    expected.sort();
    received.sort();
    assert_eq!(received, expected);
    assert_eq!(beside(&work), BTreeSet::from(["out".to_owned()]));
    assert!(!Path::new("/tmp/asset-host-escaped").exists());
    assert!(!Path::new("/tmp/asset-host-escaped.ndjson").exists());
    let folded: BTreeSet<_> = found.keys().map(|name| name.to_lowercase()).collect();
    assert_eq!(folded.len(), names.len(), "{folded:?}");
    for name in found.keys() {
        let stem = name.strip_suffix(".ndjson").unwrap();
        assert!((1..=100).contains(&stem.len()), "{name}");
        assert!(!stem.contains(['.', '/', '\\']), "{name}");
        assert!(!stem.contains(char::is_control), "{name}");
    }
    let has = |name: &str| assert!(found.contains_key(name), "{name}: {:?}", found.keys());
    has("_x.ndjson");
    has("_NUL.ndjson");
    has("con_txt.ndjson");
    // Of two names that would be the same, both have the id.
    for (name, index) in [
        ("Contoso", 11),
        ("CONTOSO", 12),
        ("contoso", 13),
        ("a_b", 3),
        ("a_b", 4),
    ] {
        has(&format!("{name}~{}.ndjson", tenants[index].id));
    }
    // A tenant whose name is blank has its id.
    has(&format!("{}.ndjson", tenants[21].id));

    // The same again after a restart.
    for name in found.keys() {
        fs::remove_file(work.path("out").join(name)).unwrap();
    }
    work.host(&["collect", "--full", "--restart"]).expect(0);
    assert_eq!(files(&work.path("out")), found);
}

#[test]
fn a_tenant_with_the_name_of_another_never_gets_its_file() {
    let (work, tenants) = partner(&["Contoso", "Fabrikam", "Northwind"], "{name}.ndjson");
    let ids: Vec<_> = tenants.iter().map(|tenant| tenant.id.clone()).collect();
    work.collect(0);
    let before = files(&work.path("out"));
    assert_eq!(before["Contoso.ndjson"], devices(&tenants[0]));
    // Contoso goes, and another tenant takes its name.
    work.simulator.configure(|options| {
        options.tenants.remove(0);
        "contoso".clone_into(&mut options.tenants[0].name);
        let now = OffsetDateTime::now_utc();
        options.tenants[0].fleet.check_in(0, now);
    });
    work.collect(1).says(&["no longer lists it"]);
    let after = files(&work.path("out"));
    assert_eq!(after["Contoso.ndjson"], before["Contoso.ndjson"]);
    let renamed = format!("contoso~{}.ndjson", ids[1]);
    assert_eq!(after[&renamed], [tenants[1].fleet.id(0)]);
    assert_eq!(after.len(), 4, "{:?}", after.keys());
}

#[test]
fn accounts_that_share_a_template_share_no_file() {
    let (work, tenants) = partner(&["Contoso", "Fabrikam"], "{name}.ndjson");
    let config = fs::read_to_string(work.path("asset-host.toml")).unwrap();
    work.edit_config("[account.acme]\n", "[account.acme]\nonly = [\"Contoso\"]\n");
    let beta = config.replace("account.acme", "account.beta");
    work.append(&beta.replace("[account.beta]\n", "[account.beta]\nskip = [\"Contoso\"]\n"));
    work.collect(0);
    // What the other account lists is not known, so each has its id.
    let expected: BTreeMap<_, _> = tenants
        .iter()
        .map(|tenant| {
            (
                format!("{}~{}.ndjson", tenant.name, tenant.id),
                devices(tenant),
            )
        })
        .collect();
    assert_eq!(files(&work.path("out")), expected);
}

#[test]
fn urls_and_headers_name_the_tenant() {
    let intake = Intake::start(intake::Options::default());
    let names = ["Köln GmbH", "../..", "a&b=c#d\r\nx-evil: 1"];
    let (work, tenants) = partner(&names, "unused");
    work.edit_config(
        "to = \"file\"\npath = \"out/unused\"",
        &format!(
            "to = \"http\"\nurl = \"{}/in/{{account}}/{{name}}/x?tenant={{source}}&n={{name}}\"\n\
             headers = {{ x-tenant = \"{{name}}\", x-all = \"{{account}}/{{source}}\", x-plain = \"{{{{}}}}\" }}",
            intake.url()
        ),
    );
    work.collect(0).says(&["events 9"]);
    let encoded = [
        "K%C3%B6ln%20GmbH",
        "..%2F..",
        "a%26b%3Dc%23d%0D%0Ax-evil%3A%201",
    ];
    for (tenant, name) in tenants.iter().zip(encoded) {
        let id = &tenant.id;
        let requests = intake.requests();
        let request = requests
            .iter()
            .find(|delivery| delivery.request.raw_query.contains(id.as_str()))
            .unwrap();
        assert_eq!(
            (&*request.request.path, &*request.request.raw_query),
            (
                &*format!("/in/acme/{name}/x"),
                &*format!("tenant={id}&n={name}")
            )
        );
        assert_eq!(request.request.header("x-tenant"), Some(name));
        assert_eq!(
            request.request.header("x-all"),
            Some(&*format!("acme/{id}"))
        );
        assert_eq!(request.request.header("x-plain"), Some("{}"));
        assert_eq!(request.request.header("x-evil"), None);
        let mut ids = request.ids();
        ids.sort_unstable();
        assert_eq!(ids, devices(tenant));
    }
    // One client for all: no more connections than sources in parallel.
    assert!(intake.connections() <= 4, "{}", intake.connections());
}

#[test]
fn a_walk_without_events_leaves_no_file() {
    let (work, _) = partner(&["Contoso", "Fabrikam"], "{name}.ndjson");
    work.simulator
        .configure(|options| options.tenants[1].fleet = Fleet::new(1, 0));
    work.collect(0);
    let found = files(&work.path("out"));
    assert!(found.keys().eq(["Contoso.ndjson"]), "{:?}", found.keys());
}

#[test]
fn a_file_that_cannot_be_opened_fails_its_own_source() {
    let (work, tenants) = partner(&["Contoso", "Fabrikam"], "{name}.ndjson");
    fs::create_dir(work.path("out/Contoso.ndjson")).unwrap();
    work.collect(1).says(&[
        "account.acme.deliver: cannot open",
        "Contoso.ndjson to append events",
        "sources 2 (1 failed",
    ]);
    fs::remove_dir(work.path("out/Contoso.ndjson")).unwrap();
    work.collect(0).says(&["events 3"]);
    let found = files(&work.path("out"));
    assert_eq!(found["Contoso.ndjson"], devices(&tenants[0]));
    assert_eq!(found["Fabrikam.ndjson"], devices(&tenants[1]));
}

#[test]
fn a_renamed_tenant_alone_counts_as_changed_at_its_new_file() {
    let (work, _) = partner(&["Contoso", "Fabrikam"], "{name}.ndjson");
    work.edit_config("rate_limits = []", "rate_limits = []\nemit = \"changed\"");
    let check_in = || {
        work.simulator.configure(|options| {
            for tenant in &mut options.tenants {
                for index in 0..EACH {
                    tenant.fleet.check_in(index, OffsetDateTime::now_utc());
                }
            }
        });
    };
    work.collect(0).says(&["events 6"]);
    check_in();
    work.collect(0).says(&["events 0", "unchanged 6"]);
    work.simulator
        .configure(|options| "Contoso AG".clone_into(&mut options.tenants[0].name));
    check_in();
    let ran = work.collect(0).says(&[
        "another destination than in the last run",
        "events 3",
        "unchanged 3",
    ]);
    let warnings = ran.stderr.matches("another destination").count();
    assert_eq!(warnings, 1, "{}", ran.stderr);
    let found = files(&work.path("out"));
    assert!(
        found
            .keys()
            .eq(["Contoso AG.ndjson", "Contoso.ndjson", "Fabrikam.ndjson"]),
        "{:?}",
        found.keys()
    );
    assert_eq!(found["Contoso.ndjson"], found["Contoso AG.ndjson"]);
}

/// Collects with a limit on the open files.
fn collect_with_descriptors(work: &Workplace, limits: &str) -> Ran {
    let output = Command::new("sh")
        .arg("-c")
        .arg(format!("{limits} && exec \"$0\" collect"))
        .arg(built("asset-host"))
        .current_dir(work.path("."))
        .env(
            "TEST_CLIENT_SECRET",
            sophos_central_simulator::CLIENT_SECRET,
        )
        .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
        .output()
        .unwrap();
    Ran::of(output)
}

#[test]
fn a_hundred_files_need_few_descriptors() {
    let names: Vec<String> = (0..100).map(|number| format!("c{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (work, tenants) = partner(&names, "{name}.ndjson");
    collect_with_descriptors(&work, "ulimit -n 64").expect(0);
    assert_eq!(files(&work.path("out")).len(), tenants.len());
}

#[test]
fn too_few_descriptors_are_named_with_their_remedy() {
    let (work, _) = partner(&["Contoso", "Fabrikam"], "{name}.ndjson");
    // The compiler, the state and a file of events are the first that find none left.
    for descriptors in [10, 14, 16] {
        let ran = collect_with_descriptors(&work, &format!("ulimit -n {descriptors}"));
        assert_ne!(ran.code, Some(0), "{descriptors}: {}", ran.stderr);
        let ran = ran.says(&["too many open files: raise the limit (`ulimit -n`"]);
        assert!(!ran.stderr.contains("folder must exist"), "{}", ran.stderr);
        assert!(!ran.stderr.contains("ulimit -u"), "{}", ran.stderr);
    }
}

#[test]
fn the_soft_limit_of_descriptors_does_not_count() {
    let (work, _) = partner(&["Contoso"], "{name}.ndjson");
    collect_with_descriptors(&work, "ulimit -Sn 10 && ulimit -Hn 64").expect(0);
    assert_eq!(files(&work.path("out")).len(), 1);
}

#[test]
fn forbidden_tenants_count_as_names_too() {
    let (work, tenants) = partner(&["Contoso", "Contoso"], "{name}.ndjson");
    work.simulator
        .configure(|options| options.tenants[0].access = Access::Forbidden);
    work.collect(0);
    let found = files(&work.path("out"));
    assert!(
        found
            .keys()
            .eq([&format!("Contoso~{}.ndjson", tenants[1].id)]),
        "{:?}",
        found.keys()
    );
}
