//! Keeps this process's memory from being written to disk, or read by others, while it holds secrets.

use std::io;

/// Makes the process not dumpable: no image of it is written when it crashes, and no other process of the same
/// user may read its memory or its environment. To be called before any secret is read.
///
/// A limit of zero on the size of core files would not do: it does not hold where the system pipes them to a
/// program, as systemd does. Programs that the process starts are dumpable as always, and root reads all.
///
/// On systems other than Linux nothing is done: there is no such switch.
///
/// # Errors
///
/// When the system refuses, which Linux does for no process.
pub fn forbid() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    }
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::process::{DumpableBehavior, dumpable_behavior};

    #[test]
    fn a_crash_writes_no_image() {
        super::forbid().unwrap();
        assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
    }
}
