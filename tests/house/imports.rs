//! Which file of a crate imports which, by the paths in its code.

use std::collections::{BTreeMap, BTreeSet};

use regex_lite::Regex;

use super::files::{files, matches, read};

const USE: &str = r"(?m)^\s*(?:pub(?:\([^)]*\))? )?use ([^;]*);";

/// A file without its tests.
struct Module {
    file: String,
    code: String,
    /// The names that `use` brings into it, each with its full path.
    uses: BTreeMap<String, String>,
}

/// The modules of a crate by their paths, such as `crate::config::account`.
pub struct Crate(BTreeMap<String, Module>);

/// Returns the paths in the tree of a `use`: `a::{b, c}` has `a::b` and `a::c`.
fn leaves(tree: &str) -> Vec<String> {
    let group = Regex::new(r"([\w:]*)\{([^{}]*)\}").unwrap();
    let mut tree = tree.to_owned();
    while let Some(captures) = group.captures(&tree) {
        let members = captures[2]
            .split(',')
            .map(str::trim)
            .filter(|member| !member.is_empty());
        let members: Vec<_> = members
            .map(|member| format!("{}{member}", &captures[1]))
            .collect();
        tree = group.replace(&tree, members.join(",")).into_owned();
    }
    let paths = tree
        .split(',')
        .map(|path| path.trim().trim_end_matches("::self").to_owned());
    paths.collect()
}

impl Crate {
    /// Reads the sources in a folder, without modules and files that are for tests only.
    pub fn read(folder: &str) -> Self {
        let mut this = Self(BTreeMap::new());
        let mut only_for_tests = BTreeSet::new();
        for file in files(folder) {
            let path = file.trim_start_matches(folder).trim_start_matches('/');
            let is_outside = |part| matches!(part, "tests" | "examples" | "benches" | "main.rs");
            let Some(path) = path
                .strip_suffix(".rs")
                .filter(|_| !path.split('/').any(is_outside))
            else {
                continue;
            };
            let name = match path.trim_end_matches("/mod") {
                "lib" => "crate".to_owned(),
                path => format!("crate::{}", path.replace('/', "::")),
            };
            let code = Regex::new(r"(?m)^\s*//.*$")
                .unwrap()
                .replace_all(&read(&file), "")
                .into_owned();
            let tests = matches(r"#\[cfg\(test\)\]\s+(?:pub\S* )?mod (\w+);", &code);
            only_for_tests.extend(tests.into_iter().map(|module| format!("{name}::{module}")));
            let code = code
                .split("#[cfg(test)]\nmod tests {")
                .next()
                .unwrap()
                .to_owned();
            this.0.insert(
                name,
                Module {
                    file,
                    code,
                    uses: BTreeMap::new(),
                },
            );
        }
        this.0.retain(|name, _| !only_for_tests.contains(name));
        for name in this.0.keys().cloned().collect::<Vec<_>>() {
            let trees = matches(USE, &this.0[&name].code);
            let uses = trees.into_iter().flat_map(leaves).map(|leaf| {
                let (path, alias) = leaf.split_once(" as ").unwrap_or((&leaf, &leaf));
                (
                    alias.rsplit("::").next().unwrap().to_owned(),
                    this.full_path(path, &name),
                )
            });
            let uses = uses.collect();
            this.0.get_mut(&name).unwrap().uses = uses;
        }
        this
    }

    /// Returns the full path of one that stands in a module; a path of another crate as it is.
    fn full_path(&self, path: &str, module: &str) -> String {
        let (first, rest) = path.split_once("::").unwrap_or((path, ""));
        let below = |start: &str| format!("{start}::{rest}").trim_end_matches("::").to_owned();
        let child = format!("{module}::{first}");
        match first {
            "crate" => path.to_owned(),
            "self" => below(module),
            "super" => self.full_path(
                rest,
                module
                    .rsplit_once("::")
                    .map_or(module, |(parent, _)| parent),
            ),
            _ if self.0.contains_key(&child) => below(&child),
            _ => self.0[module]
                .uses
                .get(first)
                .map_or_else(|| path.to_owned(), |start| below(start)),
        }
    }

    /// Returns the module that defines what a full path names, past those that only re-export it.
    fn definition(&self, path: &str) -> Option<&str> {
        let mut module = path;
        let mut name = "";
        while !self.0.contains_key(module) {
            let (parent, last) = module.rsplit_once("::")?;
            (module, name) = (parent, last);
        }
        match self.0[module].uses.get(name) {
            Some(path) => self.definition(path),
            None => self
                .0
                .get_key_value(module)
                .map(|(module, _)| module.as_str()),
        }
    }

    /// Returns each pair of modules of which the first uses something of the second. A name that a module only
    /// re-exports is not used by it.
    pub fn imports(&self) -> BTreeSet<(&str, &str)> {
        let statement = Regex::new(USE).unwrap();
        let mut imports = BTreeSet::new();
        for (name, module) in &self.0 {
            let body = statement.replace_all(&module.code, "");
            let paths: BTreeSet<_> = matches(r"((?:\w+::)*\w+)", &body).into_iter().collect();
            for path in paths {
                let first = path.split("::").next().unwrap();
                if path.contains("::") || module.uses.contains_key(first) {
                    imports.extend(
                        self.definition(&self.full_path(path, name))
                            .map(|home| (name.as_str(), home)),
                    );
                }
            }
        }
        imports.retain(|(from, to)| from != to);
        imports
    }

    /// Returns a line about an import.
    pub fn describe(&self, from: &str, to: &str) -> String {
        format!("{} imports {}", self.0[from].file, self.0[to].file)
    }
}
