//! Runs the specification's test suite through generated wrappers.

mod assets;
mod components;
mod control;
mod literal;
mod outcome;
mod part;
mod program;
mod refuse;
mod run;
mod sample;
mod script;
mod skips;

use crate::{files, scratch};
use outcome::{Outcome, Tally};
use part::Part;
use script::Script;
use skips::Skips;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Instant;

/// Features of `wasmport` in all programs, so that they share one build of Wasmtime.
const FEATURES: &str = "[\"component-model\", \"gc\", \"threads\", \"wasi\"]";

/// Profile of all programs. They abort on panics, because rustc is faster without unwinding.
const PROFILE: &str = "\
[profile.dev]
debug = false
incremental = false
panic = \"abort\"

[profile.dev.package.\"*\"]
opt-level = 2
";

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Run the scripts whose path, such as `wasm-v3/call.wast`, contains this
    filter: Option<String>,
    /// Run the beginning of each script only
    #[arg(long)]
    sample: bool,
    /// Instead, import the components of test files, and call those of other toolchains
    #[arg(long, conflicts_with_all = ["filter", "sample"])]
    components: bool,
}

impl Args {
    /// Returns the name of the folder that runs of this kind share, to reuse unchanged files.
    fn name(&self) -> &'static str {
        match (&self.filter, self.sample) {
            (Some(_), _) => "some",
            (None, true) => "sample",
            (None, false) => "all",
        }
    }
}

pub(crate) fn run(args: &Args) -> crate::Result {
    let is_good = if args.components {
        let tally = components::run()?;
        println!("{tally}");
        tally.is_good()
    } else {
        let tally = conformance(args)?;
        println!("{tally}");
        tally.is_good()
    };
    std::io::stdout().flush()?;
    if is_good {
        return Ok(());
    }
    // An error would be printed below the summary, which scripts expect to be the last line.
    std::process::exit(1)
}

fn conformance(args: &Args) -> crate::Result<Tally> {
    let mut watch = Stopwatch(Instant::now());
    let mut scripts = script::suite();
    let skips = Skips::read()?;
    // The list must fit the whole suite, whatever the filter selects.
    skips.check(&scripts)?;
    if let Some(filter) = &args.filter {
        scripts.retain(|script| script.paths.iter().any(|path| path.contains(&**filter)));
        if scripts.is_empty() {
            return Err(format!("no script's path contains `{filter}`").into());
        }
    }
    if args.sample {
        scripts.iter_mut().for_each(sample::shorten);
    }
    let files: usize = scripts.iter().map(|script| script.paths.len()).sum();
    let directives: usize = scripts.iter().map(|script| script.directives.len()).sum();
    let different = scripts.len();
    // Last, so that no other script shares its part.
    scripts.push(control::script()?);
    println!("{files} files, {different} distinct: {directives} directives");

    let mut outcomes: Vec<_> = scripts.iter().map(|script| skips.outcomes(script)).collect();
    let workspace = scratch::target_dir("conformance").join(args.name());
    refuse::check(&workspace, &scripts, &mut outcomes)?;
    watch.lap("checked refusals");
    let mut parts = import(&workspace, args.name(), &scripts, &outcomes)?;
    watch.lap("imported modules");
    let programs = compile(&workspace, &mut parts, &scripts, &mut outcomes)?;
    watch.lap("compiled scripts");
    run_all(&programs, &parts, &mut outcomes)?;
    watch.lap("ran scripts");

    let (Some(script), Some(control)) = (scripts.pop(), outcomes.pop()) else {
        return Err("the control script is missing".into());
    };
    control::check(&script, &control)?;
    let mut tally = Tally::default();
    scripts.iter().zip(&outcomes).for_each(|(script, outcomes)| tally.add(script, outcomes));
    Ok(tally)
}

/// Prints how long each step takes.
struct Stopwatch(Instant);

impl Stopwatch {
    fn lap(&mut self, what: &str) {
        println!("{what} in {:.1} s", self.0.elapsed().as_secs_f64());
        self.0 = Instant::now();
    }
}

fn import<'a>(
    workspace: &Path,
    name: &str,
    scripts: &'a [Script],
    outcomes: &[Vec<Outcome>],
) -> crate::Result<Vec<Part<'a>>> {
    let ranges = part::divide(scripts).into_iter().enumerate();
    let import = |(number, range)| {
        Part::import(workspace, format!("{name}{number}"), range, scripts, outcomes)
    };
    ranges.map(import).collect()
}

/// Compiles the parts without the scripts that fail to compile; returns the programs.
fn compile(
    workspace: &Path,
    parts: &mut [Part<'_>],
    scripts: &[Script],
    outcomes: &mut [Vec<Outcome>],
) -> crate::Result<Vec<PathBuf>> {
    let names: Vec<&str> = parts.iter().map(Part::name).collect();
    let manifest = format!("[workspace]\nresolver = \"3\"\nmembers = {names:?}\n\n{PROFILE}");
    files::update(&workspace.join("Cargo.toml"), manifest)?;
    scratch::write_lock(workspace)?;
    loop {
        for part in &mut *parts {
            part.write(scripts, outcomes)?;
        }
        let target_dir = scratch::target_dir("conformance/target");
        let args = ["build", "--workspace", "--keep-going"];
        let findings = scratch::cargo(workspace, &args, &target_dir, Part::is_generated)?;
        if findings.errors.is_empty() {
            if let Some(error) = findings.elsewhere {
                return Err(format!("compiling the programs: {error}").into());
            }
            let program = |part: &Part<'_>| {
                let program = findings.artifacts.get(part.name()).and_then(|files| files.last());
                program.cloned().ok_or_else(|| format!("cargo built no `{}`", part.name()).into())
            };
            return parts.iter().map(program).collect();
        }
        for part in &mut *parts {
            part.fail(&findings, outcomes)?;
        }
    }
}

/// Runs all scripts, one per processor at a time.
fn run_all(
    programs: &[PathBuf],
    parts: &[Part<'_>],
    outcomes: &mut [Vec<Outcome>],
) -> crate::Result {
    let program_of =
        |number: usize| parts.iter().zip(programs).find(|(part, _)| part.scripts.contains(&number));
    let work = Mutex::new(outcomes.iter_mut().enumerate());
    let next = || work.lock().ok()?.next();
    let worker = || -> crate::Result {
        while let Some((number, outcomes)) = next() {
            if let Some((_, program)) = program_of(number) {
                run::run(program, &format!("s{number}"), outcomes)?;
            }
        }
        Ok(())
    };
    let count = std::thread::available_parallelism().map_or(1, usize::from);
    let results: Vec<crate::Result> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..count).map(|_| scope.spawn(worker)).collect();
        let ended = |_| Err("a worker panicked".into());
        workers.into_iter().map(|worker| worker.join().unwrap_or_else(ended)).collect()
    });
    results.into_iter().collect()
}
