//! Looks for files, and leaves one.

use std::fs;

use hostile_guests::{Batch, Config, Error, Hostile, batch, event, hostile, other};

struct Guest;

impl Hostile for Guest {
    fn collect(config: &Config, _cursor: Option<&str>) -> Result<Batch, Error> {
        // A file beside the configuration, or anywhere; `how` names the folder.
        let folder = config.how();
        let mut reached = Vec::new();
        for place in ["/", ".", "", "/etc", "/tmp", "..", folder] {
            if let Ok(entries) = fs::read_dir(place) {
                reached.push(event(&format!("{place}: {} entries", entries.count())));
            }
            let file = format!("{place}/guest-was-here");
            if fs::write(&file, "guest").is_ok() || fs::create_dir(&file).is_ok() {
                reached.push(event(&file));
            }
        }
        for file in [
            "/etc/passwd",
            "/proc/self/environ",
            "asset-host.toml",
            "state.db",
        ] {
            if fs::read(file).is_ok() || fs::metadata(file).is_ok() {
                reached.push(event(file));
            }
        }
        match reached.is_empty() {
            true => Err(other("no file was reached")),
            false => Ok(batch(reached)),
        }
    }
}

hostile!(Guest);
