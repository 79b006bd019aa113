//! `EngineConfig`: the Wasmtime settings that must be equal when an artifact is made and when it runs.

use crate::digest::Digest;
use serde::{Deserialize, Serialize};

/// Cranelift's optimization level ([`wasmtime::OptLevel`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum OptLevel {
    /// No optimization: fastest to compile.
    None,
    /// Fastest generated code.
    Speed,
    /// Fast code, smaller if that costs little speed.
    SpeedAndSize,
}

/// Cranelift's algorithm for the allocation of registers ([`wasmtime::RegallocAlgorithm`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum RegallocAlgorithm {
    /// Fastest generated code.
    Backtracking,
    /// Fastest to compile; the code is slower and larger.
    SinglePass,
}

/// The garbage collector of compiled code ([`wasmtime::Config::collector`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Collector {
    /// Deferred reference counting: low latency, does not collect cycles.
    DeferredReferenceCounting,
    /// Never collects: for short-lived programs.
    Null,
    /// Copying collector: collects cycles, needs twice the heap.
    Copying,
}

/// Inlining of functions into their callers ([`wasmtime::Config::compiler_inlining`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Inlining {
    /// No inlining, as Wasmtime does by default.
    No,
    /// Inlining wherever possible: larger artifacts, backtraces may lack frames.
    Yes,
}

/// One setting of an [`EngineConfig`], for messages and listings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Knob {
    /// Name of the field and of its setter.
    pub name: &'static str,
    /// Value as Rust source, with enum variants unqualified (`true`, `Some(65536)`, `Speed`).
    pub value: String,
}

