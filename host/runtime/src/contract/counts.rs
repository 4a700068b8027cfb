//! What a walk uses up of its limits.

use crate::contract::limits::{Limit, MAX_EMPTY_PAGES, MAX_PAGES};

/// Counts the pages of a walk, so that every walk ends.
#[derive(Debug, Default)]
pub struct PageCount {
    pages: u32,
    /// The pages since the last one with an event.
    empty: u32,
}

impl PageCount {
    /// Counts one more page.
    ///
    /// # Errors
    ///
    /// The limit that the walk exceeds with this page.
    pub fn add(&mut self, has_events: bool, more: bool) -> Result<(), Limit> {
        self.pages = self.pages.saturating_add(1);
        self.empty = if has_events {
            0
        } else {
            self.empty.saturating_add(1)
        };
        if self.pages > MAX_PAGES {
            Err(Limit::Pages)
        } else if self.empty > MAX_EMPTY_PAGES && more {
            Err(Limit::EmptyPages)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_ends_after_too_many_pages_or_too_many_empty_ones() {
        let mut count = PageCount::default();
        for _ in 0..MAX_PAGES {
            assert_eq!(count.add(true, true), Ok(()));
        }
        assert_eq!(count.add(true, true), Err(Limit::Pages));

        let mut count = PageCount::default();
        for _ in 0..2 {
            for _ in 0..MAX_EMPTY_PAGES {
                assert_eq!(count.add(false, true), Ok(()));
            }
            // The last page of a walk may be empty, and a page with events counts from the start.
            assert_eq!(count.add(false, false), Ok(()));
            assert_eq!(count.add(false, true), Err(Limit::EmptyPages));
            assert_eq!(count.add(true, true), Ok(()));
        }
    }
}
