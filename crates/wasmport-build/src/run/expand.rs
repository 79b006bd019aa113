//! Expand: the wrapper of one asset, as the import wrote it, or generated without compiling.

use super::imported::outputs;
use super::plan::Plan;
use super::workers::import_context;
use crate::asset::{AssetError, Stage};
use crate::error::{Error, did_you_mean};
use crate::fs;
use crate::names::nearest;
use crate::pipeline::Output;
use crate::project::check::{OlderPatch, check};
use crate::project::discover::{AssetFile, Discovered, discover};
use crate::project::manifest::Manifest;
use crate::project::outputs::locate;
use crate::report::Status;
use crate::settings::{Alternatives, LockMode, Settings};
use std::path::{Path, PathBuf};

/// The origin of an expanded wrapper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WrapperOrigin {
    /// The last import wrote it.
    Imported,
    /// There is no import: it was generated, and names no artifacts.
    Generated,
}

/// The wrapper of one asset, from [`Importer::expand`](crate::Importer::expand).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Expanded {
    /// The asset's name.
    pub name: String,
    /// The source file below its import root.
    pub source: String,
    /// The file of the wrapper, which need not exist.
    pub path: PathBuf,
    /// The wrapper: Rust source code.
    pub text: String,
    /// The origin of the text.
    pub origin: WrapperOrigin,
    /// The reason why the text does not match the source, the settings and the versions.
    pub stale: Option<String>,
}

/// Returns the wrapper of the asset or interface that `wanted` names. The settings name the targets.
///
/// # Errors
///
/// Fails with [`Error::Arguments`] if the project has no such asset, and with [`Error::Asset`] if the wrapper cannot
/// be generated.
pub(crate) fn expand(settings: Settings, wanted: &str) -> Result<Expanded, Error> {
    let discovered = discover(&settings)?;
    let file = find(&discovered, wanted, &settings)?;
    let (name, source) = (file.name(), file.source.clone());
    let only = Settings { only: vec![file.path.clone()], ..settings };
    let manifest = Manifest::read(&only.out_dir)?;
    let wrapper = format!("{name}.rs");
    let path = locate(&only.out_dir, &wrapper)?;
    let entry = manifest.assets.get(&name).filter(|entry| entry.source == source);
    let written = entry.map(|_| fs::read_optional(&path)).transpose()?.flatten();
    let (text, origin, stale) = match written {
        Some(bytes) => (bytes, WrapperOrigin::Imported, staleness(&only, &source)?),
        None => (generate(&only, &source, &wrapper)?, WrapperOrigin::Generated, None),
    };
    let text = String::from_utf8_lossy(&text).into_owned();
    Ok(Expanded { name, source, path, text, origin, stale })
}

/// Finds the asset that a name, a Rust module or a path means.
fn find<'d>(
    discovered: &'d Discovered,
    wanted: &str,
    settings: &Settings,
) -> Result<&'d AssetFile, Error> {
    let files = || discovered.assets.iter().chain(&discovered.unselected);
    let module = module_of(wanted, &settings.out_dir);
    let given = fs::canonicalize(Path::new(wanted)).ok();
    let is_wanted = |file: &&AssetFile| {
        file.name() == wanted || file.source == wanted || file.module.join("::") == module
    };
    let is_given =
        |file: &&AssetFile| given.is_some() && fs::canonicalize(&file.path).ok() == given;
    if let Some(file) = files().find(is_wanted).or_else(|| files().find(is_given)) {
        return Ok(file);
    }
    if let Some((_, error)) = discovered.failed.iter().find(|(source, _)| source == wanted) {
        return Err(error.clone().into());
    }
    let names = files().map(|file| [file.name(), file.source.clone(), file.module.join("::")]);
    let names: Vec<String> = names.flatten().collect();
    let nearest = nearest(wanted, names.iter().map(String::as_str));
    let help =
        nearest.map_or_else(|| "`cargo wasmport list` lists the assets".into(), did_you_mean);
    Err(Error::arguments(format!("the project has no asset `{}`", wanted.escape_debug()), help))
}

/// Returns a Rust path without what leads to the module of the assets: `crate::assets::calc` is `calc`.
fn module_of<'w>(wanted: &'w str, out_dir: &Path) -> &'w str {
    let inner = wanted.trim_start_matches("::");
    let inner = inner.strip_prefix("crate::").unwrap_or(inner);
    let folder = out_dir.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let of_assets = |name: &str| inner.strip_prefix(name)?.strip_prefix("::");
    of_assets(folder).or_else(|| of_assets("assets")).unwrap_or(inner)
}

fn staleness(settings: &Settings, source: &str) -> Result<Option<String>, Error> {
    let (report, _) = check(settings, OlderPatch::Stale)?;
    let asset = report.assets.into_iter().find(|asset| asset.source == source);
    Ok(asset.and_then(|asset| match asset.status {
        Status::Failed => asset.error.map(|error| error.to_string()),
        _ => asset.stale,
    }))
}

/// Runs the stages of one asset for no target.
fn generate(settings: &Settings, source: &str, wrapper: &str) -> Result<Vec<u8>, Error> {
    let mut settings = settings.clone();
    settings.targets = Some(Vec::new());
    settings.lock = LockMode::Ignore;
    let alternatives = Alternatives::new(&settings);
    let plan = Plan::new(&alternatives)?;
    let missing =
        |path: &Path| AssetError::new(path, Stage::Codegen, "it has no wrapper of its own");
    let Some(file) = plan.discovered.assets.iter().find(|file| file.source == source) else {
        return Err(missing(Path::new(source)).into());
    };
    let import = import_context(&plan, 1);
    let output = plan.pool.install(|| outputs(&plan, &import, file))?;
    let Output::Complete(outputs) = output else { return Err(missing(&file.path).into()) };
    let mut files = outputs.files.iter();
    let text = files.find(|(path, _)| *path == wrapper).map(|(_, bytes)| bytes.to_vec());
    text.ok_or_else(|| missing(&file.path).into())
}
