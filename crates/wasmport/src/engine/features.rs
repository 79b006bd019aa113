//! `RequiredFeatures`: the wasm proposals that an artifact uses and a program must have.

use serde::{Deserialize, Serialize};
use std::fmt;
use wasmtime::WasmFeatures;

/// Defines the features from one table: variant, name, Wasmtime's flag, cargo feature, and whether
/// Wasmtime 48 has the proposal on by default.
macro_rules! wasm_features {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $flag:ident, $cargo:expr, $default:expr;)*) => {
        /// A WebAssembly proposal that an asset may use.
        ///
        /// See Wasmtime's [table of proposals](https://docs.wasmtime.dev/stability-wasm-proposals.html).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        #[non_exhaustive]
        pub enum WasmFeature {
            $($(#[$doc])* $variant,)*
        }

        impl WasmFeature {
            /// All features that this version knows, in a fixed order.
            pub const ALL: &'static [WasmFeature] = &[$(WasmFeature::$variant,)*];

            /// Returns the proposal's name, as in settings and messages.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(WasmFeature::$variant => $name,)* }
            }

            /// Returns the cargo feature of the `wasmport` crate that a program needs for it, if any.
            #[must_use]
            pub const fn cargo_feature(self) -> Option<&'static str> {
                match self { $(WasmFeature::$variant => $cargo,)* }
            }

            /// Returns whether an import accepts it by default, as Wasmtime 48 does.
            #[must_use]
            pub const fn on_by_default(self) -> bool {
                match self { $(WasmFeature::$variant => $default,)* }
            }

            /// Returns whether only components use it.
            #[must_use]
            pub fn is_of_components(self) -> bool {
                self.name().starts_with("component-model")
            }

            /// Returns whether an asset that uses it needs an engine with
            /// [`concurrency_support`](crate::EngineConfig::concurrency_support): Wasmtime rejects
            /// one without the other.
            #[must_use]
            pub const fn needs_concurrency(self) -> bool {
                matches!(
                    self,
                    Self::ComponentModelAsync
                        | Self::ComponentModelErrorContext
                        | Self::ComponentModelAsyncStackful
                        | Self::ComponentModelMoreAsyncBuiltins
                        | Self::ComponentModelThreading
                )
            }

            /// Returns Wasmtime's flag for it.
            #[must_use]
            pub const fn flag(self) -> WasmFeatures {
                match self { $(WasmFeature::$variant => WasmFeatures::$flag,)* }
            }
        }
    };
}

wasm_features! {
    /// Mutable globals imported and exported.
    MutableGlobal = "mutable-global", MUTABLE_GLOBAL, None, true;
    /// Saturating conversions from float to integer.
    SaturatingFloatToInt = "saturating-float-to-int", SATURATING_FLOAT_TO_INT, None, true;
    /// Sign extension operators.
    SignExtension = "sign-extension", SIGN_EXTENSION, None, true;
    /// Reference types.
    ReferenceTypes = "reference-types", REFERENCE_TYPES, None, true;
    /// Several results, and blocks with parameters.
    MultiValue = "multi-value", MULTI_VALUE, None, true;
    /// Bulk memory operations.
    BulkMemory = "bulk-memory", BULK_MEMORY, None, true;
    /// 128-bit SIMD.
    Simd = "simd", SIMD, None, true;
    /// Relaxed SIMD.
    RelaxedSimd = "relaxed-simd", RELAXED_SIMD, None, true;
    /// Shared memories and atomics.
    Threads = "threads", THREADS, Some("threads"), true;
    /// Tail calls.
    TailCall = "tail-call", TAIL_CALL, None, true;
    /// More than one memory.
    MultiMemory = "multi-memory", MULTI_MEMORY, None, true;
    /// Exception handling with `try_table`.
    Exceptions = "exceptions", EXCEPTIONS, Some("gc"), true;
    /// 64-bit memories and tables.
    Memory64 = "memory64", MEMORY64, None, true;
    /// Extended constant expressions.
    ExtendedConst = "extended-const", EXTENDED_CONST, None, true;
    /// Typed function references.
    FunctionReferences = "function-references", FUNCTION_REFERENCES, None, true;
    /// Garbage-collected structs and arrays.
    Gc = "gc", GC, Some("gc"), true;
    /// Types that need a collector, such as `externref`.
    GcTypes = "gc-types", GC_TYPES, Some("gc"), true;
    /// Memory pages of other sizes.
    CustomPageSizes = "custom-page-sizes", CUSTOM_PAGE_SIZES, None, false;
    /// Components.
    ComponentModel = "component-model", COMPONENT_MODEL, Some("component-model"), true;
    /// Async functions of components, futures and streams.
    ComponentModelAsync = "component-model-async", CM_ASYNC, Some("component-model-async"), true;
    /// 128-bit integer arithmetic.
    WideArithmetic = "wide-arithmetic", WIDE_ARITHMETIC, None, false;
    /// Maps in components.
    ComponentModelMap = "component-model-map", CM_MAP, Some("component-model"), false;
    /// Lists of a fixed length in components.
    ComponentModelFixedLengthLists = "component-model-fixed-length-lists", CM_FIXED_LENGTH_LISTS,
        Some("component-model"), false;
    /// Imports and exports of components that name the interface that they implement.
    ComponentModelImplements = "component-model-implements", CM_IMPLEMENTS,
        Some("component-model"), false;
    /// 64-bit memories behind the functions of components.
    ComponentModelMemory64 = "component-model-memory64", CM64, Some("component-model"), false;
    /// Error contexts of components.
    ComponentModelErrorContext = "component-model-error-context", CM_ERROR_CONTEXT,
        Some("component-model-async"), false;
    /// Async functions of components with a stack of their own.
    ComponentModelAsyncStackful = "component-model-async-stackful", CM_ASYNC_STACKFUL,
        Some("component-model-async"), false;
    /// Further built-in functions for async components.
    ComponentModelMoreAsyncBuiltins = "component-model-more-async-builtins", CM_MORE_ASYNC_BUILTINS,
        Some("component-model-async"), false;
    /// Cooperative threads in components.
    ComponentModelThreading = "component-model-threading", CM_THREADING,
        Some("component-model-async"), false;
}

