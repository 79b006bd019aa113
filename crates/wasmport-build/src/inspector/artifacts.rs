//! The artifacts of an asset: which of them this machine runs, and the sizes of their parts.

use crate::fs;
use crate::project::manifest::ArtifactEntry;
use crate::sizes::{self, Sizes};
use serde::Serialize;
use std::borrow::Cow;
use std::path::Path;
use wasmport::Digest;
use wasmport::engine::Target;

/// An artifact.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ArtifactOverview {
    /// The target.
    pub target: Target,
    /// The path in the output folder.
    pub path: String,
    /// The stored length in bytes.
    pub bytes: u64,
    /// The length after decompression in bytes, if it is compressed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uncompressed: Option<u64>,
    /// The digest of the stored bytes.
    pub blake3: Digest,
    /// Whether a program on this machine runs it, with the default options.
    pub is_chosen: bool,
    /// The reason.
    pub reason: String,
    /// Whether its functions have the numbers of the asset's `final_sizes`, or else of its `sizes`.
    pub has_module_numbers: bool,
    /// The sizes of its parts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sizes: Option<Sizes>,
    /// The reason why there are no sizes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Whether a target is chosen on this machine, and the reason.
pub(super) struct Verdict {
    pub is_chosen: bool,
    pub reason: String,
}

/// Describes an artifact, with all its functions. They have the numbers of the module if it was compiled from it.
pub(super) fn overview(
    folder: &Path,
    artifact: &ArtifactEntry,
    verdict: Verdict,
    module: Option<&Sizes>,
) -> ArtifactOverview {
    let mut has_module_numbers = false;
    let sizes = read(folder, artifact).and_then(|bytes| {
        let path = folder.join(&artifact.path);
        let sizes = sizes::of_bytes(&path, &bytes).map_err(|e| e.to_string())?;
        has_module_numbers = module.is_some_and(|module| sizes.may_be_compiled_from(module));
        Ok(sizes)
    });
    let (sizes, note) = match sizes {
        Ok(sizes) => (Some(sizes), None),
        Err(note) => (None, Some(note)),
    };
    let ArtifactEntry { target, path, bytes, blake3, uncompressed } = artifact.clone();
    let Verdict { is_chosen, reason } = verdict;
    ArtifactOverview {
        target,
        path,
        bytes,
        uncompressed,
        blake3,
        is_chosen,
        reason,
        has_module_numbers,
        sizes,
        note,
    }
}

/// Reads an artifact as it was imported, without compression.
pub(super) fn read(folder: &Path, artifact: &ArtifactEntry) -> Result<Vec<u8>, String> {
    let path = folder.join(&artifact.path);
    let bytes = fs::read(&path).map_err(|e| e.to_string())?;
    if Digest::of(&bytes) != artifact.blake3 {
        return Err(format!("`{}` was changed since the import", artifact.path));
    }
    match sizes::unpacked(&path, &bytes).map_err(|e| e.to_string())? {
        (Cow::Borrowed(_), _) => Ok(bytes),
        (Cow::Owned(raw), _) => Ok(raw),
    }
}

/// Chooses like a runtime with default options: machine code that uses most of this machine's CPU, else the
/// interpreter, else the source.
pub(super) fn verdicts(targets: &[Target]) -> Vec<Verdict> {
    let rank = |target: &&Target| target.cpu_features().count();
    let machines = || targets.iter().filter(|target| target.triple().is_some());
    let best = machines().filter(|target| target.runs_here()).rev().max_by_key(rank);
    let portable = || targets.iter().find(|target| target.is_portable() && target.runs_here());
    let source = || targets.iter().find(|target| target.is_source());
    let chosen = best.or_else(portable).or_else(source);
    let verdict = |target: &Target| {
        let is_chosen = chosen == Some(target);
        Verdict { is_chosen, reason: reason(target, chosen) }
    };
    targets.iter().map(verdict).collect()
}

fn reason(target: &Target, chosen: Option<&Target>) -> String {
    let other = chosen.filter(|chosen| *chosen != target);
    let is_machine_code = other.is_some_and(|chosen| chosen.triple().is_some());
    match (target.triple().is_some(), target.is_portable(), target.runs_here(), other) {
        (true, _, true, None) => "chosen: it uses most of this machine's CPU".into(),
        (true, _, true, Some(other)) => format!("it fits, and {other} uses more of this machine"),
        (true, _, false, _) => does_not_run(target),
        (false, true, false, _) => "the interpreter does not run on this machine".into(),
        (false, true, true, None) => {
            "chosen: no machine code fits; programs need the feature `pulley`".into()
        }
        (false, false, _, None) => {
            "chosen: no artifact fits; programs need the feature `compile`".into()
        }
        (false, ..) if is_machine_code => "machine code fits this machine".into(),
        (false, ..) => "the interpreter comes first".into(),
    }
}

/// Returns the reason why this machine does not run a target.
fn does_not_run(target: &Target) -> String {
    let host = Target::host();
    if !target.has_triple_of(&host) {
        return format!("this machine is {host}");
    }
    let native = Target::native();
    let has: Vec<&str> = native.cpu_features().collect();
    let missing: Vec<&str> = target.cpu_features().filter(|name| !has.contains(name)).collect();
    format!("this machine's CPU lacks {}", missing.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(targets: &[Target]) -> Option<String> {
        let verdicts = verdicts(targets);
        assert!(verdicts.iter().filter(|verdict| verdict.is_chosen).count() <= 1);
        let mut pairs = targets.iter().zip(&verdicts);
        pairs.find(|(_, verdict)| verdict.is_chosen).map(|(target, _)| target.to_string())
    }

    #[test]
    fn the_choice_is_that_of_a_runtime() {
        let other = if cfg!(target_arch = "x86_64") { "aarch64" } else { "x86_64" };
        let other: Target = format!("{other}-unknown-linux-gnu").parse().unwrap();
        let [host, native] = [Target::host(), Target::native()];
        let [portable, source] = [Target::PORTABLE, Target::SOURCE];
        let all = [source.clone(), portable.clone(), other.clone(), host.clone(), native.clone()];
        assert_eq!(
            chosen(&all),
            Some(if native.cpu_features().count() > 0 { &native } else { &host }.to_string())
        );
        assert_eq!(chosen(&[portable.clone(), host.clone()]), Some(host.to_string()));
        assert_eq!(chosen(&[source.clone(), other.clone()]), Some("source".into()));
        if portable.runs_here() {
            assert_eq!(chosen(&[source, portable]), Some("portable".into()));
        }
        assert_eq!(chosen(std::slice::from_ref(&other)), None);
        assert!(verdicts(&[other])[0].reason.contains(&host.to_string()));
    }
}
