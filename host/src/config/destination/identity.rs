//! What tells one receiver of events from another.

use sha2::{Digest, Sha256};

use super::Destination;
use crate::runtime::hex;

impl Destination {
    /// A digest of the receiver: 64 hexadecimal digits that stay the same for as long as the events go to the same
    /// place, however they are sent there. A URL may hold what should be kept nowhere, hence a digest.
    pub fn identity(&self) -> String {
        let receiver = match self {
            Self::Stdout => "stdout".to_owned(),
            Self::File { path } => format!("file {}", path.display()),
            Self::Sekoia(sekoia) => format!("sekoia {} {}", sekoia.base, sekoia.uuid),
            Self::Http(http) => format!("http {}", http.url),
        };
        hex(&Sha256::digest(receiver))
    }
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
    }
}
