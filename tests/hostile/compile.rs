//! Limits before a component runs: its manifest is read and it is compiled within limits, before anybody has
//! approved it.

use rustix::process::Signal;

use crate::place::{ACCOUNT, Place};
use crate::support::running::Running;

/// A module's or component's section.
fn section(id: u8, content: &[u8]) -> Vec<u8> {
    [&[id][..], &leb128(content.len()), content].concat()
}

fn leb128(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 0x7f {
        bytes.push(u8::try_from(number & 0x7f).unwrap() | 0x80);
        number >>= 7;
    }
    bytes.push(u8::try_from(number).unwrap());
    bytes
}

/// A component of 7 KB with one function: `blocks` blocks inside one another, each with `results` results, and a jump
/// to any of them. The compiler keeps a move for each result on the way to each block.
fn compile_bomb(blocks: usize, results: usize) -> Vec<u8> {
    let constants = |first: usize| -> Vec<u8> {
        (first..first + results)
            .flat_map(|number| [0x42, u8::try_from(number % 64).unwrap()])
            .collect()
    };
    let types = [
        &leb128(2)[..],
        b"\x60\x01\x7f\0\x60\0",
        &leb128(results),
        &vec![0x7e; results],
    ]
    .concat();
    let targets: Vec<u8> = (1..=blocks).flat_map(leb128).collect();
    let jump = [b"\x20\0\x0e", &leb128(blocks)[..], &targets, &leb128(1)].concat();
    let body = [
        &b"\0"[..],
        &b"\x02\x01".repeat(blocks),
        b"\x20\0\x04\x40",
        &constants(0),
        &jump,
        b"\x0b",
        &constants(1),
        &vec![0x0b; blocks],
        &vec![0x1a; results],
        b"\x0b",
    ]
    .concat();
    let code = [b"\x01", &leb128(body.len())[..], &body].concat();
    let module = [
        &b"\0asm\x01\0\0\0"[..],
        &section(1, &types),
        &section(3, b"\x01\0"),
        &section(10, &code),
    ]
    .concat();
    [b"\0asm\x0d\0\x01\0", &section(1, &module)[..]].concat()
}

/// Returns a guest in a file of its own.
fn guest(component: &[u8]) -> (tempfile::TempDir, Place) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bomb.wasm");
    std::fs::write(&path, component).unwrap();
    (folder, Place::of(path))
}

#[test]
fn compile_bomb_of_memory() {
    let (_folder, place) = guest(&compile_bomb(1000, 300));
    place.host(&["collect"]).expect(1).says(&[
        &format!("account.{ACCOUNT}.component"),
        "it takes more than 1024 MiB of memory to compile",
        "Do not trust it",
    ]);
    place.host(&["collect", "--account", "acme"]).expect(0);
}

#[test]
fn a_stop_ends_the_compiler() {
    let (_folder, place) = guest(&compile_bomb(1000, 300));
    let mut running = Running::start(&place.work, &["collect", "-v"]);
    running.wait_for("compiling");
    running.signal(Signal::TERM);
    let (code, log) = running.end();
    assert_eq!(code, Some(0), "{log}");
}

#[test]
fn manifest_that_takes_for_ever() {
    let place = Place::new("manifest_that_takes_for_ever").config("how = \"x\"");
    place.host(&["collect"]).expect(1).says(&[
        &format!("account.{ACCOUNT}.component"),
        "breaks the contract",
        "$defs",
    ]);
    place.host(&["collect", "--account", "acme"]).expect(0);
}
