//! `StageInputs`: the files that stages need besides the module, read before the first stage.
//!
//! A file that cannot be read is the error of the stage that needs it, so that the stage's policy holds.

use crate::asset::{AssetError, Stage};
use crate::component::World;
use crate::fs;
use crate::pipeline::read;
use crate::project::discover::AssetFile;
use crate::settings::{AssetSettings, Preinit, Settings, Symlinks, world_path};
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
    /// The reason why a folder cannot be used.
    #[cfg_attr(not(feature = "preinit"), expect(dead_code, reason = "nothing runs the module"))]
    pub checked: Result<(), String>,
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
        let error = |stage, message: String| AssetError::new(file.path.as_path(), stage, message);
        let world = settings.world.as_deref().map(|world| {
            let (path, name) = world_path(world);
            let path = project.folder.join(path);
            // The parser of WIT reads whatever is in the folder.
            let follow = project.symlinks == Symlinks::Follow;
            fs::check_tree(&path, follow, !follow)
                .map_err(|e| error(Stage::World, e.to_string()))?;
            let world = World::from_files(&path, name);
            world.map(|(world, _)| world).map_err(|e| error(Stage::World, e.to_string()))
        });
        let components = components(file, project);
        let preinit = PreinitInputs::read(&settings.preinit, project);
        Self { world, components, preinit }
    }
}

impl PreinitInputs {
    fn read(settings: &Preinit, project: &Settings) -> Self {
        let folder = &project.folder;
        let follow = project.symlinks == Symlinks::Follow;
        // WASI lets no guest follow a link out of its folder.
        let check = |input: &PathBuf| fs::check_tree(input, follow, false);
        let checked = settings.inputs(folder).iter().try_for_each(check);
        let stdin = settings.stdin.as_ref().filter(|_| settings.is_on());
        Self {
            folder: folder.clone(),
            follow,
            checked: checked.map_err(|e| e.to_string()),
            digests: digests(settings, folder, follow),
            stdin: stdin.map(|path| fs::read(&folder.join(path)).map_err(|e| e.to_string())),
        }
    }

    /// Returns whether the files still have the digests.
    pub fn are_unchanged(&self, settings: &Preinit) -> bool {
        digests(settings, &self.folder, self.follow) == self.digests
    }
}

fn digests(settings: &Preinit, folder: &Path, follow: bool) -> Vec<Digest> {
    settings.inputs(folder).iter().map(|input| fs::digest_of_tree(input, follow)).collect()
}

/// Reads the components that are composed with an asset.
pub(crate) fn components(file: &AssetFile, project: &Settings) -> Components {
    let settings = &*file.settings;
    let files = settings.compose.iter().flat_map(BTreeMap::values);
    let component = |file: &String| component(&project.folder.join(file), settings);
    files.map(|file| (file.clone(), component(file))).collect()
}

/// Reads another component, within the asset's limits.
fn component(path: &Path, settings: &AssetSettings) -> Result<RawWasm, AssetError> {
    let max = settings.limits.bytes();
    let bytes = fs::read_at_most(path, max.saturating_add(1))
        .map_err(|e| AssetError::new(path, Stage::Compose, e.to_string()))?;
    if bytes.len() as u64 > max {
        let len = fs::len(path).unwrap_or_default();
        return Err(AssetError::over_limit(path, Stage::Compose, len, max, "bytes", "max-bytes"));
    }
    read::to_wasm(path, bytes)
}
