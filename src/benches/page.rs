//! The reader of pages and the mapping, each by itself and natively: `make bench`. Nothing here judges how long they
//! take.

// A benchmark may stop at the first surprise, as a test may.
#![allow(clippy::unwrap_used)]

use std::hint::black_box;
use std::path::Path;

use divan::Bencher;
use divan::counter::ItemsCount;
use sophos_assets::mapping::{Mapping, read};
use sophos_assets::sophos::endpoints;
use time::OffsetDateTime;
use url::Url;

/// How many endpoints a page has.
const PAGE: usize = 500;

fn main() {
    divan::main();
}

/// The specification's own sample of an endpoint, on one line as the API sends it.
fn endpoint() -> String {
    let path = "../tests/golden/specification-event.input.json";
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let endpoint: serde_json::Value = serde_json::from_str(&text).unwrap();
    endpoint.to_string()
}

/// Reads a page and every endpoint of it.
#[divan::bench]
fn read_a_page(bencher: Bencher<'_, '_>) {
    let endpoints = vec![endpoint(); PAGE].join(",");
    let json = format!(r#"{{"items":[{endpoints}],"pages":{{"size":{PAGE}}}}}"#);
    let api_host = Url::parse("https://api.example.com").unwrap();
    bencher.counter(ItemsCount::new(PAGE)).bench_local(|| {
        let mut last_seen = 0;
        let read = endpoints::read(&api_host, &json, |endpoint| {
            last_seen += usize::from(endpoint.last_seen_at.is_some());
        });
        assert!(read.is_ok());
        last_seen
    });
}

/// Maps an endpoint that was read.
#[divan::bench(args = ["sekoia", "ocsf"])]
fn map(bencher: Bencher<'_, '_>, dialect: &str) {
    let json = endpoint();
    let endpoint = read(&json).unwrap();
    let mapping = Mapping::of(dialect).unwrap();
    bencher.counter(ItemsCount::new(1_usize)).bench_local(|| {
        mapping
            .map(black_box(&endpoint), OffsetDateTime::UNIX_EPOCH)
            .unwrap()
    });
}
