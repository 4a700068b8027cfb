//! Cuts a page into batches: a pure function of the events' lengths.

use std::ops::Range;

/// How many bytes the format of a server has for an event besides the event, if no id is longer than usual.
pub(super) const FRAME: usize = 128;

/// Cuts events of these lengths, in bytes, into batches: ranges that follow each other and cover all of them. A batch has
/// at most `max_events`, and `max_bytes` with a byte behind each event; an event that is larger is a batch of its own.
pub(super) fn batches(
    lengths: impl Iterator<Item = usize>,
    max_events: usize,
    max_bytes: usize,
) -> Vec<Range<usize>> {
    let mut batches: Vec<Range<usize>> = Vec::new();
    let mut bytes = 0_usize;
    for (index, length) in lengths.enumerate() {
        let size = length.saturating_add(1);
        bytes = bytes.saturating_add(size);
        match batches.last_mut() {
            Some(last) if last.len() < max_events && bytes <= max_bytes => last.end = index + 1,
            _ => {
                batches.push(index..index + 1);
                bytes = size;
            }
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_batch_is_bound_by_count_and_by_bytes() {
        for (lengths, events, bytes, expected) in [
            (&[][..], 2, 100, &[][..]),
            (&[1, 1, 1, 1, 1], 2, 100, &[0..2, 2..4, 4..5]),
            (&[9, 9, 9], 100, 20, &[0..2, 2..3]),
            (&[9, 9, 9], 100, 19, &[0..1, 1..2, 2..3]),
            (&[1, 500, 1], 100, 20, &[0..1, 1..2, 2..3]),
            (&[500], 100, 20, std::slice::from_ref(&(0..1))),
        ] {
            let cut = batches(lengths.iter().copied(), events, bytes);
            assert_eq!(cut, expected, "{lengths:?} {events} {bytes}");
        }
    }

    proptest! {
        #[test]
        fn batches_cover_everything_in_order_within_the_bounds(
            lengths in prop::collection::vec(0_usize..50, 0..60),
            events in 1_usize..20,
            bytes in 1_usize..200,
        ) {
            let cut = batches(lengths.iter().copied(), events, bytes);
            let covered: Vec<usize> = cut.iter().cloned().flatten().collect();
            prop_assert_eq!(covered, (0..lengths.len()).collect::<Vec<_>>());
            let size = |range: Range<usize>| lengths[range].iter().map(|length| length + 1).sum::<usize>();
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
