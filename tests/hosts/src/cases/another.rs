//! Another component: what these hosts run is any component of the contract.

use serde_json::json;
use sophos_central_simulator::Fault;
use sophos_central_simulator::list_server::{List, ListServer, TOKEN};

use super::tenant;
use crate::place::Host;
use crate::program;

/// A list of assets is collected by its own component, and the same list yields nothing the second time.
pub fn a_list_of_assets_is_collected(host: &Host) {
    let rows = (1..=1_200).map(|row| format!("{row},host-{row},2026-11-20T08:00:00Z\n"));
    let list: String = std::iter::once("asset,name,seen\n".to_owned())
        .chain(rows)
        .collect();
    let server = ListServer::start(List::new(list));
    let config = json!({
        "url": server.url(),
        "format": "csv",
        "id": "asset",
        "columns": {"hostname": "name", "last_seen": "seen"},
    });
    let place = tenant();
    let mut call = place.call("collect");
    call.component = "asset-list.wasm";
    call.arguments = vec![config.to_string()];
    call.secrets = vec![("SECRET_TOKEN", TOKEN.to_owned())];
    call.allow = Some(server.url().trim_end_matches("/assets").to_owned());
    let expected = program::events_of(&place.path(""), &call);
    assert_eq!(expected.lines().count(), 1_200);

    server.fault(server.requests().len() + 1, Fault::status(503));
    call.cursors = Some(place.path("cursors.json"));
    let ran = place
        .run(host, &call)
        .expect(0)
        .says(&["trying again", "unavailable: "]);
    assert!(ran.stdout == expected, "other events, or in another order");
    assert_eq!(place.run(host, &call).expect(0).stdout, "");

    call.allow = None;
    let requests = server.requests().len();
    place.run(host, &call).expect(1).says(&["denied: "]);
    call.name = "check";
    call.cursors = None;
    place.run(host, &call).expect(1).says(&["denied: "]);
    assert_eq!(server.requests().len(), requests);
}
