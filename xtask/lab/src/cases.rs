//! Tries the cases below a folder, one folder each: small inputs with an expected result.
//!
//! The inputs are `*.wat` and `*.wasm` files, or a folder `assets`, with an optional `wasmport.toml`. They must be
//! imported, and their wrappers compile with warnings denied, unless `expect.toml` says otherwise. A script
//! `check.sh` tries what a file cannot say. Both lie in the folder, or in that of the same name in
//! `fixtures/cases`.

use crate::wrappers::Wrappers;
use crate::{files, root};
use calls::printable;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use wasmport_build::{AssetReport, Importer, Report, Settings};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Folder with a folder for each case
    dir: PathBuf,
    /// Only the case whose name begins like this
    case: Option<String>,
}

/// The expected result, where it is not that everything is imported.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct Expected {
    /// A text in the error, by source.
    refused: BTreeMap<String, String>,
    /// A text in a warning, by source.
    warned: BTreeMap<String, String>,
    /// The names of all assets.
    assets: Option<Vec<String>>,
    /// The inputs are for the script alone.
    only_script: bool,
}

/// A case with its files.
struct Case {
    name: String,
    folder: PathBuf,
    /// The folder of `fixtures/cases`.
    own: PathBuf,
}

pub(crate) fn run(args: &Args) -> crate::Result {
    let mut names: Vec<String> = std::fs::read_dir(&args.dir)
        .map_err(|e| format!("cannot read `{}`: {e}", args.dir.display()))?
        .filter_map(|entry| entry.ok().filter(|entry| entry.path().is_dir()))
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| args.case.as_ref().is_none_or(|wanted| name.starts_with(wanted)))
        .collect();
    names.sort();
    let (mut right, mut wrong) = (0, 0);
    for name in names {
        let (folder, own) = (args.dir.join(&name), root().join("fixtures/cases").join(&name));
        let case = Case { name, folder: std::path::absolute(folder)?, own };
        let faults = case.faults()?;
        println!("{} {}", if faults.is_empty() { "right" } else { "WRONG" }, case.name);
        faults
            .iter()
            .for_each(|fault| println!("    {}", fault.trim_end().replace('\n', "\n    ")));
        *(if faults.is_empty() { &mut right } else { &mut wrong }) += 1;
    }
    println!("cases: {right} right, {wrong} wrong");
    std::io::stdout().flush()?;
    if wrong == 0 && right > 0 {
        return Ok(());
    }
    // An error would be printed below the summary, which scripts expect to be the last line.
    std::process::exit(1)
}

impl Case {
    /// Tries the case, and returns what is not as expected.
    fn faults(&self) -> crate::Result<Vec<String>> {
        let expected: Expected = match self.file("expect.toml") {
            Some(path) => toml::from_str(&files::read(&path)?)?,
            None => Expected::default(),
        };
        let mut faults = Vec::new();
        if !expected.only_script {
            faults.extend(self.imported(&expected)?);
        }
        match self.file("check.sh") {
            Some(script) => faults.extend(self.checked(&script)?),
            None if expected.only_script => faults.push("there is no `check.sh`".into()),
            None => {}
        }
        Ok(faults)
    }

    /// Returns the path of a file of the case, or of that in `fixtures/cases`.
    fn file(&self, name: &str) -> Option<PathBuf> {
        let mut paths = [&self.folder, &self.own].into_iter().map(|folder| folder.join(name));
        paths.find(|path| path.is_file())
    }

    fn imported(&self, expected: &Expected) -> crate::Result<Vec<String>> {
        let assets = self.folder.join("assets");
        let roots = if assets.is_dir() { assets } else { self.folder.clone() };
        let mut settings = match self.file("wasmport.toml") {
            Some(path) => Settings::from_file(&path)?,
            None => Settings::default(),
        };
        let wrappers = Wrappers::new()?;
        settings.roots = vec![roots];
        settings.out_dir = wrappers.out_dir();
        settings.embed = false;
        let report = Importer::new(settings).no_cache().run(&())?;
        let mut faults = expected.compare(&report);
        let compiled = wrappers.check()?;
        faults.extend(compiled.into_iter().map(|(name, error)| format!("{name}: {error}")));
        Ok(faults)
    }

    /// Runs the script with the paths that it needs.
    fn checked(&self, script: &Path) -> crate::Result<Option<String>> {
        let scratch = tempfile::Builder::new().prefix("wasmport-case-").tempdir()?;
        let output = Command::new("bash")
            .arg("-e")
            .arg(script)
            .env("CASE", &self.folder)
            .env("PROJECT", root())
            .env("WASMPORT", std::env::current_exe()?)
            .current_dir(scratch.path())
            .output()?;
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        Ok((!output.status.success())
            .then(|| format!("{}: {}\n{text}", script.display(), output.status)))
    }
}

impl Expected {
    /// Compares the report of an import.
    fn compare(&self, report: &Report) -> Vec<String> {
        let mut faults = Vec::new();
        faults.extend(report.assets.iter().filter_map(|asset| self.compare_asset(asset)));
        for (source, text) in &self.warned {
            let is_it = |warning: &&String| warning.contains(source) && warning.contains(text);
            if !report.warnings.iter().any(|warning| is_it(&warning)) {
                let warnings = report.warnings.join("\n");
                faults.push(format!("{source}: no warning has `{text}`: {warnings}"));
            }
        }
        let sources: Vec<&str> = report.assets.iter().map(|asset| asset.source.as_str()).collect();
        for source in self.refused.keys().chain(self.warned.keys()) {
            if !sources.contains(&source.as_str()) {
                faults.push(format!("{source}: there is no such asset, but {sources:?}"));
            }
        }
        if let Some(wanted) = &self.assets {
            let mut names: Vec<&String> = report.assets.iter().map(|asset| &asset.name).collect();
            names.sort();
            if !names.iter().copied().eq(wanted) {
                faults.push(format!("the assets are {names:?} and not {wanted:?}"));
            }
        }
        if report.assets.is_empty() {
            faults.push("there is no asset".into());
        }
        faults
    }

    fn compare_asset(&self, asset: &AssetReport) -> Option<String> {
        match (&asset.error, self.refused.get(&asset.source)) {
            (None, None) => None,
            (Some(error), None) => Some(error.to_string()),
            (None, Some(_)) => {
                Some(format!("{}: it is imported, and not refused", printable(&asset.source)))
            }
            (Some(error), Some(text)) => {
                let is_right = error.to_string().contains(text);
                (!is_right).then(|| format!("{error}\n  without: {text}"))
            }
        }
    }
}
