//! Overviews for `inspect --html` and `report --stages`: imports into a temporary folder, by a helper like that of `import`.

use crate::args::OptionArgs;
use crate::exit::Exit;
use crate::import::helper_for;
use crate::output::Output;
use crate::progress::Bar;
use std::ffi::OsString;
#[cfg(feature = "page")]
use std::path::Path;
use std::path::PathBuf;
use wasmport_build::inspector::{AssetOverview, Overview, OverviewOptions, TemporaryOutput};
#[cfg(feature = "page")]
use wasmport_build::{AssetError, RequiredFeatures};
use wasmport_build::{Error, Importer, LockMode, Status, Target};

/// The parts of an overview that are wanted.
pub(crate) struct Wanted<'a> {
    /// The targets to compile for.
    pub targets: &'a [Target],
    /// The function whose code is shown.
    #[cfg(feature = "page")]
    pub code: Option<String>,
}

impl Wanted<'_> {
    fn options(&self) -> OverviewOptions {
        let options = OverviewOptions::default();
        #[cfg(feature = "page")]
        let options = options.with_code(self.code.clone());
        // The module after all stages is read as an artifact for `source`.
        if self.targets.iter().any(Target::is_source) { options } else { options.without_source() }
    }
}

/// Imports a file into a temporary folder, and describes it.
///
/// # Errors
///
/// Fails if the settings have errors, or if the helper cannot be started. A file that cannot be imported is in the
/// overview with its error.
#[cfg(feature = "page")]
pub(crate) fn of_file(
    file: &Path,
    config: Option<&Path>,
    wanted: &Wanted<'_>,
    out: &Output,
) -> Result<Overview, Error> {
    of_paths(&[file.to_path_buf()], OptionArgs::of_config(config), wanted, out)
}

/// Imports assets into a temporary folder, and describes them.
///
/// # Errors
///
/// Fails like an import as a whole.
pub(crate) fn of_paths(
    paths: &[PathBuf],
    mut options: OptionArgs,
    wanted: &Wanted<'_>,
    out: &Output,
) -> Result<Overview, Error> {
    let folder = TemporaryOutput::new()?;
    options.out_dir = Some(folder.path());
    options.targets = wanted.targets.to_vec();
    if !options.targets.iter().any(Target::is_source) {
        options.targets.push(Target::SOURCE);
    }
    options.locked = false;
    let mut settings = options.settings(paths, None)?;
    settings.lock = LockMode::Ignore;
    let importer = Importer::new(settings);
    let words = import_words(paths, &options);
    let bar = Bar::new(out);
    let report = importer.run_in_helper(&bar, || helper_for(&words));
    bar.finish();
    importer.overview(&report?, &wanted.options())
}

/// Returns the arguments of an import with the same settings, for the helper.
fn import_words(paths: &[PathBuf], options: &OptionArgs) -> Vec<OsString> {
    let mut words: Vec<OsString> = vec!["import".into()];
    let mut option = |name: &str, value: &dyn AsRef<std::ffi::OsStr>| {
        let mut word = OsString::from(format!("--{name}="));
        word.push(value);
        words.push(word);
    };
    options.config.iter().for_each(|path| option("config", path));
    options.out_dir.iter().for_each(|path| option("out-dir", path));
    options.targets.iter().for_each(|target| option("target", &target.to_string()));
    options.wasm_features.iter().for_each(|feature| option("wasm-feature", &feature.name()));
    words.extend(options.no_embed.then(|| "--no-embed".into()));
    words.push("--".into());
    words.extend(paths.iter().map(OsString::from));
    words
}

/// Returns the reason why a path is no file that can be imported, such as a folder.
#[cfg(feature = "page")]
pub(crate) fn unreadable(file: &Path) -> Option<AssetError> {
    if file.is_file() { None } else { wasmport_build::inspect(file, RequiredFeatures::NONE).err() }
}

/// Names the asset of a file by its path, because several files may have one name.
#[cfg(feature = "page")]
pub(crate) fn name_by_path(overview: &mut Overview, file: &Path) {
    let path = file.display().to_string();
    for asset in overview.assets.iter_mut().chain(&mut overview.interfaces) {
        let own = format!("`{}`", asset.source);
        for warning in &mut overview.warnings {
            let renamed = warning.strip_prefix(&own).map(|rest| format!("`{path}`{rest}"));
            if let Some(renamed) = renamed {
                *warning = renamed;
            }
        }
        asset.source.clone_from(&path);
    }
}

/// Adds the assets of an overview to those of others.
#[cfg(feature = "page")]
pub(crate) fn join(all: &mut Option<Overview>, other: Overview) {
    let Some(all) = all else {
        *all = Some(other);
        return;
    };
    all.assets.extend(other.assets);
    all.interfaces.extend(other.interfaces);
    for warning in other.warnings {
        if !all.warnings.contains(&warning) {
            all.warnings.push(warning);
        }
    }
}

/// Prints the errors of assets and the warnings, and returns the exit code.
pub(crate) fn failures(overview: &Overview, out: &Output) -> Exit {
    overview.warnings.iter().for_each(|warning| out.warning(warning));
    let mut exit = Exit::Done;
    for asset in overview.assets.iter().chain(&overview.interfaces) {
        if let Some(error) = &asset.error {
            out.error(error);
        }
        if asset.status == Status::Failed {
            exit = Exit::Failed;
        }
        notes(asset, out);
    }
    exit
}

fn notes(asset: &AssetOverview, out: &Output) {
    asset.notes.iter().for_each(|note| out.warning(note));
}
