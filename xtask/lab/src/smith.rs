//! Imports random valid modules, compares the verdicts with Wasmtime's and uses every export; or imports
//! components of random worlds and compiles their wrappers.

mod calls;
mod component;
mod module;
mod names;
mod world;

pub(crate) use component::encode;

use crate::wrappers::{Outcome, Wrappers};
use crate::{files, scratch};
use arbitrary::Unstructured;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use wasmport::inspect::Inspection;
use wasmport::interface::ComponentItems;
use wasmport_build::{AssetReport, EngineConfig, Report, Status, WasmFeature};
use wasmtime::component::Component;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Seed of the first module; the second has the next number
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Number of modules
    #[arg(long, default_value_t = 60)]
    count: u64,
    /// Generate components instead, and compile their wrappers
    #[arg(long)]
    components: bool,
}

/// Results of a run, by module.
#[derive(Default)]
struct Findings {
    failed: BTreeMap<String, String>,
    refused: usize,
    not_wrapped: usize,
    used: Vec<usize>,
}

pub(crate) fn run(args: &Args) -> crate::Result {
    let modules = tempfile::Builder::new().prefix("wasmport-smith-").tempdir()?;
    for seed in args.seed..args.seed.saturating_add(args.count) {
        let make = if args.components { component::component } else { module::module };
        write(&modules.path().join(format!("m{seed}.wasm")), &generate(seed, make))?;
    }
    println!("seeds {} to {}", args.seed, args.seed.saturating_add(args.count).saturating_sub(1));
    let wrappers = Wrappers::new()?;
    let report = import(modules.path(), &wrappers.out_dir(), args.components)?;
    let mut findings = Findings::default();
    findings.compare(&report, modules.path())?;
    if args.components {
        findings.check(&report, &wrappers)?;
    } else {
        findings.use_all(&report, &wrappers)?;
    }
    findings.print(modules.path())?;
    let is_enough = findings.is_enough();
    if !is_enough {
        println!("most modules trapped or exported nothing: the run proves little");
    }
    let what = if args.components { "components" } else { "modules" };
    println!("smith: {} {what}, {} failed", report.assets.len(), findings.failed.len());
    if findings.failed.is_empty() && is_enough {
        return Ok(());
    }
    // An error would be printed below the summary, which scripts expect to be the last line.
    std::process::exit(1)
}

