//! Events to standard output, one a line.
//!
//! Where nobody can keep the events, the run fails before any is collected: at /dev/null, which the standard library
//! also opens in the place of a closed standard output, and at a terminal.

use std::fs;
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::sync::Arc;

use crate::deliver::error::DeliverError;
use crate::deliver::file::{self, File};

/// What messages call this destination.
const PLACE: &str = "standard output";

/// Opens the process's standard output. It may be a terminal if the run is a `preview`, which stores nothing.
///
/// # Errors
///
/// When the process has none, or it is /dev/null, or a terminal that would get what is stored as delivered.
pub(super) fn open(preview: bool) -> Result<Arc<File>, DeliverError> {
    let stdout = io::stdout();
    // Past the standard library's buffer, which would keep the rest of a failed write and write it later, when its page
    // is already known to be unconfirmed.
    let open = || {
        let file = fs::File::from(stdout.as_fd().try_clone_to_owned()?);
        Ok((is_null(&file)?, file))
    };
    let (is_null, file) = open().map_err(|error| DeliverError::io(PLACE, &error))?;
    if is_null {
        return Err(DeliverError::Failed(
            "standard output is closed or /dev/null, so the events would be lost: redirect it to a file or a pipe, or \
             write to = \"file\" and a path into account.NAME.deliver"
                .to_owned(),
        ));
    }
    if stdout.is_terminal() && !preview {
        return Err(DeliverError::Failed(
            "standard output is a terminal, which keeps no events: redirect it to a file or a pipe, write to = \
             \"file\" and a path into account.NAME.deliver, or look at some events with --limit 10, which stores \
             nothing"
                .to_owned(),
        ));
    }
    // A path of its own, by which all accounts share it.
    Ok(file::shared(PLACE.into(), |place| {
        File::stream(place, file)
    }))
}

/// Returns whether a file is the device that /dev/null is.
fn is_null(file: &fs::File) -> io::Result<bool> {
    let metadata = file.metadata()?;
    let null = fs::metadata("/dev/null");
    Ok(metadata.file_type().is_char_device()
        && null.is_ok_and(|null| null.rdev() == metadata.rdev()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dev_null_is_told_from_other_files() {
        let is_null = |path| is_null(&fs::File::options().write(true).open(path).unwrap()).unwrap();
        assert!(is_null("/dev/null"));
        assert!(!is_null("/dev/full"));
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(!is_null(file.path().to_str().unwrap()));
    }
}
