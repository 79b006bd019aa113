//! Runs a WASI command with a manual clock and seeded random numbers.

use std::fmt;
use std::time::Duration;
use wasmport::vfs::{Entry, FileType, Files};
use wasmport::wasi::{Capture, ManualClock, Wasi};
use wasmport::{Error, LoadedModule, Session};

/// Everything that a host can see of a run.
#[derive(PartialEq, Eq)]
pub(super) struct Run {
    exit: i32,
    printed: String,
    slept: Duration,
    fuel: u64,
    memory: blake3::Hash,
    /// Names, times and contents of the virtual files afterwards.
    tree: blake3::Hash,
}

/// The digest of the virtual files after the run, which is the same on each day and machine.
pub(super) const TREE: &str = "64b4d341bf457c2ae0b098cc1a4fdbd08085826f63b6b802d911507725aa6b01";

/// Fuel limit: several times what the command uses.
const FUEL: u64 = 100_000_000;

pub(super) fn run(module: &LoadedModule) -> crate::Result<Run> {
    let clock = ManualClock::new(Duration::from_secs(1_700_000_000));
    let output = Capture::new();
    let mut files = Files::new();
    files.write("read/me", "text\n")?.create_dir_all("notes")?;
    let wasi = Wasi::new()
        .args([
            "steps",
            "clocks",
            "random",
            "read:/read/me",
            "write:/notes/first",
            "sleep:3600",
            "clocks",
        ])
        .args(["write:/notes/second", "write:/read/me", "read:/read/me", "env", "stdin", "random"])
        .files(&files, "/")
        .env("LANG", "C")
        .stdin_bytes("a line\nand another\n")
        .stdout(output.clone())
        .clock(&clock)
        .random_seed(7);
    let mut session = Session::of(module, (), |linker, store| wasi.link(linker, store))?;
    session.set_fuel(FUEL)?;
    let exit = match session.call_func::<(), ()>("_start", ()) {
        Ok(()) => 0,
        Err(Error::Exited { code, .. }) => code,
        Err(error) => return Err(error.into()),
    };
    let fuel = FUEL - session.fuel()?;
    let instance = *session.wrapper();
    let memory = instance.get_memory(session.store_mut(), "memory").ok_or("it has no memory")?;
    let memory = blake3::hash(memory.data(session.store_mut()));
    let files = session.store_mut().data_mut().wasi().files("/").ok_or("it has no files")?;
    let tree = digest(&files)?;
    Ok(Run { exit, printed: output.text(), slept: clock.elapsed(), fuel, memory, tree })
}

impl Run {
    /// Returns the digest of the virtual files.
    pub fn tree(&self) -> String {
        self.tree.to_hex().to_string()
    }
}

/// Returns the digest of all that a guest can see of virtual files.
fn digest(files: &Files) -> crate::Result<blake3::Hash> {
    let mut hasher = blake3::Hasher::new();
    for Entry { path, stat, .. } in files.entries() {
        hasher.update(format!("{path}\0{stat:?}\0").as_bytes());
        if stat.kind == FileType::File {
            hasher.update(&files.read(&path)?);
        }
    }
    Ok(hasher.finalize())
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { exit, printed, slept, fuel, memory, tree } = self;
        let printed = blake3::hash(printed.as_bytes()).to_hex();
        write!(
            f,
            "code {exit}, printed {:.16}, slept {slept:?}, fuel {fuel}, memory {:.16}, files {:.16}",
            printed.as_str(),
            memory.to_hex().as_str(),
            tree.to_hex().as_str()
        )
    }
}
