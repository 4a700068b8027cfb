//! The binary: one line on stdout, then it serves.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::json;

use crate::client::{Client, endpoints_target, good_form};

/// A running binary, killed when dropped.
struct Running {
    child: Child,
    line: String,
}

impl Running {
    fn start(arguments: &[&str]) -> Running {
        let mut child = Command::new(env!("CARGO_BIN_EXE_sophos-central-simulator"))
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        Running { child, line }
    }

    /// Returns a connection, and its `Authorization` header by the id and secret that the line names.
    fn connect(&self) -> (Client, String) {
        let words: Vec<&str> = self.line.split_whitespace().collect();
        let [url, id, secret] = words[..] else {
            panic!("{}", self.line)
        };
        let mut client =
            Client::over(TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap());
        let reply = client.token_with(&good_form(id, secret)).unwrap();
        let authorization = format!("Bearer {}", reply.json()["access_token"].as_str().unwrap());
        (client, authorization)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[test]
fn the_program_serves_the_requested_endpoints_and_lets_them_check_in() {
    let running = Running::start(&[
        "--endpoints",
        "77",
        "--seed",
        "5",
        "--check-in-per-page",
        "3",
    ]);
    let (mut client, authorization) = running.connect();
    let bearer = ("authorization", authorization.as_str());
    let tenant = client.get("/whoami/v1", &[bearer]).unwrap().json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let headers = [bearer, ("x-tenant-id", tenant.as_str())];
    let all = endpoints_target(&[("pageTotal", "true"), ("pageSize", "500")]);
    assert_eq!(
        client.get(&all, &headers).unwrap().json()["pages"]["items"],
        77
    );
    let recent = endpoints_target(&[("lastSeenAfter", "2026-11-20T00:00:00Z")]);
    assert_eq!(client.get(&recent, &headers).unwrap().ids().len(), 6);
}

#[test]
fn the_program_can_be_a_partner_or_an_organization() {
    for level in ["partner", "organization"] {
        let running =
            Running::start(&["--credential", level, "--tenants", "4", "--endpoints", "2"]);
        let (mut client, authorization) = running.connect();
        let bearer = ("authorization", authorization.as_str());
        let whoami = client.get("/whoami/v1", &[bearer]).unwrap().json();
        assert_eq!(whoami["idType"], level);
        let scope = (
            if level == "partner" {
                "x-partner-id"
            } else {
                "x-organization-id"
            },
            whoami["id"].as_str().unwrap(),
        );
        let listed = client
            .get(
                &format!("/{level}/v1/tenants?pageTotal=true"),
                &[bearer, scope],
            )
            .unwrap()
            .json();
        assert_eq!(listed["pages"]["items"], json!(4));
    }
}

#[test]
fn large_records_are_larger() {
    let size = |record_size: &str| {
        let running = Running::start(&["--endpoints", "50", "--record-size", record_size]);
        let (mut client, authorization) = running.connect();
        let headers = [
            ("authorization", authorization.as_str()),
            ("x-tenant-id", sophos_central_simulator::DEFAULT_TENANT),
        ];
        client
            .get(&endpoints_target(&[("view", "full")]), &headers)
            .unwrap()
            .body
            .len()
    };
    assert!(size("large") > 3 * size("normal"));
}
