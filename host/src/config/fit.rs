//! Checks an account against the manifest of its component.

use serde_json::Value;

use crate::config::account::Account;
use crate::config::problem::Problem;
use crate::contract::hosts::{covers, normal};
use crate::contract::manifest::schema::Schema;
use crate::contract::manifest::values::{self, InvalidValue, ValueProblem};
use crate::contract::manifest::{Manifest, RESERVED};
use crate::network::addresses::is_loopback;
use crate::text::printable::fault;
use crate::text::similar;

#[cfg(test)]
pub(crate) mod tests;

/// What `init` writes if only a person knows the value. No account runs with it.
pub(crate) const PLACEHOLDER: &str = "CHANGE-ME";

/// Parts of names whose values are not repeated in messages: a secret may be there by mistake.
const SECRETIVE: [&str; 6] = [
    "secret",
    "password",
    "passphrase",
    "token",
    "key",
    "credential",
];

/// Checks an account's config, hosts and names of secrets against what the component asks for.
///
/// Returns what is wrong, with keys such as `account.acme.config.client_id`. Messages repeat a wrong value unless its name
/// suggests a secret.
pub(crate) fn check_account(manifest: &Manifest, account: &Account) -> Vec<Problem> {
    let mut problems = Vec::new();
    check_names(manifest, account, &mut problems);
    check_values(manifest, account, &mut problems);
    check_secrets(manifest, account, &mut problems);
    check_hosts(manifest, account, &mut problems);
    check_urls(manifest, account, &mut problems);
    problems
}

/// Returns what is wrong with a value of this field of the config.
pub(crate) fn faults_of(manifest: &Manifest, field: &str, value: &Value) -> Vec<String> {
    let Some(schema) = manifest.field(field) else {
        return vec![format!("the config has no field {field:?}")];
    };
    let found = values::check(schema, value).into_iter();
    found
        .map(|found| describe(manifest, field, &found.problem))
        .collect()
}

/// Finds keys of the config that belong elsewhere, and placeholders that a person has yet to replace.
fn check_names(manifest: &Manifest, account: &Account, problems: &mut Vec<Problem>) {
    for (name, value) in &account.config {
        let message = if is_secret(manifest, name) {
            format!(
                "is a secret, and secrets do not belong in this file: put {name} = {{ env = \"…\" }} below \
                 [account.{}.secrets] instead, and replace the secret if others could read the file",
                account.name
            )
        } else if RESERVED.contains(&name.as_str()) {
            format!("is set by the command line only: use `asset-host collect --{name} TIME`")
        } else if manifest.field(name).is_some_and(Schema::is_read_only) {
            "is set by the component itself, for each source that it finds: remove it".to_owned()
        } else if value == PLACEHOLDER {
            let title = title(manifest, name);
            format!("is still {PLACEHOLDER:?}: put in your own value{title}")
        } else {
            continue;
        };
        problems.push(Problem::new(account.key("config", name), message));
    }
}

/// Checks the config against the component's schema. Keys that were reported already, and keys inside them, are skipped.
fn check_values(manifest: &Manifest, account: &Account, problems: &mut Vec<Problem>) {
    let reported = problems.clone();
    let config = Value::Object(account.config.clone());
    for InvalidValue { path, problem } in values::check(&manifest.config, &config) {
        let message = describe(manifest, &path.join("."), &problem);
        let mut key = vec!["account", &account.name, "config"];
        key.extend(path.iter().map(String::as_str));
        if let ValueProblem::Unknown(name) | ValueProblem::Missing(name) = &problem {
            key.push(name);
        }
        let problem = Problem::new(key.join("."), message);
        if !reported.iter().any(|reported| problem.is_at(&reported.key)) {
            problems.push(problem);
        }
    }
}

/// Returns what is wrong with a field of the config, in the words of the configuration.
fn describe(manifest: &Manifest, field: &str, problem: &ValueProblem) -> String {
    match problem {
        ValueProblem::Unknown(name) => {
            let known: Vec<&str> = manifest.fields().map(|(name, _)| name).collect();
            format!(
                "unknown key{}; the component {} {} knows {}",
                similar::hint(name, known.iter().copied()),
                manifest.name,
                manifest.version,
                known.join(", ")
            )
        }
        ValueProblem::Missing(name) => format!("is missing: set it{}", title(manifest, name)),
        ValueProblem::Unfit { why, .. } if is_secretive(field) => format!("the value {why}"),
        ValueProblem::Unfit { value, why } => fault(&format!("{value} {why}")),
    }
}

