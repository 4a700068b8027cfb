//! `check`, `discover`, `collect` and `explain`, with nothing wrong.

use std::collections::BTreeSet;
use std::fs::File;

use serde_json::Value;
use sophos_central_simulator::{ACCOUNT_ID, Access, DEFAULT_TENANT, Fault, Route, Tenant};

use super::{partner, partner_of, sorted, tenant};
use crate::place::Host;
use crate::program;
use crate::root;

/// `check` prints whom the credentials belong to.
pub fn check_names_the_account(host: &Host) {
    for (place, id, kind) in [
        (tenant(), DEFAULT_TENANT, "tenant"),
        (partner(1), ACCOUNT_ID, "partner"),
    ] {
        let ran = place.run(host, &place.call("check")).expect(0);
        let account: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(
            (account["id"].as_str(), account["kind"].as_str()),
            (Some(id), Some(kind))
        );
        assert_eq!(ran.stdout.lines().count(), 1);
    }
}

/// `discover` prints every source of every page, with its config or the reason why it has none.
pub fn discover_lists_the_sources_of_all_pages(host: &Host) {
    let mut tenants = Tenant::generate(7, 120, 1);
    tenants[110].access = Access::NotActivated;
    let ids: BTreeSet<_> = tenants.iter().map(|tenant| tenant.id.clone()).collect();
    let place = partner_of(tenants);
    let ran = place.run(host, &place.call("discover")).expect(0);
    let sources: Vec<Value> = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let listed = sources
        .iter()
        .map(|source| source["id"].as_str().unwrap().to_owned());
    assert_eq!(listed.collect::<BTreeSet<_>>(), ids);
    assert!(place.simulator.requests_of(Route::PartnerTenants).len() > 1);
    let (good, other): (Vec<_>, Vec<_>) = sources
        .iter()
        .partition(|source| source["config"].is_object());
    assert_eq!((good.len(), other.len()), (119, 1));
    assert!(
        other[0]["reason"].is_string() && other[0]["name"].is_string(),
        "{other:?}"
    );
    assert_eq!(good[0]["config"]["tenant"]["id"], good[0]["id"]);
}

/// `collect` prints the events of a tenant as `asset-host` delivers them, byte for byte.
pub fn collect_prints_what_the_program_delivers(host: &Host) {
    let place = tenant();
    let expected = program::events(&place);
    assert_eq!(expected.lines().count(), 1_200);
    let ran = place.collect(host).expect(0);
    assert!(ran.stdout == expected, "other events, or in another order");
}

/// `collect` prints the events of all tenants of a partner.
pub fn collect_prints_the_events_of_all_tenants(host: &Host) {
    let place = partner(3);
    let expected = program::events(&place);
    let ran = place.collect(host).expect(0);
    assert_eq!(sorted(&ran.stdout), sorted(&expected));
    assert_eq!(sorted(&expected).len(), 6);
}

/// A source that fails, and one that cannot be collected, do not affect the others.
pub fn a_source_that_fails_does_not_affect_the_others(host: &Host) {
    let mut tenants = Tenant::generate(7, 4, 2);
    tenants[0].access = Access::NotActivated;
    let names: Vec<_> = tenants
        .iter()
        .map(|tenant| tenant.name.trim_end_matches(" Ltd").to_owned())
        .collect();
    let place = partner_of(tenants);
    let ran = place.collect(host).expect(0).says(&[&names[0]]);
    assert_eq!(ran.stdout.lines().count(), 6);

    let id = place
        .simulator
        .configure(|options| options.tenants[1].id.clone());
    let of_one = move |request: &sophos_central_simulator::Request| {
        request.header("x-tenant-id") == Some(&id)
    };
    place
        .simulator
        .fault_when(Route::Endpoints, of_one, Fault::status(403));
    let ran = place
        .collect(host)
        .expect(1)
        .says(&[&names[1], "forbidden: "]);
    assert_eq!(ran.stdout.lines().count(), 4);
}

/// A record that cannot be mapped is reported and does not cost its page.
pub fn a_record_that_cannot_be_mapped_does_not_cost_its_page(host: &Host) {
    let place = tenant();
    place
        .simulator
        .fleet(|fleet| fleet.edit(7, |record| record["id"] = Value::Null));
    let ran = place.collect(host).says(&["rejected"]);
    assert_eq!(ran.stdout.lines().count(), 1_199);
}

