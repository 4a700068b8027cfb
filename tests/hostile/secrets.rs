//! The guest's secret: its value is sent to the origin that the manifest binds it to, and nowhere else, whatever the
//! guest does. The tests search everything for a canary.

use std::io::Write;

use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine};
use flate2::{Compression, write::GzEncoder};
use sophos_central_simulator::Fault;
use sophos_central_simulator::intake::{Failure, Intake, Options, Route};

use crate::canary::{encoded, holds, in_no_file, sent};
use crate::place::{CANARY, Place};

/// Returns a guest with a server for its API, and one to which its secret belongs.
struct Servers {
    api: Intake,
    token: Intake,
}

impl Servers {
    fn start() -> Self {
        Self {
            api: Intake::start(Options::new()),
            token: Intake::start(Options::new()),
        }
    }

    fn guest(&self, guest: &str) -> Place {
        let (api, token) = (self.api.url(), self.token.url());
        Place::new(guest)
            .account("allow_loopback_http = true")
            .config(&format!("api_url = \"{api}/api\""))
            .token_url(&format!("{token}/token"))
    }
}

#[test]
fn secret_to_a_wrong_host() {
    let servers = Servers::start();
    let place = servers.guest("secret_to_a_wrong_host");
    place
        .collect(1)
        .failed(&["the request was not allowed"])
        .denied(&[("secret", 4)]);
    in_no_file(&place, CANARY);
    assert_eq!(servers.api.connections(), 0);
    assert_eq!(servers.token.connections(), 0);
}

#[test]
fn secret_of_another_name() {
    Place::new("secret_of_another_name")
        .collect(1)
        .failed(&["no secret was given"]);
}

#[test]
fn secret_in_a_url() {
    let servers = Servers::start();
    let place = servers.guest("secret_in_a_url");
    let told = place.collect(1).failed(&["the request was not allowed"]);
    assert_eq!(told.denials().values().sum::<u64>(), 4);
    assert!(
        told.denials()
            .get("secret")
            .is_some_and(|count| *count >= 3)
    );
    told.asked_for_no_name();
    in_no_file(&place, CANARY);
    assert_eq!(servers.api.connections(), 0);
    assert_eq!(servers.token.connections(), 0);
}

/// Nobody can know every form, so what the guest holds must be worthless.
#[test]
fn secret_in_disguise() {
    let servers = Servers::start();
    let place = servers.guest("secret_in_disguise");
    let told = place.collect(0);
    assert_eq!(told.delivered.len(), 4);
    in_no_file(&place, CANARY);
    let requests = servers.api.requests();
    assert!(requests.len() >= 3, "{requests:?}");
    for delivery in requests {
        let sent = sent(&delivery.request);
        assert!(!holds(&sent, CANARY));
        let backwards: String = CANARY.chars().rev().collect();
        assert!(!holds(&sent, &backwards));
    }
    assert_eq!(servers.token.connections(), 0);
}

/// Returns the linear memory that the guest has sent.
fn dumped(place: &Place) -> Vec<u8> {
    let mut memory = Vec::new();
    for line in place.delivered() {
        let event: serde_json::Value = serde_json::from_str(&line).unwrap();
        let hex = event["reached"].as_str().unwrap().as_bytes();
        let digit = |digit: u8| (digit as char).to_digit(16).unwrap() as u8;
        memory.extend(
            hex.chunks(2)
                .map(|pair| digit(pair[0]) << 4 | digit(pair[1])),
        );
    }
    // It is that memory: it contains the guest's request.
    let request = b"guest";
    assert!(
        memory
            .windows(request.len())
            .any(|window| window == request)
    );
    assert!(memory.len() > 1 << 20, "{}", memory.len());
    memory
}

/// Asserts that the token server got the value in the body and in the header, and nothing else.
#[track_caller]
fn token_server_has_the_value(servers: &Servers, how: &str) {
    let requests = servers.token.requests();
    let [body, header] = requests.as_slice() else {
        panic!("{requests:?}");
    };
    let bearer = format!("Bearer {CANARY}");
    assert_eq!(
        header.request.header("authorization"),
        Some(bearer.as_str())
    );
    if how == "json" {
        let body: serde_json::Value = serde_json::from_slice(&body.request.body).unwrap();
        assert_eq!(body, serde_json::json!({"id": "guest", "secret": CANARY}));
    } else {
        assert_eq!(body.request.form("id").as_deref(), Some("guest"));
        assert_eq!(body.request.form("secret").as_deref(), Some(CANARY));
    }
    let length = body.request.header("content-length");
    assert_eq!(length, Some(body.request.body.len().to_string().as_str()));
    assert_eq!(servers.api.connections(), 0);
}

