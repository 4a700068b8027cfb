//! The value of `--metrics`: a file, a port, or a loopback address.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::bail;

/// Where metrics go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// A file that is replaced after each run.
    File(PathBuf),
    /// A loopback address that serves them.
    Address(SocketAddr),
}

impl Target {
    /// Parses the value. Text of the form `host:port` or `port`, with digits after the last colon and no `/`, is an
    /// address; everything else is a file. A port alone, and that of `localhost`, is one of 127.0.0.1; no name is
    /// resolved.
    ///
    /// # Errors
    ///
    /// When it is an address, but not a loopback address with a valid port.
    pub(crate) fn parse(text: &str) -> anyhow::Result<Self> {
        let (host, port) = text.rsplit_once(':').unwrap_or(("localhost", text));
        let is_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        if !is_port || text.contains('/') {
            return Ok(Self::File(text.into()));
        }
        let numeric = match host {
            "localhost" => format!("127.0.0.1:{port}"),
            _ => text.to_owned(),
        };
        match numeric.parse::<SocketAddr>() {
            Ok(address) if address.ip().is_loopback() => Ok(Self::Address(address)),
            _ => bail!(
                "{text} is not a loopback address with a port from 0 (any free one) to 65535; metrics are served \
                 without a password, so use 127.0.0.1, [::1] or localhost (for a file of this name, use ./{text})"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_and_host_and_port_are_addresses_and_everything_else_a_file() {
        for (text, expected) in [
            ("127.0.0.1:9464", "127.0.0.1:9464"),
            ("127.0.0.2:1", "127.0.0.2:1"),
            ("[::1]:9464", "[::1]:9464"),
            ("localhost:9464", "127.0.0.1:9464"),
            ("9464", "127.0.0.1:9464"),
            ("0", "127.0.0.1:0"),
            ("127.0.0.1:0", "127.0.0.1:0"),
        ] {
            let expected = Target::Address(expected.parse().unwrap());
            assert_eq!(Target::parse(text).unwrap(), expected, "{text}");
        }
        for text in [
            "metrics.prom",
            "/var/lib/metrics/a.prom",
            "./localhost:9464",
            "/run/asset:1",
            "a:b",
            "localhost:",
            "localhost",
            "./9464",
            "9464.prom",
            "",
        ] {
            let expected = Target::File(text.into());
            assert_eq!(Target::parse(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn a_wrong_address_is_refused_with_what_to_write() {
        for text in [
            "0.0.0.0:9464",
            "[::]:9464",
            "192.0.2.1:9464",
            "[2001:db8::1]:9464",
            "example.com:9464",
            "::1:9464",
            ":9464",
            "[127.0.0.1]:9464",
            "localhost:65536",
            "65536",
            "127.0.0.1:999999999999",
        ] {
            let message = Target::parse(text).unwrap_err().to_string();
            for part in [text, "loopback", "127.0.0.1", "65535", &format!("./{text}")] {
                assert!(message.contains(part), "{message}");
            }
        }
    }
}
