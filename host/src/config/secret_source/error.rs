//! Why a secret cannot be read.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::units::duration;

/// The shortest secret of a component, in bytes. Shorter values occur in responses by chance, where a placeholder would
/// break them.
pub(super) const MIN_LENGTH: usize = 8;

/// Why a source yielded no secret. No message contains what it yielded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SecretError {
    /// The environment variable is not set; holds how to call it.
    #[error("{0} is not set: set it in the environment that asset-host runs in")]
    NotSet(String),
    #[error("cannot read the secret from {}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("cannot start the program {program:?} that prints the secret: {source}")]
    Start { program: String, source: io::Error },
    #[error("the program {program:?} that prints the secret {ending}: run it by hand to see why")]
    Failed {
        program: String,
        /// How it ended: `failed with exit code 1` or `was ended by a signal`.
        ending: String,
    },
    #[error(
        "the program {program:?} that prints the secret did not end within {} and was killed: run it by hand to see \
         what it waits for, or raise `timeout` beside `command`",
        duration::format(*timeout)
    )]
    TooSlow {
        program: String,
        /// How long it could take.
        timeout: Duration,
    },
    /// The source gave nothing but white space; holds the source.
    #[error("{0} is empty: it must hold the secret")]
    Empty(String),
    /// The source gave too much; holds the source.
    #[error("{0} is longer than 64 KiB: it must hold the secret and nothing else")]
    TooLong(String),
    #[error(
        "the secret has fewer than {MIN_LENGTH} bytes, so it would be found in responses by chance: check that its source \
         yields the whole secret, or have its issuer make a longer one"
    )]
    TooShort,
    #[error("cannot read what the program {program:?} prints: {source}")]
    Output { program: String, source: io::Error },
    /// The source gave bytes that are no text; holds the source.
    #[error("{0} is not UTF-8 text: a secret must be text")]
    NotText(String),
}
