//! Another component: what these hosts run is any component of the contract.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use sophos_central_simulator::Fault;
use sophos_central_simulator::list_server::{List, ListServer, TOKEN};

use super::tenant;
use crate::place::{Call, Host, Place};
use crate::program;

/// A list of assets is collected by its own component, and the same list yields nothing the second time.
pub fn a_list_of_assets_is_collected(host: &Host) {
    let rows = (1..=1_200).map(|row| format!("{row},host-{row},2026-11-20T08:00:00Z\n"));
    let list: String = std::iter::once("asset,name,seen\n".to_owned())
        .chain(rows)
        .collect();
    let server = ListServer::start(List::new(list));
    let place = tenant();
    let mut call = call_of(&place, &server.url());
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

/// A variable whose name does not begin with `SECRET_` is no secret, whatever the manifest asks for.
pub fn a_variable_that_is_no_secret_is_not_given_away(host: &Host) {
    let server = ListServer::start(List::new("asset,name,seen\n1,a,\n"));
    let place = tenant();
    let mut call = call_of(&place, &server.url());
    call.secrets = vec![("TOKEN", TOKEN.to_owned())];
    let ran = place.run(host, &call).expect(1);
    ran.says(&["invalid-config: ", "`token`"]);
    assert!(server.requests().is_empty());
}

/// What an API sends reaches people without what controls their terminal, and makes no line of its own.
pub fn a_record_does_not_control_the_terminal(host: &Host) {
    let row = "\"\x1b]0;title\x07\nERROR \u{9b}2J\",a,\n";
    let server = ListServer::start(List::new(format!("asset,name,seen\n1,a,\n{row}{row}")));
    let place = tenant();
    let call = call_of(&place, &server.url());
    let ran = place.run(host, &call).expect(0).says(&["rejected "]);
    let controls = |c: char| c.is_control() && c != '\n';
    assert!(!ran.stderr.contains(controls), "{ran:?}");
    let own = |line: &str| line.starts_with("source ");
    assert!(ran.stderr.lines().all(own), "{ran:?}");
}

/// Events are UTF-8, whatever the locale is.
pub fn events_are_utf_8_in_any_locale(host: &Host) {
    let server = ListServer::start(List::new(
        "asset,name,seen\n1,h\u{e9}\u{20ac},2026-11-20T08:00:00Z\n",
    ));
    let place = tenant();
    let mut call = call_of(&place, &server.url());
    let expected = program::events_of(&place.path(""), &call);
    call.secrets
        .push(("PYTHONIOENCODING", "latin-1".to_owned()));
    assert_eq!(place.run(host, &call).expect(0).stdout, expected);
}

/// A call ends at its deadline, even if an answer goes on and on: in its head, or before a piece of its body.
pub fn an_answer_that_drips_ends_at_the_deadline(host: &Host) {
    for head in ["server: ", "transfer-encoding: chunked\r\n\r\n"] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/assets", listener.local_addr().unwrap());
        thread::spawn(move || {
            for stream in listener.incoming() {
                thread::spawn(move || drip(stream.unwrap(), head));
            }
        });
        let place = tenant();
        let mut call = call_of(&place, &url);
        call.deadline = 2;
        call.patience = 0;
        let begun = Instant::now();
        let ran = place.run(host, &call).expect(1);
        ran.says(&["unavailable: the call took longer than 2 s"]);
        assert!(begun.elapsed() < DRIP * DRIPS, "{:?}", begun.elapsed());
    }
}

/// How often an answer that drips has one more byte, and how many it has.
const DRIP: Duration = Duration::from_millis(200);
const DRIPS: u32 = 300;

/// Answers with a head and a byte now and then, until the client leaves or a minute has gone.
fn drip(mut stream: TcpStream, head: &str) {
    stream.set_read_timeout(Some(DRIP)).unwrap();
    let _ = stream.read(&mut [0; 4096]);
    let _ = stream.write_all(format!("HTTP/1.1 200 OK\r\n{head}").as_bytes());
    for _ in 0..DRIPS {
        let silent = |error: std::io::Error| error.kind() == ErrorKind::WouldBlock;
        let stays = stream.read(&mut [0; 4096]).is_err_and(silent);
        if !stays || stream.write_all(b"0").is_err() {
            return;
        }
    }
}

/// Returns a call that collects a list.
fn call_of(place: &Place, url: &str) -> Call {
    let config = json!({
        "url": url,
        "format": "csv",
        "id": "asset",
        "columns": {"hostname": "name", "last_seen": "seen"},
    });
    let mut call = place.call("collect");
    call.component = "asset-list.wasm";
    call.arguments = vec![config.to_string()];
    call.secrets = vec![("SECRET_TOKEN", TOKEN.to_owned())];
    call.allow = Some(url.trim_end_matches("/assets").to_owned());
    call
}