/// Compares the secrets of an account with those that the component asks for.
fn check_secrets(manifest: &Manifest, account: &Account, problems: &mut Vec<Problem>) {
    for secret in &manifest.secrets {
        if !account.secrets.contains_key(&secret.name) {
            let message = format!(
                "is missing: say where it comes from, such as {} = {{ env = \"…\" }} below \
                 [account.{}.secrets] ({}: {})",
                secret.name, account.name, secret.title, secret.description
            );
            problems.push(Problem::new(account.key("secrets", &secret.name), message));
        }
    }
    for name in account.secrets.keys() {
        if !is_secret(manifest, name) {
            let known: Vec<&str> = manifest
                .secrets
                .iter()
                .map(|secret| secret.name.as_str())
                .collect();
            let message = format!(
                "the component {} {} does not ask for this secret{}; it asks for [{}]",
                manifest.name,
                manifest.version,
                similar::hint(name, known.iter().copied()),
                known.join(", ")
            );
            problems.push(Problem::new(account.key("secrets", name), message));
        }
    }
}

/// Checks the hosts that an account allows of those that the component asks for.
fn check_hosts(manifest: &Manifest, account: &Account, problems: &mut Vec<Problem>) {
    for entry in account.hosts.iter().flatten() {
        if !manifest.hosts.iter().any(|asked| covers(asked, entry)) {
            let message = format!(
                "the component does not ask for {entry:?}: remove it, or write some of the hosts that it asks for ({}) or \
                 names below them, without scheme, port or path. URLs in [account.{}.config] are allowed without this",
                manifest.hosts.join(", "),
                account.name
            );
            problems.push(Problem::new(
                format!("account.{}.hosts", account.name),
                message,
            ));
        }
    }
}

/// Checks the URLs in the config: those that are typed, and the defaults of fields to which the manifest binds a secret.
fn check_urls(manifest: &Manifest, account: &Account, problems: &mut Vec<Problem>) {
    for (name, schema) in manifest.fields().filter(|(_, schema)| schema.is_uri()) {
        let mut secrets = manifest.secrets.iter();
        let secret = secrets.find(|secret| secret.config_field == name);
        let typed = account.config.get(name);
        let used = typed.or(schema.default.as_ref().filter(|_| secret.is_some()));
        let key = account.key("config", name);
        let is_needed = typed.is_some() || secret.is_some();
        // A field is reported once.
        if !is_needed
            || used.is_some_and(is_safe)
            || problems.iter().any(|problem| problem.key == key)
        {
            continue;
        }
        let missing = if typed.is_none() {
            "is missing: it "
        } else {
            ""
        };
        let example = schema.default.as_ref().filter(|url| is_safe(url));
        let example = example.and_then(Value::as_str);
        let example = example.unwrap_or("https://api.example.com");
        let because = secret.map(|secret| {
            format!(
                ", as the secret {} is sent there and nowhere else",
                secret.name
            )
        });
        let message = format!(
            "{missing}must be a URL that begins with https and contains no user name and no password, such as {example}{}{}",
            because.unwrap_or_default(),
            title(manifest, name)
        );
        problems.push(Problem::new(key, message));
    }
}

/// Returns whether a value is a URL to which a request may go: with https or of this machine, and without a user name.
fn is_safe(url: &Value) -> bool {
    url.as_str().and_then(normal).is_some_and(|url| {
        (url.scheme() == "https" || is_loopback(&url))
            && url.username().is_empty()
            && url.password().is_none()
    })
}

/// Returns whether the component asks for a secret of this name.
fn is_secret(manifest: &Manifest, name: &str) -> bool {
    manifest.secrets.iter().any(|secret| secret.name == name)
}

/// Returns whether a name suggests that a secret is behind it.
fn is_secretive(field: &str) -> bool {
    let field = field.to_ascii_lowercase();
    SECRETIVE.iter().any(|part| field.contains(part))
}

/// Returns the title of a field of the config in brackets, if it has one.
fn title(manifest: &Manifest, field: &str) -> String {
    manifest
        .field(field)
        .and_then(|schema| schema.title.as_deref())
        .map(|title| format!(" ({title})"))
        .unwrap_or_default()
}
