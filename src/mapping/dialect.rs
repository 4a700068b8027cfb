//! The dialects: which form of OCSF an event has.

/// A form of the event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// OCSF as Sekoia.io's asset connectors write it, and the specification's sample: times in seconds. The
    /// dialect of `map`.
    #[default]
    Sekoia,
    /// OCSF 1.6.0 to the letter, with everything that the endpoint contains.
    Ocsf,
}

impl Dialect {
    /// Every dialect, the default first.
    pub const ALL: [Self; 2] = [Self::Sekoia, Self::Ocsf];

    /// The name in a config and in the manifest.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sekoia => "sekoia",
            Self::Ocsf => "ocsf",
        }
    }

    /// Returns the dialect of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.name() == name)
    }
}
