//! The importer in a `build.rs`: output in `OUT_DIR`, directives for cargo.
//!
//! ```text
//! OUT_DIR
//! └── wasmport
//!     ├── mod.rs          what `wasmport::include_assets!()` includes
//!     ├── wasmport.json   the manifest
//!     ├── calc.rs         a wrapper
//!     └── artifacts
//!         └── calc.x86_64-unknown-linux-gnu.cwasm
//! ```

use crate::error::Error;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// Folder in `OUT_DIR`.
const FOLDER: &str = "wasmport";

/// What cargo tells a build script.
pub(crate) struct BuildScript {
    pub out_dir: PathBuf,
    pub target: String,
    pub docs_rs: bool,
}

impl BuildScript {
    /// The first call of a build script: a second would replace the output of the first.
    ///
    /// # Errors
    ///
    /// Outside of a build script, and where it was called before.
    pub fn once() -> Result<Self, Error> {
        static CALLED: AtomicBool = AtomicBool::new(false);
        if CALLED.swap(true, Ordering::Relaxed) {
            return Err(Error::settings(
                "a build script imports once",
                "name all folders in one call: `configure().root(…).root(…).import()`",
            ));
        }
        Self::from_env()
    }

    /// # Errors
    ///
    /// Outside of a build script.
    fn from_env() -> Result<Self, Error> {
        let variable = |name: &str| {
            std::env::var(name).map_err(|_| {
                Error::settings(
                    format!("the variable `{name}` is not set: this is no build script"),
                    "call this in build.rs; elsewhere use `configure().out_dir(…).run()` or `cargo wasmport import`",
                )
            })
        };
        Ok(Self {
            out_dir: Path::new(&variable("OUT_DIR")?).join(FOLDER),
            target: variable("TARGET")?,
            docs_rs: std::env::var_os("DOCS_RS").is_some(),
        })
    }

    /// Tells cargo what the output depends on.
    pub fn rerun_if_changed<'a>(&self, paths: impl Iterator<Item = &'a PathBuf>) {
        // A pass of the project's own may have printed half a line.
        println!();
        for path in paths {
            println!("cargo::rerun-if-changed={}", path.display());
        }
        println!("cargo::rerun-if-env-changed=DOCS_RS");
        println!("cargo::rerun-if-env-changed=WASM_OPT");
    }

    /// Shows `text` as cargo's warning.
    pub fn warn(&self, text: &str) {
        for line in text.lines() {
            println!("cargo::warning={line}");
        }
    }
}
