//! Compares the table of limits in `docs/security.md` with the constants.

use crate::contract::check::{MAX_PAGE_WARNINGS, MIN_REJECT};
use crate::contract::limits::{
    Limits, MAX_CONNECTIONS, MAX_CURSOR_BYTES, MAX_EMPTY_PAGES, MAX_HANDLES, MAX_INSTANCES,
    MAX_PAGES, MAX_REQUEST_BODY, MAX_RESPONSE_HEADER_BYTES, MAX_TABLE_ELEMENTS,
    OFFLINE_CALL_TIMEOUT, STACK, Timeouts,
};
use crate::contract::manifest::parse::MAX_MANIFEST_BYTES;
use crate::contract::manifest::pattern::MAX_PATTERN_LENGTH;
use crate::contract::manifest::schema::MAX_CONFIG_SCHEMAS;
use crate::deliver::retry::MAX_RATE_LIMIT_WAITS;
use crate::network::client::MAX_HEADERS;
use crate::network::error::MAX_INTERIM;
use crate::sandbox::call::MAX_WARNINGS;
use crate::sandbox::compile::{MAX_CODE_BYTES, MAX_COMPILE_MEMORY, MAX_COMPILE_TIME};
use crate::sandbox::connector::handed_over;
use crate::sandbox::egress::{MAX_KEPT_RESPONSES, MAX_READ_AHEAD};
use crate::sandbox::engine::MAX_COMPONENT_BYTES;
use crate::sandbox::instance::MAX_REQUEST_HEADERS;
use crate::sandbox::outgoing::{MAX_AUTHORITY, MAX_METHOD, MAX_PATH};
use crate::sandbox::secrets::MAX_SECRET_HEADERS;
use crate::sandbox::stderr::{MAX_BYTES, MAX_LINES};
use crate::text::printable::MAX_QUOTE;
use crate::units::{duration, quantity};

/// The rows of the table: each limit with how much it allows.
fn rows() -> Vec<(String, String)> {
    let page = include_str!("../../docs/security.md");
    let (_, section) = page.split_once("\n## Limits\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let rows = section.lines().filter(|line| line.starts_with('|')).skip(2);
    let rows = rows.map(|row| {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let [_, limit, much, _, _, _] = cells[..] else {
            panic!("not four cells: {row}")
        };
        (limit.to_owned(), much.to_owned())
    });
    rows.collect()
}

/// Each limit by its name in the table, with how much the program allows.
fn limits() -> Vec<(String, String)> {
    let bytes = |bytes: usize| match bytes {
        0..1024 => format!("{bytes} bytes"),
        bytes => quantity::bytes(bytes as u64),
    };
    let count = |number: usize| quantity::count(number as u64);
    let (limits, timeouts) = (Limits::default(), Timeouts::default());
    let with_key = limits.rows(&timeouts);
    let with_key = with_key
        .into_iter()
        .filter_map(|(key, much, _)| Some((format!("`{}`", key?), much)));
    let times = [
        ("connect", timeouts.connect),
        ("tls", timeouts.tls),
        ("first_byte", timeouts.first_byte),
        ("between_bytes", timeouts.between_bytes),
        ("request", timeouts.request),
    ];
    let times = times.map(|(key, time)| (format!("`timeouts.{key}`"), duration::format(time)));
    let fixed = [
        (
            "elements of all tables of an instance",
            count(MAX_TABLE_ELEMENTS),
        ),
        (
            "core instances, memories and tables of an instance, each",
            count(MAX_INSTANCES),
        ),
        (
            "headers of an answer, together",
            bytes(MAX_RESPONSE_HEADER_BYTES),
        ),
        ("cursor of a page", bytes(MAX_CURSOR_BYTES)),
        (
            "pages in a row without an event",
            count(MAX_EMPTY_PAGES as usize),
        ),
        ("pages of one walk in one run", count(MAX_PAGES as usize)),
        ("stack", quantity::bytes(STACK)),
        (
            "a call that needs no network (`describe`, `map`, `explain`)",
            duration::format(OFFLINE_CALL_TIMEOUT),
        ),
        (
            "handles (requests, bodies, streams, headers)",
            count(MAX_HANDLES),
        ),
        (
            "text and lists that are handed over in one go",
            bytes(handed_over(&limits)),
        ),
        ("method", bytes(MAX_METHOD)),
        ("host and port", bytes(MAX_AUTHORITY)),
        ("path and query", bytes(MAX_PATH)),
        ("headers of a request", bytes(MAX_REQUEST_HEADERS)),
        ("body of a request", bytes(MAX_REQUEST_BODY)),
        ("requests of an account in progress", count(MAX_CONNECTIONS)),
        ("interim responses (1xx)", count(MAX_INTERIM)),
        ("headers of an answer", count(MAX_HEADERS)),
        ("read ahead of an answer", bytes(MAX_READ_AHEAD)),
        (
            "kept answers from where a secret may go",
            count(MAX_KEPT_RESPONSES),
        ),
        ("a reject", bytes(MIN_REJECT)),
        (
            "warnings of a page that are logged",
            count(MAX_PAGE_WARNINGS),
        ),
        (
            "headers of a request that have secrets in them, together",
            bytes(MAX_SECRET_HEADERS),
        ),
        (
            "file of the component",
            quantity::bytes(MAX_COMPONENT_BYTES),
        ),
        (
            "memory to compile it",
            format!("{} of address space", quantity::bytes(MAX_COMPILE_MEMORY)),
        ),
        ("time to compile it", duration::format(MAX_COMPILE_TIME)),
        ("its compiled code", quantity::bytes(MAX_CODE_BYTES)),
        ("its manifest", bytes(MAX_MANIFEST_BYTES)),
        ("schemas in its config", count(MAX_CONFIG_SCHEMAS)),
        (
            "a pattern in its config",
            format!("{MAX_PATTERN_LENGTH} characters"),
        ),
        (
            "waits that `retry-after` asks for",
            duration::format(MAX_RATE_LIMIT_WAITS),
        ),
        ("lines of standard error", count(MAX_LINES)),
        ("bytes of standard error", bytes(MAX_BYTES)),
        ("warnings of the host", count(MAX_WARNINGS)),
        (
            "a host, name or header in a warning",
            format!("{MAX_QUOTE} characters"),
        ),
    ];
    let fixed = fixed.map(|(limit, much)| (limit.to_owned(), much));
    with_key.chain(times).chain(fixed).collect()
}

#[test]
fn the_table_of_limits_is_that_of_the_program() {
    let (mut page, mut program) = (rows(), limits());
    page.sort();
    program.sort();
    assert_eq!(page, program);
    assert_eq!(Limits::default().handles(), MAX_HANDLES);
}