/// Defines the struct, its defaults, its setters and its listing from one table, so that a new knob
/// cannot be forgotten in the comparison or in generated code.
macro_rules! engine_config {
    ($($(#[doc = $doc:literal])* $field:ident: $ty:ty = $default:expr;)*) => {
        /// The settings that must be **equal** on both sides for an artifact to load and mean the same.
        ///
        /// A project has one, not one per asset: the importer compiles with it, every wrapper carries
        /// it, and the [`Runtime`](crate::Runtime) builds its engine from it. If cargo features or the
        /// environment can change a default of Wasmtime's, this type has a fixed value. `None` means
        /// the target's natural value: Wasmtime's for a 64-bit host, a 32-bit host, or Pulley.
        ///
        /// ```
        /// use wasmport::EngineConfig;
        /// const ENGINE: EngineConfig = EngineConfig::new().fuel(true);
        /// assert!(ENGINE.fuel && ENGINE.deterministic);
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
        #[non_exhaustive]
        pub struct EngineConfig {
            $($(#[doc = $doc])* pub $field: $ty,)*
        }

        impl EngineConfig {
            /// Fields with their documentation, for the reference of the settings.
            #[doc(hidden)]
            pub const DOCS: &'static [(&'static str, &'static str)] =
                &[$((stringify!($field), concat!($($doc),*)),)*];

            /// Returns the default configuration.
            #[must_use]
            pub const fn new() -> Self {
                Self { $($field: $default,)* }
            }

            $(
                $(#[doc = $doc])*
                #[must_use]
                pub const fn $field(mut self, value: $ty) -> Self {
                    self.$field = value;
                    self
                }
            )*

            /// Returns every knob with its value, in a fixed order.
            #[must_use]
            pub fn knobs(&self) -> Vec<Knob> {
                let Self { $($field,)* } = self;
                vec![$(Knob { name: stringify!($field), value: format!("{:?}", $field) },)*]
            }
        }
    };
}

engine_config! {
    /// Same inputs, same results on every machine: NaNs are canonicalized and relaxed SIMD is
    /// deterministic. Default: true.
    deterministic: bool = true;
    /// Code counts fuel ([`wasmtime::Config::consume_fuel`]); it costs speed. Default: false.
    fuel: bool = false;
    /// Code checks epoch deadlines ([`wasmtime::Config::epoch_interruption`]); it costs speed.
    /// Default: false.
    epoch_interruption: bool = false;
    /// Optimization level of the compiler. Default: `Speed`.
    opt_level: OptLevel = OptLevel::Speed;
    /// Allocation of registers by the compiler ([`wasmtime::Config::cranelift_regalloc_algorithm`]).
    /// Default: `Backtracking`.
    regalloc_algorithm: RegallocAlgorithm = RegallocAlgorithm::Backtracking;
    /// Inlining of functions into their callers. Default: `No`.
    inlining: Inlining = Inlining::No;
    /// Artifacts hold native DWARF for debuggers ([`wasmtime::Config::debug_info`]). Default: false.
    debug_info: bool = false;
    /// Artifacts hold a symbol for each function ([`wasmtime::Config::debug_symbols`]). Default: true.
    debug_symbols: bool = true;
    /// Artifacts keep the wasm's DWARF, so that backtraces have files and lines
    /// ([`wasmtime::Config::wasm_backtrace_details`]). Default: false.
    backtrace_details: bool = false;
    /// Artifacts map code to wasm offsets ([`wasmtime::Config::generate_address_map`]). Default: true.
    address_map: bool = true;
    /// Artifacts hold unwind tables ([`wasmtime::Config::native_unwind_info`]). Default: true.
    unwind_info: bool = true;
    /// Support for concurrent component-model calls ([`wasmtime::Config::concurrency_support`]).
    /// Default: false.
    concurrency_support: bool = false;
    /// Traps use the processor's signals ([`wasmtime::Config::signals_based_traps`]).
    signals_based_traps: Option<bool> = None;
    /// Address space of a linear memory, in bytes ([`wasmtime::Config::memory_reservation`]).
    memory_reservation: Option<u64> = None;
    /// Guard region after a linear memory, in bytes ([`wasmtime::Config::memory_guard_size`]).
    memory_guard_size: Option<u64> = None;
    /// A linear memory may move when it grows ([`wasmtime::Config::memory_may_move`]). Default: true.
    memory_may_move: bool = true;
    /// A guard region also before memories ([`wasmtime::Config::guard_before_linear_memory`]).
    /// Default: true.
    guard_before_linear_memory: bool = true;
    /// Memories begin as copy-on-write images ([`wasmtime::Config::memory_init_cow`]). Default: true.
    memory_init_cow: bool = true;
    /// Largest dense memory image stored in an artifact, in bytes
    /// ([`wasmtime::Config::memory_guaranteed_dense_image_size`]). Default: 16 MiB.
    memory_guaranteed_dense_image_size: u64 = 16 << 20;
    /// Tables are filled at first use ([`wasmtime::Config::table_lazy_init`]). Default: true.
    table_lazy_init: bool = true;
    /// The garbage collector, for assets that need one. Default: the copying collector.
    collector: Collector = Collector::Copying;
    /// Address space of a GC heap, in bytes ([`wasmtime::Config::gc_heap_reservation`]).
    gc_heap_reservation: Option<u64> = None;
    /// Guard region after a GC heap, in bytes ([`wasmtime::Config::gc_heap_guard_size`]).
    gc_heap_guard_size: Option<u64> = None;
    /// A GC heap may move when it grows ([`wasmtime::Config::gc_heap_may_move`]). Default: true.
    gc_heap_may_move: bool = true;
    /// Size of a new GC heap, in bytes ([`wasmtime::Config::gc_heap_initial_size`]). Default: 0.
    gc_heap_initial_size: u64 = 0;
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self::new()
    }
}

impl EngineConfig {
    /// Returns a digest of every knob: the same with and without a compiler, on every machine.
    #[must_use]
    pub fn fingerprint(&self) -> Digest {
        let mut hasher = blake3::Hasher::new_derive_key("wasmport engine config v1");
        for Knob { name, value } in self.knobs() {
            hasher.update(format!("{name}={value}\n").as_bytes());
        }
        Digest::from_bytes(*hasher.finalize().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprint_differs_for_each_knob_and_is_stable() {
        let default = EngineConfig::new();
        assert_eq!(default.fingerprint(), EngineConfig::default().fingerprint());
        let changed = [
            default.deterministic(false),
            default.fuel(true),
            default.opt_level(OptLevel::None),
            default.regalloc_algorithm(RegallocAlgorithm::SinglePass),
            default.memory_reservation(Some(1 << 20)),
            default.collector(Collector::Null),
        ];
        for config in changed {
            assert_ne!(config.fingerprint(), default.fingerprint(), "{config:?}");
        }
    }

    /// A change of this value is a change of the contract: every artifact becomes stale.
    #[test]
    fn fingerprint_of_the_default_is_pinned() {
        assert_eq!(
            EngineConfig::new().fingerprint().to_string(),
            "cb710c5daf105cf4e129d873947f927945d9dbc227e1883dcf1359160d147f5a"
        );
    }
}
