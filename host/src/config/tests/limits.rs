//! What `[account.NAME.limits]` and `[account.NAME.timeouts]` accept.

use super::*;

#[test]
fn every_limit_and_every_timeout_arrives() {
    let account = account(
        r#"
        [account.acme]
        component = "c.wasm"
        [account.acme.timeouts]
        connect = "1s"
        tls = "2s"
        first_byte = "3s"
        between_bytes = "4s"
        request = "5s"
        call = "6s"
        [account.acme.limits]
        memory_bytes = 1
        cpu = "4s"
        requests = 5
        response_bytes = 6
        batch_bytes = 8
        event_bytes = 9
        "#,
    );
    assert_eq!(
        account.timeouts,
        Timeouts {
            connect: Duration::from_secs(1),
            tls: Duration::from_secs(2),
            first_byte: Duration::from_secs(3),
            between_bytes: Duration::from_secs(4),
            request: Duration::from_secs(5),
            call: Duration::from_secs(6),
        }
    );
    assert_eq!(
        account.limits,
        Limits {
            memory_bytes: 1,
            cpu: Duration::from_secs(4),
            requests: 5,
            response_bytes: 6,
            batch_bytes: 8,
            event_bytes: 9,
        }
    );
}

#[test]
fn no_limit_and_no_timeout_may_be_zero() {
    for (key, zero) in [
        ("limits.memory_bytes", "0"),
        ("limits.cpu", "\"0s\""),
        ("limits.requests", "0"),
        ("limits.response_bytes", "0"),
        ("limits.batch_bytes", "0"),
        ("limits.event_bytes", "0"),
        ("timeouts.connect", "\"0s\""),
        ("timeouts.tls", "\"0s\""),
        ("timeouts.first_byte", "\"0s\""),
        ("timeouts.between_bytes", "\"0s\""),
        ("timeouts.request", "\"0s\""),
        ("timeouts.call", "\"0s\""),
    ] {
        let text = format!("[account.acme]\ncomponent = \"c.wasm\"\n{key} = {zero}\n");
        let message = load(&text).unwrap_err().to_string();
        assert!(
            message.contains(&format!("account.acme.{key}: must be ")),
            "{message}"
        );
    }
}

#[test]
fn bytes_may_have_a_unit() {
    let text = "limits = { memory_bytes = \"1 GiB\", event_bytes = \"1025 bytes\", response_bytes = \"2 KiB\" }";
    let limits = account(&format!("[account.acme]\ncomponent = \"c.wasm\"\n{text}\n")).limits;
    let found = (
        limits.memory_bytes,
        limits.event_bytes,
        limits.response_bytes,
    );
    assert_eq!(found, (1 << 30, 1025, 2048));
}

#[test]
fn an_unknown_limit_and_one_that_is_not_a_number_are_refused_with_their_names() {
    for (limits, words) in [
        (
            "memory = 7",
            [
                "account.acme.limits.memory: ",
                "unknown key `memory`; expected one of `memory_bytes`",
            ],
        ),
        (
            "requests = -1",
            ["account.acme.limits.requests: ", "1 or more"],
        ),
        (
            "requests = 9_000_000_000",
            ["account.acme.limits.requests: ", "1 or more"],
        ),
        (
            "requests = \"many\"",
            ["account.acme.limits.requests: ", "such as 1000"],
        ),
        (
            "event_bytes = -1",
            ["account.acme.limits.event_bytes: ", "\"256 MiB\""],
        ),
        (
            "event_bytes = \"1 MB\"",
            ["account.acme.limits.event_bytes: ", "\"256 MiB\""],
        ),
        (
            "event_bytes = true",
            [
                "account.acme.limits.event_bytes: ",
                "a number of bytes, such as",
            ],
        ),
    ] {
        let text = format!("[account.acme]\ncomponent = \"c.wasm\"\nlimits = {{ {limits} }}\n");
        let message = load(&text).unwrap_err().to_string();
        for word in words {
            assert!(message.contains(word), "{message}");
        }
    }
}
