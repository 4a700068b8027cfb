//! A row of the table: something measured, and what it is compared to.

use crate::samples::Samples;
use crate::unit::Unit;

/// Something that was measured.
#[derive(Clone, Debug)]
pub struct Figure {
    /// What, in a few words.
    pub name: String,
    /// The unit of its values.
    pub unit: Unit,
    /// Its values, one a run.
    pub samples: Samples,
    /// The figure it is compared to: the name, and its values as multiples of those.
    pub against: Option<(String, Samples)>,
}

impl Figure {
    /// Creates a figure without a comparison.
    pub fn new(name: impl Into<String>, unit: Unit, samples: Samples) -> Self {
        Self {
            name: name.into(),
            unit,
            samples,
            against: None,
        }
    }

    /// Returns the figure with its ratio to `reference`, run by run.
    pub fn against(mut self, name: impl Into<String>, reference: &Samples) -> Self {
        self.against = Some((name.into(), self.samples.over(reference)));
        self
    }
}

/// Rows that belong together.
#[derive(Clone, Debug)]
pub struct Group {
    /// The heading.
    pub title: &'static str,
    /// The meaning of the rows, in Markdown.
    pub about: String,
    /// The rows.
    pub figures: Vec<Figure>,
}
