//! What a long body says, wherever in it that stands.

use http::Request;
use http_body_util::Full;

use super::*;
use crate::deliver::test_server::{Server, TIMEOUTS, answer};
use crate::network::client::{Addresses, ClientOptions, HttpClient};

/// Judges a body that answers a request with ten events.
async fn judge(status: u16, body: String) -> (usize, Completeness) {
    let server = Server::start(move |_, _| answer(status, &body)).await;
    let client = HttpClient::new(ClientOptions {
        addresses: Addresses::Any,
        ca_file: None,
        https: false,
        response_header_bytes: 8 * 1024,
        requests: 16,
    })
    .unwrap();
    let mut request = Request::new(Full::new(Bytes::new()));
    *request.uri_mut() = server.origin.parse().unwrap();
    let response = client
        .open(request, &TIMEOUTS.into(), u64::MAX)
        .await
        .unwrap();
    let received = receive(response, 10).await.unwrap();
    assert_eq!(received.answer.status.as_u16(), status);
    (received.answer.body.len(), received.completeness)
}

/// The fields of an answer with an object for each of many events, and these fields behind it.
fn bulk(items: usize, rest: &str) -> String {
    let items = vec![r#"{"index":{"status":201}}"#; items].join(",");
    format!("{{\"took\":3,\"items\":[{items}],{rest}}}")
}

#[tokio::test]
async fn a_complaint_is_found_wherever_it_stands() {
    let says = |words: &str| Completeness::Incomplete(words.to_owned());
    for items in [1, 3_000, 100_000] {
        for (rest, expected) in [
            ("\"errors\":false", Completeness::Complete),
            ("\"errors\":true", says("`errors` is there")),
            ("\"errors\":[{\"id\":7}]", says("`errors` is there")),
            ("\"accepted\":9", says("`accepted` is 9 of 10")),
        ] {
            let (_, completeness) = judge(200, bulk(items, rest)).await;
            assert_eq!(completeness, expected, "{items} {rest}");
        }
        let good = vec![r#"{"status":202}"#; items].join(",");
        let (_, completeness) = judge(202, format!("[{good}]")).await;
        assert_eq!(completeness, Completeness::Complete);
        let (_, completeness) = judge(202, format!(r#"[{good},{{"status":422}}]"#)).await;
        assert_eq!(completeness, says("`status` is 422"));
    }
}

#[tokio::test]
async fn a_body_of_8_mib_is_read_and_a_longer_one_is_not() {
    for text in ["{}", "[{}]", "ok"] {
        for (length, expected) in [
            (MAX_KEPT_BODY, Completeness::Complete),
            (MAX_KEPT_BODY + 1, Completeness::Complete),
            (MAX_BODY, Completeness::Complete),
            (MAX_BODY + 1, Completeness::Unknown),
        ] {
            let body = format!("{text}{}", " ".repeat(length - text.len()));
            let (kept, completeness) = judge(200, body).await;
            assert_eq!(completeness, expected, "{text} {length}");
            assert_eq!(kept, MAX_KEPT_BODY);
        }
    }
}

#[tokio::test]
async fn the_body_of_another_status_is_not_read_to_its_end() {
    let (kept, completeness) = judge(400, " ".repeat(MAX_BODY + 1)).await;
    assert_eq!(completeness, Completeness::Complete);
    assert_eq!(kept, MAX_KEPT_BODY);
}
