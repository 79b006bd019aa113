//! Imports over a remote store: one that has everything, and one that does not answer.

use crate::measure::fastest_of;
use crate::{Result, files, process};
use std::net::TcpListener;
use std::process::Command;
use tempfile::TempDir;
use walkdir::WalkDir;

const TURNS: u32 = 5;

/// The files of the fixtures that an import reads.
const INPUTS: [&str; 4] = ["assets", "interfaces", "sources", "wasmport.toml"];

/// An import whose results are in the remote store, against one whose results are in the local one.
pub(crate) fn hit() -> Result<f64> {
    let url = std::env::var("WASMPORT_REMOTE_URL");
    let url = url.map_err(|_| "set `WASMPORT_REMOTE_URL`, and the credentials of the store")?;
    let project = Project::new(&url)?;
    let key = project.folder.path().join("key");
    let filled = project.folder.path().join("filled");
    let mut fill = project.import(&filled)?;
    fill.env("WASMPORT_REMOTE_MODE", "read-write").env("WASMPORT_SIGNING_KEY_FILE", key);
    let report = process::output(fill.args(["--format", "json"]))?;
    if report.contains("remote store") {
        return Err(format!("the store cannot be filled: {report}").into());
    }
    let remote = || {
        let cache = tempfile::tempdir()?;
        process::time(project.import(cache.path())?.arg("--quiet"))
    };
    let local = || {
        let mut import = project.import(&filled)?;
        process::time(import.arg("--quiet").env("WASMPORT_REMOTE_MODE", "off"))
    };
    Ok(fastest_of(TURNS, remote, local)?.ratio())
}

/// The seconds that a store costs which accepts connections and never answers, in an import of everything.
pub(crate) fn dead() -> Result<f64> {
    let silent = TcpListener::bind("127.0.0.1:0")?;
    let project = Project::new(&format!("http://{}", silent.local_addr()?))?;
    let import = |mode: &'static str| {
        let project = &project;
        move || {
            let cache = tempfile::tempdir()?;
            process::time(project.import(cache.path())?.env("WASMPORT_REMOTE_MODE", mode))
        }
    };
    let fastest = fastest_of(TURNS, import("read"), import("off"))?;
    Ok(fastest.ours.as_secs_f64() - fastest.theirs.as_secs_f64())
}

/// A copy of the fixtures that trusts a key of its own.
struct Project {
    folder: TempDir,
}

impl Project {
    fn new(url: &str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let root = files::root().join("fixtures");
        for entry in INPUTS.iter().flat_map(|input| WalkDir::new(root.join(input))) {
            let entry = entry?;
            if entry.file_type().is_file() {
                let path = folder.path().join(entry.path().strip_prefix(&root)?);
                files::write(&path, &files::read(entry.path())?)?;
            }
        }
        let mut create = Command::new(process::sibling("cargo-wasmport")?);
        let key = process::output(create.args(["key", "new"]).arg(folder.path().join("key")))?;
        let key = key.lines().last().unwrap_or_default();
        let path = folder.path().join("wasmport.toml");
        let remote = format!("\n[cache.remote]\nurl = \"{url}\"\ntrusted-keys = [\"{key}\"]\n");
        files::write(&path, &[files::read(&path)?, remote.into_bytes()].concat())?;
        Ok(Self { folder })
    }

    /// Returns the import of everything, with a cache folder.
    fn import(&self, cache: &std::path::Path) -> Result<Command> {
        let mut import = Command::new(process::sibling("cargo-wasmport")?);
        import.arg("import").current_dir(self.folder.path()).env("WASMPORT_CACHE_DIR", cache);
        // Another output folder each time: everything is imported.
        let out_dir = tempfile::Builder::new().prefix("out").tempdir_in(self.folder.path())?.keep();
        import.arg("--out-dir").arg(out_dir);
        Ok(import)
    }
}
