//! `Pooling`: settings of Wasmtime's pooling allocator, which reserves the space for instances.

use super::misfit::PoolingMisfit;
#[cfg(feature = "pool")]
use super::{config::EngineConfig, config_error::ConfigError, natural::Natural};
use wasmtime::ResourcesRequired;

/// Number and sizes of the instances that a runtime reserves space for.
///
/// With the [pooling allocator](https://docs.wasmtime.dev/examples-fast-instantiation.html) memories,
/// tables and stacks use space that was reserved when the runtime was built: instantiating needs no
/// system call. The space is address space; a page takes memory when a guest touches it. A guest never
/// sees the contents that an earlier guest left behind.
///
/// The defaults are Wasmtime's. When no space is left, or a guest needs more than its share, the
/// instantiation or the growth fails. Needs the feature `pool`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pooling {
    /// Instances of core modules at once, and of components ([`total_core_instances`][1]). Default:
    /// 1,000, and 100 on 32-bit machines, like all other counts.
    ///
    /// [1]: https://docs.rs/wasmtime/48/wasmtime/struct.PoolingAllocationConfig.html#method.total_core_instances
    pub total_core_instances: u32,
    /// Largest size of an instance without its memories and tables, in bytes; it grows with the
    /// functions and globals of a module
    /// ([`max_core_instance_size`](https://docs.rs/wasmtime/48/wasmtime/struct.PoolingAllocationConfig.html#method.max_core_instance_size)).
    /// Default: 1 MiB.
    pub max_core_instance_size: usize,
    /// Memories at once ([`total_memories`][1]); a GC heap counts as one. Each reserves
    /// `memory_reservation` and `memory_guard_size` of the engine configuration as address space, by
    /// default 4 GiB on 64-bit machines. Default: 1,000.
    ///
    /// [1]: https://docs.rs/wasmtime/48/wasmtime/struct.PoolingAllocationConfig.html#method.total_memories
    pub total_memories: u32,
    /// Largest size of a memory, in bytes
    /// ([`max_memory_size`](https://docs.rs/wasmtime/48/wasmtime/struct.PoolingAllocationConfig.html#method.max_memory_size)).
    /// Default and maximum: the engine configuration's `memory_reservation`. [`Limits`](crate::Limits)
    /// bound the memories of sessions besides.
    pub max_memory_size: Option<usize>,
    /// Tables at once ([`total_tables`][1]). Default: 1,000.
    ///
    /// [1]: https://docs.rs/wasmtime/48/wasmtime/struct.PoolingAllocationConfig.html#method.total_tables
    pub total_tables: u32,
    /// Largest size of a table, in elements
    /// ([`table_elements`](https://docs.rs/wasmtime/48/wasmtime/struct.PoolingAllocationConfig.html#method.table_elements)).
    /// Default: 20,000.
    pub table_elements: usize,
    /// Stacks of async calls at once ([`total_stacks`][1]; feature `async`). Default: 1,000.
    ///
    /// [1]: https://docs.rs/wasmtime/48/wasmtime/struct.PoolingAllocationConfig.html#method.total_stacks
    pub total_stacks: u32,
    /// Garbage-collected heaps at once ([`total_gc_heaps`][1]; feature `gc`). Default: 1,000.
    ///
    /// [1]: https://docs.rs/wasmtime/48/wasmtime/struct.PoolingAllocationConfig.html#method.total_gc_heaps
    pub total_gc_heaps: u32,
    /// Bytes of a dropped instance's memory that are zeroed instead of returned to the system
    /// ([`linear_memory_keep_resident`](https://docs.rs/wasmtime/48/wasmtime/struct.PoolingAllocationConfig.html#method.linear_memory_keep_resident)):
    /// this saves the next instance page faults, and keeps that memory allocated. Default: 0.
    pub linear_memory_keep_resident: usize,
    /// The same for a table, in bytes. Default: 0.
    pub table_keep_resident: usize,
    /// The same for the stack of an async call, in bytes. Default: 0.
    pub async_stack_keep_resident: usize,
    /// Unused shares that stay ready for the module that used them last
    /// ([`max_unused_warm_slots`](https://docs.rs/wasmtime/48/wasmtime/struct.PoolingAllocationConfig.html#method.max_unused_warm_slots)).
    /// Default: 100.
    pub max_unused_warm_slots: u32,
    /// Number of shares that are returned to the system in one batch
    /// ([`decommit_batch_size`](https://docs.rs/wasmtime/48/wasmtime/struct.PoolingAllocationConfig.html#method.decommit_batch_size)).
    /// Default: 1.
    pub decommit_batch_size: usize,
}

impl Default for Pooling {
    fn default() -> Self {
        let total = if cfg!(target_pointer_width = "32") { 100 } else { 1_000 };
        Self {
            total_core_instances: total,
            max_core_instance_size: 1 << 20,
            total_memories: total,
            max_memory_size: None,
            total_tables: total,
            table_elements: 20_000,
            total_stacks: total,
            total_gc_heaps: total,
            linear_memory_keep_resident: 0,
            table_keep_resident: 0,
            async_stack_keep_resident: 0,
            max_unused_warm_slots: 100,
            decommit_batch_size: 1,
        }
    }
}

