//! The component's file: missing, not a component, of another world, or not the pinned one.

use std::process::Command;

use crate::support::{Workplace, built};
use crate::{refused, workplace};

/// The beginning of every core module: the magic number and the version of the binary format.
const CORE_MODULE: &[u8] = b"\0asm\x01\0\0\0";

/// Names another component in the configuration.
fn use_component(work: &Workplace, name: &str) {
    let built = built("sophos-assets.wasm");
    work.configure("", "");
    work.edit_config(
        &format!("component = {built:?}"),
        &format!("component = {name:?}"),
    );
}

/// Asserts that every command that loads the component refuses it, with the key's name if it is for an account.
#[track_caller]
fn refused_by_all(work: &Workplace, words: &[&str]) {
    for command in ["check", "collect", "describe"] {
        let words = [&["asset-host.toml", "account.acme.component"], words].concat();
        refused(work, &[command], &words);
    }
    refused(work, &["map"], words);
}

#[test]
fn a_missing_component_is_reported() {
    let work = workplace();
    use_component(&work, "other.wasm");
    refused_by_all(&work, &["other.wasm", "make build", "--component"]);
    for command in ["map", "describe", "init"] {
        let args = ["--config", "new.toml", command, "--component", "third.wasm"];
        refused(&work, &args, &["third.wasm", "make build"]);
    }
}

#[test]
fn a_component_that_is_named_nowhere_is_reported() {
    let work = workplace();
    std::fs::remove_file(work.path("asset-host.toml")).unwrap();
    // There is one beside the program in `dist/`.
    let alone = work.path("alone");
    // Not copied by this process, since a program started by another thread would hold the file open for writing.
    let copied = Command::new("cp")
        .arg(built("asset-host"))
        .arg(&alone)
        .status()
        .unwrap();
    assert!(copied.success());
    for command in ["map", "describe", "init"] {
        let output = Command::new(&alone)
            .arg(command)
            .current_dir(alone.parent().unwrap())
            .output()
            .unwrap();
        let reported = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{reported}");
        for word in [
            "no component beside this program",
            "sophos-assets.wasm",
            "--component",
        ] {
            assert!(reported.contains(word), "{command}: {reported}");
        }
    }
}

#[test]
fn a_file_that_is_not_a_component_is_refused() {
    let work = workplace();
    for (content, words) in [
        (&b"I am a text."[..], &["does not begin like one"][..]),
        (b"", &["does not begin like one"]),
        (b"(component)", &["does not begin like one"]),
        (CORE_MODULE, &["a core module", "wasm32-wasip2"]),
        (b"\0asm\x0d\0\x01\0garbage", &["end-of-file"]),
        (b"\0asm\x63\0\x01\0", &["version"]),
    ] {
        std::fs::write(work.path("some.wasm"), content).unwrap();
        use_component(&work, "some.wasm");
        let words = [&["some.wasm is not a WebAssembly component"], words].concat();
        refused_by_all(&work, &words);
    }
}

#[test]
fn a_component_of_another_world_is_refused() {
    let work = workplace();
    for (text, word) in [
        ("(component)", "map"),
        // The right name with another type.
        (
            r#"(component
                (core module $code (func (export "map")))
                (core instance $code (instantiate $code))
                (func (export "map") (canon lift (core func $code "map"))))"#,
            "map",
        ),
        // A world that imports more than this host provides.
        (
            r#"(component (import "example:other/wishes" (instance (export "wish" (func)))))"#,
            "example:other/wishes",
        ),
    ] {
        std::fs::write(work.path("other.wasm"), wat::parse_str(text).unwrap()).unwrap();
        use_component(&work, "other.wasm");
        refused_by_all(
            &work,
            &[
                "other.wasm is a component, but not a connector of inventory:connector@0.1.0",
                word,
                "exports map, explain, describe, check, discover and collect",
            ],
        );
    }
}

#[test]
fn a_component_that_is_not_the_pinned_one_is_refused() {
    let work = workplace();
    let output = Command::new("sha256sum")
        .arg(built("sophos-assets.wasm"))
        .output()
        .unwrap();
    let digest = String::from_utf8(output.stdout).unwrap()[..64].to_owned();
    let other = "0123456789abcdef".repeat(4);
    let pin = |digest: &str| {
        work.configure("", "");
        work.edit_config(
            "allow_loopback_http",
            &format!("sha256 = \"{digest}\"\nallow_loopback_http"),
        );
    };
    pin(&other);
    // `describe` still shows it, since this is how to inspect it.
    for command in ["check", "collect", "approve", "map"] {
        let words = ["`sha256`", &digest, &other, "`asset-host describe`"];
        refused(&work, &[command], &words);
    }

    pin("abc");
    for command in ["check", "collect", "map", "describe"] {
        let words = [
            "asset-host.toml",
            "account.acme.sha256",
            "64 hexadecimal digits",
            "sha256sum",
        ];
        refused(&work, &[command], &words);
    }

    // The pinned one runs, in either case of its digest.
    pin(&digest.to_uppercase());
    work.host(&["check"]).expect(0).says(&["acme: ok"]);
}
