//! The programs that stages run: found, asked for their version, and bounded.

use crate::error::{AssetError, Stage};
use crate::fs;
use crate::settings::{ImportLimits, Tool, Tools};
use crate::store::{Bytes, Cache, Computation, Kind, Obtained};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use wasmport::engine::{RequiredFeatures, WasmFeature};

/// What is wrong with a program, and what to do about it.
#[derive(Clone, Debug)]
pub(crate) struct ToolError {
    message: String,
    help: Option<&'static str>,
}

impl ToolError {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None }
    }

    fn help(mut self, help: &'static str) -> Self {
        self.help = Some(help);
        self
    }

    /// As the error of an asset.
    pub fn at(self, path: &Path, stage: Stage) -> AssetError {
        let error = AssetError::new(path, stage, self.message);
        match self.help {
            Some(help) => error.help(help),
            None => error,
        }
    }
}

/// The programs of a run, each looked for when it is first needed.
pub(crate) struct ToolBox {
    settings: Tools,
    wasm_opt: OnceLock<Result<WasmOpt, ToolError>>,
}

impl ToolBox {
    pub fn new(settings: &Tools) -> Self {
        Self { settings: settings.clone(), wasm_opt: OnceLock::new() }
    }

    /// Binaryen's optimizer.
    ///
    /// # Errors
    ///
    /// Where it is missing, does not run, or is of another version than the settings say.
    pub fn wasm_opt(&self) -> Result<&WasmOpt, ToolError> {
        let found = self.wasm_opt.get_or_init(|| WasmOpt::find(&self.settings.wasm_opt));
        found.as_ref().map_err(Clone::clone)
    }
}

/// Binaryen's optimizer.
#[derive(Clone, Debug)]
pub(crate) struct WasmOpt {
    path: PathBuf,
    version: String,
}

/// Its name in manifests.
pub(crate) const WASM_OPT: &str = "wasm-opt";

/// The first that tells apart all features that modules of today are made of.
const OLDEST: u32 = 121;

const HOW_TO_GET_IT: &str = "install Binaryen 121 or newer (`npm install --global binaryen`, or a release from \
    https://github.com/WebAssembly/binaryen), and name it with the variable `WASM_OPT`, or with \
    `path` under `[tools.wasm-opt]` in wasmport.toml";

impl WasmOpt {
    fn find(settings: &Tool) -> Result<Self, ToolError> {
        let variable = || std::env::var_os("WASM_OPT").filter(|path| !path.is_empty());
        let named = settings.path.clone().or_else(|| variable().map(Into::into));
        let name = named.unwrap_or_else(|| WASM_OPT.into());
        let path = which::which(&name).map_err(|e| {
            ToolError::new(format!("`{}` is needed: {e}", name.display())).help(HOW_TO_GET_IT)
        })?;
        let version = version(&path)?;
        let number = version.split(' ').next().unwrap_or_default();
        if number.parse().is_ok_and(|number: u32| number < OLDEST) {
            let path = path.display();
            let message = format!(
                "`{path}` is version {version}, which is too old: it has no names for features that modules use"
            );
            return Err(ToolError::new(message).help(HOW_TO_GET_IT));
        }
        match &settings.version {
            Some(wanted) if wanted != number && *wanted != version => {
                let path = path.display();
                let message =
                    format!("`{path}` is version {version}, and the settings say {wanted}");
                Err(ToolError::new(message).help(
                    "use that version, or change `version` under `[tools.wasm-opt]` and import again",
                ))
            }
            _ => Ok(Self { path, version }),
        }
    }

    /// The version, such as `132 (version_132)`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Name and version.
    pub fn describe(&self) -> String {
        format!("{WASM_OPT} {}", self.version)
    }

    /// Runs it over a module, or finds what it gave before.
    ///
    /// # Errors
    ///
    /// Where it fails, takes longer or more memory than the limits allow, or gives nothing.
    pub fn rewrite<'c>(
        &self,
        args: &[String],
        wasm: &[u8],
        limits: &ImportLimits,
        cache: &'c Cache,
    ) -> Result<Obtained<'c>, ToolError> {
        let rewriting = Rewriting { wasm: Bytes(wasm), args, version: &self.version };
        cache.get_or_compute(&rewriting, &(self, limits))
    }

    fn run(
        &self,
        args: &[String],
        wasm: &[u8],
        limits: &ImportLimits,
    ) -> Result<Vec<u8>, ToolError> {
        let io = |e: crate::Error| ToolError::new(e.to_string());
        let folder = fs::temporary_folder().map_err(io)?;
        let (input, output) = (folder.path().join("in.wasm"), folder.path().join("out.wasm"));
        fs::write_atomically(&input, wasm).map_err(io)?;
        let mut command = Command::new(&self.path);
        command.arg(&input).arg("-o").arg(&output).args(args);
        let bounds = Bounds {
            time: limits.time(),
            memory: limits.memory(),
            written: limits.bytes().saturating_add(wasm.len() as u64).saturating_add(MAX_SAID),
        };
        let said = run_bounded(command, folder.path(), bounds)?;
        match fs::len(&output) {
            Some(len) if len > limits.bytes() => {
                let (program, bytes) = (self.describe(), limits.bytes());
                let message = format!("{program} gives {len} bytes, and {bytes} are allowed");
                Err(ToolError::new(message).help("raise `limits.max-bytes` for the asset"))
            }
            Some(_) => fs::read(&output).map_err(io),
            None => {
                let message = format!("{} gives no module{}", self.describe(), quoted(&said));
                Err(ToolError::new(message).help(LEAVE_OUT))
            }
        }
    }
}

