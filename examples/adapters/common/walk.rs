//! A walk over one source, to its end.

use crate::bindings::inventory::connector::types::{Batch, Error};
use crate::{Patience, collection};

/// Collects a source from a cursor to the end of its walk, and passes each page on before the next one is asked for.
/// It ends early where `page` fails.
///
/// # Errors
///
/// Those of the connector and of `page`.
pub fn walk<E: From<Error>>(
    config: &str,
    mut cursor: Option<String>,
    patience: Patience,
    mut page: impl FnMut(&Batch) -> Result<(), E>,
) -> Result<(), E> {
    loop {
        let batch = patience.call(|| collection::collect(config, cursor.as_deref()))?;
        page(&batch)?;
        if !batch.more {
            return Ok(());
        }
        cursor = Some(batch.cursor);
    }
}
