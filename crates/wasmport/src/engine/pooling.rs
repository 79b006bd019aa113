//! `Pooling`: Wasmtime's pooling allocator, which has places ready for instances.

#[cfg(feature = "pool")]
use super::{EngineConfig, wasmtime_config::Natural};
#[cfg(feature = "pool")]
use crate::{Error, Result};
use std::fmt;
use wasmtime::Module;

/// How many instances a runtime has places for, and how large those are.
///
/// With the [pooling allocator](https://docs.wasmtime.dev/examples-fast-instantiation.html) memories,
/// tables and stacks are taken from places that were reserved when the runtime was built, and are
/// given back to them: instantiating asks nothing of the operating system. The places are address
/// space; memory is used where a guest touches it. What a place has held is not seen by the guest
/// that has it next.
///
/// The defaults are Wasmtime's. Where there is no place left, or a guest wants more than its place
/// has, that instantiation or that growth fails. Needs the feature `pool`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pooling {
    /// Instances at once ([`total_core_instances`][1]). Default: 1,000; 100 on 32-bit machines, as
    /// all that count.
    ///
    /// [1]: https://docs.rs/wasmtime/48/wasmtime/struct.PoolingAllocationConfig.html#method.total_core_instances
    pub total_core_instances: u32,
    /// Largest size of what an instance is besides memories and tables, in bytes; it grows with the
    /// functions and globals of a module
    /// ([`max_core_instance_size`](https://docs.rs/wasmtime/48/wasmtime/struct.PoolingAllocationConfig.html#method.max_core_instance_size)).
    /// Default: 1 MiB.
    pub max_core_instance_size: usize,
    /// Memories at once ([`total_memories`][1]); a GC heap counts as one. Each takes as much address
    /// space as the engine configuration says (`memory_reservation` and `memory_guard_size`, together
    /// some 4 GiB on 64-bit machines unless it says otherwise). Default: 1,000.
    ///
    /// [1]: https://docs.rs/wasmtime/48/wasmtime/struct.PoolingAllocationConfig.html#method.total_memories
    pub total_memories: u32,
    /// Largest size of a memory, in bytes
    /// ([`max_memory_size`](https://docs.rs/wasmtime/48/wasmtime/struct.PoolingAllocationConfig.html#method.max_memory_size)).
    /// Default: the engine configuration's `memory_reservation`, which is the most there can be. Those
    /// of sessions are bounded by [`Limits`](crate::Limits) besides.
    pub max_memory_size: Option<usize>,
    /// Tables at once ([`total_tables`][1]). Default: 1,000.
    ///
    /// [1]: https://docs.rs/wasmtime/48/wasmtime/struct.PoolingAllocationConfig.html#method.total_tables
    pub total_tables: u32,
    /// Largest size of a table, in elements
    /// ([`table_elements`](https://docs.rs/wasmtime/48/wasmtime/struct.PoolingAllocationConfig.html#method.table_elements)).
    /// Default: 20,000.
    pub table_elements: usize,
    /// Stacks of calls that wait, at once ([`total_stacks`][1]; feature `async`). Default: 1,000.
    ///
    /// [1]: https://docs.rs/wasmtime/48/wasmtime/struct.PoolingAllocationConfig.html#method.total_stacks
    pub total_stacks: u32,
    /// Garbage-collected heaps at once ([`total_gc_heaps`][1]; feature `gc`). Default: 1,000.
    ///
    /// [1]: https://docs.rs/wasmtime/48/wasmtime/struct.PoolingAllocationConfig.html#method.total_gc_heaps
    pub total_gc_heaps: u32,
    /// Bytes of a memory that are overwritten instead of being given back to the system when an
    /// instance is gone
    /// ([`linear_memory_keep_resident`](https://docs.rs/wasmtime/48/wasmtime/struct.PoolingAllocationConfig.html#method.linear_memory_keep_resident)):
    /// the next one is spared page faults, and each unused place keeps so much. Default: 0.
    pub linear_memory_keep_resident: usize,
    /// The same for a table, in bytes. Default: 0.
    pub table_keep_resident: usize,
    /// The same for a stack of calls that wait, in bytes. Default: 0.
    pub async_stack_keep_resident: usize,
    /// Unused places that stay ready for the module that had them last
    /// ([`max_unused_warm_slots`](https://docs.rs/wasmtime/48/wasmtime/struct.PoolingAllocationConfig.html#method.max_unused_warm_slots)).
    /// Default: 100.
    pub max_unused_warm_slots: u32,
    /// How many places are given back to the system together
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

