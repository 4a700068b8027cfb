//! Times, and what is typical and worst of them.

use std::fmt;
use std::time::Duration;

/// How long something took, each time.
#[derive(Default)]
pub struct Times(pub Vec<Duration>);

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut times = self.0.clone();
        times.sort();
        match (times.get(times.len() / 2), times.last()) {
            (Some(median), Some(worst)) => {
                let (median, worst) = (median.as_secs_f64(), worst.as_secs_f64());
                write!(
                    f,
                    "{} times: median {median:.1} s, worst {worst:.1} s",
                    times.len()
                )
            }
            _ => f.write_str("never"),
        }
    }
}
