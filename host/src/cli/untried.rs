//! The accounts that a command over several of them could not try.

use std::io::Write;

use anyhow::bail;

use crate::cli::exit::ExitStatus;
use crate::config::WrongAccount;
use crate::text::printable::printable_lines;

/// Accounts, each with the reason.
pub(crate) type Untried<'a> = Vec<(&'a str, String)>;

/// Returns the accounts that are wrong.
pub(crate) fn of_wrong<'a>(wrong: &[&'a WrongAccount]) -> Untried<'a> {
    let wrong = wrong.iter();
    wrong
        .map(|wrong| (wrong.name.as_str(), wrong.error.to_string()))
        .collect()
}

/// Prints these accounts, and returns how a command ended that `tried` others.
///
/// # Errors
///
/// The reasons, when it tried none.
pub(crate) fn report(
    untried: &Untried<'_>,
    tried: bool,
    out: &mut dyn Write,
) -> anyhow::Result<ExitStatus> {
    if !tried {
        let reasons: Vec<_> = untried.iter().map(|(_, why)| why.as_str()).collect();
        bail!(reasons.join("\n"));
    }
    for (account, why) in untried {
        writeln!(out, "{account}: failed: {}", printable_lines(why))?;
    }
    Ok(match untried.is_empty() {
        true => ExitStatus::Done,
        false => ExitStatus::SomeFailed,
    })
}
