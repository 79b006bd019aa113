//! Binaryen's names for wasm features.

use super::error::ToolError;
use wasmport::engine::{RequiredFeatures, WasmFeature};

/// Adds the features that Binaryen requires together with exceptions: multi-value for tags with several
/// parameters, and reference types.
pub(crate) fn with_binaryen_features(features: RequiredFeatures) -> RequiredFeatures {
    if features.contains(WasmFeature::Exceptions) {
        let more = [WasmFeature::ReferenceTypes, WasmFeature::MultiValue];
        return more.into_iter().fold(features, RequiredFeatures::with);
    }
    features
}

/// Returns the arguments that enable exactly these features.
///
/// # Errors
///
/// Fails if Binaryen does not know a feature.
pub(crate) fn feature_flags(features: RequiredFeatures) -> Result<Vec<String>, ToolError> {
    use WasmFeature as F;
    let mut flags = vec!["--mvp-features".to_owned()];
    for feature in features.iter() {
        let names: &[&str] = match feature {
            F::MutableGlobal => &["mutable-globals"],
            F::SaturatingFloatToInt => &["nontrapping-float-to-int"],
            F::SignExtension => &["sign-ext"],
            F::ReferenceTypes => &["reference-types", "call-indirect-overlong"],
            F::MultiValue => &["multivalue"],
            F::BulkMemory => &["bulk-memory", "bulk-memory-opt"],
            F::Simd => &["simd"],
            F::RelaxedSimd => &["relaxed-simd"],
            F::Threads => &["threads"],
            F::TailCall => &["tail-call"],
            F::MultiMemory => &["multimemory"],
            F::Exceptions => &["exception-handling"],
            F::Memory64 => &["memory64"],
            F::ExtendedConst => &["extended-const"],
            // Binaryen counts typed function references as GC.
            F::FunctionReferences | F::Gc => &["gc"],
            // Only wasmport has this one: a module that needs it uses another feature as well.
            F::GcTypes => &[],
            F::CustomPageSizes => &["custom-page-sizes"],
            F::WideArithmetic => &["wide-arithmetic"],
            other => {
                return Err(ToolError::new(format!("Binaryen does not support {other}"))
                    .help("skip the stage for the asset"));
            }
        };
        flags.extend(names.iter().map(|name| format!("--enable-{name}")));
    }
    Ok(flags)
}
