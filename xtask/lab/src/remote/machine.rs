//! A machine that shares a store: a project and a cache of its own.

use super::servers::Address;
use crate::files;
use crate::imported::{Imported, lab};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The key of all machines.
pub(crate) struct Keys {
    folder: TempDir,
    public: String,
}

impl Keys {
    pub fn create() -> crate::Result<Self> {
        let folder = tempfile::tempdir()?;
        let output = lab()?.args(["key", "new"]).arg(folder.path().join("key")).output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let public = text.lines().last().ok_or("there is no key")?.to_owned();
        Ok(Self { folder, public })
    }

    pub fn public(&self) -> &str {
        &self.public
    }

    /// Returns the variables of a machine that uploads.
    pub fn environment(&self) -> [(String, String); 2] {
        let key = self.folder.path().join("key").display().to_string();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        [pair("WASMPORT_REMOTE_MODE", "read-write"), pair("WASMPORT_SIGNING_KEY_FILE", &key)]
    }
}

/// A project with a cache of its own.
pub(crate) struct Machine {
    folder: TempDir,
    credentials: Vec<(String, String)>,
}

/// The result of an import, and the time that it took.
pub(crate) struct Timed {
    imported: Imported,
    pub took: Duration,
}

impl Machine {
    /// The number of assets.
    pub const ASSETS: usize = 3;

    /// A machine without a store, after an import.
    pub fn alone() -> crate::Result<Self> {
        let machine = Self::new("", Vec::new())?;
        let _ = machine.import(None)?;
        Ok(machine)
    }

    pub fn with(address: &Address, keys: &Keys) -> crate::Result<Self> {
        let (url, public) = (&address.url, &keys.public);
        let settings = format!("[cache.remote]\nurl = \"{url}\"\ntrusted-keys = [\"{public}\"]\n");
        Self::new(&settings, address.credentials.clone())
    }

    fn new(settings: &str, credentials: Vec<(String, String)>) -> crate::Result<Self> {
        let folder = tempfile::tempdir()?;
        files::write(&folder.path().join("wasmport.toml"), settings)?;
        for number in 0..Self::ASSETS {
            let path = folder.path().join(format!("assets/number{number}.wat"));
            let text =
                format!("(module (func (export \"number\") (result i32) (i32.const {number})))");
            files::write(&path, text)?;
        }
        Ok(Self { folder, credentials })
    }

    /// Imports, and uploads if a key is given.
    pub fn import(&self, signs: Option<&Keys>) -> crate::Result<Timed> {
        let mut import = lab()?;
        import.args(["import", "--format", "json", "--config", "wasmport.toml"]);
        import.current_dir(self.folder.path()).env("WASMPORT_CACHE_DIR", "cache");
        import.envs(self.credentials.iter().cloned());
        if let Some(keys) = signs {
            import.envs(keys.environment());
        }
        let began = Instant::now();
        let imported = Imported::run(&mut import)?;
        Ok(Timed { imported, took: began.elapsed() })
    }

    pub fn outputs(&self) -> crate::Result<BTreeMap<PathBuf, Vec<u8>>> {
        files::contents(self.folder.path(), &["src/assets"])
    }
}

impl Timed {
    /// Fails if the import did not find so many artifacts, or has other warnings.
    pub fn expect(&self, what: &str, cached: usize, warnings: usize) -> crate::Result {
        let Imported { warnings: found, .. } = &self.imported;
        if (self.imported.cached(), found.len()) == (cached, warnings) {
            return Ok(());
        }
        let cached = self.imported.cached();
        Err(format!("an import {what}: {cached} results were found, warnings: {found:?}").into())
    }
}