/// Returns the settings among `(name, value, needed)` that are too small.
fn too_small(settings: &[(&'static str, u64, u64)]) -> Vec<PoolingMisfit> {
    let small = settings.iter().filter(|(_, value, needed)| value < needed);
    small
        .map(|&(setting, value, needed)| PoolingMisfit::TooSmall { setting, value, needed })
        .collect()
}

/// Bytes of a wasm page; memories with a custom page size have smaller pages.
const PAGE: u64 = 64 << 10;

impl Pooling {
    /// Returns the settings that are too small for `instances` at once of code that needs `resources`
    /// each. `reservation` is the engine's address space of a memory.
    pub(crate) fn misfits(
        &self,
        resources: &ResourcesRequired,
        reservation: u64,
        instances: u64,
    ) -> Vec<PoolingMisfit> {
        let all = |count: u32| instances.saturating_mul(count.into());
        let bytes = resources.max_initial_memory_size.unwrap_or(0).saturating_mul(PAGE);
        let elements = resources.max_initial_table_size.unwrap_or(0);
        too_small(&[
            ("total_core_instances", self.total_core_instances.into(), instances),
            ("total_memories", self.total_memories.into(), all(resources.num_memories)),
            ("max_memory_size", self.max_memory_size.map_or(reservation, |n| n as u64), bytes),
            ("total_tables", self.total_tables.into(), all(resources.num_tables)),
            ("table_elements", self.table_elements as u64, elements),
        ])
    }
}

#[cfg(feature = "pool")]
impl Pooling {
    /// Returns Wasmtime's settings.
    ///
    /// # Errors
    ///
    /// Fails with [`ConfigError::Pooling`] if the engine configuration contradicts them.
    pub(super) fn config(
        &self,
        engine: &EngineConfig,
        natural: &Natural,
    ) -> Result<wasmtime::PoolingAllocationConfig, ConfigError> {
        let reservation = engine.memory_reservation.unwrap_or(natural.reservation());
        let most = usize::try_from(reservation).unwrap_or(usize::MAX);
        let misfits = self.contradictions(engine, natural, reservation);
        if !misfits.is_empty() {
            return Err(ConfigError::Pooling(misfits));
        }
        let mut config = wasmtime::PoolingAllocationConfig::new();
        config
            .total_core_instances(self.total_core_instances)
            .total_component_instances(self.total_core_instances)
            .max_core_instance_size(self.max_core_instance_size)
            .total_memories(self.total_memories)
            // One module may use all of them.
            .max_memories_per_module(self.total_memories)
            .max_memory_size(self.max_memory_size.unwrap_or(most))
            .total_tables(self.total_tables)
            .max_tables_per_module(self.total_tables)
            .table_elements(self.table_elements)
            .linear_memory_keep_resident(self.linear_memory_keep_resident)
            .table_keep_resident(self.table_keep_resident)
            .async_stack_keep_resident(self.async_stack_keep_resident)
            .max_unused_warm_slots(self.max_unused_warm_slots)
            .decommit_batch_size(self.decommit_batch_size);
        #[cfg(feature = "async")]
        config.total_stacks(self.total_stacks);
        #[cfg(feature = "gc")]
        config.total_gc_heaps(self.total_gc_heaps);
        Ok(config)
    }

    /// Returns the settings that contradict the engine configuration, and its knobs that contradict
    /// each other.
    fn contradictions(
        &self,
        engine: &EngineConfig,
        natural: &Natural,
        reservation: u64,
    ) -> Vec<PoolingMisfit> {
        let mut misfits = Vec::new();
        if let Some(size) = self.max_memory_size.filter(|size| *size as u64 > reservation) {
            misfits.push(PoolingMisfit::TooLarge {
                setting: "max_memory_size",
                value: size as u64,
                knob: "memory_reservation",
                most: reservation,
            });
        }
        let gc_reservation = engine.gc_heap_reservation.unwrap_or(natural.reservation());
        let guard = |size: Option<u64>| size.unwrap_or(natural.guard_size());
        let (guard, gc_guard) = (guard(engine.memory_guard_size), guard(engine.gc_heap_guard_size));
        let (may_move, gc_may_move) = (engine.memory_may_move, engine.gc_heap_may_move);
        let pairs = [
            (["gc_heap_reservation", "memory_reservation"], gc_reservation != reservation),
            (["gc_heap_guard_size", "memory_guard_size"], gc_guard != guard),
            (["gc_heap_may_move", "memory_may_move"], gc_may_move != may_move),
        ];
        // Wasmtime requires this of each engine that can have GC heaps, even if no asset has one.
        let unequal = pairs.into_iter().filter(|(_, differ)| cfg!(feature = "gc") && *differ);
        misfits.extend(unequal.map(|(knobs, _)| PoolingMisfit::Unequal { knobs }));
        misfits
    }
}
