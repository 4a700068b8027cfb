//! What tells one receiver of events from another.

use sha2::{Digest, Sha256};

use crate::config::destination::Destination;
use crate::config::destination::headers::{Header, HeaderText};
use crate::text::hex::hex;

impl Destination {
    /// Returns a digest of the receiver: 64 hexadecimal digits that stay the same for as long as the events go to the same
    /// place, however they are sent there. A URL may hold what should be kept nowhere, hence a digest.
    pub(crate) fn identity(&self) -> String {
        let receiver = match self {
            Self::Stdout => "stdout".to_owned(),
            Self::File { path } => {
                // The configuration may be named by another path in the next run.
                let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
                format!("file {}", path.display())
            }
            Self::Sekoia(sekoia) => format!("sekoia {} {}", sekoia.base, sekoia.uuid),
            // A header may choose the receiver, such as an index; a secret that does so is not seen here.
            Self::Http(http) => format!("http {} {:?}", http.url, plain(&http.headers)),
        };
        hex(&Sha256::digest(receiver))
    }
}

fn plain(headers: &[Header]) -> Vec<(&str, &[u8])> {
    let mut plain: Vec<_> = headers
        .iter()
        .filter_map(|header| match &header.text {
            HeaderText::Plain(text) => Some((header.name.as_str(), text.as_bytes())),
            HeaderText::Secret { .. } => None,
        })
        .collect();
    plain.sort_unstable();
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_receiver_has_its_own() {
        let file = |path: &str| Destination::File { path: path.into() };
        let identities = [Destination::Stdout, file("a"), file("b")].map(|to| to.identity());
        assert_ne!(identities[0], identities[1]);
        assert_ne!(identities[1], identities[2]);
        assert_eq!(identities[1], file("a").identity());
        assert_eq!(identities[0].len(), 64);
        let here = std::env::current_dir().unwrap();
        assert_eq!(
            identities[1],
            file(here.join("a").to_str().unwrap()).identity()
        );
        assert_eq!(identities[1], file("./a").identity());
    }
}