/// Generates the module or component of a seed, the same on every machine.
fn generate(seed: u64, make: fn(&mut Unstructured<'_>) -> arbitrary::Result<Vec<u8>>) -> Vec<u8> {
    let mut attempts = (0u32..).map(|attempt| {
        let mut random = blake3::Hasher::new();
        random.update(&seed.to_le_bytes()).update(&attempt.to_le_bytes());
        let mut bytes = vec![0; 16 << 10];
        random.finalize_xof().fill(&mut bytes);
        make(&mut Unstructured::new(&bytes))
    });
    // Some bytes give no module; other attempts do.
    attempts.find_map(Result::ok).unwrap_or_default()
}

/// Imports with fuel, so that every call ends, and with all wasm features.
fn import(modules: &Path, out_dir: &Path, components: bool) -> crate::Result<Report> {
    let importer = wasmport_build::configure()
        .no_cache()
        .root(modules)
        .out_dir(out_dir)
        .embed(false)
        .engine(EngineConfig::new().fuel(true).concurrency_support(components));
    let importer = WasmFeature::ALL.iter().fold(importer, |i, feature| i.wasm_feature(*feature));
    Ok(importer.run(&())?)
}

impl Findings {
    /// Compares the importer's verdicts with those of Wasmtime.
    fn compare(&mut self, report: &Report, modules: &Path) -> crate::Result {
        let wasmtime = crate::reference::engine()?;
        for asset in report.assets.iter() {
            let wasm = std::fs::read(modules.join(&asset.source))?;
            let verdict = if wasmparser::Parser::is_component(&wasm) {
                wasmtime.precompile_component(&wasm)
            } else {
                wasmtime.precompile_module(&wasm)
            };
            match (&asset.error, verdict) {
                (None, Ok(_)) if wasmparser::Parser::is_component(&wasm) => {
                    // Interfaces are compared with the items before and after compiling.
                    let read = Inspection::of(&wasm)?.component;
                    let loaded = Component::new(&wasmtime, &wasm).map_err(|e| format!("{e:?}"))?;
                    if read != ComponentItems::of(&loaded) {
                        self.fail(asset, "its items are read differently once it is loaded".into());
                    }
                }
                (None, Ok(_)) => {}
                (Some(_), Err(_)) => self.refused += 1,
                (Some(error), Ok(_)) => {
                    self.fail(asset, format!("only Wasmtime accepts it: {error}"))
                }
                (None, Err(error)) => self.fail(asset, format!("Wasmtime refuses it: {error:?}")),
            }
        }
        Ok(())
    }

    /// Compiles the wrappers of components.
    fn check(&mut self, report: &Report, wrappers: &Wrappers) -> crate::Result {
        self.failed.extend(wrappers.check()?);
        let manifest = files::read(&wrappers.out_dir().join("wasmport.json"))?;
        let manifest: Value = serde_json::from_str(&manifest)?;
        for asset in report.assets.iter().filter(|asset| asset.status == Status::Imported) {
            let wit = manifest["assets"][&asset.name]["interface"]["wit"].as_str();
            let functions = wit.unwrap_or_default().lines().filter(|line| line.contains("func("));
            self.used.push(functions.count());
        }
        Ok(())
    }

    /// Compiles all wrappers together with a program that uses them, and runs it for each.
    fn use_all(&mut self, report: &Report, wrappers: &Wrappers) -> crate::Result {
        let imported: Vec<&AssetReport> =
            report.assets.iter().filter(|asset| asset.status == Status::Imported).collect();
        let names: Vec<&str> = imported.iter().map(|asset| asset.name.as_str()).collect();
        let manifest = files::read(&wrappers.out_dir().join("wasmport.json"))?;
        let manifest: Value = serde_json::from_str(&manifest)?;
        for name in &names {
            let wrapper = files::read(&wrappers.out_dir().join(format!("{name}.rs")))?;
            let exports = &manifest["assets"][name]["interface"]["exports"];
            let exports: Vec<&Value> = exports.as_array().into_iter().flatten().collect();
            let methods: Vec<&str> = exports.iter().filter_map(|e| e["method"].as_str()).collect();
            self.not_wrapped += exports.len() - methods.len();
            let calls =
                calls::calls(name, &wrapper, &methods).map_err(|e| format!("{name}: {e}"))?;
            files::write(&wrappers.src().join(format!("calls/{name}.rs")), &calls)?;
        }
        files::write(&wrappers.src().join("calls/mod.rs"), calls::tree(&names))?;
        let program = files::read(&crate::root().join("fixtures/smith/main.rs"))?;
        files::write(&wrappers.src().join("main.rs"), &program)?;

        let Outcome { failed, program } = wrappers.build()?;
        let program = program.ok_or("cargo has built no program")?;
        for name in names.iter().filter(|name| !failed.contains_key(**name)) {
            self.call(name, &program, &wrappers.out_dir())?;
        }
        files::remove(&program);
        self.failed.extend(failed);
        Ok(())
    }

    /// Runs one wrapper in its own process, so that a crash names it.
    fn call(&mut self, name: &str, program: &Path, artifacts: &Path) -> crate::Result {
        let output = Command::new(program).arg(artifacts).arg(name).output()?;
        if output.status.success() {
            self.used.push(String::from_utf8(output.stdout)?.trim().parse()?);
        } else {
            let faults = String::from_utf8_lossy(&output.stderr);
            self.failed.insert(name.into(), format!("{}\n{faults}", output.status));
        }
        Ok(())
    }

    /// Whether most instances were used. Some modules trap at once or export nothing to call.
    fn is_enough(&self) -> bool {
        let instances = self.used.iter().filter(|used| **used > 0).count();
        self.used.len() < 10 || instances * 2 > self.used.len()
    }

    fn fail(&mut self, asset: &AssetReport, why: String) {
        self.failed.insert(asset.name.clone(), why);
    }

    /// Prints the results and saves the failed modules.
    fn print(&self, modules: &Path) -> crate::Result {
        for (name, why) in &self.failed {
            let saved = scratch::target_dir("smith").join(format!("{name}.wasm"));
            write(&saved, &std::fs::read(modules.join(format!("{name}.wasm")))?)?;
            let seed = name.trim_start_matches('m');
            println!("seed {seed}, {}: {}", saved.display(), why.trim_end());
        }
        let uses: usize = self.used.iter().sum();
        let used = self.used.iter().filter(|used| **used > 0).count();
        let Self { refused, not_wrapped, .. } = self;
        println!(
            "{refused} refused by both, {used} used, {uses} uses of functions and other exports, \
             {not_wrapped} exports not wrapped"
        );
        Ok(())
    }
}

fn write(path: &Path, bytes: &[u8]) -> crate::Result {
    std::fs::create_dir_all(path.parent().unwrap_or(path))?;
    Ok(std::fs::write(path, bytes)?)
}
