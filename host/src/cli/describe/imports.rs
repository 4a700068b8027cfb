//! What a component's imports mean.

use std::collections::BTreeMap;

use serde::Serialize;

/// The imports of one package.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Package {
    /// The package, such as `wasi:http`.
    pub package: String,
    /// The interfaces with their versions, such as `types@0.2.2`.
    pub interfaces: Vec<String>,
    /// What they give the component here.
    pub means: &'static str,
}

/// What each known package means.
const KNOWN: [(&str, &str); 8] = [
    (
        "inventory:connector",
        "the contract: its types, and the secrets listed below",
    ),
    (
        "wasi:cli",
        "no arguments, no environment, no input; its standard error is logged with -vv",
    ),
    ("wasi:clocks", "the time"),
    ("wasi:filesystem", "no files and no folders"),
    (
        "wasi:http",
        "requests through the host, to the hosts listed below",
    ),
    ("wasi:io", "streams and waiting, for the other packages"),
    ("wasi:random", "random numbers"),
    ("wasi:sockets", "nothing: sockets are refused"),
];

/// Groups imports by package.
pub(super) fn packages(imports: &[String]) -> Vec<Package> {
    let mut packages: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for import in imports {
        let (package, interface) = import.split_once('/').unwrap_or((import.as_str(), ""));
        packages
            .entry(package)
            .or_default()
            .push(interface.to_owned());
    }
    packages
        .into_iter()
        .map(|(package, interfaces)| Package {
            package: package.to_owned(),
            interfaces,
            means: KNOWN
                .iter()
                .find(|(known, _)| *known == package)
                .map_or("unknown to this asset-host", |(_, means)| means),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_grouped_by_package_and_unknown_ones_named_so() {
        let imports = [
            "wasi:http/types@0.2.2",
            "inventory:connector/secrets@0.1.0",
            "wasi:http/outgoing-handler@0.2.2",
            "wasi:threads/spawn@0.3.0",
            "bare",
        ];
        let found = packages(&imports.map(str::to_owned));
        let names: Vec<_> = found
            .iter()
            .map(|package| (package.package.as_str(), package.interfaces.join(" ")))
            .collect();
        assert_eq!(
            names,
            [
                ("bare", String::new()),
                ("inventory:connector", "secrets@0.1.0".to_owned()),
                ("wasi:http", "types@0.2.2 outgoing-handler@0.2.2".to_owned()),
                ("wasi:threads", "spawn@0.3.0".to_owned()),
            ]
        );
        for (package, known) in found.iter().zip([false, true, true, false]) {
            assert_eq!(!package.means.contains("unknown"), known, "{package:?}");
        }
    }
}
