//! Validation: the only way to a `ValidWasm`, and the features that the module requires.

use super::place::Place;
use super::raw::RawWasm;
use crate::asset::{AssetError, AssetErrorKind, Kind, Stage};
use crate::settings::ImportLimits;
use std::path::{Path, PathBuf};
use wasmparser::{
    Validator, WasmFeatures,
    types::{Types, TypesRef},
};
use wasmport::engine::{RequiredFeatures, WasmFeature};
use wasmport::inspect::{self, Scanned};

/// A core module or component that is valid with exactly its required features, and with legacy exceptions if it is only
/// described.
pub(crate) struct ValidWasm {
    path: PathBuf,
    wasm: Vec<u8>,
    features: RequiredFeatures,
    types: Types,
}

/// Returns whether legacy exceptions are the only reason why the module is not valid.
pub(crate) fn has_legacy_exceptions(wasm: &[u8], allowed: RequiredFeatures) -> bool {
    check(wasm, allowed.flags()).is_err()
        && check(wasm, allowed.flags() | WasmFeatures::LEGACY_EXCEPTIONS).is_ok()
}

/// Returns whether the module is valid with the features in `allowed`.
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

/// Validates `module` with the features in `allowed`.
///
/// # Errors
///
/// Fails with the offset and the reason of the first fault. If the module only uses a feature that is
/// not allowed, the error names the feature; if the module exceeds `limits`, it names the limit.
pub(crate) fn validate(
    module: RawWasm,
    allowed: RequiredFeatures,
    limits: &ImportLimits,
) -> Result<ValidWasm, AssetError> {
    validate_with(module, allowed, WasmFeatures::empty(), limits)
}

/// Validates a module that is described and not imported. Legacy exceptions are no fault of it: an import may translate
/// them.
///
/// # Errors
///
/// Fails like [`validate`].
pub(crate) fn validate_described(
    module: RawWasm,
    allowed: RequiredFeatures,
    limits: &ImportLimits,
) -> Result<ValidWasm, AssetError> {
    validate_with(module, allowed, WasmFeatures::LEGACY_EXCEPTIONS, limits)
}

/// Validates `module` with the features in `allowed`, and with `more`, which no import allows.
fn validate_with(
    module: RawWasm,
    allowed: RequiredFeatures,
    more: WasmFeatures,
    limits: &ImportLimits,
) -> Result<ValidWasm, AssetError> {
    let text = module.text().map(str::to_owned);
    let RawWasm { path, wasm, .. } = module;
    // A module that cannot be scanned is not valid, and the validator has the better message.
    let scanned = inspect::scan(&wasm, |found| limits.are_exceeded_by(found));
    if let Ok(scanned) = &scanned {
        check_limits(&path, &wasm, scanned, limits)?;
    }
    let scanned = scanned.map_or(allowed, |scanned| scanned.features);
    // The type of a component may be async although none of its own functions is.
    let waiting = scanned.with(WasmFeature::ComponentModelAsync);
    let tries =
        if Kind::of(&wasm) == Kind::Component { vec![scanned, waiting] } else { vec![scanned] };
    let narrow = tries
        .into_iter()
        .filter(|features| features.missing_in(allowed) == RequiredFeatures::NONE)
        .find_map(|features| Some((features, check(&wasm, features.flags() | more).ok()?)));
    let (features, types) = match narrow {
        Some(narrow) => narrow,
        None => {
            let types = check(&wasm, allowed.flags() | more).map_err(|e| {
                let place = Place::of(&wasm, text.as_deref(), e.offset());
                refusal(&path, &wasm, allowed, &e, &place)
            })?;
            (narrowed(&wasm, allowed, scanned, more), types)
        }
    };
    Ok(ValidWasm { path, wasm, features, types })
}

/// Compares the sizes with the limits, before anything that takes longer than one pass over the module.
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
            Err(AssetError::over_limit(path, Stage::Validate, actual, limit, what, key))
        }
    }
}

fn check(wasm: &[u8], features: WasmFeatures) -> Result<Types, wasmparser::BinaryReaderError> {
    Validator::new_with_features(features).validate_all(wasm)
}

