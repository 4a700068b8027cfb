//! Where `--metrics` goes: a file, or an address on loopback to be asked at.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// Where metrics go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// A file that is replaced after each run.
    File(PathBuf),
    /// An address on loopback at which they are served.
    Address(SocketAddr),
}

/// Why a text is neither.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TargetError {
    /// There is nothing in it.
    #[error("it is empty: write a file such as metrics.prom, or an address such as 127.0.0.1:9464")]
    Empty,
    /// Others could reach the address, and metrics name tenants; holds the address.
    #[error(
        "{0} is not on loopback: metrics are served without a password, so write 127.0.0.1, [::1] or localhost, \
         or a file (./{0} if a file of this name is meant)"
    )]
    NotLoopback(String),
    /// The port is no port; holds it.
    #[error("{0} is not a port: it goes from 0 (any that is free) to 65535")]
    Port(String),
}

impl Target {
    /// Reads the argument of `--metrics`. What has the form `host:port`, with digits behind the last colon and no
    /// `/`, is an address; everything else is a file. `localhost` is 127.0.0.1; no name is looked up.
    ///
    /// # Errors
    ///
    /// When the text is empty, or an address that is not on loopback or whose port is none.
    pub(crate) fn parse(text: &str) -> Result<Self, TargetError> {
        if text.is_empty() {
            return Err(TargetError::Empty);
        }
        let Some((host, port)) = host_and_port(text) else {
            return Ok(Self::File(PathBuf::from(text)));
        };
        let port: u16 = port
            .parse()
            .map_err(|_| TargetError::Port(port.to_owned()))?;
        let address = match host {
            "localhost" => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            _ => match host
                .strip_prefix('[')
                .and_then(|host| host.strip_suffix(']'))
            {
                Some(host) => host.parse().ok().map(IpAddr::V6),
                None => host.parse().ok().map(IpAddr::V4),
            },
        };
        address
            .filter(IpAddr::is_loopback)
            .map(|address| Self::Address(SocketAddr::new(address, port)))
            .ok_or_else(|| TargetError::NotLoopback(text.to_owned()))
    }
}

fn host_and_port(text: &str) -> Option<(&str, &str)> {
    let (host, port) = text.rsplit_once(':')?;
    let is_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    (is_port && !text.contains('/')).then_some((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_files_from_addresses() {
        let address = |text: &str| Ok(Target::Address(text.parse().unwrap()));
        let file = |text: &str| Ok(Target::File(PathBuf::from(text)));
        let elsewhere = |text: &str| Err(TargetError::NotLoopback(text.to_owned()));
        let port = |text: &str| Err(TargetError::Port(text.to_owned()));
        for (text, expected) in [
            ("127.0.0.1:9464", address("127.0.0.1:9464")),
            ("127.0.0.2:1", address("127.0.0.2:1")),
            ("[::1]:9464", address("[::1]:9464")),
            ("localhost:9464", address("127.0.0.1:9464")),
            ("127.0.0.1:0", address("127.0.0.1:0")),
            ("metrics.prom", file("metrics.prom")),
            ("/var/lib/metrics/a.prom", file("/var/lib/metrics/a.prom")),
            ("./localhost:9464", file("./localhost:9464")),
            ("/run/asset:1", file("/run/asset:1")),
            ("a:b", file("a:b")),
            ("localhost:", file("localhost:")),
            ("localhost", file("localhost")),
            ("9464", file("9464")),
            ("", Err(TargetError::Empty)),
            ("0.0.0.0:9464", elsewhere("0.0.0.0:9464")),
            ("[::]:9464", elsewhere("[::]:9464")),
            ("192.0.2.1:9464", elsewhere("192.0.2.1:9464")),
            ("[2001:db8::1]:9464", elsewhere("[2001:db8::1]:9464")),
            ("example.com:9464", elsewhere("example.com:9464")),
            ("::1:9464", elsewhere("::1:9464")),
            (":9464", elsewhere(":9464")),
            ("[127.0.0.1]:9464", elsewhere("[127.0.0.1]:9464")),
            ("localhost:65536", port("65536")),
            ("127.0.0.1:999999999999", port("999999999999")),
        ] {
            assert_eq!(Target::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn an_address_that_is_refused_says_what_to_write() {
        let message = Target::parse("0.0.0.0:9464").unwrap_err().to_string();
        for part in ["0.0.0.0:9464", "loopback", "127.0.0.1", "./0.0.0.0:9464"] {
            assert!(message.contains(part), "{message}");
        }
    }
}
