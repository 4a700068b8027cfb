//! A report as JSON, for `--summary FILE`. docs/operations.md documents its shape.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use time::OffsetDateTime;

use crate::cli::exit::ExitStatus;
use crate::run::report::{Entry, Report, Totals};
use crate::units::timestamp;

/// The version of the shape. New keys do not change it; a changed or removed key does.
const VERSION: u32 = 2;

#[derive(Serialize)]
struct Summary<'a> {
    version: u32,
    started_at: String,
    ended_at: String,
    duration_seconds: f64,
    dry_run: bool,
    stopped: bool,
    exit_code: u8,
    totals: Totals,
    accounts: Vec<Account<'a>>,
    paused: Vec<Paused<'a>>,
    sources: Vec<&'a Entry>,
    denied: Vec<Denied<'a>>,
}

#[derive(Serialize)]
struct Account<'a> {
    account: &'a str,
    started_at: String,
    ended_at: String,
    exit_code: u8,
}

#[derive(Serialize)]
struct Paused<'a> {
    account: &'a str,
    until: String,
}

#[derive(Serialize)]
struct Denied<'a> {
    account: &'a str,
    rule: &'static str,
    requests: u64,
}

/// Writes a report, and how long the API has asked accounts to pause, as an indented JSON object with a newline at its end.
///
/// # Errors
///
/// None known.
pub(crate) fn render(
    report: &Report,
    paused: &BTreeMap<String, Duration>,
) -> serde_json::Result<String> {
    let denied = report.accounts.iter().flat_map(|account| {
        account.denied.iter().map(|(rule, requests)| Denied {
            account: &account.account,
            rule: rule.word(),
            requests: *requests,
        })
    });
    let accounts = report.accounts.iter().map(|account| Account {
        account: &account.account,
        started_at: timestamp::format(account.started_at),
        ended_at: timestamp::format(account.ended_at),
        exit_code: ExitStatus::of_account(account) as u8,
    });
    let paused = paused.iter().map(|(account, pause)| Paused {
        account,
        until: timestamp::format(OffsetDateTime::now_utc() + *pause),
    });
    let summary = Summary {
        version: VERSION,
        started_at: timestamp::format(report.started_at()),
        ended_at: timestamp::format(report.ended_at()),
        duration_seconds: report.took().as_secs_f64(),
        dry_run: report.dry_run,
        stopped: report.is_cut(),
        exit_code: ExitStatus::of(report) as u8,
        totals: report.totals(),
        accounts: accounts.collect(),
        paused: paused.collect(),
        sources: report.entries().collect(),
        denied: denied.collect(),
    };
    serde_json::to_string_pretty(&summary).map(|text| text + "\n")
}

#[cfg(test)]
mod tests;
