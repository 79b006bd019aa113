//! `WasmOpt`: Binaryen's optimizer.

use super::error::{HOW_TO_GET_IT, ToolError};
use super::permission::Permission;
use super::process::{Bounds, LEAVE_OUT, MAX_OUTPUT, quoted, run_bounded};
use crate::fs;
use crate::settings::{ImportLimits, Tool};
use crate::store::{Bucket, Bytes, Cache, CacheEntry, Computation};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use wasmport::Digest;

/// Binaryen's optimizer.
#[derive(Clone, Debug)]
pub(crate) struct WasmOpt {
    path: PathBuf,
    version: String,
    /// The digest of the file that runs: a version says little about a script.
    program: Digest,
}

/// Its name in manifests.
pub(crate) const WASM_OPT: &str = "wasm-opt";

/// The first version with a name for every feature that modules use.
const OLDEST: u32 = 121;

impl WasmOpt {
    /// Finds the program, checks that it may run, and checks its version.
    pub(super) fn find(settings: &Tool, permission: &Permission) -> Result<Self, ToolError> {
        let variable = super::variable("WASM_OPT").map(PathBuf::from);
        let named = settings.path.clone().or_else(|| variable.clone());
        let name = named.unwrap_or_else(|| WASM_OPT.into());
        let path = which::which(&name).map_err(|e| permission.missing(&name, &e))?;
        // A link, such as those of npm, is not what runs.
        let program = fs::canonicalize(&path)?;
        permission.check(&name, &program, variable.as_deref())?;
        let program = fs::digest(&program)?;
        let version = version(&path)?;
        let number = version.split(' ').next().unwrap_or_default();
        if number.parse().is_ok_and(|number: u32| number < OLDEST) {
            let path = path.display();
            let message = format!(
                "`{path}` is version {version}, which is too old: it does not know features that modules use"
            );
            return Err(ToolError::new(message).help(HOW_TO_GET_IT));
        }
        match &settings.version {
            Some(wanted) if wanted != number && *wanted != version => {
                let path = path.display();
                let message = format!("`{path}` is version {version}, the settings name {wanted}");
                Err(ToolError::new(message).help(
                    "use that version, or change `version` under `[tools.wasm-opt]` and import again",
                ))
            }
            _ => Ok(Self { path, version, program }),
        }
    }

    /// Returns the version, such as `132 (version_132)`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Returns name and version.
    pub fn describe(&self) -> String {
        format!("{WASM_OPT} {}", self.version)
    }

    /// Rewrites a module, or returns the cached result.
    ///
    /// # Errors
    ///
    /// Fails if the program fails, exceeds the limits, or writes no module.
    pub fn rewrite<'c>(
        &self,
        args: &[String],
        wasm: &[u8],
        limits: &ImportLimits,
        cache: &'c Cache,
    ) -> Result<CacheEntry<'c>, ToolError> {
        let Self { version, program, .. } = self;
        let rewriting = Rewriting { wasm: Bytes(wasm), args, version, program };
        cache.get_or_compute(&rewriting, &(self, limits))
    }

    fn run(
        &self,
        args: &[String],
        wasm: &[u8],
        limits: &ImportLimits,
    ) -> Result<Vec<u8>, ToolError> {
        let folder = fs::temporary_folder()?;
        let (input, output) = (folder.path().join("in.wasm"), folder.path().join("out.wasm"));
        fs::write_atomically(&input, wasm)?;
        let mut command = Command::new(&self.path);
        command.arg(&input).arg("-o").arg(&output).args(args);
        let bounds = Bounds {
            time: limits.time(),
            memory: limits.memory(),
            written: limits.bytes().saturating_add(wasm.len() as u64).saturating_add(MAX_OUTPUT),
        };
        let printed = run_bounded(command, folder.path(), bounds)?;
        match fs::len(&output) {
            Some(len) if len > limits.bytes() => {
                let (program, bytes) = (self.describe(), limits.bytes());
                let message = format!("{program} wrote {len} bytes, the limit is {bytes}");
                Err(ToolError::new(message).help("raise `limits.max-bytes` for the asset"))
            }
            Some(_) => Ok(fs::read(&output)?),
            None => {
                let message = format!("{} wrote no module{}", self.describe(), quoted(&printed));
                Err(ToolError::new(message).help(LEAVE_OUT))
            }
        }
    }
}

/// Everything that decides the result of the program.
#[derive(Serialize)]
struct Rewriting<'a> {
    wasm: Bytes<'a>,
    args: &'a [String],
    version: &'a str,
    program: &'a Digest,
}

impl<'a> Computation for Rewriting<'a> {
    const BUCKET: Bucket = Bucket::Optimized;
    /// The program and its bounds.
    type Context = (&'a WasmOpt, &'a ImportLimits);
    type Error = ToolError;

    fn compute(&self, (program, limits): &Self::Context) -> Result<Vec<u8>, ToolError> {
        program.run(self.args, self.wasm.0, limits)
    }
}

/// Reads the version from `PROGRAM --version`, such as `wasm-opt version 132 (version_132)`.
fn version(path: &Path) -> Result<String, ToolError> {
    let folder = fs::temporary_folder()?;
    let mut command = Command::new(path);
    command.arg("--version");
    let bounds = Bounds { time: Duration::from_secs(60), memory: u64::MAX, written: MAX_OUTPUT };
    let printed = run_bounded(command, folder.path(), bounds)?;
    let version = printed.lines().find_map(|line| line.strip_prefix("wasm-opt version "));
    let version = version.map(str::trim).filter(|version| !version.is_empty());
    version.map(Into::into).ok_or_else(|| {
        let path = path.display();
        ToolError::new(format!(
            "`{path} --version` does not print the version of wasm-opt{}",
            quoted(&printed)
        ))
        .help(HOW_TO_GET_IT)
    })
}
