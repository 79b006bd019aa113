//! The importer in a `build.rs`: output in `OUT_DIR`, directives for cargo.
//!
//! ```text
//! OUT_DIR
//! └── wasmport
//!     ├── mod.rs          what `::wasmport::include_assets!()` includes
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
#[cfg(feature = "compiler")]
use crate::settings::Profile;
use crate::settings::{LockMode, Settings};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use wasmport::engine::{Target, TargetError};

/// The output folder in `OUT_DIR`.
const FOLDER: &str = "wasmport";

/// The environment that cargo gives a build script.
struct BuildScript {
    out_dir: PathBuf,
    machine: Machine,
    docs_rs: bool,
}

/// The machine that cargo builds for.
struct Machine {
    /// `TARGET`: a triple, or the name of a target specification of the project's own.
    #[cfg(feature = "compiler")]
    name: String,
    /// The machine, or the reason why Wasmtime does not compile for it.
    target: Result<Target, TargetError>,
    /// The values of `CARGO_CFG_TARGET_ARCH` and its like.
    #[cfg(feature = "compiler")]
    cfg: Cfg,
}

/// The values of the `cfg` of the machine that cargo builds for; empty if cargo sets none.
#[derive(Clone, Debug, Default)]
struct Cfg {
    arch: String,
    os: String,
    env: String,
    vendor: String,
    #[cfg(feature = "compiler")]
    pointer_width: String,
    #[cfg(feature = "compiler")]
    endian: String,
}

impl Machine {
    /// Determines the machine: by the name if that is a known triple, else by its `cfg`, because a target
    /// specification of the project's own may have any name.
    fn new(name: &str, cfg: Cfg) -> Self {
        let by_name = name.parse::<Target>();
        let target = match (by_name, cfg.target()) {
            (Err(_), Some(by_cfg)) => by_cfg,
            (by_name, _) => by_name,
        };
        Self {
            #[cfg(feature = "compiler")]
            name: name.into(),
            target,
            #[cfg(feature = "compiler")]
            cfg,
        }
    }

    /// Returns whether Wasmtime's interpreter runs on the machine.
    #[cfg(feature = "compiler")]
    fn runs_portable(&self) -> bool {
        let Cfg { pointer_width, endian, .. } = &self.cfg;
        if !pointer_width.is_empty() {
            return pointer_width == "64" && endian == "little";
        }
        let is_right = |triple: target_lexicon::Triple| {
            triple.pointer_width() == Ok(target_lexicon::PointerWidth::U64)
                && triple.endianness() == Ok(target_lexicon::Endianness::Little)
        };
        self.name.parse().is_ok_and(is_right)
    }

    /// Describes the machine by the variables that cargo sets.
    #[cfg(feature = "compiler")]
    fn variables(&self) -> String {
        let Cfg { arch, os, env, .. } = &self.cfg;
        let cfg = [("ARCH", arch), ("OS", os), ("ENV", env)];
        let cfg = cfg.map(|(name, value)| format!(", CARGO_CFG_TARGET_{name}={value}")).concat();
        format!("TARGET={}{}", self.name, if arch.is_empty() { "" } else { &cfg })
    }
}

impl Cfg {
    fn from_env() -> Self {
        let variable = |name| std::env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
        Self {
            arch: variable("ARCH"),
            os: variable("OS"),
            env: variable("ENV"),
            vendor: variable("VENDOR"),
            #[cfg(feature = "compiler")]
            pointer_width: variable("POINTER_WIDTH"),
            #[cfg(feature = "compiler")]
            endian: variable("ENDIAN"),
        }
    }

    /// Returns the machine that the values describe.
    fn target(&self) -> Option<Result<Target, TargetError>> {
        let Self { arch, os, env, vendor, .. } = self;
        if arch.is_empty() || os.is_empty() {
            return None;
        }
        // rustc's names differ from those in triples.
        let (os, env) = match os.as_str() {
            "macos" => ("darwin", ""),
            "android" => ("linux", "android"),
            os => (os, env.as_str()),
        };
        let triple = |vendor: &str| {
            let parts = [arch.as_str(), vendor, os, env].into_iter();
            parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
        };
        // Programs of all vendors but these are the same.
        let is_known = ["apple", "pc", "uwp", "sun"].contains(&vendor.as_str());
        Some(triple(if is_known { vendor } else { "unknown" }).parse())
    }
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
            machine: Machine::new(&variable("TARGET")?, Cfg::from_env()),
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
    if settings.partition.is_some() || settings.merge.is_some() {
        return Err(Error::BuildScript {
            message: "a build script imports completely".into(),
            help: "leave out `partition` and `merge`, which are for `run` and the command",
        });
    }
    let cargo = BuildScript::once()?;
    settings.apply_profile(profile());
    settings.has_network = false;
    settings.out_dir.clone_from(&cargo.out_dir);
    settings.cache.dir.get_or_insert_with(|| crate::store::of_build_script(&cargo.out_dir));
    // Documentation shows the wrappers, and nobody runs them.
    let targets =
        if cargo.docs_rs { Vec::new() } else { targets_of_build(&settings, &cargo.machine)? };
    settings.targets = Some(targets);
    let watchdog = Watchdog::start(end_build);
    let outcome = crate::run::import(&settings, &Notes, &Executor::Watched(watchdog))?;
    let watched = outcome.folders.iter().chain(&outcome.files).chain(&settings.file);
    let lock = binding_lock_file(&settings);
    cargo.rerun_if_changed(watched.chain(&lock));
    outcome.report.warnings.iter().for_each(|warning| cargo.warn(warning));
    // Cargo shows it beside the errors of a program that still uses the module.
    for source in &outcome.report.removed {
        cargo.warn(&format!("`{source}` was removed, and its module with it"));
    }
    match outcome.report.count(Status::Failed) {
        0 => Ok(outcome.report),
        _ => Err(Error::Failed(Box::new(outcome.report))),
    }
}

