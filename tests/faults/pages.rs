//! Invalid pages, which must never count as the end of the listing.

use serde_json::json;
use sophos_central_simulator::Fault;

use crate::walk::{PAGE, Walk, stopped};

const NOT_A_PAGE: &str = "should be a page of endpoints";
const MISSING: &str = "`items` or `pages` is missing, of another type or far too long";

#[test]
fn an_answer_of_garbage_fails_the_source() {
    stopped(Fault::garbage(), &[NOT_A_PAGE, "not a JSON object"]);
}

#[test]
fn an_html_page_fails_the_source() {
    stopped(Fault::html(), &[NOT_A_PAGE, "not a JSON object"]);
}

#[test]
fn an_empty_body_fails_the_source() {
    let empty = Fault::Body {
        content_type: "application/json".to_owned(),
        bytes: Vec::new(),
    };
    stopped(empty, &[NOT_A_PAGE, "not a JSON object"]);
}

#[test]
fn an_empty_object_fails_the_source() {
    stopped(Fault::empty_object(), &[NOT_A_PAGE, MISSING]);
}

#[test]
fn items_without_pages_fail_the_source() {
    stopped(Fault::without("pages"), &[NOT_A_PAGE, MISSING]);
}

#[test]
fn pages_without_items_fail_the_source() {
    stopped(Fault::without("items"), &[NOT_A_PAGE, MISSING]);
}

#[test]
fn items_that_are_not_an_array_fail_the_source() {
    for items in [json!({}), json!(null), json!(5), json!("none")] {
        stopped(Fault::with("items", items), &[NOT_A_PAGE, MISSING]);
    }
}

#[test]
fn pages_that_are_not_an_object_fail_the_source() {
    for pages in [json!([]), json!(null), json!("last")] {
        stopped(Fault::with("pages", pages), &[NOT_A_PAGE, MISSING]);
    }
}

#[test]
fn a_page_of_millions_of_tiny_items_fails_the_source() {
    let items = "{},".repeat(2_000_000);
    let page = Fault::Body {
        content_type: "application/json".to_owned(),
        bytes: format!("{{\"items\":[{items}{{}}],\"pages\":{{}}}}").into_bytes(),
    };
    stopped(page, &[NOT_A_PAGE, MISSING]);
}

#[test]
fn a_next_key_that_is_not_a_string_fails_the_source() {
    let pages = json!({"nextKey": 5, "size": 50});
    stopped(
        Fault::with("pages", pages),
        &[NOT_A_PAGE, "`pages.nextKey` is not a text"],
    );
}

#[test]
fn json_that_breaks_off_fails_the_source() {
    // The length is right and the connection intact: only the text shows that half is missing.
    let half = Fault::Body {
        content_type: "application/json".to_owned(),
        bytes: br#"{"items":[{"id":"00000000-0000-4000-8000-000000000001","hostn"#.to_vec(),
    };
    stopped(half, &[NOT_A_PAGE, "ends too early", "next run", "proxy"]);
}

#[test]
fn a_page_with_a_byte_that_is_not_utf_8_is_read() {
    let walk = Walk::new();
    walk.fault(Fault::NotUtf8);
    walk.weathers(0);
}

#[test]
fn an_empty_page_does_not_end_the_walk() {
    let walk = Walk::new();
    walk.fault(Fault::with("items", json!([])));
    let events = format!("events {},", 4 * PAGE);
    walk.work
        .collect(0)
        .says(&["pages 5", &events, "ended after 200 of the 250 endpoints"]);
    // Fewer came than were announced, so the walk is repeated.
    walk.work.collect(0);
    let delivered: Vec<_> = walk.work.deliveries().into_keys().collect();
    assert_eq!(delivered, walk.all());
    walk.assert_done();
}
