//! Values that several tables have.

use std::path::PathBuf;
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error};

use crate::config::problem::Problem;
use crate::units::duration;

/// How to try again while an API or a destination is unavailable: pauses of random length up to a bound that doubles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Retry {
    /// How long to go on before giving up; 0 gives up at once.
    #[serde(deserialize_with = "duration::deserialize")]
    pub total: Duration,
    /// The bound of the first pause.
    #[serde(deserialize_with = "duration::positive")]
    pub first: Duration,
    /// The bound of every pause.
    #[serde(deserialize_with = "duration::positive")]
    pub most: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            total: Duration::from_secs(600),
            first: Duration::from_secs(1),
            most: Duration::from_secs(60),
        }
    }
}

impl Retry {
    /// Checks the table `retry` in the table `key`.
    pub(super) fn check(&self, key: &str, problems: &mut Vec<Problem>) {
        if self.first > self.most {
            problems.push(Problem::new(
                format!("{key}.retry.first"),
                format_args!(
                    "must not be longer than `most`: it is {}, and `most` is {}",
                    duration::format(self.first),
                    duration::format(self.most)
                ),
            ));
        }
    }
}

/// Deserializes a path that is not empty, as a `PathBuf` or an `Option<PathBuf>`.
pub(super) fn path<'de, D: Deserializer<'de>, P: From<PathBuf>>(
    deserializer: D,
) -> Result<P, D::Error> {
    let path = String::deserialize(deserializer)?;
    if path.is_empty() {
        return Err(D::Error::custom("must be the path of a file, and is empty"));
    }
    Ok(PathBuf::from(path).into())
}

/// Deserializes a number from 1 to `MAX`.
pub(super) fn up_to<'de, D: Deserializer<'de>, const MAX: usize>(
    deserializer: D,
) -> Result<usize, D::Error> {
    usize::deserialize(deserializer)
        .ok()
        .filter(|number| (1..=MAX).contains(number))
        .ok_or_else(|| D::Error::custom(format_args!("must be a number from 1 to {MAX}")))
}
