//! A folder of configuration files.

use super::*;

/// Loads a folder of these files, each a name and a text.
fn load_folder(files: &[(&str, &str)]) -> (tempfile::TempDir, Result<Config, ConfigError>) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let config = Config::load(folder.path());
    (folder, config)
}

fn account(name: &str) -> String {
    format!("[account.{name}]\ncomponent = \"c.wasm\"\n")
}

fn names(config: &Config) -> (Vec<&str>, Vec<&str>) {
    let accounts = config.accounts.iter();
    let wrong = config.wrong.iter();
    (
        accounts.map(|account| account.name.as_str()).collect(),
        wrong.map(|wrong| wrong.name.as_str()).collect(),
    )
}

#[test]
fn every_toml_file_of_a_folder_is_read_but_hidden_ones_and_those_in_folders() {
    let (folder, config) = load_folder(&[
        ("b.toml", &account("acme")),
        ("a.toml", &account("beta")),
        (".c.toml", "not TOML"),
        ("d.toml.bak", "not TOML"),
        ("e/f.toml", "not TOML"),
        ("shared.toml", "[state]\npath = \"s.db\""),
    ]);
    let config = config.unwrap();
    assert_eq!(names(&config), (vec!["acme", "beta"], vec![]));
    assert_eq!(config.place, folder.path());
    let state = folder.path().join("s.db");
    assert_eq!(config.state, StateConfig::File(state));
    let acme = config.account("acme").unwrap();
    assert_eq!(acme.file, folder.path().join("b.toml"));
    assert_eq!(acme.component, folder.path().join("c.wasm"));
}

#[test]
fn a_folder_without_state_has_it_beside_its_files() {
    let (folder, config) = load_folder(&[("a.toml", &account("a"))]);
    let state = folder.path().join("state.db");
    assert_eq!(config.unwrap().state, StateConfig::File(state));
}

#[test]
fn what_is_wrong_in_one_file_is_the_failure_of_its_accounts() {
    let (folder, config) = load_folder(&[
        ("good.toml", &account("good")),
        ("state.toml", "[state]"),
        ("contoso.toml", "[account.contoso]\ncomponent = canary-7f3a"),
        (
            "keys.toml",
            &format!("jobs = 4\n{}{}", account("two"), account("three")),
        ),
        ("only-a-key.toml", "jobs = 4"),
        (
            "value.toml",
            &format!("{}{}full_every = 7", account("four"), account("five")),
        ),
    ]);
    std::os::unix::fs::symlink("/nonexistent", folder.path().join("gone.toml")).unwrap();
    let config = Config::load(config.map(|_| folder.path()).unwrap()).unwrap();
    let wrong = ["contoso", "five", "gone", "only-a-key", "three", "two"];
    assert_eq!(names(&config), (vec!["four", "good"], wrong.to_vec()));
    for (name, parts) in [
        ("contoso", ["contoso.toml, line 2", "not TOML"]),
        (
            "five",
            [
                "value.toml: account.five.full_every: ",
                "must be a duration",
            ],
        ),
        ("gone", ["gone.toml", "there is no configuration file"]),
        ("only-a-key", ["only-a-key.toml: ", "unknown key `jobs`"]),
        ("three", ["keys.toml: ", "unknown key `jobs`"]),
        ("two", ["keys.toml: ", "unknown key `jobs`"]),
    ] {
        let message = config.account(name).unwrap_err().to_string();
        for part in parts {
            assert!(message.contains(part), "{name}: {part}: {message}");
        }
        assert!(!message.contains("canary"), "{message}");
    }
    let selected = config.select(&["two".into(), "good".into()]).unwrap();
    assert_eq!(selected.0.len(), 1);
    assert_eq!(selected.1[0].file, folder.path().join("keys.toml"));
    let message = config.select(&["tow".into()]).unwrap_err().to_string();
    assert!(message.contains("did you mean `two`?"), "{message}");
}

#[test]
fn an_account_in_two_files_is_wrong_and_both_are_named() {
    let (_folder, config) = load_folder(&[
        ("a.toml", &format!("{}{}", account("acme"), account("beta"))),
        ("b.toml", &account("acme")),
    ]);
    let config = config.unwrap();
    assert_eq!(names(&config), (vec!["beta"], vec!["acme"]));
    let message = config.account("acme").unwrap_err().to_string();
    for part in ["b.toml: account.acme: ", "a.toml", "remove"] {
        assert!(message.contains(part), "{part}: {message}");
    }
}

#[test]
fn a_file_that_cannot_be_parsed_is_the_failure_of_the_accounts_that_its_headings_name() {
    let broken =
        "[account.acme]\ncomponent = c\n[account.beta.deliver]\nto = \"stdout\"\n[account.\"x y\"]";
    let (_folder, config) = load_folder(&[("a.toml", broken), ("b.toml", &account("beta"))]);
    let config = config.unwrap();
    assert_eq!(names(&config), (vec![], vec!["acme", "beta"]));
    for wrong in &config.wrong {
        let message = wrong.error.to_string();
        assert!(message.contains("a.toml, line 2: not TOML"), "{message}");
    }
}

#[test]
fn nothing_can_be_run_without_a_file_an_account_or_one_state() {
    let a = account("a");
    let state = "[state]\npath = \"s.db\"\n";
    let cluster = "[cluster]\nservers = [\"nats://n1\"]\n";
    for (files, parts) in [
        (
            &[][..],
            &["no configuration in the folder", "NAME.toml"][..],
        ),
        (&[("a.toml", state)], &["account: there is no account"]),
        (
            &[("a.toml", a.as_str()), ("b.toml", state), ("c.toml", state)],
            &["c.toml: state: ", "b.toml"],
        ),
        (
            &[("a.toml", &a), ("b.toml", "[state]\npath = \"\"")],
            &["b.toml: state.path: ", "empty"],
        ),
        (
            &[("a.toml", &a), ("b.toml", "[state]\npath = s.db")],
            &["b.toml, line 2: not TOML"],
        ),
        (
            &[("a.toml", &a), ("b.toml", cluster), ("c.toml", cluster)],
            &["c.toml: cluster: ", "b.toml", "as well"],
        ),
        (
            &[("a.toml", &a), ("b.toml", cluster), ("c.toml", state)],
            &["c.toml: state: [cluster] is in ", "b.toml as well"],
        ),
        (
            &[("a.toml", &a), ("b.toml", "[cluster]\nservers = []")],
            &["b.toml: cluster.servers: "],
        ),
        (
            &[("a.toml", &a), ("b.toml", "cluster.servers = n1")],
            &["b.toml, line 1: not TOML"],
        ),
    ] {
        let message = load_folder(files).1.unwrap_err().to_string();
        for part in parts {
            assert!(message.contains(part), "{part}: {message}");
        }
    }
}
