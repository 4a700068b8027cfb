//! The limits of a call: the guest that exceeds one is dropped, its source fails with the limit's name, and the run
//! continues.

use std::process::Command;

use serde_json::Value;
use sophos_central_simulator::Fault;
use sophos_central_simulator::intake::{Failure, Intake, Options, Route};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::place::Place;
use crate::support::built;

/// Returns a guest with these limits.
fn limited(guest: &str, limits: &str) -> Place {
    Place::new(guest).table("limits", limits)
}

/// Returns a guest with an accomplice on this machine.
fn with_accomplice(guest: &str, limits: &str, fault: Fault) -> (Place, Intake) {
    let server = Intake::start(Options::new());
    server.fault_always(Route::Plain, Failure::of(fault));
    let place = limited(guest, limits)
        .account("allow_loopback_http = true")
        .config(&format!("api_url = \"{}/\"", server.url()));
    (place, server)
}

#[test]
fn endless_loop() {
    for export in ["collect", "discover"] {
        limited("endless_loop", "cpu = \"300ms\"")
            .config(&format!("how = \"{export}\""))
            .collect(1)
            .passed("limits.cpu");
    }
    let place = limited("endless_loop", "cpu = \"300ms\"");
    place
        .host(&["check"])
        .expect(1)
        .says(&["limits.cpu", "acme: ok"]);
}

#[test]
fn endless_wait_for_a_server() {
    let (place, server) = with_accomplice("endless_wait", "", Fault::Stall);
    place
        .table("timeouts", "call = \"500ms\"")
        .collect(1)
        .passed("timeouts.call");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn endless_wait_for_a_clock() {
    Place::new("endless_wait")
        .table("timeouts", "call = \"500ms\"")
        .config("how = \"clock\"")
        .collect(1)
        .passed("timeouts.call");
}

#[test]
fn memory_bomb() {
    limited("memory_bomb", "memory_bytes = 16777216")
        .collect(1)
        .passed("limits.memory_bytes");
    // The default is a limit too.
    Place::new("memory_bomb")
        .collect(1)
        .passed("limits.memory_bytes");
}

#[test]
fn born_with_too_much_memory() {
    limited("born_with_too_much_memory", "memory_bytes = 16777216")
        .collect(1)
        .passed("limits.memory_bytes");
}

#[test]
fn recursion() {
    Place::new("recursion")
        .collect(1)
        .failed(&["limit of the host (512 KiB) and was stopped: stack of an instance, as in an endless recursion"]);
}

#[test]
fn table_bomb() {
    let folder = tempfile::tempdir().unwrap();
    let component = folder.path().join("table_bomb.wasm");
    std::fs::write(&component, table_bomb_component("")).unwrap();
    Place::of(component)
        .collect(1)
        .passed("limit of the host (100,000) and was stopped: elements of all tables");
}

/// The parts of a component count from the beginning.
#[test]
fn born_with_too_many_tables_or_instances() {
    let folder = tempfile::tempdir().unwrap();
    let component = folder.path().join("born.wasm");
    let many_elements = table_bomb_component("(table 100000 funcref)");
    // Behind the component's sections: an empty core module, and 101 instances of it, the second module.
    let mut many_instances = table_bomb_component("");
    many_instances.extend(b"\x01\x08\0asm\x01\0\0\0");
    many_instances.extend([2, 0xb0, 2, 101]);
    many_instances.extend([0, 1, 0].repeat(101));
    for (bytes, message) in [
        (
            many_elements,
            "limit of the host (100,000) and was stopped: elements of all tables",
        ),
        (many_instances, "at most 100 core instances"),
    ] {
        std::fs::write(&component, bytes).unwrap();
        // The manifest is read first, and the account cannot run without it.
        Place::of(component.clone())
            .host(&["collect"])
            .expect(1)
            .says(&[message]);
    }
}

/// The module of `table_bomb.wat` as a component, with more tables and with the manifest of the harmless guest.
fn table_bomb_component(tables: &str) -> Vec<u8> {
    let described = Command::new(built("asset-host"))
        .args(["describe", "--json", "--component"])
        .arg(built("guests/harmless.wasm"))
        .output()
        .unwrap();
    let described: Value = serde_json::from_slice(&described.stdout).unwrap();
    let manifest = described["manifest"].to_string();
    let bytes = |bytes: &[u8]| -> String {
        let escaped = bytes.iter().map(|byte| format!("\\{byte:02x}"));
        escaped.collect()
    };
    let length = u32::try_from(manifest.len()).unwrap().to_le_bytes();
    let text = include_str!("../guests/table_bomb.wat")
        .replace(
            "(table $table 1 funcref)",
            &format!("(table $table 1 funcref){tables}"),
        )
        .replace("LENGTH", &bytes(&length))
        .replace("MANIFEST", &bytes(manifest.as_bytes()));
    let mut module = wat::parse_str(text).unwrap();
    let mut resolve = Resolve::default();
    let contract = concat!(env!("CARGO_MANIFEST_DIR"), "/../wit");
    let (package, _) = resolve.push_dir(contract).unwrap();
    let world = resolve
        .select_world(&[package], Some("connector-api"))
        .unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    let mut encoder = ComponentEncoder::default();
    encoder.module(&module).unwrap().encode().unwrap()
}

#[test]
fn too_many_requests() {
    let (place, server) = with_accomplice("too_many_requests", "requests = 5", Fault::status(404));
    place.collect(1).passed("limits.requests");
    assert_eq!(server.requests().len(), 5);
}

#[test]
fn response_too_large() {
    // One that says how long it is, and one that does not and never ends.
    let endless = [b"HTTP/1.1 200 OK\r\n\r\n".as_slice(), &vec![b'x'; 4 << 20]].concat();
    for fault in [Fault::Oversized(4 << 20), Fault::Wire(endless)] {
        let (place, _server) =
            with_accomplice("response_too_large", "response_bytes = 1048576", fault);
        place.collect(1).passed("limits.response_bytes");
    }
}

#[test]
fn response_headers_too_large() {
    for headers in [1, 100] {
        let value = "x".repeat(200_000 / headers);
        let headers = (0..headers).map(|number| (format!("x-{number}"), value.clone()));
        let fault = Fault::Status {
            code: 200,
            headers: headers.collect(),
            body: None,
        };
        let (place, _server) = with_accomplice("response_headers_too_large", "", fault);
        place
            .collect(1)
            .passed("limit of the host (64 KiB) and was stopped: headers of one response");
    }
}
