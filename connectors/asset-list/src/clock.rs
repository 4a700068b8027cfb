//! The component's wall clock.

use std::time::Duration as SinceEpoch;

use time::{Duration, OffsetDateTime};

/// Returns the time of the host's clock; the epoch if it is out of any calendar's range.
pub(crate) fn now() -> OffsetDateTime {
    since_epoch()
        .and_then(|since| Duration::try_from(since).ok())
        .and_then(|since| OffsetDateTime::UNIX_EPOCH.checked_add(since))
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
fn since_epoch() -> Option<SinceEpoch> {
    use std::time::{SystemTime, UNIX_EPOCH};

    SystemTime::now().duration_since(UNIX_EPOCH).ok()
}

/// Without an operating system the standard library has no clock, and traps; the world's own import remains.
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
fn since_epoch() -> Option<SinceEpoch> {
    use crate::bindings::wasi::clocks::wall_clock;

    let moment = wall_clock::now();
    // A sum beyond the range of `Duration::new` would panic.
    SinceEpoch::from_secs(moment.seconds)
        .checked_add(SinceEpoch::from_nanos(u64::from(moment.nanoseconds)))
}
