//! The results of repeated measurements of one thing.

/// The values of one thing, a value a run, in the order of the runs.
///
/// The middle of so few values is best told by their median, which one disturbed run does not move. The spread is the
/// range from the least to the greatest. It assumes nothing of how the values are distributed: where only chance is at
/// work, it holds the true median unless all values fall on one side of it, which seven do in 1 of 64 cases, and the
/// ranges of two times seven runs overlap in all but 1 of 1,716. The median absolute deviation needs more runs than
/// there is time for: of seven distances to the median, one of them zero, it is the fourth smallest, so that four runs
/// which happen to lie close together make it tiny.
#[derive(Clone, Debug, Default)]
pub struct Samples(Vec<f64>);

impl Samples {
    /// Adds a value.
    pub fn add(&mut self, value: f64) {
        self.0.push(value);
    }

    /// Returns the number of values.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Returns the value in the middle, of an even number the mean of the two; none without values.
    pub fn median(&self) -> Option<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let upper = *sorted.get(sorted.len() / 2)?;
        let lower = *sorted.get(sorted.len().checked_sub(1)? / 2)?;
        Some((lower + upper) / 2.0)
    }

    /// Returns the least and the greatest value; none without values.
    pub fn range(&self) -> Option<(f64, f64)> {
        let least = self.0.iter().copied().reduce(f64::min)?;
        let greatest = self.0.iter().copied().reduce(f64::max)?;
        Some((least, greatest))
    }

    /// Returns each value with the one of the same run of `other`.
    pub fn with(&self, other: &Self, join: impl Fn(f64, f64) -> f64) -> Self {
        let pairs = self.0.iter().zip(&other.0);
        Self(pairs.map(|(value, other)| join(*value, *other)).collect())
    }

    /// Each value as a multiple of the one of the same run of `reference`.
    pub fn over(&self, reference: &Self) -> Self {
        self.with(reference, |value, reference| value / reference)
    }
}

impl FromIterator<f64> for Samples {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(values: &[f64]) -> Samples {
        values.iter().copied().collect()
    }

    #[test]
    fn the_median_is_the_middle_in_any_order() {
        for (values, median) in [
            (&[3.0][..], Some(3.0)),
            (&[9.0, 1.0, 4.0], Some(4.0)),
            (&[9.0, 1.0, 4.0, 2.0], Some(3.0)),
            (&[], None),
        ] {
            assert_eq!(samples(values).median(), median, "{values:?}");
        }
    }

    #[test]
    fn the_range_contains_every_value() {
        assert_eq!(samples(&[2.0, 7.0, 5.0]).range(), Some((2.0, 7.0)));
        assert_eq!(samples(&[]).range(), None);
    }

    #[test]
    fn a_ratio_is_computed_run_by_run() {
        let ratio = samples(&[4.0, 9.0, 5.0]).over(&samples(&[2.0, 3.0]));
        assert_eq!(ratio.count(), 2);
        assert_eq!(ratio.range(), Some((2.0, 3.0)));
    }
}
