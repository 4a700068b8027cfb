//! The facts for a person: the page to read before approving a component.

use serde_json::Value;

use crate::cli::describe::facts::{Approval, Consent, Facts};
use crate::contract::limits::{Limits, MAX_REQUEST_BODY, Timeouts};
use crate::contract::manifest::Manifest;
use crate::contract::manifest::schema::Schema;
use crate::network::client::MAX_HEADERS;
use crate::sandbox::stderr::{MAX_BYTES, MAX_LINES};
use crate::text::printable::printable;
use crate::units::quantity;

/// The length of the lines that hold the component's own words.
const WIDTH: usize = 100;

/// The indent of what does not fit on the first line.
const FURTHER: &str = "      ";

/// The width of the column of keys: that of the longest.
const KEY_WIDTH: usize = "limits.response_bytes".len();

/// The page as it is written. The component's own text must neither steer the terminal nor look like a line of the page.
#[derive(Default)]
struct Page(String);

impl Page {
    fn line(&mut self, text: &str) {
        self.0.push_str(&printable(text));
        self.0.push('\n');
    }

    /// Writes the component's own text, of any length, with single spaces and with a deeper indent on each further line
    /// than any line of the page has.
    fn words(&mut self, indent: &str, text: &str) {
        let text = printable(text);
        let words: Vec<_> = text.split_whitespace().collect();
        let options = textwrap::Options::new(WIDTH)
            .initial_indent(indent)
            .subsequent_indent(FURTHER);
        self.0.push_str(&textwrap::fill(&words.join(" "), options));
        self.0.push('\n');
    }

    /// Writes a heading and a line for each entry, or `none` without entries.
    fn list(&mut self, heading: &str, entries: Vec<String>, none: &str) {
        self.line(heading);
        for entry in &entries {
            self.line(&format!("  {entry}"));
        }
        if entries.is_empty() {
            self.line(&format!("  {none}"));
        }
    }

    /// Writes a list whose entries hold the component's own text.
    fn list_of_words(&mut self, heading: &str, entries: Vec<String>, none: &str) {
        self.line(heading);
        for entry in &entries {
            self.words("  ", entry);
        }
        if entries.is_empty() {
            self.line(&format!("  {none}"));
        }
    }
}

/// Returns the limits that are constants, for each call unless they say otherwise, and what they limit.
fn constants() -> Vec<(String, &'static str)> {
    let bytes = |number: usize| quantity::bytes(number as u64);
    let count = |number: usize| quantity::count(number as u64);
    let limits = Limits::default().rows(&Timeouts::default()).into_iter();
    let constants = limits.filter(|(key, ..)| key.is_none());
    let mut constants: Vec<_> = constants.map(|(_, value, what)| (value, what)).collect();
    constants.extend([
        (bytes(MAX_REQUEST_BODY), "the body of one request"),
        (count(MAX_HEADERS), "headers of one answer"),
        (
            count(MAX_LINES),
            "lines that it may log, the rest is dropped",
        ),
        (bytes(MAX_BYTES), "what it may log, the rest is dropped"),
    ]);
    constants
}

