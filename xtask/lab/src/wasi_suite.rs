//! Runs the [public tests of WASI](https://github.com/WebAssembly/wasi-testsuite) on the disk and on virtual files.
//!
//! A test is a command of preview 1 with a description of the same name, which may be missing. It passes if it ends
//! with the exit code and the output that are expected.

use crate::files;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use wasmport::vfs::Files;
use wasmport::wasi::{Capture, Wasi};
use wasmport::{DynamicAsset, EngineConfig, Error, LoadedModule, Runtime, Session};

/// Name of the folders with the tests of preview 1.
const PREVIEW_1: &str = "wasm32-wasip1";

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Folder with the compiled tests: a clone of the suite's branch `prod/testsuite-base`
    dir: PathBuf,
    /// Only the tests whose names begin with this
    test: Option<String>,
}

/// Description of a test: how it is started, and how it has to end.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Description {
    args: Vec<String>,
    env: BTreeMap<String, String>,
    /// The folder that the test sees, beside the description.
    root: Option<String>,
    exit_code: i32,
    stdout: Option<String>,
    stderr: Option<String>,
}

/// The files that a test sees.
#[derive(Clone, Copy, Debug)]
enum System {
    /// A copy of the folder.
    Disk,
    Virtual,
}

pub(crate) fn run(args: &Args) -> crate::Result {
    let runtime = Runtime::new(&EngineConfig::new())?;
    let mut tests: Vec<PathBuf> = files::below(&args.dir)?;
    tests.retain(|path| {
        path.extension().is_some_and(|extension| extension == "wasm")
            && path.parent().is_some_and(|folder| folder.ends_with(PREVIEW_1))
            && args.test.as_ref().is_none_or(|wanted| name(path).starts_with(wanted))
    });
    tests.sort();
    let mut passed = [0, 0];
    for test in &tests {
        let module = runtime.load_dynamic(&DynamicAsset::file(test))?;
        for (passed, system) in passed.iter_mut().zip([System::Disk, System::Virtual]) {
            match fault(&module, test, system)? {
                None => *passed += 1,
                Some(fault) => println!("{system:?}: {}: {fault}", test.display()),
            }
        }
    }
    let [disk, virtual_] = passed;
    let all = tests.len();
    println!("wasi-suite: {disk} of {all} pass on the disk, {virtual_} of {all} on virtual files");
    if all == 0 {
        return Err(format!("no test below `{}`", args.dir.display()).into());
    }
    if disk == all && virtual_ == all { Ok(()) } else { Err("tests fail".into()) }
}

fn name(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// Runs a test, and returns what is wrong about its end.
fn fault(module: &LoadedModule, test: &Path, system: System) -> crate::Result<Option<String>> {
    let description = test.with_extension("json");
    let description: Description = if description.exists() {
        serde_json::from_str(&files::read(&description)?)?
    } else {
        Description::default()
    };
    let (stdout, stderr) = (Capture::new(), Capture::new());
    let mut wasi = Wasi::new()
        .arg(name(test))
        .args(&description.args)
        .envs(description.env.iter().map(|(name, value)| (name.as_str(), value.as_str())))
        .stdout(stdout.clone())
        .stderr(stderr.clone());
    // It lives as long as the session.
    let copy = tempfile::tempdir()?;
    if let Some(root) = &description.root {
        let root = test.with_file_name(root);
        match system {
            System::Disk => {
                files::copy(&root, copy.path())?;
                wasi = wasi.preopened_dir_read_write(copy.path(), "/");
            }
            System::Virtual => wasi = wasi.files(&virtual_files(&root)?, "/"),
        }
    }
    let ended = Session::of(module, (), |linker, store| wasi.link(linker, store))
        .and_then(|mut session| session.call_func::<(), ()>("_start", ()));
    let code = match ended {
        Ok(()) => 0,
        Err(Error::Exited { code, .. }) => code,
        Err(error) => return Ok(Some(format!("{error}\n{}", stderr.text()))),
    };
    if code != description.exit_code {
        return Ok(Some(format!("it ends with {code}\n{}", stderr.text())));
    }
    for (expected, found) in [(&description.stdout, &stdout), (&description.stderr, &stderr)] {
        if let Some(expected) = expected
            && *expected != found.text()
        {
            return Ok(Some(format!("it prints {:?}, not {expected:?}", found.text())));
        }
    }
    Ok(None)
}

/// Returns the files of a folder.
fn virtual_files(folder: &Path) -> crate::Result<Files> {
    let mut virtual_ = Files::new();
    for entry in walkdir::WalkDir::new(folder).min_depth(1) {
        let entry = entry?;
        let path = entry.path().strip_prefix(folder)?.to_string_lossy().replace('\\', "/");
        if entry.file_type().is_dir() {
            virtual_.create_dir_all(&path)?;
        } else {
            virtual_.write(&path, files::read_bytes(entry.path())?)?;
        }
    }
    Ok(virtual_)
}
