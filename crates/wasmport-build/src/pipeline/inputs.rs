//! `StageInputs`: the files that stages need besides the module, read before the first stage.
//!
//! A file that cannot be read is the error of the stage that needs it, so that the stage's policy holds.

use crate::asset::{AssetError, Stage};
use crate::component::World;
use crate::fs;
use crate::pipeline::read;
use crate::project::discover::AssetFile;
use crate::project::pins::{Pins, source_of};
use crate::settings::{
    AssetSettings, Part, Preinit, Settings, Symlinks, prefix, with_nearest, world_path,
};
use crate::wasm::RawWasm;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use wasmport::Digest;

/// Components by their path in the settings.
pub(crate) type Components = BTreeMap<String, Result<RawWasm, AssetError>>;

/// The inputs of one asset's stages.
pub(crate) struct StageInputs {
    /// The world that a component must implement.
    pub world: Option<Result<World, AssetError>>,
    /// The components that satisfy imports, by their path in the settings.
    pub components: Components,
    /// The inputs of the initialization.
    pub preinit: PreinitInputs,
}

/// The files that an initialization can read.
pub(crate) struct PreinitInputs {
    /// The folder that paths in the settings are relative to.
    pub folder: PathBuf,
    /// Whether links in the folders are followed to compute their digests.
    follow: bool,
    /// The reason why a file or folder cannot be used.
    #[cfg_attr(not(feature = "preinit"), expect(dead_code, reason = "nothing runs the module"))]
    pub checked: Result<(), AssetError>,
    /// The digests of the folders and of the standard input.
    pub digests: Vec<Digest>,
    /// The content of the standard input.
    #[cfg_attr(not(feature = "preinit"), expect(dead_code, reason = "nothing runs the module"))]
    pub stdin: Option<Result<Vec<u8>, String>>,
}

impl StageInputs {
    /// Reads the inputs that the asset's settings name.
    pub fn read(file: &AssetFile, project: &Settings) -> Self {
        let settings = &*file.settings;
        // The `world` of `[defaults]` is for assets.
        let world = match file.is_interface() {
            true => settings.wit.as_deref().map(|world| ("wit", world)),
            false => settings.world.as_deref().map(|world| ("world", world)),
        };
        let world = world.map(|(key, world)| {
            read::world(world, project).map_err(|e| {
                let message = format!("{}{e}", place(file, project, key, Part::Whole));
                let path = project.folder.join(world_path(world).0);
                let error = AssetError::new(&file.path, Stage::World, message);
                with_nearest(error, &path, &project.folder)
            })
        });
        let components = components(file, project);
        let preinit = PreinitInputs::read(file, project);
        Self { world, components, preinit }
    }
}

impl PreinitInputs {
    fn read(file: &AssetFile, project: &Settings) -> Self {
        let (settings, folder) = (&file.settings.preinit, &project.folder);
        let follow = project.symlinks == Symlinks::Follow;
        let stdin = settings.stdin.as_ref().filter(|_| settings.is_on());
        Self {
            folder: folder.clone(),
            follow,
            checked: check_preinit(file, project),
            digests: digests(settings, folder, follow),
            stdin: stdin.map(|path| fs::read(&folder.join(path)).map_err(|e| e.to_string())),
        }
    }

    /// Returns whether the files still have the digests.
    pub fn are_unchanged(&self, settings: &Preinit) -> bool {
        digests(settings, &self.folder, self.follow) == self.digests
    }
}

/// Checks the files and folders that the initialization reads.
fn check_preinit(file: &AssetFile, project: &Settings) -> Result<(), AssetError> {
    let settings = &file.settings.preinit;
    if !settings.is_on() {
        return Ok(());
    }
    let dirs = settings.dirs.iter().flatten();
    let dirs = dirs.map(|(guest, path)| ("preinit.dirs", Part::Entry(guest), path));
    let stdin = settings.stdin.iter().map(|path| ("preinit.stdin", Part::Whole, path));
    for (key, part, path) in dirs.chain(stdin) {
        let path = project.folder.join(path);
        // WASI lets no guest follow a link out of its folder.
        let follow = project.symlinks == Symlinks::Follow;
        let found = fs::canonicalize(&path).and_then(|_| fs::check_tree(&path, follow, false));
        found.map_err(|e| {
            let message = format!("{}{e}", place(file, project, key, part));
            with_nearest(
                AssetError::new(&file.path, Stage::Preinit, message),
                &path,
                &project.folder,
            )
        })?;
    }
    Ok(())
}

/// Returns the beginning of a message about a choice for the asset: its place in the settings file.
fn place(file: &AssetFile, project: &Settings, key: &str, part: Part<'_>) -> String {
    let place = project.choice_location(&file.source, key, part);
    prefix(place)
}

fn digests(settings: &Preinit, folder: &Path, follow: bool) -> Vec<Digest> {
    settings.inputs(folder).iter().map(|input| fs::digest_of_tree(input, follow)).collect()
}

/// Reads the components that are composed with an asset.
pub(crate) fn components(file: &AssetFile, project: &Settings) -> Components {
    let settings = &*file.settings;
    let files = settings.compose.iter().flat_map(BTreeMap::values);
    let component = |file: &String| component(&project.folder.join(file), settings, project);
    files.map(|file| (file.clone(), component(file))).collect()
}

/// Reads another component, within the asset's limits.
fn component(
    path: &Path,
    settings: &AssetSettings,
    project: &Settings,
) -> Result<RawWasm, AssetError> {
    let max = settings.limits.bytes();
    let bytes = fs::read_at_most(path, max.saturating_add(1)).map_err(|e| {
        with_nearest(AssetError::new(path, Stage::Compose, e.to_string()), path, &project.folder)
    })?;
    if bytes.len() as u64 > max {
        let len = fs::len(path).unwrap_or_default();
        return Err(AssetError::over_limit(path, Stage::Compose, len, max, "bytes", "max-bytes"));
    }
    check_pin(path, &bytes, project)?;
    read::to_wasm(path, bytes)
}

/// Checks that bytes are what the lock file pins, if it does: the file may be no asset itself.
fn check_pin(path: &Path, bytes: &[u8], project: &Settings) -> Result<(), AssetError> {
    let Some(source) = source_of(path, project) else { return Ok(()) };
    let pins = Pins::read(project);
    let pins = pins.map_err(|e| AssetError::new(path, Stage::Lock, e.to_string()))?;
    let found = fs::content_digest_of(bytes);
    match pins.of(&source) {
        Some(pin) if pin.blake3 != found => Err(pin.changed(path, found)),
        _ => Ok(()),
    }
}
