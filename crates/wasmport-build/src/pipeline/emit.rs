//! `Emitter`: the module after each stage as text, for `import --emit-stages DIR`.

use crate::asset::Stage;
use crate::error::Error;
use crate::project::discover::AssetFile;
use std::path::{Path, PathBuf};

/// Writes `DIR/ASSET/NN-STAGE.wat`, numbered in the order of the stages.
pub(crate) struct Emitter {
    folder: PathBuf,
}

impl Emitter {
    /// Creates the emitter of one asset.
    pub fn new(dir: &Path, file: &AssetFile) -> Self {
        Self { folder: dir.join(file.name()) }
    }

    /// Writes the module after `stage`.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::File`] if the file cannot be written.
    #[cfg(feature = "emit-stages")]
    pub fn emit(&self, stage: Stage, wasm: &[u8]) -> Result<(), Error> {
        let number = Stage::ALL.iter().position(|other| *other == stage).unwrap_or_default();
        let text = wasmprinter::print_bytes(wasm)
            .unwrap_or_else(|e| format!(";; the module cannot be printed: {e}\n"));
        let path = self.folder.join(format!("{number:02}-{stage}.wat"));
        crate::fs::write_atomically(&path, text.as_bytes())
    }

    /// Refuses to emit: this build cannot print modules.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Arguments`].
    #[cfg(not(feature = "emit-stages"))]
    pub fn emit(&self, _: Stage, _: &[u8]) -> Result<(), Error> {
        let message =
            format!("this build of wasmport-build cannot write `{}`", self.folder.display());
        let help = "add `features = [\"emit-stages\"]` to the dependency, or run \
                    `cargo wasmport import --emit-stages`";
        Err(Error::arguments(message, help))
    }
}
