//! What a component's imports mean, in plain words.

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

/// What the packages that are known here mean.
const KNOWN: [(&str, &str); 8] = [
    (
        "inventory:connector",
        "the contract: its types, and the secrets that are listed below",
    ),
    (
        "wasi:cli",
        "no arguments, no environment, no input; what it prints as errors is logged at -vv",
    ),
    ("wasi:clocks", "the time"),
    (
        "wasi:filesystem",
        "no file and no folder: there is none here",
    ),
    (
        "wasi:http",
        "requests, through the host, to the hosts that are listed below",
    ),
    ("wasi:io", "streams and waiting, for what the others give"),
    ("wasi:random", "random numbers"),
    ("wasi:sockets", "nothing: sockets are refused here"),
];

/// Sorts the names of imports by their packages.
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
                .map_or("not known to this asset-host", |(_, means)| means),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_told_by_package_and_unknown_ones_as_such() {
        let imports = [
            "wasi:http/types@0.2.2",
            "inventory:connector/secrets@0.1.0",
            "wasi:http/outgoing-handler@0.2.2",
            "wasi:threads/spawn@0.3.0",
            "bare",
        ];
        let told = packages(&imports.map(str::to_owned));
        let names: Vec<_> = told
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
        for (package, known) in told.iter().zip([false, true, true, false]) {
            assert_eq!(!package.means.contains("not known"), known, "{package:?}");
        }
    }
}