/// A setting with which the pooling allocator cannot do what is asked of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PoolingMisfit {
    /// A setting of [`Pooling`] is too small for an asset or a pool.
    TooSmall {
        /// The setting's name.
        setting: &'static str,
        /// Its value.
        value: u64,
        /// How much it would have to be.
        needed: u64,
    },
    /// A setting of [`Pooling`] is larger than the engine configuration allows.
    TooLarge {
        /// The setting's name.
        setting: &'static str,
        /// Its value.
        value: u64,
        /// The knob of the engine configuration.
        knob: &'static str,
        /// Its value.
        most: u64,
    },
    /// Two knobs of the engine configuration differ that must be equal, because GC heaps take the
    /// places of memories.
    Unequal {
        /// The knobs' names.
        knobs: [&'static str; 2],
    },
}

impl PoolingMisfit {
    /// What to change.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::TooSmall { setting, needed, .. } => {
                format!("set `{setting}` of `RuntimeOptions::pooling` to {needed} or more")
            }
            Self::TooLarge { setting, knob, most, .. } => format!(
                "set `{setting}` of `RuntimeOptions::pooling` to {most} or less, or import with a larger `{knob}`"
            ),
            Self::Unequal { knobs: [one, other] } => {
                format!("import with an engine configuration whose `{one}` is its `{other}`")
            }
        }
    }
}

impl fmt::Display for PoolingMisfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooSmall { setting, value, needed } => {
                write!(f, "`{setting}` is {value}, and {needed} are needed")
            }
            Self::TooLarge { setting, value, knob, most } => {
                write!(
                    f,
                    "`{setting}` is {value}, and the engine configuration's `{knob}` is {most}"
                )
            }
            Self::Unequal { knobs: [one, other] } => write!(
                f,
                "the engine configuration's `{one}` is not its `{other}`, and this program has the `gc` feature"
            ),
        }
    }
}

/// The settings among `(name, value, needed)` that are too small.
fn too_small(settings: &[(&'static str, u64, u64)]) -> Vec<PoolingMisfit> {
    let small = settings.iter().filter(|(_, value, needed)| value < needed);
    small
        .map(|&(setting, value, needed)| PoolingMisfit::TooSmall { setting, value, needed })
        .collect()
}

impl Pooling {
    /// What is too small for so many instances at once of a module.
    pub(crate) fn misfits(&self, module: &Module, instances: u64) -> Vec<PoolingMisfit> {
        /// Bytes of a page, but of memories with pages of their own.
        const PAGE: u64 = 64 << 10;
        let needs = module.resources_required();
        let each = |count: u32| instances.saturating_mul(count.into());
        let reservation = module.engine().get_memory_reservation();
        let bytes = needs.max_initial_memory_size.unwrap_or(0).saturating_mul(PAGE);
        too_small(&[
            ("total_core_instances", self.total_core_instances.into(), instances),
            ("total_memories", self.total_memories.into(), each(needs.num_memories)),
            ("max_memory_size", self.max_memory_size.map_or(reservation, |n| n as u64), bytes),
            ("total_tables", self.total_tables.into(), each(needs.num_tables)),
            (
                "table_elements",
                self.table_elements as u64,
                needs.max_initial_table_size.unwrap_or(0),
            ),
        ])
    }
}

#[cfg(feature = "pool")]
impl Pooling {
    /// Wasmtime's settings.
    ///
    /// # Errors
    ///
    /// [`Error::Pooling`] where the engine configuration does not go with them.
    pub(super) fn config(
        &self,
        engine: &EngineConfig,
        natural: &Natural,
    ) -> Result<wasmtime::PoolingAllocationConfig> {
        let reservation = engine.memory_reservation.unwrap_or(natural.reservation());
        let most = usize::try_from(reservation).unwrap_or(usize::MAX);
        let misfits = self.misfits_in(engine, natural, reservation);
        if !misfits.is_empty() {
            return Err(Error::Pooling { asset: None, misfits, source: None });
        }
        let mut config = wasmtime::PoolingAllocationConfig::new();
        config
            .total_core_instances(self.total_core_instances)
            .max_core_instance_size(self.max_core_instance_size)
            .total_memories(self.total_memories)
            // A module may have as many as there are.
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

    fn misfits_in(
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
        let differ = [
            (["gc_heap_reservation", "memory_reservation"], gc_reservation != reservation),
            (["gc_heap_guard_size", "memory_guard_size"], gc_guard != guard),
            (["gc_heap_may_move", "memory_may_move"], gc_may_move != may_move),
        ];
        // Wasmtime wants it of an engine that can have such heaps, whether or not an asset does.
        let unequal = differ.into_iter().filter(|(_, differ)| cfg!(feature = "gc") && *differ);
        misfits.extend(unequal.map(|(knobs, _)| PoolingMisfit::Unequal { knobs }));
        misfits
    }
}