/// Finds the smallest set of features by trial, for the few modules in which the scan missed one.
/// The scanned features stay: Wasmtime needs more than the validator, such as `gc-types` for any
/// reference.
fn narrowed(
    wasm: &[u8],
    allowed: RequiredFeatures,
    scanned: RequiredFeatures,
    more: WasmFeatures,
) -> RequiredFeatures {
    let doubtful = allowed.iter().filter(|feature| !scanned.contains(*feature));
    doubtful.fold(allowed, |needed, feature| {
        let without = needed.missing_in(RequiredFeatures::of(&[feature]));
        if check(wasm, without.flags() | more).is_ok() { without } else { needed }
    })
}

/// Explains why the module is not valid.
fn refusal(
    path: &Path,
    wasm: &[u8],
    allowed: RequiredFeatures,
    error: &wasmparser::BinaryReaderError,
    place: &Place,
) -> AssetError {
    // A name in the message may hold a line end.
    let message = error.message().replace('\n', "\\n");
    let plain = AssetError::new(path, Stage::Validate, format!("{message} ({place:#})"));
    if check(wasm, allowed.flags() | WasmFeatures::LEGACY_EXCEPTIONS).is_ok() {
        return AssetError::new(
            path,
            Stage::Validate,
            format!(
                "the module uses legacy exceptions, which Wasmtime does not run ({plain})",
                plain = plain.message
            ),
        )
        .kind(AssetErrorKind::Disabled)
        .help(
            "set `legacy-exceptions = \"translate\"` for the asset in wasmport.toml, which runs \
             Binaryen's `wasm-opt`; or build it with `-fwasm-exceptions -sWASM_LEGACY_EXCEPTIONS=0` \
             (Emscripten)",
        );
    }
    let missing = WasmFeature::ALL.iter().copied().filter(|f| !allowed.contains(*f));
    let everything = missing.clone().fold(allowed, RequiredFeatures::with);
    if check(wasm, everything.flags()).is_ok() {
        let none = RequiredFeatures::NONE;
        let used = narrowed(wasm, everything, none, WasmFeatures::empty()).missing_in(allowed);
        let names: Vec<&str> = used.iter().map(WasmFeature::name).collect();
        let list = names.join(", ");
        return AssetError::new(
            path,
            Stage::Validate,
            format!("the module is valid but uses features that are not enabled: {list} ({plain})", plain = plain.message),
        )
        .kind(AssetErrorKind::Disabled)
        .help(format!(
            "enable it with `wasm-features = [{}]` under `[import]` in wasmport.toml, `--wasm-feature {}`, or `wasm_feature` of the builder",
            names.iter().map(|n| format!("\"{n}\"")).collect::<Vec<_>>().join(", "),
            names.join(" --wasm-feature "),
        ));
    }
    let beyond = beyond(wasm, everything);
    if !beyond.is_empty() {
        let why = |(name, reason): &(String, &str)| format!("`{name}`, {reason}");
        let list = beyond.iter().map(why).collect::<Vec<_>>().join("; ");
        return plain
            .kind(AssetErrorKind::Disabled)
            .help(format!("the file uses proposals that no import can allow: {list}"));
    }
    if let Some(excerpt) = place.excerpt(path) {
        return AssetError::new(path, Stage::Validate, format!("{message} ({place}){excerpt}"))
            .help("correct the text, or the tool that wrote it");
    }
    plain.help(
        "the file is damaged or incomplete, or uses a proposal that Wasmtime 48 does not know",
    )
}

/// Returns the proposals that the module needs and that no import can allow, each with the reason.
/// Returns none if the module is not valid with all proposals.
fn beyond(wasm: &[u8], everything: RequiredFeatures) -> Vec<(String, &'static str)> {
    let all = WasmFeatures::all();
    if check(wasm, all).is_err() {
        return Vec::new();
    }
    let others = all.difference(everything.flags()).iter_names();
    let needed = others.filter(|(_, flag)| check(wasm, all.difference(*flag)).is_err());
    let described = |(name, flag): (&str, WasmFeatures)| {
        let name = name.to_lowercase().replace('_', "-");
        let name = match name.strip_prefix("cm-") {
            Some(rest) => format!("component-model-{rest}"),
            None => name,
        };
        (name, reason(flag))
    };
    needed.map(described).collect()
}

/// Returns the reason why no import can allow a proposal.
fn reason(proposal: WasmFeatures) -> &'static str {
    if proposal == WasmFeatures::CM_GC {
        "at which the compiler of Wasmtime 48 panics"
    } else if proposal == WasmFeatures::STACK_SWITCHING {
        "which changes the code of every module of a program, and which x86-64 alone has"
    } else {
        "which Wasmtime 48 does not run"
    }
}
