//! Connections that break, hang or do not carry HTTP, and bodies that cannot be decompressed.

use sophos_central_simulator::Fault;

use crate::support::QUICK;
use crate::walk::{HASTY, IMPATIENT, Walk, given_up, stopped, weathered};

#[test]
fn a_reset_connection_is_retried() {
    weathered(Fault::Reset).says(&["trying again", "the connection failed or was closed"]);
    given_up(Fault::Reset, &["could not be reached", "Check the network"]);
}

#[test]
fn a_connection_closed_without_an_answer_is_retried() {
    weathered(Fault::Close).says(&["trying again", "the connection failed or was closed"]);
    given_up(Fault::Close, &["could not be reached", "Check the network"]);
}

#[test]
fn a_truncated_answer_is_retried() {
    weathered(Fault::Truncate).says(&["trying again", "the response was cut off"]);
    given_up(Fault::Truncate, &["the response was cut off"]);
}

#[test]
fn an_answer_that_never_starts_times_out() {
    let walk = Walk::with_tables(HASTY);
    walk.fault_always(Fault::Stall);
    walk.stops(&["the response took too long", "Check the network"]);
    walk.goes_on();
}

#[test]
fn an_answer_that_stalls_times_out() {
    let walk = Walk::with_tables(HASTY);
    walk.fault_always(Fault::StallInBody);
    walk.stops(&["cut off or stalled", "Check the network"]);
    walk.goes_on();
}

#[test]
fn an_answer_that_hangs_once_is_retried() {
    for fault in [Fault::Stall, Fault::StallInBody] {
        let walk = Walk::with_tables(&HASTY.replace("60ms", "10s").replace("500ms", "1s"));
        walk.fault(fault);
        walk.weathers(1);
    }
}

#[test]
fn a_call_that_times_out_is_retried() {
    let call = "[account.acme.timeouts]\ncall = \"1s\"";
    let walk = Walk::with_tables(&format!("{QUICK}{call}"));
    walk.fault(Fault::Stall);
    walk.weathers(1).says(&["`timeouts.call` (1s)"]);

    let walk = Walk::with_tables(&format!("{IMPATIENT}{call}"));
    walk.fault_always(Fault::Stall);
    walk.stops(&["`timeouts.call` (1s)", "raise it"]);
    walk.goes_on();
}

/// Returns a whole answer as bytes; the connection is closed after it.
fn by_hand(headers: &[u8], body: &[u8]) -> Fault {
    let parts = [b"HTTP/1.1 200 OK\r\n", headers, b"\r\n", body];
    Fault::Wire(parts.concat())
}

#[test]
fn bytes_that_are_not_http_are_tried_again() {
    for bytes in [
        &b"SSH-2.0-example\r\n"[..],
        b"\x15\x03\x01\x00\x02\x02\x46",
        b"HTTP/1.1 two hundred\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno header\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n",
    ] {
        let fault = Fault::Wire(bytes.to_vec());
        weathered(fault.clone()).says(&["trying again", "not valid HTTP"]);
        given_up(fault, &["not valid HTTP", "the URL", "proxy"]);
    }
}

#[test]
fn a_header_that_is_not_text_does_not_affect_the_others() {
    let headers = b"content-length: 2\r\nx-name: \xff\r\n";
    stopped(by_hand(headers, b"{}"), &["should be a page of endpoints"]);
}

#[test]
fn a_head_that_breaks_off_is_retried() {
    weathered(Fault::Wire(b"HTTP/1.1 200 OK\r\ncontent-le".to_vec()));
}

#[test]
fn a_chunked_answer_that_breaks_off_is_retried() {
    let headers = b"transfer-encoding: chunked\r\n";
    weathered(by_hand(headers, b"20\r\n{\"items\":[")).says(&["the response was cut off"]);
}

#[test]
fn an_answer_without_a_length_that_breaks_off_fails_the_source() {
    // It ends with the connection, so only the text shows that half is missing.
    let fault = by_hand(
        b"content-type: application/json\r\n",
        br#"{"items":[{"id":"#,
    );
    stopped(fault, &["should be a page of endpoints", "ends too early"]);
}

#[test]
fn broken_gzip_is_retried() {
    weathered(Fault::BrokenGzip).says(&["trying again", "the compressed response is damaged"]);
    given_up(Fault::BrokenGzip, &["the compressed response is damaged"]);
}

#[test]
fn a_body_that_is_falsely_labelled_gzip_is_retried() {
    let fault = Fault::Status {
        code: 200,
        headers: vec![("content-encoding".to_owned(), "gzip".to_owned())],
        body: Some(b"{}".to_vec()),
    };
    weathered(fault).says(&["trying again", "the compressed response is damaged"]);
}

#[test]
fn an_unrequested_compression_fails_the_source() {
    let fault = Fault::Status {
        code: 200,
        headers: vec![("content-encoding".to_owned(), "br".to_owned())],
        body: Some(b"{}".to_vec()),
    };
    stopped(
        fault,
        &["content encoding that the request does not accept"],
    );
}

#[test]
fn an_oversized_page_fails_the_source() {
    let words = ["a limit was exceeded", "larger than 32 MiB", "`page_size`"];
    stopped(Fault::Oversized((32 << 20) + 1), &words);
}

#[test]
fn a_gzip_bomb_fails_the_source() {
    let words = ["a limit was exceeded", "larger than 32 MiB", "`page_size`"];
    stopped(Fault::GzipBomb(300 << 20), &words);
}

#[test]
fn a_page_just_below_the_limit_is_read() {
    let walk = Walk::new();
    walk.fault(Fault::Oversized(32 << 20));
    walk.weathers(0);
}
