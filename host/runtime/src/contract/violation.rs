//! A rule of the contract that a component violated.

use std::borrow::Cow;

/// What a component did against the contract, as people read it. It holds no content of what the component returned, as
/// that may be personal data, but for a device's id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ContractViolation(Cow<'static, str>);

impl ContractViolation {
    /// The component's list of sources never ends, as a page is followed by an earlier one.
    pub const SOURCES_IN_A_CIRCLE: Self = Self(Cow::Borrowed(
        "its list of sources goes in a circle and would never end",
    ));
    /// The component's list of sources is too long.
    pub const TOO_MANY_SOURCE_PAGES: Self = Self(Cow::Borrowed(
        "it lists more than 10,000 pages of sources, or more than 512 MiB of them",
    ));

    /// Returns a violation that this sentence describes.
    pub(in crate::contract) fn new(sentence: impl Into<Cow<'static, str>>) -> Self {
        Self(sentence.into())
    }
}
