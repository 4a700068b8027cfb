//! Checks the paths of `omit` against the table of rules.

use crate::mapping::dialect::Dialect;
use crate::mapping::omit::{Omit, UNMAPPED, is_within};
use crate::mapping::rule::Rule;
use crate::mapping::rules;

/// Objects and lists that are required, beside the attributes that the table marks so: the event, or the object around
/// them, is useless without them.
const REQUIRED: [&str; 4] = [
    "device",
    "metadata",
    "metadata.product",
    "enrichments[0].data",
];

/// The same, for the receiver of the dialect `sekoia`.
const REQUIRED_BY_SEKOIA: [&str; 2] = ["device.os", "enrichments"];

/// Checks the paths for a dialect.
///
/// # Errors
///
/// If the path does not name anything in the dialect, or something that an event requires: a message.
pub(crate) fn checked(paths: &[&str], dialect: Dialect) -> Result<Omit, String> {
    let paths = paths.iter().map(|path| in_table(path.trim(), dialect));
    for path in paths.clone() {
        check(path, dialect)?;
    }
    Ok(Omit::new(paths.map(str::to_owned).collect()))
}

/// Returns the path as the table writes it, where the index of a list may be `[]` or missing. A path that is the start of
/// one in the table is not changed, since the cursor depends on it.
fn in_table(path: &str, dialect: Dialect) -> &str {
    if let Some(list) = path.strip_suffix("[]")
        && path.starts_with(UNMAPPED)
    {
        return list;
    }
    if rules::of(dialect).any(|rule| is_within(rule.path, path)) {
        return path;
    }
    rules::of(dialect)
        .find_map(|rule| start_of(rule.path, path))
        .unwrap_or(path)
}

/// Returns the start of an attribute's path that names the same as `path`.
fn start_of<'a>(attribute: &'a str, path: &str) -> Option<&'a str> {
    let mut names = attribute.split('.');
    let mut length = 0;
    for given in path.split('.') {
        let name = names.next()?;
        let list = without_index(name);
        let is_same =
            [name, list].contains(&given) || list != name && given.strip_suffix("[]") == Some(list);
        if !is_same {
            return None;
        }
        length += name.len() + usize::from(length > 0);
    }
    attribute.get(..length).map(without_index)
}

/// Returns whether the unused fields inside a member of the endpoint are left out: it is named (`unmapped.tags`), or
/// every attribute that reads it is left out. Observables and profiles only follow what is in the event.
pub(crate) fn has_member(omit: &Omit, member: &str, dialect: Dialect) -> bool {
    if omit.is_empty() {
        return false;
    }
    let mut named = omit.paths().iter();
    if named.any(|path| path.strip_prefix(UNMAPPED) == Some(member)) {
        return true;
    }
    let reads = |rule: &&Rule| {
        let mut sources = rule.sources.iter();
        sources.any(|source| source.split(['.', '[']).next() == Some(member))
    };
    let follows =
        |path: &str| is_within(path, "observables") || is_within(path, "metadata.profiles");
    let mut readers = rules::of(dialect)
        .filter(|rule| !follows(rule.path))
        .filter(reads)
        .peekable();
    readers.peek().is_some() && readers.all(|rule| omit.has(rule.path))
}

fn check(path: &str, dialect: Dialect) -> Result<(), String> {
    let name = dialect.name();
    let member = path.strip_prefix(UNMAPPED).unwrap_or_default();
    if dialect == Dialect::Ocsf && !member.is_empty() {
        return match member.split(['.', '[']).next() {
            Some(whole) if whole != member => Err(format!(
                "`{path}` cannot be left out alone, as only whole fields of the endpoint can be left out of `unmapped`. \
                 Leave out `{UNMAPPED}{whole}`"
            )),
            _ => Ok(()),
        };
    }
    if path.starts_with('/') {
        return Err(format!(
            "`{path}` is a JSON Pointer; write names with dots between them and `[]` for the entries of a list, as \
             in `device.groups[].name`"
        ));
    }
    if path.is_empty() || !rules::of(dialect).any(|rule| is_within(rule.path, path)) {
        let known = known_beside(path, dialect);
        return Err(format!(
            "`{path}` is not an attribute of the dialect `{name}`; {known}"
        ));
    }
    if !is_required(path, dialect) {
        return Ok(());
    }
    if without_index(path) == "metadata.profiles" {
        return Err(format!(
            "`{path}` cannot be left out alone: it says that the event has `cloud`. Leave out `cloud`"
        ));
    }
    let may_go = objects_around(path).find(|object| !is_required(object, dialect));
    Err(match may_go {
        Some(object) => format!(
            "`{path}` cannot be left out alone, as `{object}` may be useless without it. Leave out `{object}`"
        ),
        None => format!("`{path}` cannot be left out: no event is complete without it"),
    })
}

fn is_required(path: &str, dialect: Dialect) -> bool {
    let path = without_index(path);
    REQUIRED.contains(&path)
        || dialect == Dialect::Sekoia && REQUIRED_BY_SEKOIA.contains(&path)
        || rules::of(dialect)
            .filter(|rule| rule.required.contains(&dialect))
            .any(|rule| without_index(rule.path) == path)
}

/// Lists other names in the same object, as one of them may have been meant.
fn known_beside(path: &str, dialect: Dialect) -> String {
    let is_known = |object: &&str| rules::of(dialect).any(|rule| is_within(rule.path, object));
    let object = objects_around(path).find(is_known);
    let within = |rule: &'static Rule| match object {
        Some(object) => {
            let rest = rule.path.strip_prefix(object)?.trim_start_matches("[0]");
            rest.trim_start_matches("[]").strip_prefix('.')
        }
        None => Some(rule.path),
    };
    let mut names = Vec::new();
    for name in rules::of(dialect).filter_map(within) {
        let name = without_index(name.split('.').next().unwrap_or(name));
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let object = object.map_or("an event".to_owned(), |object| format!("`{object}`"));
    format!("{object} has {}", names.join(", "))
}

/// Returns the objects and lists around a path, the nearest first.
fn objects_around(path: &str) -> impl Iterator<Item = &str> {
    let dots = path.match_indices('.').rev();
    dots.filter_map(|(at, _)| path.get(..at)).map(without_index)
}

/// Returns a path without the `[]` or `[0]` at its end.
fn without_index(path: &str) -> &str {
    path.trim_end_matches("[0]").trim_end_matches("[]")
}

#[cfg(test)]
mod tests;