/// Returns what cargo builds for.
#[cfg(feature = "compiler")]
fn profile() -> Profile {
    match std::env::var_os("PROFILE") {
        Some(name) if name == "debug" => Profile::Debug,
        _ => Profile::Release,
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

/// Checks imported output, and makes it the output that `::wasmport::include_assets!()` includes.
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
    if !cargo.docs_rs
        && let Ok(target) = &cargo.machine.target
    {
        report.require_target(target);
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
fn targets_of_build(settings: &Settings, machine: &Machine) -> Result<Vec<Target>, Error> {
    let wanted = settings.targets.as_deref().unwrap_or_default();
    let is_general = |target: &&Target| target.triple().is_none();
    let build = match &machine.target {
        Ok(build) => build,
        Err(why) => return general_targets(wanted, machine, why),
    };
    let fits = |target: &&Target| target.has_triple_of(build) || is_general(target);
    let mut targets: Vec<Target> = wanted.iter().filter(fits).cloned().collect();
    let has_machine_code = targets.iter().any(|target| !is_general(&target));
    let wants_machine_code = wanted.is_empty() || wanted.iter().any(|t| !is_general(&t));
    if wants_machine_code && !has_machine_code {
        targets.push(build.clone());
    }
    Ok(targets)
}

/// Returns the targets that run on a machine that Wasmtime does not compile for.
#[cfg(feature = "compiler")]
fn general_targets(
    wanted: &[Target],
    machine: &Machine,
    why: &TargetError,
) -> Result<Vec<Target>, Error> {
    let runs =
        |target: &&Target| target.is_source() || target.is_portable() && machine.runs_portable();
    let targets: Vec<Target> = wanted.iter().filter(runs).cloned().collect();
    if !targets.is_empty() {
        return Ok(targets);
    }
    let help = "import for `source`, or, if the machine has 64 bits and is little-endian, for \
                `portable`: name it with `target`, or with `targets` in wasmport.toml";
    Err(Error::settings(format!("the build is for {}: {why}", machine.variables()), help))
}

#[cfg(all(test, feature = "compiler"))]
mod tests {
    use super::*;

    fn machine(name: &str, cfg: [&str; 6]) -> Machine {
        let [arch, os, env, vendor, pointer_width, endian] = cfg.map(Into::into);
        Machine::new(name, Cfg { arch, os, env, vendor, pointer_width, endian })
    }

    #[test]
    fn cfg_decides_where_the_name_is_no_triple() {
        let linux = ["x86_64", "linux", "gnu", "unknown", "64", "little"];
        for (name, cfg, target) in [
            ("x86_64-acme", linux, "x86_64-unknown-linux-gnu"),
            ("acme-linux", linux, "x86_64-unknown-linux-gnu"),
            ("x86_64-unknown-linux-gnu", [""; 6], "x86_64-unknown-linux-gnu"),
            (
                "phone",
                ["aarch64", "android", "", "unknown", "64", "little"],
                "aarch64-linux-android",
            ),
            ("mac", ["aarch64", "macos", "", "apple", "64", "little"], "aarch64-apple-darwin"),
            ("pc", ["x86_64", "windows", "msvc", "pc", "64", "little"], "x86_64-pc-windows-msvc"),
            (
                "board",
                ["riscv64", "linux", "musl", "acme", "64", "little"],
                "riscv64gc-unknown-linux-gnu",
            ),
        ] {
            let machine = machine(name, cfg);
            assert_eq!(machine.target.ok(), target.parse().ok(), "{name}");
        }
    }

    #[test]
    fn a_machine_without_machine_code_is_named_with_its_variables() {
        let settings = Settings::default();
        let toy = machine("toy", ["arm", "linux", "gnu", "acme", "32", "little"]);
        assert_eq!(
            targets_of_build(&settings, &toy).unwrap_err().to_string(),
            "the build is for TARGET=toy, CARGO_CFG_TARGET_ARCH=arm, CARGO_CFG_TARGET_OS=linux, \
             CARGO_CFG_TARGET_ENV=gnu: `arm-unknown-linux-gnu` is not a target: Wasmtime has no compiler \
             for arm; `portable` may run there\n  help: import for `source`, or, if the machine has 64 \
             bits and is little-endian, for `portable`: name it with `target`, or with `targets` in \
             wasmport.toml"
        );
        assert!(!toy.runs_portable());
        let loong = machine("own", ["loongarch64", "linux", "gnu", "acme", "64", "little"]);
        assert!(loong.target.is_err() && loong.runs_portable());
        let portable = Settings { targets: Some(vec![Target::PORTABLE]), ..Settings::default() };
        assert_eq!(targets_of_build(&portable, &loong).ok(), Some(vec![Target::PORTABLE]));
    }
}
