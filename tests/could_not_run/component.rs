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

/// Writes a component, and asserts that every command that loads it refuses it.
#[track_caller]
fn other_component(work: &Workplace, component: impl AsRef<[u8]>, words: &[&str]) {
    std::fs::write(work.path("other.wasm"), component).unwrap();
    use_component(work, "other.wasm");
    refused_by_all(work, words);
}

#[test]
fn a_component_of_another_world_is_refused() {
    let work = workplace();
    let with_exports = |definitions: &str, mapping: &str| {
        let text = format!(
            r#"(component
                {definitions}
                (instance $empty)
                (export "inventory:connector/mapping@0.1.0" (instance {mapping}))
                (export "inventory:connector/collection@0.1.0" (instance $empty)))"#
        );
        wat::parse_str(text).unwrap()
    };
    other_component(
        &work,
        wat::parse_str("(component)").unwrap(),
        &[
            "other.wasm is a component, but not a connector",
            "inventory:connector/mapping@0.1.0",
            "`collection` (describe, check, discover, collect)",
        ],
    );
    let words = [
        "other.wasm is a component, but not a connector of inventory:connector 0.1.0",
        "Build it anew",
    ];
    // The right name with another type.
    let function = r#"(core module $code (func (export "map")))
        (core instance $code (instantiate $code))
        (func $map (canon lift (core func $code "map")))
        (instance $mapping (export "map" (func $map)))"#;
    let words_about = |word| [&words[..], &[word]].concat();
    other_component(
        &work,
        with_exports(function, "$mapping"),
        &words_about("does not have export `describe`"),
    );
    // A world that imports more than this host provides.
    let import = r#"(import "example:other/wishes" (instance (export "wish" (func))))"#;
    other_component(
        &work,
        with_exports(import, "$empty"),
        &words_about("example:other/wishes"),
    );
}

#[test]
fn a_component_of_another_version_of_the_contract_is_refused_with_both_versions() {
    let work = workplace();
    let component = std::fs::read(built("sophos-assets.wasm")).unwrap();
    let version = |interface: &str, version: &str| {
        let mut component = component.clone();
        let name = format!("inventory:connector/{interface}@0.1.0");
        let renamed = format!("inventory:connector/{interface}@{version}");
        let places: Vec<_> = component
            .windows(name.len())
            .enumerate()
            .filter_map(|(place, bytes)| (bytes == name.as_bytes()).then_some(place))
            .collect();
        assert!(!places.is_empty(), "{name}");
        for place in places {
            component[place..place + name.len()].copy_from_slice(renamed.as_bytes());
        }
        component
    };
    for (interface, needed) in [
        ("mapping", "0.2.0"),
        ("collection", "1.0.0"),
        ("secrets", "0.1.1"),
    ] {
        let words = [
            &format!("other.wasm needs inventory:connector {needed}, this host offers 0.1.0"),
            &format!("or a host that offers {needed}"),
        ];
        other_component(
            &work,
            version(interface, needed),
            &words.map(String::as_str),
        );
    }
}

#[test]
fn a_component_that_exports_bare_functions_is_refused() {
    let component = r#"(component
        (core module $code (func (export "map")))
        (core instance $code (instantiate $code))
        (func (export "map") (canon lift (core func $code "map"))))"#;
    other_component(
        &workplace(),
        wat::parse_str(component).unwrap(),
        &[
            "other.wasm exports the bare function map",
            "build the component anew",
        ],
    );
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