/// `explain` prints what `asset-host` explains, byte for byte.
pub fn explain_prints_what_the_program_explains(host: &Host) {
    let place = tenant();
    for name in [
        "record-of-a-laptop-in-full-view",
        "texts-of-any-script-and-control-characters",
    ] {
        let record =
            std::fs::read_to_string(root(&format!("tests/golden/{name}.input.json"))).unwrap();
        for dialect in ["sekoia", "ocsf"] {
            let expected = program::explanation(&place, &record, dialect);
            let mut call = place.call("explain");
            call.arguments = vec![record.clone(), dialect.to_owned()];
            let ran = place.run(host, &call).expect(0);
            assert_eq!(ran.stdout, expected, "{name} as {dialect}");
        }
    }
    assert_eq!(place.simulator.connections(), 0);
}

/// `explain` says where in the text the fault is.
pub fn explain_names_the_place_of_a_fault(host: &Host) {
    let place = tenant();
    let mut call = place.call("explain");
    call.arguments = vec!["{\n\"id\" 5}".to_owned(), "ocsf".to_owned()];
    place.run(host, &call).expect(1).says(&["line 2", "column"]);
}

/// Config and record may be in files.
pub fn config_and_record_may_be_in_files(host: &Host) {
    let place = tenant();
    std::fs::write(place.path("config.json"), place.config().to_string()).unwrap();
    std::fs::write(place.path("record.json"), "{\"id\": \"a\"}").unwrap();
    for (name, arguments) in [
        ("check", vec!["@config.json"]),
        ("explain", vec!["@record.json", "ocsf"]),
    ] {
        let mut call = place.call(name);
        call.arguments = arguments.into_iter().map(str::to_owned).collect();
        place.run(host, &call).expect(0);
    }
}

/// With a file of cursors, a second run goes on where the first ended.
pub fn a_second_run_goes_on_from_the_stored_cursors(host: &Host) {
    let place = tenant();
    let mut call = place.call("collect");
    call.cursors = Some(place.path("cursors.json"));
    assert_eq!(
        place.run(host, &call).expect(0).stdout.lines().count(),
        1_200
    );
    assert_eq!(place.run(host, &call).expect(0).stdout, "");
    let now = place.simulator.configure(|options| options.clock.now());
    place.simulator.fleet(|fleet| fleet.check_in(7, now));
    assert_eq!(place.run(host, &call).expect(0).stdout.lines().count(), 1);
}

/// A cursor is stored only after its events have been written.
pub fn events_that_are_not_written_store_no_cursor(host: &Host) {
    let place = tenant();
    let mut call = place.call("collect");
    call.cursors = Some(place.path("cursors.json"));
    let mut command = place.command(host, &call);
    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = command.stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    let is_trace = |line: &str| line.contains("Traceback") || line.contains("Unhandled");
    assert!(!said.lines().any(is_trace), "{said}");
    assert_eq!(
        place.run(host, &call).expect(0).stdout.lines().count(),
        1_200
    );
}

/// A file of cursors that is damaged is named and left as it is, and nothing is collected.
pub fn a_damaged_file_of_cursors_is_reported(host: &Host) {
    let place = tenant();
    let mut call = place.call("collect");
    let file = place.path("cursors.json");
    call.cursors = Some(file.clone());
    for text in ["", "{\"a", "null", "[]", "5", "{\"a\": 5}"] {
        std::fs::write(&file, text).unwrap();
        let ran = place.run(host, &call).expect(1);
        assert_eq!(ran.stdout, "");
        ran.says(&["the cursors in ", "cursors.json cannot be read: "]);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
    }
    assert_eq!(place.simulator.connections(), 0);
}

/// What another run with the same file of cursors is writing stays as it is.
pub fn a_file_that_another_run_is_writing_is_left_alone(host: &Host) {
    let place = tenant();
    let mut call = place.call("collect");
    call.cursors = Some(place.path("cursors.json"));
    let other = place.path("cursors.json.new");
    std::fs::write(&other, "{\"half").unwrap();
    place.run(host, &call).expect(0);
    assert_eq!(std::fs::read_to_string(&other).unwrap(), "{\"half");
    assert_eq!(place.run(host, &call).expect(0).stdout, "");
}

/// A tenant that was collected and is not listed any more is a failure: devices are missing.
pub fn a_source_that_is_not_listed_any_more_is_a_failure(host: &Host) {
    let place = partner(3);
    let mut call = place.call("collect");
    call.cursors = Some(place.path("cursors.json"));
    place.run(host, &call).expect(0);
    let gone = place
        .simulator
        .configure(|options| options.tenants.remove(1).id);
    place
        .run(host, &call)
        .expect(1)
        .says(&[&gone, "not listed any more"]);
}
