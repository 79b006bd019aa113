//! `Listing`: the assets of a project, their sizes, and whether they are imported.

mod start;

use crate::asset::Kind;
use crate::error::Error;
use crate::fs;
use crate::project::check::{OlderPatch, check};
use crate::project::discover::{AssetFile, Discovered};
use crate::project::manifest::{Entry, Manifest};
use crate::project::outputs;
use crate::report::{ArtifactReport, AssetReport, Status};
use crate::settings::Settings;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use wasmport::engine::Target;

/// The state of an asset's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ListState {
    /// The output matches the source, the settings and the versions.
    Fresh,
    /// The output differs from them.
    Stale,
    /// There is no output.
    NotImported,
    /// The source cannot be used.
    Failed,
    /// The source was removed, and the output is still there.
    Removed,
}

/// An asset or interface of the project.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ListedAsset {
    /// The asset's name.
    pub name: String,
    /// The Rust module of the wrapper below that of the assets, such as `shapes::wide`.
    pub module: String,
    /// The source file below its import root.
    pub source: String,
    /// The source file; null if it was removed.
    pub path: Option<PathBuf>,
    /// The kind of WebAssembly; null if it is unknown before an import.
    pub kind: Option<Kind>,
    /// Whether it is an interface, which has no artifacts.
    pub is_interface: bool,
    /// The state of the output.
    pub state: ListState,
    /// The reason for a state other than `fresh`, in one line or more.
    pub why: Option<String>,
    /// The length of the source in bytes; null if it is no single file.
    pub source_bytes: Option<u64>,
    /// The path of the wrapper in the output folder.
    pub wrapper: Option<String>,
    /// The length of the wrapper in bytes.
    pub wrapper_bytes: Option<u64>,
    /// The artifacts of the last import.
    pub artifacts: Vec<ArtifactReport>,
    /// The targets that cannot run the asset and were skipped.
    #[cfg_attr(feature = "schema", schemars(with = "Vec<String>"))]
    pub skipped: Vec<Target>,
}

/// The number of assets by state, and the size of all artifacts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct ListSummary {
    /// The number of fresh assets.
    pub fresh: usize,
    /// The number of stale assets.
    pub stale: usize,
    /// The number of assets that are not imported.
    pub not_imported: usize,
    /// The number of assets whose source cannot be used.
    pub failed: usize,
    /// The number of assets whose source was removed.
    pub removed: usize,
    /// The length of all artifacts in bytes.
    pub artifact_bytes: u64,
}

/// The assets of a project, from [`Importer::list`](crate::Importer::list).
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Listing {
    /// The output folder.
    pub out_dir: PathBuf,
    /// The assets, in the order of the sources.
    pub assets: Vec<ListedAsset>,
    /// Warnings about the output as a whole.
    pub warnings: Vec<String>,
    /// The number of assets by state.
    pub summary: ListSummary,
}

/// Lists the assets that the settings select.
///
/// # Errors
///
/// Fails with [`Error::Settings`] if the settings contradict each other, and with [`Error::File`] if the manifest
/// cannot be read.
pub(crate) fn list(settings: &Settings) -> Result<Listing, Error> {
    let (report, discovered) = check(settings, OlderPatch::Stale)?;
    let manifest = Manifest::read(&settings.out_dir)?;
    let files: BTreeMap<&str, &AssetFile> =
        discovered.assets.iter().map(|file| (file.source.as_str(), file)).collect();
    let mut listing = Listing {
        out_dir: settings.out_dir.clone(),
        assets: Vec::new(),
        warnings: report.warnings,
        summary: ListSummary::default(),
    };
    for asset in report.assets {
        // The files of modules are no asset.
        if asset.name == "mod.rs" {
            let why = asset.stale.filter(|_| !manifest.tree.is_empty());
            listing.warnings.extend(why.map(|why| format!("`mod.rs`: {why}")));
            continue;
        }
        let file = files.get(asset.source.as_str()).copied();
        let entry = entry(&manifest, &discovered, &asset);
        listing.add(listed(asset, file, entry, &settings.out_dir));
    }
    listing.warnings.extend(manifest.damage);
    listing.assets.sort_by(|a, b| a.source.cmp(&b.source));
    Ok(listing)
}

impl Listing {
    fn add(&mut self, asset: ListedAsset) {
        let summary = &mut self.summary;
        *match asset.state {
            ListState::Fresh => &mut summary.fresh,
            ListState::Stale => &mut summary.stale,
            ListState::NotImported => &mut summary.not_imported,
            ListState::Failed => &mut summary.failed,
            ListState::Removed => &mut summary.removed,
        } += 1;
        let bytes = asset.artifacts.iter().map(|artifact| artifact.bytes);
        summary.artifact_bytes = bytes.fold(summary.artifact_bytes, u64::saturating_add);
        self.assets.push(asset);
    }
}

/// Returns the manifest's entry of a reported asset; of a source that has another name now, that of its earlier
/// name.
fn entry<'m>(
    manifest: &'m Manifest,
    discovered: &Discovered,
    asset: &AssetReport,
) -> Option<&'m Entry> {
    let entry = manifest.assets.get(&asset.name).map(|entry| &**entry);
    entry
        .filter(|entry| entry.source == asset.source || discovered.name_of(&asset.source).is_some())
}

fn listed(
    asset: AssetReport,
    file: Option<&AssetFile>,
    entry: Option<&Entry>,
    out_dir: &Path,
) -> ListedAsset {
    let state = match (asset.status, file, entry) {
        (Status::Failed, ..) => ListState::Failed,
        (_, None, _) => ListState::Removed,
        (_, _, None) => ListState::NotImported,
        (Status::Stale, ..) => ListState::Stale,
        _ => ListState::Fresh,
    };
    let of_error = asset.error.as_ref().map(ToString::to_string);
    let why = of_error.or(asset.stale).filter(|_| state != ListState::Fresh);
    let wrapper = entry.map(|entry| entry.wrapper.clone());
    let wrapper_bytes = wrapper.as_deref().and_then(|wrapper| {
        let path = outputs::locate(out_dir, wrapper).ok()?;
        fs::len(&path)
    });
    ListedAsset {
        module: asset.name.replace('/', "::"),
        path: file.map(|file| file.path.clone()),
        kind: entry.map(|entry| entry.kind).or_else(|| start::kind(&file?.path)),
        is_interface: file.is_some_and(AssetFile::is_interface)
            || entry.is_some_and(|entry| entry.is_interface),
        state,
        why,
        source_bytes: file.and_then(|file| fs::len(&file.path)),
        wrapper,
        wrapper_bytes,
        artifacts: entry
            .map(|entry| entry.artifacts.iter().map(|a| a.report()).collect())
            .unwrap_or_default(),
        skipped: entry.map(|entry| entry.skipped.clone()).unwrap_or_default(),
        name: asset.name,
        source: asset.source,
    }
}

/// Returns the JSON schema of a serialized [`Listing`].
#[cfg(feature = "schema")]
#[must_use]
pub fn listing_schema() -> serde_json::Value {
    crate::report::schema_of::<Listing>("Document of `cargo wasmport list`")
}