/// What running the program is decided by, and nothing else.
#[derive(Serialize)]
struct Rewriting<'a> {
    wasm: Bytes<'a>,
    args: &'a [String],
    version: &'a str,
}

impl<'a> Computation for Rewriting<'a> {
    const KIND: Kind = Kind::Optimized;
    /// The program, and the bounds within which it is to end.
    type Help = (&'a WasmOpt, &'a ImportLimits);
    type Error = ToolError;

    fn compute(&self, (program, limits): &Self::Help) -> Result<Vec<u8>, ToolError> {
        program.run(self.args, self.wasm.0, limits)
    }
}

/// What `PROGRAM --version` says: `wasm-opt version 132 (version_132)`.
fn version(path: &Path) -> Result<String, ToolError> {
    let folder = fs::temporary_folder().map_err(|e| ToolError::new(e.to_string()))?;
    let mut command = Command::new(path);
    command.arg("--version");
    let bounds = Bounds { time: Duration::from_secs(60), memory: u64::MAX, written: MAX_SAID };
    let said = run_bounded(command, folder.path(), bounds)?;
    let version = said.lines().find_map(|line| line.strip_prefix("wasm-opt version "));
    let version = version.map(str::trim).filter(|version| !version.is_empty());
    version.map(Into::into).ok_or_else(|| {
        let path = path.display();
        ToolError::new(format!(
            "`{path}` does not tell its version as wasm-opt does{}",
            quoted(&said)
        ))
        .help(HOW_TO_GET_IT)
    })
}

/// What a program may take.
struct Bounds {
    time: Duration,
    /// In bytes.
    memory: u64,
    /// Bytes in the files of its folder.
    written: u64,
}

/// A program may say this many bytes.
const MAX_SAID: u64 = 64 << 20;

/// Runs a program to its end and gives what it said.
///
/// # Errors
///
/// Where it does not start, fails, or takes more than it may; then it is ended.
fn run_bounded(mut command: Command, folder: &Path, bounds: Bounds) -> Result<String, ToolError> {
    let program = command.get_program().to_owned();
    let program = Path::new(&program).display().to_string();
    let io = |e: crate::Error| ToolError::new(e.to_string());
    // Into files: a pipe that nobody reads would hold the program up.
    let (out, err) = (folder.join("stdout"), folder.join("stderr"));
    command.stdin(Stdio::null());
    command.stdout(fs::create(&out).map_err(io)?).stderr(fs::create(&err).map_err(io)?);
    let child = command.spawn();
    let child = child
        .map_err(|e| ToolError::new(format!("cannot run `{program}`: {e}")).help(HOW_TO_GET_IT))?;
    let child = Arc::new(Mutex::new(child));
    lock(&RUNNING).push(Arc::clone(&child));
    let end = wait(&child, folder, &bounds);
    lock(&RUNNING).retain(|running| !Arc::ptr_eq(running, &child));
    let end = end.map_err(|e| ToolError::new(format!("`{program}`: {e}")))?;
    let said = [&out, &err].map(|path| fs::read_ends(path, 4096).unwrap_or_default());
    let said = said.map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned()).join("\n");
    match end {
        End::Exited(status) if status.success() => Ok(said),
        End::Exited(status) => {
            Err(ToolError::new(format!("`{program}` failed ({status}){}", quoted(&said)))
                .help(LEAVE_OUT))
        }
        End::TooLong => {
            let seconds = bounds.time.as_secs();
            Err(ToolError::new(format!("`{program}` did not end within {seconds} s"))
                .help("raise `limits.max-seconds` for the asset, or leave the stage out"))
        }
        End::TooLarge(bytes) => {
            let mib = bytes >> 20;
            Err(ToolError::new(format!("`{program}` took {mib} MiB of memory"))
                .help("raise `limits.max-memory-mib` for the asset, or leave the stage out"))
        }
        End::TooMuch(bytes) => {
            let mib = bytes >> 20;
            Err(ToolError::new(format!("`{program}` wrote {mib} MiB{}", quoted(&said)))
                .help(LEAVE_OUT))
        }
    }
}

