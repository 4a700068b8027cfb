//! The sources of secrets, and values in their place.

use crate::{CLIENT_ID_LINE, MISPLACED, SECRET, refused_when_edited};

#[test]
fn a_missing_secret_is_reported() {
    let plain = format!("\"{MISPLACED}\"");
    refused_when_edited(&[
        (
            SECRET,
            &plain,
            &[
                "account.acme.secrets.client_secret",
                "not contain it",
                "{ env = \"NAME\" }",
                "replace it",
            ],
        ),
        (
            CLIENT_ID_LINE,
            &format!("{CLIENT_ID_LINE}client_secret = {plain}\n"),
            &[
                "account.acme.config.client_secret",
                "[account.acme.secrets]",
                "{ env =",
            ],
        ),
        (
            "allow_loopback_http",
            &format!("client_secret = {plain}\nallow_loopback_http"),
            &["account.acme", "`client_secret`"],
        ),
        (
            &format!("client_secret = {SECRET}"),
            "",
            &[
                "account.acme.secrets.client_secret",
                "is missing",
                "{ env = ",
                "Sophos Central shows it once",
            ],
        ),
        (
            &format!("client_secret = {SECRET}"),
            &format!("client_secret = {SECRET}\napi_key = {SECRET}"),
            &[
                "account.acme.secrets.api_key",
                "does not ask for this secret",
                "client_secret",
            ],
        ),
        (
            "TEST_CLIENT_SECRET",
            "NOT_SET",
            &[
                "account.acme.secrets.client_secret",
                "environment variable NOT_SET",
                "set it",
            ],
        ),
        (
            SECRET,
            &format!("{{ env = {plain} }}"),
            &[
                "account.acme.secrets.client_secret",
                "name of an environment variable",
            ],
        ),
        (
            SECRET,
            "{ file = \"secret.txt\" }",
            &[
                "account.acme.secrets.client_secret",
                "cannot read",
                "secret.txt",
            ],
        ),
        (
            SECRET,
            "{ file = \"/dev/null\" }",
            &["account.acme.secrets.client_secret", "/dev/null is empty"],
        ),
        (
            SECRET,
            &format!("{{ command = [\"/bin/sh\", \"-c\", \"echo {MISPLACED}; exit 3\"] }}"),
            &[
                "account.acme.secrets.client_secret",
                "\"/bin/sh\"",
                "exit code 3",
                "by hand",
            ],
        ),
        (
            SECRET,
            "{ command = [\"sh\", \"-c\", \"sleep 1000 & wait\"], timeout = \"100ms\" }",
            &[
                "account.acme.secrets.client_secret",
                "\"sh\"",
                "did not end within 100ms and was killed",
                "raise `timeout`",
            ],
        ),
        (
            SECRET,
            "{ env = \"TEST_CLIENT_SECRET\", timeout = \"1s\" }",
            &[
                "account.acme.secrets.client_secret",
                "only beside `command` a timeout",
            ],
        ),
        (
            SECRET,
            &format!("{{ command = [\"/no/such/program\", {plain}] }}"),
            &[
                "account.acme.secrets.client_secret",
                "cannot start",
                "/no/such/program",
            ],
        ),
        (
            SECRET,
            "{ command = [\"/bin/echo\", \"seven-7\"] }",
            &[
                "account.acme.secrets.client_secret",
                "fewer than 8 bytes",
                "whole secret",
            ],
        ),
    ]);
}
