//! Validate: the only way to a `ValidModule`, and what the module needs to be valid.

use crate::error::{AssetError, Stage};
use crate::features;
use crate::read::RawModule;
use std::path::{Path, PathBuf};
use wasmparser::{
    Validator, WasmFeatures,
    types::{Types, TypesRef},
};
use wasmport::engine::{RequiredFeatures, WasmFeature};

/// A core module that is valid with exactly the features it is said to require.
pub(crate) struct ValidModule {
    path: PathBuf,
    wasm: Vec<u8>,
    features: RequiredFeatures,
    types: Types,
}

impl ValidModule {
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn wasm(&self) -> &[u8] {
        &self.wasm
    }

    pub fn features(&self) -> RequiredFeatures {
        self.features
    }

    pub fn types(&self) -> TypesRef<'_> {
        self.types.as_ref()
    }
}

/// Validates `module`, which may use what is in `allowed`.
///
/// # Errors
///
/// The offset and reason of the first fault; for a module that is valid but uses what is not
/// allowed, the feature and how to allow it.
pub(crate) fn validate(
    module: RawModule,
    allowed: RequiredFeatures,
) -> Result<ValidModule, AssetError> {
    let RawModule { path, wasm } = module;
    // A module that cannot be scanned is not valid; the validator knows the better message.
    let scanned = features::scan(&wasm).unwrap_or(allowed);
    let narrow = (scanned.missing_in(allowed) == RequiredFeatures::NONE)
        .then(|| check(&wasm, scanned.flags()));
    let (features, types) = match narrow {
        Some(Ok(types)) => (scanned, types),
        _ => {
            let types =
                check(&wasm, allowed.flags()).map_err(|e| refusal(&path, &wasm, allowed, &e))?;
            (narrowed(&wasm, allowed, scanned), types)
        }
    };
    Ok(ValidModule { path, wasm, features, types })
}

fn check(wasm: &[u8], features: WasmFeatures) -> Result<Types, wasmparser::BinaryReaderError> {
    Validator::new_with_features(features).validate_all(wasm)
}

/// The least set of features, by trial: only for the few modules where scanning missed something.
/// What it found stays: Wasmtime needs more than the validator, such as `gc-types` for any reference.
fn narrowed(wasm: &[u8], allowed: RequiredFeatures, scanned: RequiredFeatures) -> RequiredFeatures {
    let doubtful = allowed.iter().filter(|feature| !scanned.contains(*feature));
    doubtful.fold(allowed, |needed, feature| {
        let without = needed.missing_in(RequiredFeatures::of(&[feature]));
        if check(wasm, without.flags()).is_ok() { without } else { needed }
    })
}

fn refusal(
    path: &Path,
    wasm: &[u8],
    allowed: RequiredFeatures,
    error: &wasmparser::BinaryReaderError,
) -> AssetError {
    // A name in the message may hold a line end.
    let message = error.message().replace('\n', "\\n");
    let plain = AssetError::new(
        path,
        Stage::Validate,
        format!("{message} (at offset {:#x})", error.offset()),
    );
    if check(wasm, allowed.flags() | WasmFeatures::LEGACY_EXCEPTIONS).is_ok() {
        return AssetError::new(
            path,
            Stage::Validate,
            format!(
                "the module uses legacy exceptions, which Wasmtime does not run ({plain})",
                plain = plain.message
            ),
        )
        .help(
            "translate the file with Binaryen, `wasm-opt --translate-to-exnref --enable-exception-handling \
             --enable-reference-types IN -o OUT` (with `--enable-` for whatever else it uses), \
             or build it with `-fwasm-exceptions -sWASM_LEGACY_EXCEPTIONS=0` (Emscripten)",
        );
    }
    let missing = WasmFeature::ALL.iter().copied().filter(|f| !allowed.contains(*f));
    let everything = missing.clone().fold(allowed, RequiredFeatures::with);
    if check(wasm, everything.flags()).is_ok() {
        let used = narrowed(wasm, everything, RequiredFeatures::NONE).missing_in(allowed);
        let names: Vec<&str> = used.iter().map(WasmFeature::name).collect();
        let list = names.join(", ");
        return AssetError::new(
            path,
            Stage::Validate,
            format!("the module is valid but uses what is not enabled: {list} ({plain})", plain = plain.message),
        )
        .help(format!(
            "enable it with `wasm-features = [{}]` under `[import]` in wasmport.toml, `--wasm-feature {}`, or `wasm_feature` of the builder",
            names.iter().map(|n| format!("\"{n}\"")).collect::<Vec<_>>().join(", "),
            names.join(" --wasm-feature "),
        ));
    }
    plain.help(
        "the file is damaged or not finished, or uses a proposal that Wasmtime 48 does not know",
    )
}
