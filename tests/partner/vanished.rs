//! Tenants that were collected and no longer exist: each is reported.

use sophos_central_simulator::{Access, Credential, Fault, Options, Route};

use super::{cursors, partner, tenants};
use crate::support::Workplace;

const SINCE: &str = "not collectable since";

#[test]
fn a_tenant_that_is_gone_fails_until_it_is_back_or_pruned() {
    let work = partner(3, 2);
    work.collect(0);
    let gone = work
        .simulator
        .configure(|options| options.tenants.remove(1));
    let name = gone.name.trim_end_matches(" Ltd");
    for args in [&["collect"][..], &["collect"], &["collect", "--dry-run"]] {
        let ran = work.host(args).expect(1).says(&[
            "no longer lists it",
            "`asset-host state prune`",
            "sources 3 (1 failed, 0 not collectable)",
        ]);
        let told = |line: &str| line.contains(name) && line.contains(&gone.id);
        assert!(ran.stderr.lines().any(told), "{}", ran.stderr);
    }
    assert!(cursors(&work).contains_key(&gone.id));
    work.host(&["state", "list"])
        .expect(0)
        .says(&[SINCE, "no longer lists it"]);

    // It comes back: nothing fails, and its cursor is used.
    work.simulator
        .configure(|options| options.tenants.insert(1, gone.clone()));
    work.forget_events();
    work.collect(0).says(&["sources 3 (0 failed", "events 0"]);
    let listed = work.host(&["state", "list"]).expect(0).stdout;
    assert!(
        !listed.contains(SINCE) && !listed.contains("does not list"),
        "{listed}"
    );
    work.host(&["state", "prune"])
        .expect(0)
        .says(&["nothing to forget"]);

    work.simulator
        .configure(|options| options.tenants.remove(1));
    work.collect(1);
    work.host(&["state", "prune"])
        .expect(0)
        .says(&[&gone.id, name, SINCE]);
    assert_eq!(cursors(&work).len(), 2);
    work.collect(0)
        .says(&["sources 2 (0 failed, 0 not collectable)"]);
}

#[test]
fn a_tenant_that_is_no_longer_collectable_fails_until_it_is_pruned() {
    let work = partner(3, 2);
    work.collect(0);
    let (id, name) = tenants(&work)[1].clone();
    let before = cursors(&work);
    work.simulator
        .configure(|options| options.tenants[1].access = Access::NotActivated);
    for _ in 0..2 {
        work.host(&["collect", "--metrics", "metrics.prom"])
            .expect(1)
            .says(&[
                "has not been activated",
                "sources 3 (1 failed, 0 not collectable)",
            ]);
        // An alert on sources that are not up to date fires for it.
        let metrics = std::fs::read_to_string(work.path("metrics.prom")).unwrap();
        let success = format!(
            "asset_host_source_last_success_timestamp_seconds{{account=\"acme\",source=\"{id}\"}}"
        );
        assert!(metrics.contains(&success), "{metrics}");
    }
    assert_eq!(cursors(&work), before);
    let shown = work.host(&["state", "show", "--account", "acme", "--source", &id]);
    shown.expect(0).says(&[SINCE, "has not been activated"]);

    work.host(&["state", "prune"])
        .expect(0)
        .says(&[&id, &name, SINCE]);
    assert_eq!(cursors(&work).len(), 2);
    // It is like one that was never collected.
    work.collect(0)
        .says(&["sources 2 (0 failed, 1 not collectable)"]);
}

#[test]
fn a_tenant_that_only_or_skip_excludes_never_fails() {
    let work = partner(3, 2);
    work.collect(0);
    let all = tenants(&work);
    work.simulator.configure(|options| {
        options.tenants[2].access = Access::NotActivated;
        options.tenants.remove(1);
    });
    work.collect(1).says(&["sources 3 (2 failed"]);
    for lists in [
        format!("skip = [{:?}, {:?}]", all[1].1, all[2].0),
        format!("only = [{:?}]", all[0].0),
    ] {
        work.edit_config("rate_limits = []", &format!("rate_limits = []\n{lists}"));
        let ran = work
            .collect(0)
            .says(&["sources 1 (0 failed, 0 not collectable, 2 skipped)"]);
        assert!(!ran.stderr.contains("check the spelling"), "{}", ran.stderr);
        work.edit_config(&lists, "");
    }
    work.collect(1).says(&["sources 3 (2 failed"]);
}

#[test]
fn an_empty_listing_fails_the_account_and_marks_no_tenant_as_gone() {
    let work = partner(3, 2);
    work.collect(0);
    let tenants = work
        .simulator
        .configure(|options| std::mem::take(&mut options.tenants));
    work.collect(1).says(&["lists no source", "1 failed"]);
    let listed = work.host(&["state", "list"]).expect(0).stdout;
    assert!(!listed.contains(SINCE), "{listed}");
    work.host(&["state", "prune"])
        .expect(0)
        .says(&["nothing to forget"]);
    work.simulator
        .configure(|options| options.tenants = tenants);
    work.collect(0).says(&["sources 3 (0 failed"]);

    let work = Workplace::new(Options::with_tenants(Credential::Partner, Vec::new()));
    work.collect(1).says(&["lists no source"]);
}

#[test]
fn a_tenant_with_an_unknown_status_is_collected() {
    let work = partner(3, 2);
    let unknown = Fault::edit(|page| page["items"][1]["status"] = "enabled".into());
    work.simulator.fault_always(Route::PartnerTenants, unknown);
    work.collect(0)
        .says(&["sources 3 (0 failed, 0 not collectable)"]);
    assert_eq!(work.ids().len(), 6);
}

#[test]
fn a_tenant_that_answers_403_is_a_notice_if_it_was_never_collected() {
    let work = partner(3, 2);
    let (id, name) = tenants(&work)[1].clone();
    let forbid = |access| {
        work.simulator
            .configure(|options| options.tenants[1].access = access);
    };
    forbid(Access::Forbidden);
    for _ in 0..2 {
        work.collect(0).says(&[
            "Partner Assistance",
            "sources 2 (0 failed, 1 not collectable)",
        ]);
    }
    forbid(Access::Open);
    work.collect(0).says(&["sources 3 (0 failed"]);

    // Its devices are expected from now on.
    forbid(Access::Forbidden);
    work.collect(1).says(&[
        "Partner Assistance",
        "sources 3 (1 failed, 0 not collectable)",
    ]);
    work.host(&["state", "prune"])
        .expect(0)
        .says(&[&id, &name, SINCE]);
    work.collect(0)
        .says(&["sources 2 (0 failed, 1 not collectable)"]);
}

#[test]
fn a_partner_without_a_collectable_tenant_fails() {
    for access in [Access::Forbidden, Access::NotActivated] {
        let work = partner(2, 2);
        work.simulator.configure(|options| {
            for tenant in &mut options.tenants {
                tenant.access = access;
            }
        });
        work.collect(1).says(&[
            "none of its sources can be collected",
            "(1 failed, 2 not collectable)",
        ]);
    }
}
