//! What a component may not do with its way out: why, and how often it tried.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// A rule of the sandbox by which a request may not leave. The words are those of the summary and the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// The name leads to an address that is private or otherwise special.
    Address,
    /// No component sets a header of that name.
    Header,
    /// The host, or that port of it, is not one that the account lets the component reach.
    Host,
    /// It leads to this very machine.
    Loopback,
    /// No request of that method leaves.
    Method,
    /// Only https is allowed there.
    Scheme,
    /// It holds a secret's placeholder where no secret may go, or asks for a secret that the manifest does not name.
    Secret,
    /// The URL is not valid.
    Url,
    /// The URL holds a user name or a password.
    Userinfo,
}

impl Rule {
    /// All rules, in the order of their words.
    pub const ALL: [Self; 9] = [
        Self::Address,
        Self::Header,
        Self::Host,
        Self::Loopback,
        Self::Method,
        Self::Scheme,
        Self::Secret,
        Self::Url,
        Self::Userinfo,
    ];

    /// The rule as the summary and the metrics write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Scheme => "scheme",
            Self::Host => "host",
            Self::Userinfo => "userinfo",
            Self::Loopback => "loopback",
            Self::Address => "address",
            Self::Url => "url",
            Self::Method => "method",
            Self::Header => "header",
            Self::Secret => "secret",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}

/// The requests of one account's component that were refused in a run. Clones share the counts.
#[derive(Debug, Clone, Default)]
pub struct Denials(Arc<Mutex<BTreeMap<Rule, u64>>>);

impl Denials {
    /// Counts one.
    pub fn add(&self, rule: Rule) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(rule).or_default() += 1;
    }

    /// Returns each rule by which something was refused, with how often.
    pub fn counts(&self) -> Vec<(Rule, u64)> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.iter().map(|(rule, count)| (*rule, *count)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Denials, Rule};

    #[test]
    fn each_rule_is_counted_by_itself() {
        let denials = Denials::default();
        assert_eq!(denials.counts(), []);
        for rule in [Rule::Host, Rule::Address, Rule::Host] {
            denials.clone().add(rule);
        }
        assert_eq!(denials.counts(), [(Rule::Address, 1), (Rule::Host, 2)]);
    }
}