/// Writes the page.
pub(super) fn page(facts: &Facts, manifest: &Manifest) -> String {
    let mut page = Page::default();
    page.words(
        "",
        &format!(
            "{} {}: {}",
            manifest.name, manifest.version, manifest.description
        ),
    );
    page.line(&format!("  file       {}", facts.file));
    page.line(&format!("  sha256     {}", facts.sha256));
    page.line(&format!("  pinned     {}", pinned(facts)));
    page.words(
        "  product    ",
        &format!("{} ({})", manifest.product, manifest.vendor),
    );
    page.words(
        "  events     ",
        &format!(
            "OCSF {}, class {}, dialects: {}",
            manifest.ocsf.version,
            manifest.ocsf.class_uid,
            manifest.dialects.join(", ")
        ),
    );
    if let (Some(account), Some(consent)) = (&facts.account, &facts.consent) {
        let asking = format!(
            "{} {}, sha256 {}",
            manifest.name, manifest.version, facts.sha256
        );
        page.list(
            &format!("For the account {account}"),
            consent_lines(consent, account, &asking),
            "",
        );
    }
    if !facts.problems.is_empty() {
        page.list_of_words(
            "The account's configuration is not valid yet",
            facts.problems.clone(),
            "",
        );
    }
    let imports = facts.imports.iter().map(|package| {
        let interfaces = package.interfaces.join(", ");
        format!("{}: {} ({interfaces})", package.package, package.means)
    });
    page.list("It imports", imports.collect(), "nothing");
    page.list("It may send requests to", reach(facts), "no host");
    let secrets = facts.secrets.iter().map(|secret| {
        let (name, title) = (&secret.name, &secret.title);
        let origin = secret.origin.as_deref().unwrap_or("which is not set");
        let field = &secret.config_field;
        format!("{name}: to send it to the URL in `{field}`, {origin} ({title})")
    });
    page.list_of_words(
        "It is given placeholders of the secrets; the host puts the value in where a request leaves",
        secrets.collect(),
        "none",
    );
    let rate_limits = facts.rate_limits.iter();
    let rate_limits =
        rate_limits.map(|limit| format!("{} requests in {} s", limit.requests, limit.seconds));
    page.list(
        "Its API is sent at most",
        rate_limits.collect(),
        "any number of requests",
    );
    let limits = facts.limits.iter();
    let limits = limits.map(|limit| (limit.key, shown(&limit.value), limit.what));
    page.list("It is stopped beyond", limit_lines(limits), "nothing");
    let constants = constants().into_iter();
    let constants = constants.map(|(value, what)| ("", value, what));
    page.list(
        "And by constants, beyond",
        limit_lines(constants),
        "nothing",
    );
    page.list_of_words("It is configured by", fields(manifest), "nothing");
    page.0
}

/// Lists limits, each with its key, its value and what it limits, in columns.
fn limit_lines<'a>(limits: impl Iterator<Item = (&'a str, String, &'a str)>) -> Vec<String> {
    let line = |(key, value, what)| format!("{key:KEY_WIDTH$} {value:>10}  {what}");
    limits.map(line).collect()
}

/// Formats a limit's value for a person: `100,000`, `256 MiB`.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => value
            .as_u64()
            .map_or_else(|| value.to_string(), quantity::count),
    }
}

/// Describes whether the account pins the component, and how to.
fn pinned(facts: &Facts) -> String {
    match &facts.pinned_sha256 {
        Some(pinned) if *pinned == facts.sha256 => "yes, by `sha256` in the account".to_owned(),
        Some(pinned) => format!(
            "to another digest: `sha256` in the account is {pinned}, so this one does not run"
        ),
        None => format!(
            "no; to pin it, set sha256 = \"{}\" in the account",
            facts.sha256
        ),
    }
}

/// Describes what is approved for the account; `asking` is the component that is described.
fn consent_lines(consent: &Consent, account: &str, asking: &str) -> Vec<String> {
    match consent {
        Consent::Unknown { reason } => vec![format!("cannot read what was approved: {reason}")],
        Consent::FirstRunApproves => {
            vec!["nothing is approved yet; the first run approves what it asks for".to_owned()]
        }
        Consent::Approved(Approval { approved_at, .. }) => {
            vec![format!("approved since {approved_at}")]
        }
        Consent::OtherBuildNoMore(Approval {
            approved_at,
            approved,
            ..
        }) => vec![format!(
            "{} is approved since {approved_at}, sha256 {}; this build asks for no more",
            approved.component(),
            approved.sha256
        )],
        Consent::NeedsApproval(Approval {
            approved_at,
            approved,
            more,
        }) => {
            let mut lines = vec![format!(
                "NOT APPROVED: it asks for more than was approved on {approved_at}, and does not run"
            )];
            lines.extend(more.iter().map(|line| format!("  {line}")));
            let (component, sha256) = (approved.component(), &approved.sha256);
            lines.push(format!("  approved: {component}, sha256 {sha256}"));
            lines.push(format!("  asking:   {asking}"));
            lines.push(format!(
                "to approve: asset-host approve --account {account}"
            ));
            lines
        }
    }
}

