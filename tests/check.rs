//! `check` and `approve`: each account by itself; its tenants, and what `only` and `skip` name.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod support;

use sophos_central_simulator::{Access, Credential, Fault, Fleet, Options, Route, Tenant};
use support::Workplace;

/// A partner of four tenants: two that can be collected, one that is not activated, and one that `skip` names.
fn partner() -> (Workplace, Vec<Tenant>) {
    let mut tenants = Tenant::generate(21, 4, 2);
    let names = ["Nordlys Dental", "Kestrel", "Osprey", "Heron"];
    for (tenant, name) in tenants.iter_mut().zip(names) {
        tenant.name = name.to_owned();
    }
    tenants[2].access = Access::NotActivated;
    let options = Options::with_tenants(Credential::Partner, tenants.clone());
    let work = Workplace::new(options);
    work.edit_config("rate_limits = []", "rate_limits = []\nskip = [\"heron\"]");
    (work, tenants)
}

#[test]
fn the_tenants_of_a_partner_are_listed_with_their_region_and_why_one_is_not_collected() {
    let (work, tenants) = partner();
    let ran = work.host(&["check"]).expect(0).says(&["acme: ok."]);
    let row = |tenant: &Tenant| {
        // A note names the first one as well.
        let mut lines = ran.stdout.lines();
        let line = lines.rfind(|line| line.contains(&tenant.id));
        let words: Vec<_> = line
            .expect(&ran.stdout)
            .split("  ")
            .map(str::trim)
            .collect();
        let words = words.into_iter().filter(|word| !word.is_empty());
        words.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(
        row(&tenants[0])[1..],
        ["Nordlys Dental", "127.0.0.1", "yes"]
    );
    assert_eq!(row(&tenants[1])[1..], ["Kestrel", "127.0.0.1", "yes"]);
    let inactive = row(&tenants[2]);
    assert_eq!(inactive[1..3], ["Osprey", "-"]);
    assert!(inactive[3].starts_with("no: "), "{inactive:?}");
    assert!(inactive[3].contains("data centre"), "{inactive:?}");
    assert_eq!(
        row(&tenants[3])[1..],
        ["Heron", "127.0.0.1", "no: left out by `only` or `skip`"]
    );
    assert!(work.events().is_empty());
    assert!(!work.path("state.db").exists(), "a state was made");
}

#[test]
fn one_tenant_needs_no_table() {
    let work = Workplace::new(Options::new(Fleet::new(1, 3)));
    let ran = work.host(&["check"]).expect(0).says(&["acme: ok."]);
    assert!(!ran.stdout.contains("COLLECTED"), "{}", ran.stdout);
}

#[test]
fn entries_of_only_and_skip_that_match_no_source_are_reported() {
    let (work, _) = partner();
    work.edit_config("skip = [\"heron\"]", "skip = [\"herron\"]");
    work.host(&["check"]).expect(0).says(&[
        "acme: ok.",
        "`skip` names \"herron\", which is neither the id nor the name of a source",
    ]);
    work.edit_config("skip = [\"herron\"]", "only = [\"Kestrl\"]");
    work.host(&["check"]).expect(1).says(&[
        "acme: failed: `only` names \"Kestrl\", which is neither the id nor the name of a source",
        "The credentials are those of the partner",
    ]);
}

#[test]
fn what_is_wrong_with_one_account_does_not_keep_others_from_being_tested_and_approved() {
    let work = Workplace::new(Options::new(Fleet::new(1, 3)));
    let config = std::fs::read_to_string(work.path("asset-host.toml")).unwrap();
    let other = |name: &str, from: &str, to: &str| {
        assert!(config.contains(from), "{from}");
        let other = config.replace(from, to);
        work.append(&other.replace("account.acme", &format!("account.{name}")));
    };
    other("a-key", "rate_limits", "rate_limit");
    other("b-secret", "TEST_CLIENT_SECRET", "NEVER_SET");
    other("c-component", "sophos-assets.wasm", "nowhere.wasm");
    other("d-config", "api_host", "page_size = 501\napi_host");
    other("e-credentials", "0000000000c1", "0000000000c2");
    other("z-good", "rate_limits", "rate_limits");
    let ran = work.host(&["check"]).expect(1).says(&[
        "acme: ok.",
        "a-key: failed: asset-host.toml: account.a-key.rate_limit: unknown key `rate_limit`, did you mean `rate_limits`?",
        "b-secret: failed: asset-host.toml: account.b-secret.secrets.client_secret: the environment variable NEVER_SET",
        "c-component: failed: asset-host.toml: account.c-component.component: ",
        "d-config: failed: asset-host.toml: account.d-config.config.page_size: ",
        "e-credentials: failed: the API refused the credentials",
        "z-good: ok.",
    ]);
    assert_eq!(
        ran.stdout.matches(": failed: ").count(),
        5,
        "{}",
        ran.stdout
    );
    assert!(!ran.stderr.contains("failed"), "{}", ran.stderr);
    // An approval reads no secret and needs no credentials.
    let ran = work.host(&["approve"]).expect(1).says(&[
        "acme: approved for the first time",
        "a-key: failed: asset-host.toml: account.a-key.rate_limit: ",
        "b-secret: approved for the first time",
        "c-component: failed: asset-host.toml: account.c-component.component: ",
        "d-config: failed: asset-host.toml: account.d-config.config.page_size: ",
        "z-good: approved for the first time",
    ]);
    assert_eq!(
        ran.stdout.matches(": failed: ").count(),
        3,
        "{}",
        ran.stdout
    );
    let only = ["a-key", "b-secret", "c-component", "d-config"];
    let only = only.iter().flat_map(|name| ["--account", name]);
    let args: Vec<_> = std::iter::once("check").chain(only).collect();
    let ran = work.host(&args).expect(2);
    assert_eq!(ran.stdout, "");
    assert_eq!(ran.stderr.lines().count(), 4, "{}", ran.stderr);

    // What the API refuses of one is its failure, too.
    work.simulator
        .fault_always(Route::Token, Fault::status(503));
    work.host(&["check", "--account", "acme"])
        .expect(1)
        .says(&["acme: failed: the API is unavailable"]);
}

#[test]
fn a_destination_that_cannot_be_opened_is_reported_beside_credentials_that_are_right() {
    for (deliver, parts) in [
        (
            "to = \"file\"\npath = \"nowhere/events.ndjson\"",
            ["nowhere", "folder must exist"],
        ),
        (
            "to = \"http\"\nurl = \"https://intake.example.com\"\n\
             headers = { authorization = { env = \"NEVER_SET\" } }",
            ["account.acme.deliver.headers.authorization", "NEVER_SET"],
        ),
    ] {
        let work = Workplace::new(Options::new(Fleet::new(1, 3)));
        work.deliver(deliver);
        let failed = ["acme: failed: ", "acme: The credentials are those of"];
        work.host(&["check"]).expect(1).says(&failed).says(&parts);
    }
    let work = Workplace::new(Options::new(Fleet::new(1, 3)));
    for deliver in ["to = \"file\"\npath = \"events.ndjson\"", "to = \"stdout\""] {
        work.configure("", "");
        work.deliver(deliver);
        work.host(&["check"]).expect(0).says(&["acme: ok."]);
    }
    assert!(!work.path("events.ndjson").exists(), "a file was made");
}
