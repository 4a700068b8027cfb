//! What an instance takes of this machine's memory: linear memories and tables, each summed up over all of them.
//!
//! wasmtime asks here before each memory or table is made or grows. More than the account allows is told as
//! passed and ends the call at once, so that no component goes on with an allocation that failed.
//!
//! Linear memory shares its limit with what the host keeps for the component outside of the instance (see
//! [`crate::sandbox::egress`]).

use wasmtime::ResourceLimiter;

use crate::contract::counts::LimitExceeded;
use crate::contract::limits::{Limit, MAX_INSTANCES, MAX_TABLE_ELEMENTS};
use crate::sandbox::budget::{Budget, Charge};

/// The memories and tables of one instance.
#[derive(Debug)]
pub struct Resources {
    memory: Sum,
    table: Sum,
    exceeded: LimitExceeded,
}

/// Something that grows in several places, summed up.
#[derive(Debug)]
struct Sum {
    limit: Limit,
    charge: Charge,
    /// By how much it grew the last time, to be taken back where that failed.
    grown: usize,
}

impl Sum {
    fn new(limit: Limit, budget: &Budget) -> Self {
        Self {
            limit,
            charge: budget.charge(),
            grown: 0,
        }
    }

    fn grow(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
        exceeded: &LimitExceeded,
    ) -> wasmtime::Result<bool> {
        self.grown = 0;
        // Its own maximum makes it fail, with a result that the component knows.
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(true);
        }
        let grown = desired.saturating_sub(current);
        if !self.charge.try_add(grown) {
            exceeded.report(self.limit);
            return Err(wasmtime::Error::msg(format!(
                "{:?} is exceeded",
                self.limit
            )));
        }
        self.grown = grown;
        Ok(true)
    }

    /// What was allowed did not come about.
    fn failed(&mut self) {
        self.charge.subtract(self.grown);
        self.grown = 0;
    }
}

impl Resources {
    /// Nothing yet; linear memory is charged to `memory`.
    pub fn new(memory: &Budget, exceeded: LimitExceeded) -> Self {
        Self {
            memory: Sum::new(Limit::MemoryBytes, memory),
            table: Sum::new(Limit::TableElements, &Budget::new(MAX_TABLE_ELEMENTS)),
            exceeded,
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
        self.memory.grow(current, desired, maximum, &self.exceeded)
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.memory.failed();
        Ok(())
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        self.table.grow(current, desired, maximum, &self.exceeded)
    }

    fn table_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.table.failed();
        Ok(())
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

#[cfg(test)]
mod tests {
    use wasmtime::{Engine, Instance, Module, Store};

    use super::*;

    const PAGE: usize = 64 << 10;

    /// Makes an instance with room for four pages of memory, calls `run` of it, and
    /// gives what that answers, or the limit that was passed.
    fn run(text: &str) -> Result<i32, Option<Limit>> {
        let exceeded = LimitExceeded::default();
        let engine = Engine::default();
        let module = Module::new(&engine, wat::parse_str(text).unwrap()).unwrap();
        let memory = Budget::new(4 * PAGE);
        let mut store = Store::new(&engine, Resources::new(&memory, exceeded.clone()));
        store.limiter(|resources| resources);
        let called = Instance::new(&mut store, &module, &[]).and_then(|instance| {
            let run = instance.get_typed_func::<(), i32>(&mut store, "run")?;
            run.call(&mut store, ())
        });
        called.map_err(|_| exceeded.take())
    }

    #[test]
    fn memories_and_tables_count_together_from_their_birth() {
        for (text, expected) in [
            // Up to the limit, over two memories.
            (
                "(memory $a 1) (memory $b 1)
                 (func (export \"run\") (result i32) (memory.grow $a (i32.const 2)))",
                Ok(1),
            ),
            (
                "(memory $a 1) (memory $b 1)
                 (func (export \"run\") (result i32) (memory.grow $a (i32.const 3)))",
                Err(Some(Limit::MemoryBytes)),
            ),
            ("(memory 5)", Err(Some(Limit::MemoryBytes))),
            ("(memory 3) (memory 2)", Err(Some(Limit::MemoryBytes))),
            (
                "(table $a 50000 funcref) (table $b 50000 funcref)
                 (func (export \"run\") (result i32) (table.size $a))",
                Ok(50_000),
            ),
            (
                "(table $a 50000 funcref) (table $b 50000 funcref)
                 (func (export \"run\") (result i32) (table.grow $b (ref.null func) (i32.const 1)))",
                Err(Some(Limit::TableElements)),
            ),
            ("(table 100001 funcref)", Err(Some(Limit::TableElements))),
            // What fails by a memory's own maximum takes nothing.
            (
                "(memory $a 1 2) (memory $b 1)
                 (func (export \"run\") (result i32)
                     (drop (memory.grow $a (i32.const 9))) (memory.grow $b (i32.const 2)))",
                Ok(1),
            ),
        ] {
            assert_eq!(run(&format!("(module {text})")), expected, "{text}");
        }
    }

    #[test]
    fn what_the_host_keeps_counts_with_linear_memory_and_a_dropped_instance_gives_its_own_back() {
        let memory = Budget::new(4 * PAGE);
        let exceeded = LimitExceeded::default();
        let mut resources = Resources::new(&memory, exceeded.clone());
        let mut kept = memory.charge();
        assert!(kept.try_add(2 * PAGE));
        assert!(resources.memory_growing(0, 2 * PAGE, None).unwrap());
        assert!(resources.memory_growing(2 * PAGE, 3 * PAGE, None).is_err());
        assert_eq!(exceeded.take(), Some(Limit::MemoryBytes));
        drop(kept);
        assert!(resources.memory_growing(2 * PAGE, 4 * PAGE, None).unwrap());
        drop(resources);
        assert_eq!(memory.room(), 4 * PAGE);
    }
}