/// Lists where its requests may go.
fn reach(facts: &Facts) -> Vec<String> {
    let reach = &facts.reach;
    let https = |host: &String| match host.strip_prefix("*.") {
        Some(name) => format!("{host}, by https: every name that ends in .{name}"),
        None => format!("{host}, by https"),
    };
    let mut lines: Vec<_> = reach.hosts.iter().map(https).collect();
    if let Some(asked) = &reach.narrowed_from {
        let left = if reach.hosts.is_empty() {
            "none of them"
        } else {
            "this"
        };
        lines.push(format!(
            "(it asks for {}; `hosts` in the account leaves {left})",
            asked.join(", ")
        ));
    }
    for field in &reach.url_fields {
        lines.push(match &field.origin {
            Some(origin) => format!("{origin}, the URL in `{}`", field.field),
            None => format!(
                "the URL in `{}`, by https, where the account sets one",
                field.field
            ),
        });
    }
    if lines.is_empty() {
        lines.push("no host".to_owned());
    }
    if reach.allow_addresses.is_empty() {
        lines.push("never to private or otherwise special addresses".to_owned());
    } else {
        lines.push(format!(
            "of the private and otherwise special addresses only {}",
            reach.allow_addresses.join(", ")
        ));
    }
    if let Some(proxy) = &reach.proxy {
        lines.push(format!(
            "through the proxy {proxy}, where only names are checked, not the addresses behind them"
        ));
    }
    if let Some(file) = &reach.ca_file {
        lines.push(format!(
            "trusting the certificate authorities in {file} in addition to the system's (`ca_file`)"
        ));
    }
    if reach.allow_loopback_http {
        lines.push("this machine, also by http (`allow_loopback_http` is on)".to_owned());
    }
    lines
}

/// Lists the fields of the config.
fn fields(manifest: &Manifest) -> Vec<String> {
    let line = |(field, schema): (&str, &Schema)| {
        let default = schema
            .default
            .as_ref()
            .map(|value| format!(", default {value}"));
        let required = if manifest.requires(field) {
            ", required"
        } else {
            ""
        };
        let title = schema.title.as_deref().unwrap_or(field);
        format!("{field}: {title}{required}{}", default.unwrap_or_default())
    };
    manifest.fields().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_components_text_cannot_forge_a_line_of_the_page() {
        let spaces = [
            " ".repeat(WIDTH),
            "\n".to_owned(),
            "\u{2003}\u{a0}\t".repeat(40),
        ];
        for space in spaces {
            let forged = format!("good{space}  sha256     {}{space}", "0".repeat(64)).repeat(40);
            assert!(forged.chars().count() >= 2000);
            let mut page = Page::default();
            page.words("", &forged);
            page.list_of_words("It is configured by", vec![forged.clone()], "nothing");
            for line in page.0.lines() {
                assert!(!line.starts_with("  sha256"), "{line:?}");
                assert!(line.chars().count() <= WIDTH, "{line:?}");
                let own = ["good", "  good", "It is configured by"];
                assert!(
                    line.starts_with(FURTHER) || own.iter().any(|own| line.starts_with(own)),
                    "{line:?}"
                );
            }
        }
    }

    #[test]
    fn one_long_word_is_broken() {
        let mut page = Page::default();
        page.words("", &"x".repeat(2000));
        let mut lines = page.0.lines();
        assert!(lines.next().is_some_and(|line| line.len() <= WIDTH));
        assert!(lines.all(|line| line.starts_with(FURTHER) && line.len() <= WIDTH));
    }
}
