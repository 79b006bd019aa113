//! Validate: the only way to a `ValidWasm`, and what the module needs to be valid.

use crate::error::{AssetError, Stage, over_limit};
use crate::features::{self, Scanned};
use crate::read::RawWasm;
use crate::report::Kind;
use crate::settings::ImportLimits;
use std::path::{Path, PathBuf};
use wasmparser::{
    Validator, WasmFeatures,
    types::{Types, TypesRef},
};
use wasmport::engine::{RequiredFeatures, WasmFeature};

/// A core module or component that is valid with exactly the features it is said to require.
pub(crate) struct ValidWasm {
    path: PathBuf,
    wasm: Vec<u8>,
    features: RequiredFeatures,
    types: Types,
}

/// Whether the module is refused for nothing but the exceptions of before the standard.
pub(crate) fn has_legacy_exceptions(wasm: &[u8], allowed: RequiredFeatures) -> bool {
    check(wasm, allowed.flags()).is_err()
        && check(wasm, allowed.flags() | WasmFeatures::LEGACY_EXCEPTIONS).is_ok()
}

/// Whether a module is valid that may use what is in `allowed`.
pub(crate) fn is_valid(wasm: &[u8], allowed: RequiredFeatures) -> bool {
    check(wasm, allowed.flags()).is_ok()
}

impl ValidWasm {
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn wasm(&self) -> &[u8] {
        &self.wasm
    }

    pub fn kind(&self) -> Kind {
        Kind::of(&self.wasm)
    }

    pub fn is_component(&self) -> bool {
        self.kind() == Kind::Component
    }

    pub fn features(&self) -> RequiredFeatures {
        self.features
    }

    pub fn types(&self) -> TypesRef<'_> {
        self.types.as_ref()
    }
}

impl AsRef<[u8]> for ValidWasm {
    fn as_ref(&self) -> &[u8] {
        &self.wasm
    }
}

/// Validates `module`, which may use what is in `allowed`.
///
/// # Errors
///
/// The offset and reason of the first fault; for a module that is valid but uses what is not
/// allowed, the feature and how to allow it; for one larger than `limits`, the limit.
pub(crate) fn validate(
    module: RawWasm,
    allowed: RequiredFeatures,
    limits: &ImportLimits,
) -> Result<ValidWasm, AssetError> {
    let RawWasm { path, wasm } = module;
    // A module that cannot be scanned is not valid; the validator knows the better message.
    let scanned = features::scan(&wasm, limits);
    if let Ok(scanned) = &scanned {
        check_limits(&path, &wasm, scanned, limits)?;
    }
    let scanned = scanned.map_or(allowed, |scanned| scanned.features);
    // The type of a component may wait where none of its own functions does.
    let waiting = scanned.with(WasmFeature::ComponentModelAsync);
    let tries =
        if Kind::of(&wasm) == Kind::Component { vec![scanned, waiting] } else { vec![scanned] };
    let narrow = tries
        .into_iter()
        .filter(|features| features.missing_in(allowed) == RequiredFeatures::NONE)
        .find_map(|features| Some((features, check(&wasm, features.flags()).ok()?)));
    let (features, types) = match narrow {
        Some(narrow) => narrow,
        None => {
            let types =
                check(&wasm, allowed.flags()).map_err(|e| refusal(&path, &wasm, allowed, &e))?;
            (narrowed(&wasm, allowed, scanned), types)
        }
    };
    Ok(ValidWasm { path, wasm, features, types })
}

/// Before anything that takes longer than reading the module once.
fn check_limits(
    path: &Path,
    wasm: &[u8],
    scanned: &Scanned,
    limits: &ImportLimits,
) -> Result<(), AssetError> {
    let checks = [
        (wasm.len() as u64, limits.bytes(), "bytes", "max-bytes"),
        (scanned.functions.into(), limits.functions().into(), "functions", "max-functions"),
        (scanned.nesting.into(), limits.nesting().into(), "nested blocks", "max-nesting"),
        (scanned.data_bytes, limits.data_bytes(), "bytes of data", "max-data-bytes"),
    ];
    match checks.into_iter().find(|(actual, limit, ..)| actual > limit) {
        None => Ok(()),
        Some((actual, limit, what, key)) => {
            Err(over_limit(path, Stage::Validate, actual, limit, what, key))
        }
    }
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
            "have it translated with Binaryen's `wasm-opt`: `legacy-exceptions = \"translate\"` for \
             the asset in wasmport.toml; or build it with `-fwasm-exceptions \
             -sWASM_LEGACY_EXCEPTIONS=0` (Emscripten)",
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
    let beyond = beyond(wasm, everything);
    if !beyond.is_empty() {
        let list = beyond.join("`, `");
        return plain.help(format!("the file uses proposals that no import can allow: `{list}`"));
    }
    plain.help(
        "the file is damaged or not finished, or uses a proposal that Wasmtime 48 does not know",
    )
}

/// The proposals that a module is valid with and needs besides all that an import can allow, by their
/// names in the validator. None where it is valid with nothing.
fn beyond(wasm: &[u8], everything: RequiredFeatures) -> Vec<String> {
    let all = WasmFeatures::all();
    if check(wasm, all).is_err() {
        return Vec::new();
    }
    let others = all.difference(everything.flags()).iter_names();
    let needed = others.filter(|(_, flag)| check(wasm, all.difference(*flag)).is_err());
    needed.map(|(name, _)| name.to_lowercase().replace('_', "-")).collect()
}
