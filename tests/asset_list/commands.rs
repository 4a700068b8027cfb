//! The commands of the unchanged host.

use serde_json::Value;

use crate::place::Place;
use crate::support::built;

#[test]
fn check_says_what_is_in_the_list() {
    let place = Place::csv("id,hostname\n1,a\n,b\n");
    place.host(&["check"]).expect(0).says(&[
        "The list has 2 rows and 2 columns.",
        "Rows that cannot be collected, such as those without an id: 1.",
    ]);
}

#[test]
fn describe_says_where_the_token_goes() {
    let place = Place::csv("id\n1\n");
    let origin = place.server.url().trim_end_matches("/assets").to_owned();
    place
        .host(&["describe", "--account", "acme"])
        .expect(0)
        .says(&[&origin, "token", "asset-list 0.1.0"]);
}

#[test]
fn init_writes_a_configuration_that_needs_three_values() {
    let place = Place::csv("id,hostname\n1,a\n");
    let component = built("asset-list.wasm");
    std::fs::remove_file(place.path("asset-host.toml")).unwrap();
    place
        .host(&[
            "init",
            "--account",
            "cmdb",
            "--component",
            component.to_str().unwrap(),
        ])
        .expect(0)
        .says(&["ASSET_LIST_TOKEN"]);
    place.host(&["check"]).expect(2).says(&[
        "account.cmdb.config.format: is still \"CHANGE-ME\"",
        "account.cmdb.config.id: is still \"CHANGE-ME\"",
        "account.cmdb.config.url: is still \"CHANGE-ME\"",
    ]);
    let file = place.path("asset-host.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let text = text
        .replace("format = \"CHANGE-ME\"", "format = \"csv\"")
        .replace("id = \"CHANGE-ME\"", "id = \"id\"")
        .replace("\"CHANGE-ME\"", &format!("\"{}\"", place.server.url()))
        .replace(
            "[account.cmdb]\n",
            "[account.cmdb]\nallow_loopback_http = true\n",
        )
        .replace("ASSET_LIST_TOKEN", "TEST_LIST_TOKEN")
        .replace("#vendor = \"\"", "vendor = \"\"");
    assert!(text.contains("\nvendor = \"\""), "{text}");
    std::fs::write(file, text).unwrap();
    place
        .host(&["check"])
        .expect(0)
        .says(&["The list has 1 rows"]);
    place.collect(0).says(&["events 1"]);
}

#[test]
fn a_row_is_mapped_and_explained() {
    let place = Place::csv("id\n");
    let component = built("asset-list.wasm");
    let row = r#"{"id": "7", "hostname": " a ", "is_managed": "Yes", "last_seen": "2026-11-20", "price": 5}"#;
    std::fs::write(place.path("row.json"), row).unwrap();
    let map = |flags: &[&str]| {
        let fixed = [
            "map",
            "--component",
            component.to_str().unwrap(),
            "row.json",
        ];
        place.host(&[&fixed[..], flags].concat()).expect(0).stdout
    };
    let event: Value = serde_json::from_str(&map(&[])).unwrap();
    assert_eq!(event["device"]["hostname"], "a");
    assert_eq!(event["device"]["is_managed"], true);

    let explained: Value = serde_json::from_str(&map(&["--explain", "--json"])).unwrap();
    assert_eq!(explained["event"], event);
    let values = explained["values"].as_array().unwrap();
    let time = values
        .iter()
        .find(|value| value["path"] == "/time")
        .unwrap();
    assert_eq!(time["sources"][0]["pointer"], "/last_seen");
    assert_eq!(explained["unused"], serde_json::json!(["/price"]));
}

#[test]
fn a_record_without_an_id_is_refused_with_its_place() {
    let place = Place::csv("id\n");
    let component = built("asset-list.wasm");
    std::fs::write(place.path("row.json"), "{\"hostname\": \"a\"}").unwrap();
    place
        .host(&[
            "map",
            "--component",
            component.to_str().unwrap(),
            "row.json",
        ])
        .expect(1)
        .says(&["row.json:1: the record has no id"]);
}
