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
use crate::project::check::{self, OlderPatch};
use crate::project::files::Files;
use crate::project::outputs::HEADER;
use crate::report::{Report, Status};
#[cfg(feature = "compiler")]
use crate::run::{Executor, Overrun, Progress, Watchdog};
use crate::settings::{LockMode, Settings};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
#[cfg(feature = "compiler")]
use wasmport::engine::Target;

/// The output folder in `OUT_DIR`.
const FOLDER: &str = "wasmport";

/// The environment that cargo gives a build script.
struct BuildScript {
    out_dir: PathBuf,
    target: String,
    docs_rs: bool,
}

impl BuildScript {
    /// Reads the environment, once per process: a second import would replace the output of the first.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::BuildScript`] outside a build script, and at the second call.
    fn once() -> Result<Self, Error> {
        static CALLED: AtomicBool = AtomicBool::new(false);
        if CALLED.swap(true, Ordering::Relaxed) {
            return Err(Error::BuildScript {
                message: "a build script imports once".into(),
                help: "name all folders in one call: `configure().root(…).root(…).import()`",
            });
        }
        Self::from_env()
    }

    fn from_env() -> Result<Self, Error> {
        let variable = |name: &str| {
            std::env::var(name).map_err(|_| Error::BuildScript {
                message: format!("the variable `{name}` is not set: this is not a build script"),
                help: "call this in build.rs; elsewhere use `configure().out_dir(…).run()` or \
                       `cargo wasmport import`",
            })
        };
        Ok(Self {
            out_dir: Path::new(&variable("OUT_DIR")?).join(FOLDER),
            target: variable("TARGET")?,
            docs_rs: std::env::var_os("DOCS_RS").is_some(),
        })
    }

    /// Prints the paths that the output depends on.
    fn rerun_if_changed<'a>(&self, paths: impl Iterator<Item = &'a PathBuf>) {
        // A pass may have printed half a line.
        println!();
        for path in paths {
            println!("cargo::rerun-if-changed={}", path.display());
        }
        println!("cargo::rerun-if-env-changed=DOCS_RS");
        println!("cargo::rerun-if-env-changed=WASM_OPT");
    }

    /// Prints `text`, which may quote files, as a warning of cargo.
    fn warn(&self, text: &str) {
        for line in wasmport::support::printable(text).lines() {
            println!("cargo::warning={line}");
        }
    }
}

/// Imports for the target of the build.
///
/// # Errors
///
/// Fails with [`Error::Failed`] if an asset fails, and with [`Error::BuildScript`] outside a build script.
#[cfg(feature = "compiler")]
pub(crate) fn import(mut settings: Settings) -> Result<Report, Error> {
    if settings.lock == LockMode::Update || settings.reproduce {
        return Err(Error::BuildScript {
            message: "a build script neither writes the lock file nor reproduces".into(),
            help: "use `locked()` in build.rs, and `cargo wasmport import` to write the lock file",
        });
    }
    let cargo = BuildScript::once()?;
    settings.out_dir.clone_from(&cargo.out_dir);
    settings.cache.dir.get_or_insert_with(|| crate::store::of_build_script(&cargo.out_dir));
    // Documentation shows the wrappers, and nobody runs them.
    let targets =
        if cargo.docs_rs { Vec::new() } else { targets_of_build(&settings, &cargo.target)? };
    settings.targets = Some(targets);
    let watchdog = Watchdog::start(end_build);
    let outcome = crate::run::import(&settings, &Notes, &Executor::Watched(watchdog))?;
    let watched = outcome.folders.iter().chain(&outcome.files).chain(&settings.file);
    let lock = binding_lock_file(&settings);
    cargo.rerun_if_changed(watched.chain(&lock));
    outcome.report.warnings.iter().for_each(|warning| cargo.warn(warning));
    match outcome.report.count(Status::Failed) {
        0 => Ok(outcome.report),
        _ => Err(Error::Failed(Box::new(outcome.report))),
    }
}

/// Prints notes of a run as warnings of cargo.
#[cfg(feature = "compiler")]
struct Notes;

#[cfg(feature = "compiler")]
impl Progress for Notes {
    fn note(&self, message: &str) {
        println!("cargo::warning={message}");
    }
}

