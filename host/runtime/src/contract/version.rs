//! Which version of the contract a component is built for, by the names of what it imports and exports.

use semver::{Version, VersionReq};

use crate::text::printable::fault;

/// The version of the package `inventory:connector` that this host offers.
pub const OFFERED: &str = "0.1.0";

/// Begins the name of each interface of the contract.
const PACKAGE: &str = "inventory:connector/";

/// The interfaces that a connector exports.
const EXPORTED: [&str; 2] = ["mapping", "collection"];

/// The functions of these interfaces.
const FUNCTIONS: [&str; 6] = ["map", "explain", "describe", "check", "discover", "collect"];

/// Why a component does not fit the contract.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// It is built for another version.
    #[error(
        "needs inventory:connector {0}, this host offers {OFFERED}: use a build of the component for {OFFERED}, or a host \
         that offers {0}"
    )]
    Version(String),
    /// It exports a function outside an interface.
    #[error(
        "exports the bare function {0}, as components did before inventory:connector {OFFERED}; this host calls it in an \
         interface: build the component anew with the wit/ of this host"
    )]
    BareFunction(&'static str),
    /// It does not export one of the interfaces.
    #[error(
        "is a component, but not a connector: it exports no interface inventory:connector/{0}@{OFFERED}. A connector \
         exports `mapping` (map, explain) and `collection` (describe, check, discover, collect)"
    )]
    Missing(&'static str),
}

/// Checks the names of a component's imports and exports, such as `inventory:connector/mapping@0.1.0`. Exports of
/// other versions are allowed beside the offered one, for other hosts.
///
/// # Errors
///
/// When the component cannot be linked to this version of the contract.
pub fn check<'a>(
    imports: impl Iterator<Item = &'a str>,
    exports: impl Iterator<Item = &'a str>,
) -> Result<(), Misfit> {
    let parts = |name: &'a str| name.strip_prefix(PACKAGE)?.split_once('@');
    for (_, version) in imports.filter_map(parts) {
        if !is_offered(version) {
            return Err(Misfit::Version(fault(version)));
        }
    }
    let exports: Vec<&str> = exports.collect();
    for interface in EXPORTED {
        let versions = exports.iter().filter_map(|export| parts(export));
        let mut versions =
            versions.filter_map(|(name, version)| (name == interface).then_some(version));
        if versions.clone().any(is_offered) {
            continue;
        }
        let bare = FUNCTIONS.into_iter().find(|name| exports.contains(name));
        return Err(match (versions.next(), bare) {
            (Some(version), _) => Misfit::Version(fault(version)),
            (None, Some(name)) => Misfit::BareFunction(name),
            (None, None) => Misfit::Missing(interface),
        });
    }
    Ok(())
}

/// Returns whether this host can link what is built for a version: the offered one, and those that are compatible with it
/// by Semantic Versioning and not newer.
fn is_offered(version: &str) -> bool {
    let (Ok(wanted), Ok(offered)) = (Version::parse(version), Version::parse(OFFERED)) else {
        return false;
    };
    VersionReq::parse(&format!("^{wanted}")).is_ok_and(|wanted| wanted.matches(&offered))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_offered_version_is_that_of_the_bindings() {
        for wit in [
            include_str!("../../../../wit/connector.wit"),
            include_str!("../../../../wit/types.wit"),
        ] {
            let package = format!("package inventory:connector@{OFFERED};");
            assert!(wit.contains(&package));
        }
    }

    #[test]
    fn only_what_can_be_linked_is_offered() {
        for (version, expected) in [
            ("0.1.0", true),
            ("0.1.1", false),
            ("0.0.9", false),
            ("0.2.0", false),
            ("1.0.0", false),
            ("0.1.0-rc.1", true),
            ("", false),
            ("x", false),
            ("0.1.0, <1", false),
        ] {
            assert_eq!(is_offered(version), expected, "{version}");
        }
    }

    #[test]
    fn each_misfit_has_its_reason() {
        let ours = [
            "inventory:connector/mapping@0.1.0",
            "inventory:connector/collection@0.1.0",
        ];
        let next = [
            "inventory:connector/mapping@0.2.0",
            "inventory:connector/collection@0.2.0",
        ];
        let both = [ours, next].concat();
        let version = || Err(Misfit::Version("0.2.0".to_owned()));
        for (imports, exports, expected) in [
            (
                &["inventory:connector/secrets@0.1.0"][..],
                &ours[..],
                Ok(()),
            ),
            (&["wasi:clocks/wall-clock@0.2.2"], &both, Ok(())),
            (&["inventory:connector/secrets@0.2.0"], &ours, version()),
            (&[], &next, version()),
            (&[], &[ours[0], next[1]], version()),
            (&[], &["check", "map"], Err(Misfit::BareFunction("map"))),
            (&[], &ours[..1], Err(Misfit::Missing("collection"))),
            (
                &[],
                &["wasi:cli/run@0.2.2"],
                Err(Misfit::Missing("mapping")),
            ),
            (
                &[],
                &["inventory:connector/mapping"],
                Err(Misfit::Missing("mapping")),
            ),
        ] {
            let checked = check(imports.iter().copied(), exports.iter().copied());
            assert_eq!(checked, expected, "{imports:?} {exports:?}");
        }
    }
}
