use wasmtime::{Engine, Instance, Module, Store};

use super::*;

const PAGE: usize = 64 << 10;

/// Makes an instance with room for four pages of memory, calls `run` of it, and
/// gives what that answers, or the limit that was passed.
fn run(text: &str) -> Result<i32, Option<Limit>> {
    let call = CallState::default();
    let engine = Engine::default();
    let module = Module::new(&engine, wat::parse_str(text).unwrap()).unwrap();
    let memory = Budget::new(4 * PAGE);
    let mut store = Store::new(&engine, Resources::new(&memory, call.clone()));
    store.limiter(|resources| resources);
    let called = Instance::new(&mut store, &module, &[]).and_then(|instance| {
        let run = instance.get_typed_func::<(), i32>(&mut store, "run")?;
        run.call(&mut store, ())
    });
    called.map_err(|_| call.take_exceeded())
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
    let call = CallState::default();
    let mut resources = Resources::new(&memory, call.clone());
    let mut kept = memory.charge();
    assert!(kept.try_add(2 * PAGE));
    assert!(resources.memory_growing(0, 2 * PAGE, None).unwrap());
    assert!(resources.memory_growing(2 * PAGE, 3 * PAGE, None).is_err());
    assert_eq!(call.take_exceeded(), Some(Limit::MemoryBytes));
    drop(kept);
    assert!(resources.memory_growing(2 * PAGE, 4 * PAGE, None).unwrap());
    drop(resources);
    assert_eq!(memory.room(), 4 * PAGE);
}

#[test]
fn charges_add_up_to_the_budget_and_give_back_what_they_held() {
    let budget = Budget::new(10);
    let (mut first, mut second) = (budget.charge(), budget.clone().charge());
    assert!(first.try_add(6));
    assert!(!second.try_add(5));
    assert!(second.try_add(4));
    assert_eq!(budget.room(), 0);
    drop(first);
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
    drop(existing);
    assert!(other.try_add(10));
}