#[test]
fn dumps_its_memory() {
    for how in ["form", "json"] {
        for format in ["text", "json"] {
            let servers = Servers::start();
            let place = servers
                .guest("dumps_its_memory")
                .config(&format!("how = \"{how}\""));
            let more = ["-vv", "--log-format", format, "--metrics", "metrics.prom"];
            let told = place.collect_with(0, &more);
            token_server_has_the_value(&servers, how);
            assert!(!holds(&dumped(&place), CANARY));
            for output in [&told.ran.stdout, &told.ran.stderr] {
                assert!(!holds(output.as_bytes(), CANARY), "{output}");
            }
            // The state with its log, the rejects, metrics, summary and events.
            in_no_file(&place, CANARY);
            assert!(place.work.path("metrics.prom").exists());
            for request in place.work.simulator.requests() {
                assert!(!holds(&sent(&request), CANARY), "{request:?}");
            }
        }
    }
}

/// A server that repeats what it was sent does not reveal the value.
#[test]
fn dumps_its_memory_and_the_answer() {
    let json = serde_json::to_string(CANARY).unwrap();
    let form: String = form_urlencoded::byte_serialize(CANARY.as_bytes()).collect();
    let written = [
        CANARY.to_owned(),
        json.trim_matches('"').to_owned(),
        form,
        BASE64_STANDARD.encode(CANARY),
    ];
    let repeated = format!("you sent {}", written.join("\n"));
    let servers = Servers::start();
    let answer = Fault::Body {
        content_type: "text/plain".to_owned(),
        bytes: repeated.into_bytes(),
    };
    servers
        .token
        .fault_always(Route::Plain, Failure::of(answer));
    let place = servers.guest("dumps_its_memory");
    place.collect(0);
    token_server_has_the_value(&servers, "form");
    let memory = dumped(&place);
    let known = b"you sent ";
    assert!(memory.windows(known.len()).any(|window| window == known));
    assert!(!holds(&memory, CANARY));
}

/// The secret is removed from every answer of an origin to which it may go, not only from answers to requests with it.
#[test]
fn secret_read_back() {
    let servers = Servers::start();
    let answer = Fault::Body {
        content_type: "text/plain".to_owned(),
        bytes: format!("a note that was kept: {CANARY}").into_bytes(),
    };
    servers
        .token
        .fault_always(Route::Plain, Failure::of(answer));
    let place = servers.guest("secret_read_back");
    let told = place.collect(0);
    assert!(told.delivered[0].contains("a note that was kept: placeholder"));
    in_no_file(&place, CANARY);
    let requests = servers.token.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0].request.form("note").as_deref(), Some(CANARY));
    assert_eq!(requests[1].request.header("range"), None);
    assert_eq!(requests[1].request.header("accept-encoding"), Some("gzip"));
}

/// The host finds what a server repeats in each encoding that docs/security.md names.
#[test]
fn secret_read_back_in_an_encoding() {
    let encoded = encoded(CANARY);
    let sections: Vec<_> = encoded
        .iter()
        .map(|(name, text)| format!("[{name}] {text}\n"))
        .collect();
    let servers = Servers::start();
    servers.token.fault_always(
        Route::Plain,
        Failure::of(Fault::Body {
            content_type: "text/plain".to_owned(),
            bytes: sections.concat().into_bytes(),
        }),
    );
    let place = servers.guest("secret_read_back");
    let told = place.collect(0);
    let event: serde_json::Value = serde_json::from_str(&told.delivered[0]).unwrap();
    let reached = event["reached"].as_str().unwrap();
    let reached: Vec<_> = reached.split('[').skip(1).collect();
    assert_eq!(reached.len(), encoded.len());
    for ((name, text), reached) in encoded.iter().zip(reached) {
        assert!(reached.starts_with(name), "{name}: {reached}");
        assert!(reached.contains("placeholder"), "{name}: {reached}");
        assert!(!reached.contains(text), "{name}: {reached}");
    }
    in_no_file(&place, CANARY);
}

