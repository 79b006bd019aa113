//! Runs the fixtures on other systems: cross-compiles programs and artifacts on this machine, and starts
//! them in Wine and QEMU. The results must be those of this machine. For macOS the crates are type-checked.

mod machine;
mod macos;
mod outcomes;
mod package;

use crate::imports::import_for;
use crate::scratch::target_dir;
use machine::{MACHINES, Machine};
use outcomes::{Compared, Outcomes, compare, compare_lines};
use std::io::Write as _;
use std::path::Path;
use wasmport::EngineConfig;
use wasmport::engine::Target;
use wasmport_build::Settings;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only this system: windows, aarch64, s390x or macos
    machine: Option<String>,
}

/// The outcomes of tests on this machine.
struct Here {
    wrappers: Outcomes,
    importer: Outcomes,
}

/// Counts of the run.
#[derive(Default)]
struct Tally {
    same: usize,
    different: usize,
}

pub(crate) fn run(args: &Args) -> crate::Result {
    let is_chosen =
        |machine: &&Machine| args.machine.as_ref().is_none_or(|name| name == machine.name);
    let machines: Vec<&Machine> = MACHINES.iter().filter(is_chosen).collect();
    let checks_macos = args.machine.as_ref().is_none_or(|name| name == "macos");
    if machines.is_empty() && !checks_macos {
        return Err("no system has this name; there are windows, aarch64, s390x and macos".into());
    }
    machines.iter().try_for_each(|machine| machine.check())?;
    if checks_macos {
        println!("== macos");
        macos::check()?;
        println!("macos: the crates and their tests are type-checked");
        if machines.is_empty() {
            return Ok(());
        }
    }
    let here = Here {
        wrappers: package::wrapper_tests_here()?,
        importer: package::importer_tests_here()?,
    };
    let mut tally = Tally::default();
    for machine in machines {
        println!("== {}", machine.name);
        tally.machine(machine, &here)?;
    }
    let Tally { same, different } = tally;
    println!("elsewhere: {same} same, {different} different");
    std::io::stdout().flush()?;
    // A run without any result proves nothing.
    if different == 0 && same > 0 {
        return Ok(());
    }
    // An error would be printed below the summary, which scripts expect to be the last line.
    std::process::exit(1)
}

impl Tally {
    /// Builds and runs everything for one machine.
    fn machine(&mut self, machine: &Machine, here: &Here) -> crate::Result {
        let folder = target_dir("elsewhere").join(machine.name);
        let built = package::build(machine, &folder)?;
        self.modules(machine, &built.calls, &folder.join("modules"))?;
        let tests = compare(&here.wrappers, &built.test(machine)?);
        self.add(machine, "tests of wrappers and runtime", &tests);
        let tests = compare(&here.importer, &package::importer_tests(machine)?);
        self.add(machine, "tests of files and caches", &tests);
        Ok(())
    }

    /// Calls the exports of the determinism programs and of the fixtures, here and on the machine.
    fn modules(&mut self, machine: &Machine, calls: &Path, folder: &Path) -> crate::Result {
        let fixtures = crate::root().join("fixtures");
        let mut settings = Settings::from_file(&fixtures.join("wasmport.toml"))?;
        settings.roots.push(fixtures.join("determinism"));
        let targets = [Target::host(), machine.target()?, Target::PORTABLE];
        import_for(settings, &targets, folder, EngineConfig::new().fuel(true))?;
        let there = machine.output(calls, &[folder.as_os_str()])?;
        self.add(machine, "modules", &compare_lines(&calls::lines(folder)?, &there));
        Ok(())
    }

    fn add(&mut self, machine: &Machine, what: &str, found: &Compared) {
        let Compared { same, differences } = found;
        println!("{}: {what}: {same} same, {} different", machine.name, differences.len());
        differences.iter().for_each(|text| println!("    DIFFERENT: {text}"));
        self.same += same;
        self.different += differences.len();
    }
}
