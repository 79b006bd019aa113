//! A repository with a project, its clone in a job, and the programs of the job.

use super::server::Server;
use crate::files;
use crate::processes::complete;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;
use wasmport::engine::wasmtime_version;

/// The difference between the main branch and that of a request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// None.
    None,
    /// An asset without its import.
    Stale,
    /// An asset that opens files, imported.
    Capability,
    /// None; the compiler of the artifacts has an advisory.
    Advisory,
    /// An asset that opens files, imported; the API refuses to write.
    Forbidden,
    /// A merge with a base on which others changed an asset after the event; the request changes none.
    Behind,
    /// The folder with the assets is removed.
    Removed,
}

const PLAIN: &str = "(module (func (export \"run\") (result i32) (i32.const 1)))";
const OTHER: &str = "(module (func (export \"run\") (result i32) (i32.const 2)))";
const WITH_FILES: &str = "(module
    (import \"wasi_snapshot_preview1\" \"path_open\"
        (func (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (func (export \"run\") (result i32) (i32.const 1)))";

/// Starts like cargo, as far as templates use it. An installation copies the program.
const CARGO: &str = r#"#!/bin/sh
set -e
echo "$*" >> "$SITE/cargo.log"
case "$1" in
  wasmport) exec cargo-wasmport "$@" ;;
  install)
    [ "$2 $3 $5" = "--locked --root cargo-wasmport@VERSION" ] || { echo "cargo: $*" >&2; exit 1; }
    mkdir -p "$4/bin"
    cp "$SITE/program" "$4/bin/cargo-wasmport" ;;
  *) echo "cargo: $*" >&2; exit 1 ;;
esac
"#;

/// The state that a job checks out.
pub(super) struct Checkout {
    pub folder: PathBuf,
    /// The commit that the event names as the base.
    pub base: String,
    /// The commit that is checked.
    pub head: String,
}

/// A repository on a server, with the machine of a job.
pub(super) struct Project {
    base: TempDir,
    pub server: Server,
}

impl Project {
    /// Creates a project whose output is current, in a repository with one commit.
    pub fn new(program: Option<&PathBuf>) -> crate::Result<Self> {
        let project = Self { base: tempfile::tempdir()?, server: Server::start()? };
        project.write_programs(program)?;
        let origin = project.path("origin");
        files::write(&origin.join("wasmport.toml"), "targets = [\"x86_64-unknown-linux-gnu\"]\n")?;
        files::write(&origin.join("assets/plugin.wat"), PLAIN)?;
        project.import(&origin)?;
        let _ = complete(project.git(&origin).args(["init", "--quiet", "--initial-branch=main"]))?;
        // Servers send commits by their ids.
        let allow = ["config", "uploadpack.allowAnySHA1InWant", "true"];
        let _ = complete(project.git(&origin).args(allow))?;
        let _ = project.commit(&origin)?;
        Ok(project)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.base.path().join(name)
    }

    fn write_programs(&self, program: Option<&PathBuf>) -> crate::Result {
        let program = match program {
            Some(program) => format!("#!/bin/sh\nexec '{}' \"$@\"\n", program.display()),
            // Cargo starts it with `wasmport` first. Its own settings would be those of this repository.
            None => format!(
                "#!/bin/sh\nshift\ncase \"$1\" in\n  --version) exit 0 ;;\n  check | import | audit) set -- \"$@\" --config wasmport.toml ;;\n\
                 esac\nexec '{}' \"$@\"\n",
                std::env::current_exe()?.display()
            ),
        };
        files::write_program(&self.path("program"), &program)?;
        let cargo = CARGO.replace("VERSION", env!("CARGO_PKG_VERSION"));
        files::write_program(&self.path("bin/cargo"), &cargo)
    }

    /// Makes the environment that of a machine without anything of this one's.
    pub fn environment(&self, command: &mut Command) -> crate::Result {
        let paths = std::env::var_os("PATH").unwrap_or_default();
        let paths = std::iter::once(self.path("bin")).chain(std::env::split_paths(&paths));
        command.env("PATH", std::env::join_paths(paths)?);
        command.env("HOME", self.path("home")).env("SITE", self.base.path());
        for variable in [
            "WASMPORT_CACHE_DIR",
            "WASMPORT_CACHE_KEY",
            "WASMPORT_CACHE_KEY_FILE",
            "XDG_CONFIG_HOME",
            "XDG_CACHE_HOME",
        ] {
            command.env_remove(variable);
        }
        Ok(())
    }

    pub fn git(&self, folder: &Path) -> Command {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=Someone", "-c", "user.email=someone@example.com"]);
        git.current_dir(folder).env("HOME", self.path("home"));
        git
    }

    /// Commits all files, and returns the id of the commit.
    pub fn commit(&self, folder: &Path) -> crate::Result<String> {
        let _ = complete(self.git(folder).args(["add", "--all"]))?;
        let commit = ["commit", "--quiet", "--allow-empty", "--message", "change"];
        let _ = complete(self.git(folder).args(commit))?;
        self.head(folder)
    }

    /// Imports as a developer does.
    pub fn import(&self, folder: &Path) -> crate::Result {
        let mut import = Command::new(self.path("program"));
        self.environment(&mut import)?;
        let _ = complete(import.args(["wasmport", "import", "--quiet"]).current_dir(folder))?;
        Ok(())
    }

    /// Clones the repository as a job does, and changes it.
    pub fn clone_with(&self, change: Change) -> crate::Result<Checkout> {
        let folder = self.path("checkout");
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        let origin = format!("file://{}", self.path("origin").display());
        let clone = ["clone", "--quiet", "--depth=1", &origin, "checkout"];
        let _ = complete(self.git(self.base.path()).args(clone))?;
        let base = self.head(&folder)?;
        let asset = folder.join("assets/plugin.wat");
        match change {
            Change::None | Change::Advisory => {}
            Change::Stale => files::write(&asset, OTHER)?,
            Change::Behind => self.merge(&folder)?,
            Change::Removed => std::fs::remove_dir_all(folder.join("assets"))?,
            Change::Capability | Change::Forbidden => {
                files::write(&asset, WITH_FILES)?;
                self.import(&folder)?;
            }
        }
        let head = match change {
            Change::Behind => self.head(&folder)?,
            _ => self.commit(&folder)?,
        };
        Ok(Checkout { folder, base, head })
    }

    /// Merges a request that changes no asset with a branch on which others changed one meanwhile.
    fn merge(&self, folder: &Path) -> crate::Result {
        let git = |args: &[&str]| complete(self.git(folder).args(args)).map(drop);
        files::write(&folder.join("README.md"), "Text.\n")?;
        let _ = self.commit(folder)?;
        git(&["branch", "request"])?;
        git(&["reset", "--quiet", "--hard", "HEAD~1"])?;
        files::write(&folder.join("assets/plugin.wat"), WITH_FILES)?;
        self.import(folder)?;
        let _ = self.commit(folder)?;
        git(&["merge", "--quiet", "--no-ff", "--message", "merge", "request"])
    }

    fn head(&self, folder: &Path) -> crate::Result<String> {
        Ok(complete(self.git(folder).args(["rev-parse", "HEAD"]))?.trim().to_owned())
    }

    /// Creates a repository of advisories, and returns its address.
    pub fn advisories(&self, change: Change) -> crate::Result<String> {
        let folder = self.path("advisories");
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        let package = if change == Change::Advisory { "wasmtime" } else { "another" };
        let major = wasmtime_version().split('.').next().unwrap_or_default().to_owned();
        let text = format!(
            "```toml\n[advisory]\nid = \"RUSTSEC-2026-9999\"\npackage = \"{package}\"\ndate = \"2026-01-02\"\n\n\
             [versions]\npatched = [\">= {major}.7777.1\"]\n```\n\n# A fault\n\nText.\n"
        );
        files::write(&folder.join(format!("crates/{package}/RUSTSEC-2026-9999.md")), text)?;
        let _ = complete(self.git(&folder).args(["init", "--quiet", "--initial-branch=main"]))?;
        let _ = self.commit(&folder)?;
        Ok(format!("file://{}", folder.display()))
    }

    /// Returns how often cargo installed the program.
    pub fn installations(&self) -> crate::Result<usize> {
        let log = files::read(&self.path("cargo.log"))?;
        Ok(log.lines().filter(|line| line.starts_with("install ")).count())
    }
}
