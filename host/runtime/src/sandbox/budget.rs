//! A number of units, such as bytes of memory, that several holders share.
//!
//! What a holder takes is a [`Charge`], which gives it back when it is dropped. So a component's own memory and what
//! the host keeps for it, such as answers that it has not read yet, add up to one sum with one limit.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A number of units to share; a clone shares the same ones.
#[derive(Debug, Clone)]
pub struct Budget(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    used: AtomicUsize,
    most: usize,
}

impl Budget {
    /// So many units, none of them used.
    pub fn new(most: usize) -> Self {
        Self(Arc::new(Shared {
            used: AtomicUsize::new(0),
            most,
        }))
    }

    /// A charge of nothing, to be increased later.
    pub fn charge(&self) -> Charge {
        Charge {
            budget: self.clone(),
            units: 0,
        }
    }

    /// How many units are not used.
    pub fn room(&self) -> usize {
        let used = self.0.used.load(Ordering::Relaxed);
        self.0.most.saturating_sub(used)
    }
}

/// Units of a budget that are in use until this is dropped.
#[derive(Debug)]
pub struct Charge {
    budget: Budget,
    units: usize,
}

impl Charge {
    /// Uses more units, or none and gives `false` where the budget has fewer.
    #[must_use]
    pub fn try_add(&mut self, units: usize) -> bool {
        let Shared { used, most } = &*self.budget.0;
        let added = used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
            used.checked_add(units).filter(|sum| sum <= most)
        });
        if added.is_ok() {
            self.units += units;
        }
        added.is_ok()
    }

    /// Uses more units, also past the budget's end: for what exists already. Nobody else can add any until there is
    /// room again.
    pub fn add(&mut self, units: usize) {
        self.budget.0.used.fetch_add(units, Ordering::Relaxed);
        self.units += units;
    }

    /// Gives units back.
    pub fn subtract(&mut self, units: usize) {
        let units = units.min(self.units);
        self.budget.0.used.fetch_sub(units, Ordering::Relaxed);
        self.units -= units;
    }

    /// Moves all units into a charge of their own.
    pub fn take(&mut self) -> Self {
        Self {
            budget: self.budget.clone(),
            units: std::mem::take(&mut self.units),
        }
    }

    /// The budget that it is a part of.
    pub fn budget(&self) -> &Budget {
        &self.budget
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.subtract(self.units);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charges_add_up_to_the_budget_and_give_back_what_they_held() {
        let budget = Budget::new(10);
        let (mut first, mut second) = (budget.charge(), budget.clone().charge());
        assert!(first.try_add(6));
        assert!(!second.try_add(5));
        assert!(second.try_add(4));
        assert_eq!(budget.room(), 0);
        first.subtract(100);
        assert_eq!(budget.room(), 6);
        drop(second);
        assert_eq!(budget.room(), 10);
    }

    #[test]
    fn what_exists_already_may_exceed_the_budget_and_leaves_no_room() {
        let budget = Budget::new(10);
        let (mut existing, mut other) = (budget.charge(), budget.charge());
        existing.add(12);
        assert_eq!(budget.room(), 0);
        assert!(!other.try_add(1));
        assert!(!other.try_add(usize::MAX));
        let moved = existing.take();
        drop(existing);
        assert_eq!(budget.room(), 0);
        drop(moved);
        assert!(other.try_add(10));
    }
}
