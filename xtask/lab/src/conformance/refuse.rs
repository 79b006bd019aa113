//! Checks modules that the importer must refuse.

use super::assets;
use super::outcome::Outcome;
use super::script::{Kind, Script, Source};
use std::path::Path;
use wasmport::engine::{RequiredFeatures, WasmFeature as F};
use wasmport_build::{AssetError, Stage};

/// A module that the importer must refuse.
struct Refusal<'a> {
    source: &'a Source,
    outcome: &'a mut Outcome,
    /// Features in the script's version of the specification.
    features: RequiredFeatures,
}

/// Decides the outcomes of all modules that the importer must refuse.
///
/// Later proposals make some of these modules valid: they must be refused with the features of the
/// script's own version.
pub(super) fn check(
    workspace: &Path,
    scripts: &[Script],
    outcomes: &mut [Vec<Outcome>],
) -> crate::Result {
    let mut all = Vec::new();
    for (script, outcomes) in scripts.iter().zip(outcomes) {
        let features = features(script.path());
        for (directive, outcome) in script.directives.iter().zip(outcomes) {
            if let (Kind::Refused { source }, Outcome::Unknown) = (&directive.kind, &*outcome) {
                all.push(Refusal { source, outcome, features });
            }
        }
    }
    // Each import has its own folder, whose files the next run reuses.
    let folder = |count: usize| workspace.join(format!("refused{count}"));
    let mut accepted = import(&folder(0), RequiredFeatures::of(F::ALL), all)?;
    let mut count = 0;
    while let Some(features) = accepted.first().map(|refusal| refusal.features) {
        let (now, later) = accepted.into_iter().partition(|refusal| refusal.features == features);
        count += 1;
        for refusal in import(&folder(count), features, now)? {
            *refusal.outcome = Outcome::Failed("the importer accepts it".into());
        }
        accepted = later;
    }
    Ok(())
}

/// Returns the modules that the importer accepts.
fn import<'a>(
    folder: &Path,
    features: RequiredFeatures,
    refusals: Vec<Refusal<'a>>,
) -> crate::Result<Vec<Refusal<'a>>> {
    if refusals.is_empty() {
        return Ok(refusals);
    }
    let sources: Vec<&Source> = refusals.iter().map(|refusal| refusal.source).collect();
    let errors =
        assets::refuse(&sources, features, &folder.join("modules"), &folder.join("assets"))?;
    let mut accepted = Vec::new();
    for (refusal, error) in refusals.into_iter().zip(errors) {
        match error {
            None => accepted.push(refusal),
            Some(error) if is_refusal(&error) => *refusal.outcome = Outcome::Passed,
            Some(AssetError { stage, message, .. }) => {
                *refusal.outcome = Outcome::Failed(format!("{stage}: {message}"));
            }
        }
    }
    Ok(accepted)
}

/// Whether the importer refused the module itself.
fn is_refusal(error: &AssetError) -> bool {
    matches!(error.stage, Stage::Read | Stage::Validate) && !error.message.contains("panicked")
}

/// Returns the features of the script's version of the specification; all features if the latest
/// version refuses the same modules.
fn features(path: &str) -> RequiredFeatures {
    let first = RequiredFeatures::of(&[F::MutableGlobal]);
    let second = RequiredFeatures::of(&[
        F::MutableGlobal,
        F::SaturatingFloatToInt,
        F::SignExtension,
        F::MultiValue,
        F::ReferenceTypes,
        F::BulkMemory,
        F::Simd,
    ]);
    match path.rsplit_once('/').map_or(path, |(folder, _)| folder) {
        "wasm-v1" => first,
        "wasm-v2" => second,
        "proposals/multi-value" => first.with(F::MultiValue),
        "proposals/reference-types" => first.with(F::BulkMemory).with(F::ReferenceTypes),
        "proposals/threads" => first.with(F::Threads),
        "proposals/memory64" => second.with(F::Memory64),
        "proposals/function-references" => second.with(F::FunctionReferences),
        _ => RequiredFeatures::of(F::ALL),
    }
}
