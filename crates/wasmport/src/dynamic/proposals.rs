//! The proposals that WebAssembly is compiled with, so that programs of any cargo features share the code.

use super::key::CodeKey;
use crate::engine::{RequiredFeatures, WasmFeature};
use crate::inspect::scan;

/// Proposals that every program and compiler has. A scan does not see each use of them, such as numbers that are written
/// longer than they need be.
const OF_EVERY_PROGRAM: RequiredFeatures = RequiredFeatures::of(&[
    WasmFeature::MutableGlobal,
    WasmFeature::SaturatingFloatToInt,
    WasmFeature::SignExtension,
    WasmFeature::ReferenceTypes,
    WasmFeature::MultiValue,
    WasmFeature::BulkMemory,
    WasmFeature::MultiMemory,
    WasmFeature::ExtendedConst,
]);

/// Returns the proposals that WebAssembly appears to use, which the program may lack, and all that the program has, to
/// compile with if a use was not seen. If the WebAssembly is damaged, Wasmtime says what is wrong.
pub(super) fn used_and_most(
    key: &CodeKey,
    wasm: &[u8],
    program: RequiredFeatures,
) -> (RequiredFeatures, RequiredFeatures) {
    let is_wanted = |feature: &WasmFeature| {
        (key.is_component || !feature.is_of_components())
            && (key.engine.concurrency_support || !feature.needs_concurrency())
            // The interpreter has no threads.
            && !(key.target.is_portable() && *feature == WasmFeature::Threads)
    };
    let most: RequiredFeatures = program.iter().filter(is_wanted).collect();
    // Programs that run a component have all of its proposals, or, without concurrency, all of the others.
    let of_components = most.iter().filter(|feature| feature.is_of_components()).collect();
    let used = scan(wasm, |_| false).map_or(most, |scanned| scanned.features);
    let used = used.union(OF_EVERY_PROGRAM).union(of_components);
    (used.iter().filter(is_wanted).collect(), most)
}
