//! Cuts a page into batches: a pure function of the events' lengths.

use std::ops::Range;

/// How large the body of one request may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    /// The most events.
    pub events: usize,
    /// The most bytes of the whole body.
    pub bytes: usize,
    /// The bytes of a body other than its events and one byte behind each of them.
    pub around: usize,
}

/// Cuts events of these lengths, in bytes, into batches: ranges that follow each other and cover all of them.
/// A batch is as large as the bounds allow; an event that exceeds them is a batch of its own.
pub(super) fn batches(lengths: &[usize], bounds: Bounds) -> Vec<Range<usize>> {
    let mut batches = Vec::new();
    let mut start = 0;
    let mut bytes = bounds.around;
    for (index, length) in lengths.iter().enumerate() {
        let more = bytes.saturating_add(*length).saturating_add(1);
        if index > start && (index - start >= bounds.events || more > bounds.bytes) {
            batches.push(start..index);
            start = index;
            bytes = bounds.around.saturating_add(*length).saturating_add(1);
        } else {
            bytes = more;
        }
    }
    if start < lengths.len() {
        batches.push(start..lengths.len());
    }
    batches
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_batch_is_bound_by_count_and_by_bytes() {
        for (lengths, events, bytes, around, expected) in [
            (&[][..], 2, 100, 0, &[][..]),
            (&[1, 1, 1, 1, 1], 2, 100, 0, &[0..2, 2..4, 4..5]),
            (&[9, 9, 9], 100, 20, 0, &[0..2, 2..3]),
            (&[9, 9, 9], 100, 20, 1, &[0..1, 1..2, 2..3]),
            (&[1, 500, 1], 100, 20, 0, &[0..1, 1..2, 2..3]),
            (&[500], 100, 20, 0, std::slice::from_ref(&(0..1))),
        ] {
            let bounds = Bounds {
                events,
                bytes,
                around,
            };
            assert_eq!(batches(lengths, bounds), expected, "{lengths:?} {bounds:?}");
        }
    }

    proptest! {
        #[test]
        fn batches_cover_everything_in_order_within_the_bounds(
            lengths in prop::collection::vec(0_usize..50, 0..60),
            events in 1_usize..20,
            bytes in 1_usize..200,
            around in 0_usize..5,
        ) {
            let cut = batches(&lengths, Bounds { events, bytes, around });
            let covered: Vec<usize> = cut.iter().cloned().flatten().collect();
            prop_assert_eq!(covered, (0..lengths.len()).collect::<Vec<_>>());
            let size = |range: Range<usize>| around + lengths[range].iter().map(|length| length + 1).sum::<usize>();
            for batch in &cut {
                prop_assert!(!batch.is_empty());
                prop_assert!(batch.len() <= events);
                prop_assert!(batch.len() == 1 || size(batch.clone()) <= bytes);
            }
            // None could have taken the next event as well.
            for pair in cut.windows(2) {
                prop_assert!(pair[0].len() == events || size(pair[0].start..pair[0].end + 1) > bytes);
            }
        }
    }
}