const LEAVE_OUT: &str = "try another version of the program, or leave the stage out for the asset, or its failure: \
     `on-failure = \"warn\"`";

/// The programs that run now.
static RUNNING: Mutex<Vec<Arc<Mutex<Child>>>> = Mutex::new(Vec::new());

/// Ends all programs, before this process ends itself.
pub(crate) fn end_all() {
    for child in lock(&RUNNING).iter() {
        // One that cannot be ended has ended.
        let _ = lock(child).kill();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

enum End {
    Exited(ExitStatus),
    TooLong,
    TooLarge(u64),
    TooMuch(u64),
}

fn wait(child: &Mutex<Child>, folder: &Path, bounds: &Bounds) -> std::io::Result<End> {
    let start = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        let id = {
            let mut child = lock(child);
            if let Some(status) = child.try_wait()? {
                return Ok(End::Exited(status));
            }
            child.id()
        };
        let size = fs::memory_of_process(id).unwrap_or_default();
        let written = fs::len_of_files(folder);
        let over = if start.elapsed() >= bounds.time {
            Some(End::TooLong)
        } else if size > bounds.memory {
            Some(End::TooLarge(size))
        } else {
            (written > bounds.written).then_some(End::TooMuch(written))
        };
        if let Some(end) = over {
            let mut child = lock(child);
            child.kill()?;
            child.wait()?;
            return Ok(end);
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

/// What a program said, shortened. What went wrong stands first or last: where one that runs in
/// JavaScript breaks down, its own source and a stack trace follow.
fn quoted(said: &str) -> String {
    let is_trace = |line: &&str| line.starts_with("at ") || line.len() > 300;
    let lines = said.lines().map(str::trim).filter(|line| !line.is_empty());
    let lines: Vec<&str> = lines.filter(|line| !is_trace(line)).collect();
    match lines.as_slice() {
        [] => String::new(),
        [first, second, third, .., before, last] if lines.len() > 6 => {
            format!(": {first}\n{second}\n{third}\n…\n{before}\n{last}")
        }
        lines => format!(": {}", lines.join("\n")),
    }
}

/// What a module with these features needs in Binaryen: these, and what goes with exceptions there,
/// tags with several parameters and references to exceptions.
pub(crate) fn in_binaryen(features: RequiredFeatures) -> RequiredFeatures {
    if features.contains(WasmFeature::Exceptions) {
        let more = [WasmFeature::ReferenceTypes, WasmFeature::MultiValue];
        return more.into_iter().fold(features, RequiredFeatures::with);
    }
    features
}

/// The arguments that tell Binaryen exactly these features.
///
/// # Errors
///
/// Where it does not know one.
pub(crate) fn feature_flags(features: RequiredFeatures) -> Result<Vec<String>, ToolError> {
    use WasmFeature as F;
    let mut flags = vec!["--mvp-features".to_owned()];
    for feature in features.iter() {
        let names: &[&str] = match feature {
            F::MutableGlobal => &["mutable-globals"],
            F::SaturatingFloatToInt => &["nontrapping-float-to-int"],
            F::SignExtension => &["sign-ext"],
            F::ReferenceTypes => &["reference-types", "call-indirect-overlong"],
            F::MultiValue => &["multivalue"],
            F::BulkMemory => &["bulk-memory", "bulk-memory-opt"],
            F::Simd => &["simd"],
            F::RelaxedSimd => &["relaxed-simd"],
            F::Threads => &["threads"],
            F::TailCall => &["tail-call"],
            F::MultiMemory => &["multimemory"],
            F::Exceptions => &["exception-handling"],
            F::Memory64 => &["memory64"],
            F::ExtendedConst => &["extended-const"],
            // Binaryen has typed function references as a part of GC.
            F::FunctionReferences | F::Gc => &["gc"],
            // Ours alone: whatever needs a collector uses another feature too.
            F::GcTypes => &[],
            F::CustomPageSizes => &["custom-page-sizes"],
            F::WideArithmetic => &["wide-arithmetic"],
            other => {
                return Err(ToolError::new(format!("Binaryen is not known to handle {other}"))
                    .help("leave the stage out for the asset"));
            }
        };
        flags.extend(names.iter().map(|name| format!("--enable-{name}")));
    }
    Ok(flags)
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn reasons_are_quoted_and_traces_are_not() {
        let source = "x".repeat(5000);
        let said =
            format!("bad type\n\nAborted()\n{source}\n   at f (a:1)\n   at g\nNode.js v20\n");
        assert_eq!(quoted(&said), ": bad type\nAborted()\nNode.js v20");
        assert_eq!(quoted(" \n"), "");
        let many: Vec<String> = (0..20).map(|i| i.to_string()).collect();
        assert_eq!(quoted(&many.join("\n")), ": 0\n1\n2\n…\n18\n19");
    }
}
