//! How much memory a component takes: its linear memories, and what the host keeps for it outside of its instance, such
//! as responses that it has not read yet (see [`crate::sandbox::egress`]). Both add up to one sum with one limit.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use wasmtime::ResourceLimiter;

use crate::contract::limits::{Limit, MAX_INSTANCES, MAX_TABLE_ELEMENTS};
use crate::sandbox::call::CallState;

/// A number of units, such as bytes of memory, that several holders share. Clones share the same ones.
#[derive(Debug, Clone)]
pub struct Budget(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    used: AtomicUsize,
    max: usize,
}

impl Budget {
    /// Returns a budget of so many units, none of them used.
    pub fn new(max: usize) -> Self {
        let used = AtomicUsize::new(0);
        Self(Arc::new(Shared { used, max }))
    }

    /// Returns a charge of nothing, to be increased later.
    pub fn charge(&self) -> Charge {
        Charge {
            budget: self.clone(),
            units: 0,
        }
    }

    /// Returns how many units are not used.
    pub fn room(&self) -> usize {
        let used = self.0.used.load(Ordering::Relaxed);
        self.0.max.saturating_sub(used)
    }
}

/// Units of a budget that are in use until this is dropped.
#[derive(Debug)]
pub struct Charge {
    budget: Budget,
    units: usize,
}

impl Charge {
    /// Uses more units, or none and returns `false` where the budget has fewer.
    #[must_use]
    pub fn try_add(&mut self, units: usize) -> bool {
        let Shared { used, max } = &*self.budget.0;
        let added = used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
            used.checked_add(units).filter(|sum| sum <= max)
        });
        if added.is_ok() {
            self.units += units;
        }
        added.is_ok()
    }

    /// Uses more units, also beyond the budget's end: for what exists already. Nobody else can add any until there is
    /// room again.
    pub fn add(&mut self, units: usize) {
        self.budget.0.used.fetch_add(units, Ordering::Relaxed);
        self.units += units;
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.budget.0.used.fetch_sub(self.units, Ordering::Relaxed);
    }
}

/// Bytes with what is held until they are dropped, such as the [`Charge`] for them.
pub(crate) struct Held<B, H>(pub(crate) B, pub(crate) H);

impl<B: AsRef<[u8]>, H> AsRef<[u8]> for Held<B, H> {
    fn as_ref(&self) -> &[u8] {
        self.0.as_ref()
    }
}

/// The memories and tables of one instance, each summed up.
///
/// wasmtime asks here before one is made or grows. More than is allowed ends the call at once, so that no component
/// continues with an allocation that failed. Units that the system then does not have stay charged.
#[derive(Debug)]
pub struct Resources {
    memory: Charge,
    table_elements: Charge,
    call: CallState,
}

impl Resources {
    /// Returns those of a new instance, whose linear memory is charged to `memory`.
    pub fn new(memory: &Budget, call: CallState) -> Self {
        Self {
            memory: memory.charge(),
            table_elements: Budget::new(MAX_TABLE_ELEMENTS).charge(),
            call,
        }
    }
}

impl ResourceLimiter for Resources {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let (charge, limit) = (&mut self.memory, Limit::MemoryBytes);
        grow(charge, limit, &self.call, current..desired, maximum)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let (charge, limit) = (&mut self.table_elements, Limit::TableElements);
        grow(charge, limit, &self.call, current..desired, maximum)
    }

    fn instances(&self) -> usize {
        MAX_INSTANCES
    }

    fn memories(&self) -> usize {
        MAX_INSTANCES
    }

    fn tables(&self) -> usize {
        MAX_INSTANCES
    }
}

/// Charges by how much a memory or a table grows. One that would exceed its own maximum does not grow, which the component
/// expects.
fn grow(
    charge: &mut Charge,
    limit: Limit,
    call: &CallState,
    growth: Range<usize>,
    maximum: Option<usize>,
) -> wasmtime::Result<bool> {
    if maximum.is_some_and(|maximum| growth.end > maximum) {
        return Ok(false);
    }
    if charge.try_add(growth.len()) {
        return Ok(true);
    }
    call.exceed(limit);
    Err(wasmtime::Error::msg(format!("{limit:?} is exceeded")))
}

#[cfg(test)]
mod tests;
