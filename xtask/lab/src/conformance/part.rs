//! Divides scripts into crates, so that rustc needs little memory for each.

use super::FEATURES;
use super::assets::Assets;
use super::outcome::Outcome;
use super::program::Program;
use super::script::{Directive, Kind, Script, Source};
use crate::{files, scratch};
use std::collections::{BTreeMap, HashSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Maximum size of a part, in directives.
const SIZE: usize = 4000;
/// Size of a module, in directives.
const MODULE: usize = 12;

/// A crate of some scripts.
pub(super) struct Part<'a> {
    name: String,
    folder: PathBuf,
    /// The numbers of its scripts.
    pub scripts: Range<usize>,
    assets: Assets<'a>,
    programs: Vec<Program>,
}

/// Divides the scripts into parts of neighbors.
pub(super) fn divide(scripts: &[Script]) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let (mut start, mut size) = (0, 0);
    for (i, script) in scripts.iter().enumerate() {
        let modules = script.directives.iter().filter_map(source).count();
        let own = script.directives.len() + MODULE * modules;
        if i > start && size + own > SIZE {
            parts.push(start..i);
            (start, size) = (i, 0);
        }
        size += own;
    }
    parts.extend((start < scripts.len()).then_some(start..scripts.len()));
    parts
}

/// Returns the module of a directive if it needs a wrapper.
fn source(directive: &Directive) -> Option<&Source> {
    match &directive.kind {
        Kind::Module { source, .. }
        | Kind::Definition { source, .. }
        | Kind::Uninstantiable { source, .. }
        | Kind::Unlinkable { source, .. } => Some(source),
        _ => None,
    }
}

impl<'a> Part<'a> {
    /// Imports the distinct modules of all directives that will run.
    pub fn import(
        workspace: &Path,
        name: String,
        scripts: Range<usize>,
        all: &'a [Script],
        outcomes: &[Vec<Outcome>],
    ) -> crate::Result<Self> {
        let folder = workspace.join(&name);
        let mut known = HashSet::new();
        let mut wanted = Vec::new();
        for (script, outcomes) in all[scripts.clone()].iter().zip(&outcomes[scripts.clone()]) {
            let directives = script.directives.iter().zip(outcomes);
            let run = directives.filter(|(_, outcome)| **outcome == Outcome::Unknown);
            let sources = run.filter_map(|(directive, _)| source(directive));
            wanted.extend(sources.filter(|source| known.insert(*source)));
        }
        let assets = Assets::import(&wanted, &folder.join("modules"), &folder.join("src/assets"))?;
        Ok(Self { name, folder, scripts, assets, programs: Vec::new() })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Writes the crate and decides the outcomes of directives that cannot run.
    pub fn write(&mut self, all: &[Script], outcomes: &mut [Vec<Outcome>]) -> crate::Result {
        self.programs.clear();
        let mut modules = String::new();
        let mut table = String::new();
        for number in self.scripts.clone() {
            let program = Program::write(&all[number], &self.assets, &mut outcomes[number]);
            files::update(&self.folder.join(format!("src/s{number}.rs")), &program.text)?;
            modules += &format!("mod s{number};\n");
            table += &format!("(\"s{number}\", s{number}::run as conformance::Run), ");
            self.programs.push(program);
        }
        let main = format!(
            "#![allow(warnings, clippy::all)]\nmod assets;\n{modules}\n\
             fn main() -> std::process::ExitCode {{\n    \
             conformance::run(&assets::ENGINE, {:?}, &[{table}])\n}}\n",
            self.folder.join("src/assets"),
        );
        files::update(&self.folder.join("src/main.rs"), main)?;
        let root = crate::root();
        let manifest = format!(
            "[package]\nname = {:?}\nedition = \"2024\"\n\n[dependencies]\n\
             conformance = {{ path = {:?} }}\n\
             wasmport = {{ path = {:?}, features = {FEATURES} }}\n",
            self.name,
            root.join("fixtures/conformance"),
            root.join("crates/wasmport"),
        );
        files::update(&self.folder.join("Cargo.toml"), manifest)
    }

    /// Whether a file is the wrapper of one module or the program of one script.
    pub fn is_generated(file: &Path) -> bool {
        !matches!(file.file_name().and_then(|name| name.to_str()), Some("main.rs" | "mod.rs"))
    }

    /// Decides the outcomes of modules and directives with compile errors.
    pub fn fail(
        &mut self,
        errors: &scratch::Findings,
        outcomes: &mut [Vec<Outcome>],
    ) -> crate::Result {
        let own = |file: &Path| file.strip_prefix(&self.name).ok().map(Path::to_path_buf);
        let errors: BTreeMap<PathBuf, &BTreeMap<usize, String>> =
            errors.errors.iter().filter_map(|(file, errors)| Some((own(file)?, errors))).collect();
        for (file, errors) in errors {
            let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            if file.starts_with("src/assets") {
                let error = errors.values().next().map_or("", String::as_str);
                self.assets.fail(stem, error);
                files::write(&self.folder.join(&file), "//! Left out: it does not compile.\n")?;
                continue;
            }
            let number: usize = stem.trim_start_matches('s').parse()?;
            let program = &self.programs[number - self.scripts.start];
            for (line, error) in errors {
                let directive = program.directive(*line);
                let directive = directive.ok_or_else(|| format!("{}: {error}", file.display()))?;
                outcomes[number][directive] =
                    Outcome::Failed(format!("its call does not compile: {error}"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_script_is_in_one_part() {
        let script =
            |directives: usize| Script::parse("x".into(), &"(invoke \"f\")".repeat(directives));
        let scripts = [1, SIZE - 1, 1, 2 * SIZE, 1, 1].map(script);
        assert_eq!(divide(&scripts), [0..2, 2..3, 3..4, 4..6]);
        assert!(divide(&[]).is_empty());
    }
}