/// Ends the build with an error for each asset that exceeds its limits.
#[cfg(feature = "compiler")]
fn end_build(overruns: &[Overrun]) {
    // A pass may have printed half a line.
    println!();
    for Overrun { source, message, key } in overruns {
        let help = format!("raise `{key}` for it, or exclude it");
        println!("cargo::error=`{}`: the import {message}; {help}", source.escape_debug());
    }
    crate::tool::kill_all();
    std::process::exit(1);
}

/// Checks imported output, and makes it the output that `wasmport::include_assets!()` includes.
///
/// # Errors
///
/// Fails with [`Error::Stale`] or [`Error::Failed`] if an output does not belong to its source, or a source
/// cannot be read, and with [`Error::BuildScript`] outside a build script.
pub(crate) fn check(settings: &Settings) -> Result<Report, Error> {
    let cargo = BuildScript::once()?;
    let (mut report, discovered) = check::check(settings, OlderPatch::Warn)?;
    let files = discovered.files(settings);
    let watched = discovered.folders.iter().chain(&files).chain(&settings.file);
    let watched = watched.chain([&settings.out_dir]);
    let lock = binding_lock_file(settings);
    cargo.rerun_if_changed(watched.chain(&lock));
    report.warnings.iter().for_each(|warning| cargo.warn(warning));
    if !cargo.docs_rs {
        report.require_target(&cargo.target);
    }
    if report.count(Status::Failed) > 0 {
        return Err(Error::Failed(Box::new(report)));
    }
    if report.count(Status::Stale) > 0 {
        return Err(Error::Stale(Box::new(report)));
    }
    include_from(&settings.out_dir, &cargo.out_dir)?;
    Ok(report)
}

/// Writes a `mod.rs` for the build that includes the one in `imported`.
fn include_from(imported: &Path, out_dir: &Path) -> Result<(), Error> {
    let module = crate::fs::canonicalize(imported)?.join("mod.rs");
    let mut files = Files::default();
    let include = format!("include!({:?});\n", module.display().to_string());
    files.add("mod.rs", format!("{HEADER}: the imported output is elsewhere.\n{include}"));
    files.write(out_dir, || ())
}

/// Returns the lock file if it decides the result.
fn binding_lock_file(settings: &Settings) -> Option<PathBuf> {
    (settings.lock == LockMode::Locked).then(|| settings.lock_file())
}

/// Returns the targets of the settings that run on the target of the build. If the settings name only
/// other machines, the baseline of the build's target is added.
#[cfg(feature = "compiler")]
fn targets_of_build(settings: &Settings, build: &str) -> Result<Vec<Target>, Error> {
    let wanted = settings.targets.as_deref().unwrap_or_default();
    let is_general = |target: &&Target| target.triple().is_none();
    let Ok(build) = build.parse::<Target>() else {
        return general_targets(wanted, build);
    };
    let fits = |target: &&Target| target.has_triple_of(&build) || is_general(target);
    let mut targets: Vec<Target> = wanted.iter().filter(fits).cloned().collect();
    let has_machine_code = targets.iter().any(|target| !is_general(&target));
    let wants_machine_code = wanted.is_empty() || wanted.iter().any(|t| !is_general(&t));
    if wants_machine_code && !has_machine_code {
        targets.push(build);
    }
    Ok(targets)
}

/// Returns the targets that run on a machine that Wasmtime does not compile for.
#[cfg(feature = "compiler")]
fn general_targets(wanted: &[Target], build: &str) -> Result<Vec<Target>, Error> {
    let runs =
        |target: &&Target| target.is_source() || target.is_portable() && runs_portable(build);
    let targets: Vec<Target> = wanted.iter().filter(runs).cloned().collect();
    if !targets.is_empty() {
        return Ok(targets);
    }
    let cause = build.parse::<Target>().map_or_else(|e| e.to_string(), |_| build.into());
    let help = "import for `source`, or, if the machine has 64 bits and is little-endian, for \
                `portable`: name it with `target`";
    Err(Error::settings(cause, help))
}

/// Returns whether the interpreter runs on the machine of a triple.
#[cfg(feature = "compiler")]
fn runs_portable(triple: &str) -> bool {
    let is_right = |triple: target_lexicon::Triple| {
        triple.pointer_width() == Ok(target_lexicon::PointerWidth::U64)
            && triple.endianness() == Ok(target_lexicon::Endianness::Little)
    };
    triple.parse().is_ok_and(is_right)
}
