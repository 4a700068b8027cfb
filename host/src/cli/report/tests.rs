//! Reports for the tests of their formats.

use time::OffsetDateTime;

use crate::run::report::{AccountReport, Entry, Outcome, Report, Tally};
use crate::sandbox::egress::denials::Rule;

/// A run of the account `acme`, which took 2.5 seconds, with these entries.
pub(crate) fn report(entries: Vec<Entry>) -> Report {
    Report {
        dry_run: false,
        accounts: vec![account("acme", entries)],
    }
}

/// A job of 2.5 seconds.
fn account(name: &str, entries: Vec<Entry>) -> AccountReport {
    let started_at = crate::units::timestamp::parse("2026-01-31T08:00:00Z").unwrap();
    AccountReport {
        account: name.to_owned(),
        ready: true,
        cut: false,
        started_at,
        ended_at: started_at + std::time::Duration::from_millis(2_500),
        retries: 0,
        entries,
        denied: Vec::new(),
    }
}

/// A source of the account `acme` with nothing counted; its name is made from its id.
pub(crate) fn entry(source: &str, outcome: Outcome) -> Entry {
    Entry {
        account: "acme".to_owned(),
        source: Some(source.to_owned()),
        name: format!("Example {source}"),
        outcome,
        tally: Tally::default(),
        mark: None,
    }
}

/// One source of each outcome, and an account whose sources could not be listed; requests of both accounts were denied.
pub(crate) fn every_outcome() -> Report {
    let collected = Entry {
        tally: Tally {
            pages: 3,
            events: 1_200,
            unchanged: 30,
            rejects: 2,
            refused: 1,
            retries: 4,
        },
        mark: Some("2026-01-31T07:58:00.000Z".to_owned()),
        ..entry("one", Outcome::UpToDate)
    };
    let failed = Entry {
        tally: Tally {
            pages: 1,
            events: 100,
            retries: 9,
            ..Tally::default()
        },
        ..entry(
            "two",
            Outcome::Failed("the API is unavailable:\nHTTP 503".to_owned()),
        )
    };
    let of_account = Entry {
        account: "other".to_owned(),
        source: None,
        name: "other".to_owned(),
        ..entry(
            "",
            Outcome::Failed("the credentials are refused".to_owned()),
        )
    };
    let suspended = Outcome::NotCollectable("the tenant is suspended".to_owned());
    let entries = vec![
        failed,
        collected,
        entry("three", Outcome::Stopped),
        entry("four", suspended),
        entry("five", Outcome::Skipped),
    ];
    let mut report = report(entries);
    report.accounts[0].denied = vec![(Rule::Host, 2), (Rule::Userinfo, 1)];
    let other = account("other", vec![of_account]);
    report.accounts.push(AccountReport {
        denied: vec![(Rule::Host, 3)],
        ..other
    });
    report
}

/// When the sample reports ended.
pub(crate) fn ended_at() -> OffsetDateTime {
    report(vec![]).ended_at()
}
