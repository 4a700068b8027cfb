//! `state export` and `state import`.

use super::*;

fn export(accounts: &[&str]) -> args::State {
    args::State::Export {
        accounts: accounts.iter().map(|&account| account.to_owned()).collect(),
    }
}

fn import(file: &std::path::Path, replace: bool) -> args::State {
    args::State::Import(args::Import {
        file: file.to_owned(),
        replace,
    })
}

#[test]
fn an_export_is_imported_into_another_state_as_it_was() {
    let (_folder, config) = config();
    let (_other_folder, other) = self::config();
    store(&config, "acme", "t1", "{\"v\":1}", false);
    store(&config, "beta", "tenant 2\n", "c", true);
    let state = State::at(config.state.path().unwrap(), Writes::Everything);
    let page = StoredBatch {
        account: "acme",
        source: "t2",
        name: "Näme",
        cursor: "c",
        mark: None,
        more: false,
        full: false,
        first: false,
        fingerprints: Fingerprints::Confirmed(&[("a", u64::MAX), ("b", 0)]),
    };
    state
        .set_destination("acme", "t2", "https://siem.example")
        .unwrap();
    state.store_batch(&page, at(5)).unwrap();
    state.end_slot("acme", at(0)).unwrap();
    let asks = crate::contract::permissions::Permissions::default();
    state.approve("beta", &asks, at(1)).unwrap();
    let expected = state.all().unwrap();
    drop(state);

    let text = run(&config, export(&[])).unwrap();
    assert_eq!(text.lines().count(), 2);
    assert_eq!(
        run(&config, export(&["beta"])).unwrap(),
        text.lines().last().unwrap().to_owned() + "\n"
    );
    let file = _other_folder.path().join("state.ndjson");
    std::fs::write(&file, &text).unwrap();
    let done = run(&other, import(&file, false)).unwrap();
    assert_eq!(
        done,
        "acme: imported, with 2 sources\nbeta: imported, with 1 sources\n"
    );
    let state = State::at(other.state.path().unwrap(), Writes::Nothing);
    assert_eq!(state.all().unwrap(), expected);
    assert_eq!(run(&other, export(&[])).unwrap(), text);

    // A second time only on request.
    assert_refused(
        &other,
        import(&file, false),
        &["line 1: account acme", "--replace"],
    );
    run(&other, import(&file, true)).unwrap();
    assert_eq!(run(&other, export(&[])).unwrap(), text);
}
