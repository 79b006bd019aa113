//! Imports the modules of scripts like files of a project.

use super::script::Source;
use crate::files;
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use thiserror::Error;
use wasmport::engine::{RequiredFeatures, WasmFeature};
use wasmport_build::{AssetError, Importer, Report, Settings, Stage};

/// Result of importing a module.
enum Asset {
    Wrapped(Wrapper),
    Failed(NoWrapper),
}

/// The reason why a module has no wrapper.
#[derive(Clone, Debug, Error)]
pub(super) enum NoWrapper {
    #[error("{0}: {1}")]
    Refused(Stage, String),
    #[error("the import does not list it")]
    NotListed,
    #[error("it is not imported")]
    NotImported,
    #[error("its wrapper does not compile: {0}")]
    NotCompiled(String),
}

/// A generated wrapper.
pub(super) struct Wrapper {
    /// The Rust module of the wrapper.
    pub module: String,
    /// The methods by export; exports that are not wrapped have none.
    pub methods: HashMap<String, String>,
}

impl Wrapper {
    /// Returns the path of the wrapper's type.
    pub fn ty(&self) -> String {
        format!("assets::{}::{}", self.module, self.module.to_uppercase())
    }
}

/// Imported modules, by their sources.
#[derive(Default)]
pub(super) struct Assets<'a>(HashMap<&'a Source, Asset>);

#[derive(Deserialize)]
struct Manifest {
    assets: BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
struct Entry {
    interface: Interface,
}

#[derive(Deserialize)]
struct Interface {
    exports: Vec<Export>,
}

#[derive(Deserialize)]
struct Export {
    name: String,
    method: Option<String>,
}

impl<'a> Assets<'a> {
    /// Imports `sources` from files in `folder` to `out_dir`, with artifacts for this machine.
    pub fn import(sources: &[&'a Source], folder: &Path, out_dir: &Path) -> crate::Result<Self> {
        let names = write(sources, folder)?;
        let settings = settings(folder, out_dir);
        let report = Importer::new(settings).no_cache().run(&())?;
        let manifest = files::read(&out_dir.join("wasmport.json"))?;
        let mut manifest: Manifest = serde_json::from_str(&manifest)?;
        let errors = errors(&report);
        let asset = |name: &String| {
            if let Some(error) = errors.get(&**name) {
                return Asset::Failed(NoWrapper::Refused(error.stage, error.message.clone()));
            }
            let Some(entry) = manifest.assets.remove(name) else {
                return Asset::Failed(NoWrapper::NotListed);
            };
            let exports = entry.interface.exports.into_iter();
            let methods = exports.filter_map(|export| Some((export.name, export.method?)));
            Asset::Wrapped(Wrapper { module: name.clone(), methods: methods.collect() })
        };
        Ok(Self(sources.iter().copied().zip(names.iter().map(asset)).collect()))
    }

    /// Returns the wrapper of a module.
    pub fn get(&self, source: &Source) -> Result<&Wrapper, NoWrapper> {
        match self.0.get(source) {
            Some(Asset::Wrapped(wrapper)) => Ok(wrapper),
            Some(Asset::Failed(error)) => Err(error.clone()),
            None => Err(NoWrapper::NotImported),
        }
    }

    /// Removes the wrapper in this Rust module, which does not compile.
    pub fn fail(&mut self, module: &str, error: &str) {
        let is_it = |asset: &&mut Asset| matches!(asset, Asset::Wrapped(w) if w.module == module);
        if let Some(asset) = self.0.values_mut().find(is_it) {
            *asset = Asset::Failed(NoWrapper::NotCompiled(error.into()));
        }
    }
}

/// Imports `sources` with `features` and returns the error of each; the importer should refuse all.
pub(super) fn refuse(
    sources: &[&Source],
    features: RequiredFeatures,
    folder: &Path,
    out_dir: &Path,
) -> crate::Result<Vec<Option<AssetError>>> {
    let names = write(sources, folder)?;
    let mut settings = settings(folder, out_dir);
    settings.features = features;
    // Nothing runs these modules.
    settings.targets = Some(Vec::new());
    let report = Importer::new(settings).no_cache().run(&())?;
    let errors = errors(&report);
    Ok(names.iter().map(|name| errors.get(&**name).copied().cloned()).collect())
}

/// Returns settings with all wasm features and without embedded artifacts.
fn settings(folder: &Path, out_dir: &Path) -> Settings {
    let mut settings = Settings::default();
    settings.roots = vec![folder.into()];
    settings.out_dir = out_dir.into();
    settings.features = RequiredFeatures::of(WasmFeature::ALL);
    settings.targets = Some(vec![wasmport::engine::Target::host()]);
    settings.embed = false;
    settings
}

fn write(sources: &[&Source], folder: &Path) -> crate::Result<Vec<String>> {
    let names: Vec<String> = (0..sources.len()).map(|i| format!("m{i:05}")).collect();
    let file = |(source, name): (&&Source, &String)| {
        (format!("{name}.{}", source.extension()), source.bytes().to_vec())
    };
    let all: Vec<(String, Vec<u8>)> = sources.iter().zip(&names).map(file).collect();
    let all: Vec<(String, &[u8])> =
        all.iter().map(|(name, bytes)| (name.clone(), &**bytes)).collect();
    files::fill(folder, &all)?;
    Ok(names)
}

/// Returns the errors by asset.
fn errors(report: &Report) -> HashMap<&str, &AssetError> {
    report.failures().map(|(asset, error)| (&*asset.name, error)).collect()
}
