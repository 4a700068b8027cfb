//! `check` and `discover`: whether the list can be read, and that it is one source.

use crate::bindings::inventory::connector::types::{Account, Error, Source, SourcesPage};
use crate::config;
use crate::fetch::{self, Fetched, failure, origin};
use crate::list::List;

/// The id of the only source: an account has one list, wherever it is.
const SOURCE: &str = "list";

/// Downloads the list, and says what is in it.
pub(crate) fn check(config: &str) -> Result<Account, Error> {
    let config = config::read(config)?;
    let at = origin(&config.url);
    let Fetched::List { body, etag } = fetch::fetch(&config, None)? else {
        let message = format!("{at} responded without a list to a request for it.");
        return Err(Error::Protocol(failure(message)));
    };
    let list = List::read(&config, body, etag)?;
    let rejected = list
        .rows
        .iter()
        .filter(|row| row.id.is_none() || row.twin.is_some())
        .count();
    let mut notes = vec![match list.header.len() {
        0 => format!("The list has {} rows.", list.rows.len()),
        columns => format!(
            "The list has {} rows and {columns} columns.",
            list.rows.len()
        ),
    }];
    if rejected > 0 {
        notes.push(format!(
            "Rows that cannot be collected, such as those without an id: {rejected}."
        ));
    }
    if list.etag.is_none() {
        notes.push(
            "The server gives the list no entity tag, so every run downloads all of it.".to_owned(),
        );
    }
    Ok(Account {
        id: at,
        kind: SOURCE.to_owned(),
        name: None,
        notes,
    })
}

/// Returns the list as the only source. Needs no request.
pub(crate) fn discover(text: String, next: Option<&str>) -> Result<SourcesPage, Error> {
    let config = config::read(&text)?;
    if next.is_some() {
        let message = "There is one page of sources only: ask for it without `next`.";
        return Err(Error::InvalidCursor(failure(message)));
    }
    let source = Source {
        id: SOURCE.to_owned(),
        name: config.url.host_str().unwrap_or(SOURCE).to_owned(),
        config: Ok(text),
    };
    Ok(SourcesPage {
        sources: vec![source],
        next: None,
    })
}
