//! What is read of a list, however it is written.

use serde_json::json;
use sophos_central_simulator::list_server::List;

use crate::place::{CSV, Place, devices};

#[test]
fn every_row_of_a_list_becomes_an_event() {
    let place = Place::csv(&devices(1_234, "host"));
    place.collect(0).says(&["events 1234"]);
    let events = place.events();
    assert_eq!(events.len(), 1_234);
    let device = &events[700]["device"];
    assert_eq!(device["uid"], "device-000700");
    assert_eq!(device["hostname"], "host-700");
    assert_eq!(events[700]["time"], 1_795_164_067_000_i64);
    // The pages of a walk come from one download.
    assert_eq!(place.server.requests().len(), 1);
}

#[test]
fn a_compressed_list_of_100_000_rows_is_collected() {
    let list = List {
        gzip: true,
        ..List::new(devices(100_000, "host"))
    };
    let place = Place::new(list);
    place.collect(0).says(&["events 100000"]);
    assert_eq!(place.ids().len(), 100_000);
    assert_eq!(place.server.requests().len(), 1);
}

#[test]
fn a_list_of_more_than_a_million_rows_is_read() {
    let rows = (0..1_500_000).map(|n| format!("device-{n:08},hostname-{:05}\n", n % 100_000));
    let text = "id,hostname\n".to_owned() + &rows.collect::<String>();
    let list = List {
        gzip: true,
        ..List::new(text)
    };
    let place = Place::new(list);
    place.host(&["check"]).expect(0).says(&["1500000 rows"]);
}

#[test]
fn a_record_of_many_members_does_not_affect_the_others() {
    let members = (0..80_000).map(|n| format!("\"k{n}\":0,"));
    let text = format!(
        "{{\"id\":1}}\n{{{}\"id\":2}}\n{{\"id\":3}}\n",
        members.collect::<String>()
    );
    let place = Place::csv(&text);
    place.configure("", "format = \"ndjson\"\nid = \"id\"");
    place.collect(0).says(&["events 3"]);
}

#[test]
fn columns_are_mapped_as_the_config_says() {
    let text = "Asset;Seen;Kind;Host name;Secret note\nA1;20.11.2026;Laptop;pc-1;canary\nA2;2026-11-20 08:41;server;srv;canary\n";
    let place = Place::csv(text);
    place.configure(
        "",
        "format = \"csv\"\nid = \"Asset\"\ndelimiter = \"semicolon\"\nproduct = \"CMDB\"\nvendor = \"Example\"\n\
         columns = { hostname = \"Host name\", type = \"Kind\", last_seen = \"Seen\" }",
    );
    let ran = place.collect(0);
    ran.says(&[
        "The column of `last_seen` holds values that cannot be read",
        "rows 1, one of them line 2",
    ]);
    let events = place.events();
    let devices: Vec<_> = events.iter().map(|event| &event["device"]).collect();
    assert_eq!(
        devices,
        [
            &json!({"uid": "A1", "hostname": "pc-1", "type": "Laptop", "type_id": 3}),
            &json!({
                "uid": "A2", "hostname": "srv", "type": "Server", "type_id": 1, "last_seen_time": 1_795_164_060_000_i64
            }),
        ]
    );
    assert_eq!(
        events[0]["metadata"]["product"],
        json!({"name": "CMDB", "vendor_name": "Example"})
    );
}

#[test]
fn json_is_read_from_an_array_in_a_document_or_line_by_line() {
    let array = r#"{"meta": {"id": 9}, "data": {"assets": [
        {"serial": 17, "net": {"ips": ["192.0.2.1", "2001:db8::1"]}},
        {"serial": 18.5}, "text", {"serial": "19", "net": {"ips": "192.0.2.3"}}]}}"#;
    let place = Place::csv(array);
    let columns = "id = \"serial\"\ncolumns = { ip = \"/net/ips\" }";
    place.configure(
        "",
        &format!("format = \"json\"\nitems = \"/data/assets\"\n{columns}"),
    );
    place.collect(1).says(&["events 2", "rejects 2"]);
    let first = place.events().remove(0);
    assert_eq!(first["device"]["uid"], "17");
    assert_eq!(first["device"]["ip"], "192.0.2.1");
    assert_eq!(
        first["device"]["network_interfaces"][1]["ip"],
        "2001:db8::1"
    );
    assert_eq!(
        place.rejects(),
        [
            "item 2 has an id that is neither a text nor an integer",
            "item 3 is not a JSON object",
        ]
    );

    let place = Place::csv("{\"serial\": 1}\n\n{\"serial\": \n{\"serial\": 2}");
    place.configure("", &format!("format = \"ndjson\"\n{columns}"));
    place.collect(1).says(&["events 2", "rejects 1"]);
    assert_eq!(place.rejects(), ["line 3 is not JSON"]);
}

