//! A folder of configuration files, the environment variable that names it, and standard input.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use crate::support::{Ran, Workplace};
use crate::{refused, workplace};

/// Moves the configuration to `conf.d/acme.toml`, with another account beside it in `conf.d/beta.toml`.
fn folder(work: &Workplace) {
    fs::create_dir(work.path("conf.d")).unwrap();
    let acme = fs::read_to_string(work.path("asset-host.toml")).unwrap();
    fs::remove_file(work.path("asset-host.toml")).unwrap();
    work.write(
        "conf.d/beta.toml",
        &acme.replace("account.acme", "account.beta"),
    );
    work.write("conf.d/acme.toml", &acme);
}

#[test]
fn what_is_wrong_with_one_file_does_not_stop_the_accounts_of_others() {
    let work = workplace();
    folder(&work);
    work.host(&["--config", "conf.d", "check"])
        .expect(0)
        .says(&["acme: ok", "beta: ok"]);
    work.write("conf.d/contoso.toml", "# no [state]\n[account.contoso");
    // It would be waited for.
    let made = std::process::Command::new("mkfifo")
        .arg(work.path("conf.d/pipe.toml"))
        .status();
    assert!(made.unwrap().success());
    work.write("conf.d/state.toml", "[state]\npath = \"state.db\"");
    work.write(
        "conf.d/keys.toml",
        "[account.keys]\ncomponent = \"c.wasm\"\nfull_evry = 7",
    );
    let other = fs::read_to_string(work.path("conf.d/beta.toml")).unwrap();
    work.write("conf.d/other.toml", &other);
    for command in ["check", "approve"] {
        work.host(&["--config", "conf.d", command]).expect(1).says(&[
            "acme: ",
            "contoso: failed: conf.d/contoso.toml, line 2: not TOML",
            "pipe: failed: cannot read the configuration conf.d/pipe.toml: it is not a regular file",
            "keys: failed: conf.d/keys.toml: account.keys.full_evry: unknown key `full_evry`, did you mean `full_every`?",
            "beta: failed: conf.d/other.toml: account.beta: is in conf.d/beta.toml as well",
        ]);
    }
    let acme = work.host(&["--config", "conf.d", "check", "--account", "acme"]);
    assert!(!acme.expect(0).stdout.contains("contoso"));
    work.host(&["--config", "conf.d", "state", "prune"])
        .expect(2)
        .says(&["conf.d/contoso.toml, line 2: not TOML"]);
}

#[test]
fn a_folder_in_which_nothing_can_be_run_is_refused() {
    let work = workplace();
    folder(&work);
    let state = "[state]\npath = \"s.db\"\n";
    work.write("conf.d/state-1.toml", state);
    work.write("conf.d/state-2.toml", state);
    let check = ["--config", "conf.d", "check"];
    let both = ["conf.d/state-2.toml: state: is in conf.d/state-1.toml as well"];
    refused(&work, &check, &both);
    fs::remove_file(work.path("conf.d/state-2.toml")).unwrap();
    // Without its state, every account would begin anew.
    for state in [
        "[state]\npath = s.db",
        "[ state ]\npath = s.db",
        "[\"state\"]\npath = s.db",
        "\nstate.path = s.db",
        "\nstate = { path = s.db }",
        "[cluster]\nservers = n1",
        "\ncluster.servers = n1",
    ] {
        work.write("conf.d/state-1.toml", state);
        refused(&work, &check, &["conf.d/state-1.toml, line 2: not TOML"]);
    }
    fs::write(work.path("conf.d/state-1.toml"), b"# caf\xe9\n[state]\n").unwrap();
    refused(
        &work,
        &check,
        &["conf.d/state-1.toml", "may be the one with [state]"],
    );
    assert!(!work.path("conf.d/state.db").exists(), "a state was made");
    fs::remove_file(work.path("conf.d/state-1.toml")).unwrap();
    for name in ["acme", "beta"] {
        work.write(&format!("conf.d/{name}.toml"), "=");
    }
    let lines = ["conf.d/acme.toml, line 1", "conf.d/beta.toml, line 1"];
    refused(&work, &check, &lines);
    fs::remove_dir_all(work.path("conf.d")).unwrap();
    fs::create_dir(work.path("conf.d")).unwrap();
    refused(
        &work,
        &check,
        &["no configuration in the folder conf.d", "NAME.toml"],
    );
}

#[test]
fn the_environment_names_the_configuration_and_the_flag_comes_first() {
    let work = workplace();
    folder(&work);
    let check = |args: &[&str], place: &str| {
        let mut command = work.command(args);
        Ran::of(command.env("ASSET_HOST_CONFIG", place).output().unwrap())
    };
    check(&["check"], "conf.d")
        .expect(0)
        .says(&["acme: ok", "beta: ok"]);
    check(&["check"], "conf.d/acme.toml")
        .expect(0)
        .says(&["acme: ok"]);
    check(&["check", "--config", "conf.d"], "nowhere.toml")
        .expect(0)
        .says(&["acme: ok"]);
    check(&["check"], "nowhere.toml")
        .expect(2)
        .says(&["nowhere.toml"]);
}

#[test]
fn the_configuration_may_come_from_standard_input() {
    let work = workplace();
    let config = fs::read_to_string(work.path("asset-host.toml")).unwrap();
    fs::remove_file(work.path("asset-host.toml")).unwrap();
    let run = |args: &[&str], config: &str| {
        let mut command = work.command(args);
        let mut host = command.stdin(Stdio::piped()).spawn().unwrap();
        host.stdin
            .take()
            .unwrap()
            .write_all(config.as_bytes())
            .unwrap();
        Ran::of(host.wait_with_output().unwrap())
    };
    run(&["--config", "-", "collect"], &config)
        .expect(0)
        .says(&["events 3"]);
    assert_eq!(work.ids().len(), 3);
    assert!(work.path("state.db").exists());
    let wrong = config.replace("client_id =", "clientid =");
    run(&["--config", "-", "check"], &wrong)
        .expect(2)
        .says(&["-: account.acme.config.clientid"]);
    run(&["--config", "-", "check"], "=")
        .expect(2)
        .says(&["-, line 1: not TOML"]);
}