/// A server that puts what it was sent into a token, as some do with a field of the request.
#[test]
fn secret_read_back_in_a_token() {
    let secret = "canary7f3aCANARY5e1f";
    let payload = serde_json::json!({ "iss": "token.guest.example", "note": secret });
    let token = [r#"{"alg":"HS256"}"#, &payload.to_string(), "signature"]
        .map(|part| BASE64_URL_SAFE_NO_PAD.encode(part))
        .join(".");
    let servers = Servers::start();
    servers.token.fault_always(
        Route::Plain,
        Failure::of(Fault::json(&serde_json::json!({ "access_token": token }))),
    );
    let place = servers.guest("secret_read_back").secret(secret);
    let told = place.collect(0);
    let event: serde_json::Value = serde_json::from_str(&told.delivered[0]).unwrap();
    let reached: serde_json::Value =
        serde_json::from_str(event["reached"].as_str().unwrap()).unwrap();
    let parts: Vec<_> = reached["access_token"]
        .as_str()
        .unwrap()
        .split('.')
        .collect();
    assert_eq!(parts[0], token.split('.').next().unwrap());
    assert!(parts[1].contains("placeholder"), "{reached}");
    for part in parts {
        let decoded = BASE64_URL_SAFE_NO_PAD.decode(part).unwrap_or_default();
        let decoded = String::from_utf8_lossy(&decoded);
        assert!(!decoded.contains("canary"), "{decoded}");
    }
}

/// Returns a token server that answers with this many bytes of a repeated text, compressed on the wire.
fn repeats(text: &str, bytes: usize) -> Servers {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let block = text.repeat((1 << 20) / text.len());
    for _ in 0..bytes / block.len() {
        encoder.write_all(block.as_bytes()).unwrap();
    }
    let servers = Servers::start();
    let answer = Fault::Status {
        code: 200,
        headers: vec![("content-encoding".to_owned(), "gzip".to_owned())],
        body: Some(encoder.finish().unwrap()),
    };
    servers
        .token
        .fault_always(Route::Plain, Failure::of(answer));
    servers
}

/// A placeholder is longer than a short secret: what the component would get counts, not what the server sends.
#[test]
fn secret_read_back_many_times() {
    let servers = repeats("canary-8", 64 << 20);
    let place = servers.guest("secret_read_back").secret("canary-8");
    let (told, peak) = place.collect_measured(1);
    told.passed("limits.response_bytes");
    assert!(peak < 400 << 20, "{} MiB", peak >> 20);
}

/// A secret is longer than its placeholder: a request full of them is not sent.
#[test]
fn secret_many_times() {
    let secret = CANARY.repeat(100);
    let servers = Servers::start();
    let place = servers.guest("secret_many_times").secret(&secret);
    place
        .collect(1)
        .failed(&["would make the body of a request larger than 1 MiB"])
        .denied(&[("secret", 2)]);
    assert_eq!(servers.token.connections(), 0);
}

/// Shows that the search finds a secret that is there.
#[test]
fn dumps_its_memory_with_the_placeholder_in_it() {
    let servers = Servers::start();
    let place = servers.guest("dumps_its_memory");
    place.collect(0);
    assert!(holds(&dumped(&place), "placeholder"));
}

/// A guest's placeholder is worthless in its last output too: in the log, which contains it, in
/// the error, and in every file.
#[test]
fn a_core_dump_contains_no_secret() {
    for format in ["text", "json"] {
        let servers = Servers::start();
        let place = servers
            .guest("trap_in_every_export")
            .config("how = \"with the secret\"");
        let told = place
            .collect_with(1, &["-vv", "--log-format", format])
            .failed(&["the component failed"]);
        // The output was logged, with something in the secret's place.
        for words in ["told: ", "trapped with "] {
            let (_, rest) = told.ran.stderr.split_once(words).expect(words);
            assert!(rest.starts_with(|first: char| first.is_ascii_alphanumeric()));
        }
        for output in [&told.ran.stdout, &told.ran.stderr] {
            assert!(!holds(output.as_bytes(), CANARY), "{output}");
        }
        in_no_file(&place, CANARY);
        assert_eq!(servers.api.connections(), 0);
        assert_eq!(servers.token.connections(), 0);
    }
}