#[test]
fn a_row_that_cannot_be_mapped_does_not_affect_the_others() {
    let field = "x".repeat(1 << 20);
    let mut text = b"\xef\xbb\xbfid,hostname,desc\r\n".to_vec();
    text.extend(b"1,\"a \"\"quoted\"\" name\",\r\n");
    text.extend(b",without,an id\r\n");
    text.extend(b"2,caf\xe9,latin\r\n");
    text.extend(b"3,short\r\n");
    text.extend(b"4,\0nul,5\" pipe\r\n");
    text.extend(b"1,again,\r\n");
    text.extend(format!("5,{field},\r\n6,six,\r\n").bytes());
    text.extend(b"7,\"seven,\r\n8,\"eight\",\r\n9,nine,\"two\r\nlines\"\r\n");
    let place = Place::new(List::new(text));
    place.collect(1).says(&["events 5", "rejects 6"]);
    let events = place.events();
    let names: Vec<_> = events
        .iter()
        .map(|event| &event["device"]["hostname"])
        .collect();
    assert_eq!(
        names,
        ["a \"quoted\" name", "\0nul", "six", "eight", "nine"]
    );
    assert_eq!(
        place.rejects(),
        [
            "line 3 has no id: its column `id` is missing or empty",
            "line 4 is not valid UTF-8: export the list in UTF-8",
            "line 5 has 2 fields, and the header 3",
            "line 8 is longer than 1 MiB",
            "line 10 has a quote in a wrong place: one inside of a quoted field is doubled, and the one that closes it ends \
             the field",
            "line 7 has the same id as line 2, which counts",
        ]
    );
}

#[test]
fn columns_that_the_list_lacks_are_named_by_their_keys() {
    let place = Place::csv("id,Host,twice,twice\nAnna,b,c,d\n");
    place.configure(
        "",
        "format = \"csv\"\nid = \"ID\"\ncolumns = { hostname = \"Hots\", name = \"Host\", model = \"twice\", ip = \"/net/ip\" }",
    );
    for command in ["check", "collect"] {
        let ran = place.host(&[command]).says(&[
            "the list has no column \"ID\"",
            "the list has no column \"Hots\"",
            "the list has more than one column \"twice\"",
            "/net/ip leads inside of a value",
        ]);
        assert_ne!(ran.code, Some(0));
        assert!(!ran.stderr.contains("Anna") && !ran.stdout.contains("Anna"));
    }
    place.configure(
        "",
        "format = \"csv\"\nid = \"id\"\ncolumns = { hots = \"Host\" }",
    );
    place.collect(2).says(&["account.acme.config.columns.hots"]);
}

#[test]
fn what_is_no_list_is_refused_without_repeating_it() {
    for (config, text, says) in [
        (CSV, "<!DOCTYPE html><p>canary", "is an HTML or XML page"),
        (CSV, "", "is empty"),
        (
            CSV,
            "id,hostname\n1,\"canary\n2,b\n",
            "ends inside of a quoted field",
        ),
        (
            CSV,
            "id,hostname\n1,\"a\"\n2,\"canary",
            "ends inside of a quoted field that begins in line 3",
        ),
        (
            "format = \"json\"\nid = \"id\"",
            "[{\"id\": canary}]",
            "is not JSON",
        ),
        (
            "format = \"json\"\nid = \"id\"",
            "{\"canary\": 1}",
            "is not an array",
        ),
        (
            "format = \"ndjson\"\nid = \"ID\"",
            "{\"id\": \"canary\"}",
            "no row of the list has an id",
        ),
    ] {
        let place = Place::csv(text);
        place.configure("", config);
        let ran = place.collect(1).says(&[says]);
        assert!(!ran.stderr.contains("canary"), "{}", ran.stderr);
    }
}
