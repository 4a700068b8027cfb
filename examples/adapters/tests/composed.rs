//! What the composed components ask their host for, read from the files that `make adapters` leaves in `dist/adapters/`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at the first surprise, in its helpers too"
)]

use std::collections::BTreeSet;
use std::path::Path;

use wit_component::DecodedWasm;
use wit_parser::WorldItem;

/// The interfaces that a component imports and exports, without their versions.
struct World {
    imports: BTreeSet<String>,
    exports: BTreeSet<String>,
}

fn world(name: &str) -> World {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dist/adapters");
    let bytes = std::fs::read(folder.join(name));
    let bytes =
        bytes.unwrap_or_else(|error| panic!("{name}, which `make adapters` builds: {error}"));
    let DecodedWasm::Component(resolve, world) = wit_component::decode(&bytes).unwrap() else {
        panic!("{name} is not a component");
    };
    let names = |items: Vec<&WorldItem>| {
        let interfaces = items.into_iter().map(|item| match item {
            WorldItem::Interface { id, .. } => resolve.id_of(*id).unwrap(),
            other => panic!("{other:?} is not an interface"),
        });
        interfaces
            .map(|name| name.split('@').next().unwrap().to_owned())
            .collect()
    };
    let world = &resolve.worlds[world];
    World {
        imports: names(world.imports.values().collect()),
        exports: names(world.exports.values().collect()),
    }
}

/// What a program without files needs of WASI, and the types of the contract, which no host has to supply.
const ALLOWED: [&str; 16] = [
    "inventory:connector/types",
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stderr",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:http/outgoing-handler",
    "wasi:http/types",
    "wasi:random/insecure-seed",
];

#[track_caller]
fn assert_imports(world: &World, more: &[&str]) {
    let expected = ALLOWED.iter().chain(more).copied();
    let expected: BTreeSet<&str> = expected.collect();
    let surplus = world.imports.iter().filter(|name| {
        // Streams and pollables come with the others.
        !name.starts_with("wasi:io/") && !expected.contains(name.as_str())
    });
    assert_eq!(surplus.collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn the_command_needs_a_host_of_commands_and_no_secrets_of_the_contract() {
    let world = world("sophos-assets-cli.wasm");
    assert_eq!(world.exports, ["wasi:cli/run".to_owned()].into());
    // The file of cursors, and a config in a file.
    assert_imports(
        &world,
        &["wasi:filesystem/types", "wasi:filesystem/preopens"],
    );
}

#[test]
fn the_server_needs_a_host_of_http_servers_and_no_files() {
    let world = world("sophos-assets-http.wasm");
    assert_eq!(
        world.exports,
        ["wasi:http/incoming-handler".to_owned()].into()
    );
    assert_imports(&world, &[]);
}
