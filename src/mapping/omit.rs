//! `omit`: the attributes that a config leaves out of the events, for personal data.

/// The prefix of a field of the endpoint that OCSF has no attribute for. The table cannot list them.
pub(crate) const UNMAPPED: &str = "unmapped.";

/// The OCSF paths that are left out: attributes, objects or lists of the table, and fields under `unmapped`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Omit(Vec<String>);

impl Omit {
    pub(crate) fn new(mut paths: Vec<String>) -> Self {
        paths.sort_unstable();
        paths.dedup();
        Self(paths)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the paths, in order.
    pub(crate) fn paths(&self) -> &[String] {
        &self.0
    }

    /// Returns whether an attribute of the table is left out.
    pub(crate) fn has(&self, attribute: &str) -> bool {
        self.0.iter().any(|path| is_within(attribute, path))
    }
}

/// Returns whether `path` names the attribute, or an object or a list around it.
pub(crate) fn is_within(attribute: &str, path: &str) -> bool {
    attribute
        .strip_prefix(path)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}