impl fmt::Display for WasmFeature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The wasm features that an artifact uses: it loads if the program has all of them.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "Vec<WasmFeature>", into = "Vec<WasmFeature>")]
pub struct RequiredFeatures(u64);

impl RequiredFeatures {
    /// No feature beyond WebAssembly's first version.
    pub const NONE: Self = Self(0);

    /// Adds `feature`.
    #[must_use]
    pub const fn with(self, feature: WasmFeature) -> Self {
        Self(self.0 | 1 << feature as u32)
    }

    /// Returns the set of `features`.
    #[must_use]
    pub const fn of(features: &[WasmFeature]) -> Self {
        let mut all = Self::NONE;
        let mut i = 0;
        while i < features.len() {
            all = all.with(features[i]);
            i += 1;
        }
        all
    }

    /// Returns the features that an import accepts by default.
    #[must_use]
    pub fn on_by_default() -> Self {
        WasmFeature::ALL.iter().copied().filter(|f| f.on_by_default()).collect()
    }

    /// Returns the features that this build of the `wasmport` crate can run.
    #[must_use]
    pub fn of_this_build() -> Self {
        let built = |cargo: Option<&str>| match cargo {
            Some("gc") => cfg!(feature = "gc"),
            Some("threads") => cfg!(feature = "threads"),
            Some("component-model") => cfg!(feature = "component-model"),
            Some("component-model-async") => cfg!(feature = "component-model-async"),
            Some(_) => false,
            None => true,
        };
        WasmFeature::ALL.iter().copied().filter(|f| built(f.cargo_feature())).collect()
    }

    /// Returns whether `feature` is in the set.
    #[must_use]
    pub const fn contains(self, feature: WasmFeature) -> bool {
        self.0 & (1 << feature as u32) != 0
    }

    /// Returns the features of both sets.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns the features that are not in `other`.
    #[must_use]
    pub const fn missing_in(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Returns whether an asset with these features needs an engine with
    /// [`concurrency_support`](crate::EngineConfig::concurrency_support).
    #[must_use]
    pub fn need_concurrency(self) -> bool {
        self.iter().any(WasmFeature::needs_concurrency)
    }

    /// Returns each feature, in a fixed order.
    pub fn iter(self) -> impl Iterator<Item = WasmFeature> {
        WasmFeature::ALL.iter().copied().filter(move |f| self.contains(*f))
    }

    /// Returns Wasmtime's flags for these features and for those that are always on.
    #[must_use]
    pub fn flags(self) -> WasmFeatures {
        self.iter().fold(WasmFeatures::FLOATS, |flags, f| flags.union(f.flag()))
    }
}

impl FromIterator<WasmFeature> for RequiredFeatures {
    fn from_iter<I: IntoIterator<Item = WasmFeature>>(features: I) -> Self {
        features.into_iter().fold(Self::NONE, Self::with)
    }
}

impl From<Vec<WasmFeature>> for RequiredFeatures {
    fn from(features: Vec<WasmFeature>) -> Self {
        features.into_iter().collect()
    }
}

impl From<RequiredFeatures> for Vec<WasmFeature> {
    fn from(features: RequiredFeatures) -> Self {
        features.iter().collect()
    }
}

impl fmt::Debug for RequiredFeatures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
