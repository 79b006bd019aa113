//! The modules of a crate and the edges between them: which uses what another one defines.

use super::lexer::code;
use super::source::{Path, Source};
use crate::Result;
use std::collections::BTreeMap;

/// The modules of a crate by their paths; the root's is empty. Tests are no modules.
pub(super) struct Modules(pub BTreeMap<String, Module>);

/// A module that is a file of its own.
pub(super) struct Module {
    /// The file's path in the repository.
    pub file: String,
    pub text: String,
    source: Source,
}

/// A use of one module by another.
pub(super) struct Edge {
    pub from: String,
    pub to: String,
    /// `file:line`.
    pub place: String,
}

impl Modules {
    /// Reads the library in `folder` of the repository `root`, and its program if there is one.
    pub fn read(root: &std::path::Path, folder: &str) -> Result<Self> {
        let mut modules = Self(BTreeMap::new());
        modules.add(root, format!("{folder}/lib.rs"), String::new())?;
        if root.join(folder).join("main.rs").exists() {
            modules.add(root, format!("{folder}/main.rs"), "main".into())?;
        }
        Ok(modules)
    }

    fn add(&mut self, root: &std::path::Path, file: String, path: String) -> Result {
        let text = std::fs::read_to_string(root.join(&file)).map_err(|e| format!("{file}: {e}"))?;
        let mut source = Source::default();
        source.read(&code(&text), 0);
        let is_folder = ["lib.rs", "main.rs", "mod.rs"].iter().any(|name| file.ends_with(name));
        let folder = file.rsplit_once(if is_folder { '/' } else { '.' });
        for child in &source.children {
            let stem = format!("{}/{child}", folder.unwrap_or_default().0);
            let flat = format!("{stem}.rs");
            let is_flat = root.join(&flat).exists();
            let file = if is_flat { flat } else { format!("{stem}/mod.rs") };
            self.add(root, file, join(&path, child))?;
        }
        self.0.insert(path, Module { file, text, source });
        Ok(())
    }

    /// Returns an edge for each path that names something of another module.
    pub fn edges(&self) -> Vec<Edge> {
        let mut edges = Vec::new();
        for (from, module) in &self.0 {
            for path in &module.source.paths {
                let to = self.resolve(from, &path.segments, 0).filter(|to| to != from);
                let place = format!("{}:{}", module.file, path.line);
                edges.extend(to.map(|to| Edge { from: from.clone(), to, place }));
            }
        }
        edges
    }

    /// Returns the module that defines what `segments` name in `from`; none for other crates.
    fn resolve(&self, from: &str, segments: &[String], hops: usize) -> Option<String> {
        let (first, rest) = segments.split_first()?;
        let base = match first.as_str() {
            "crate" => "",
            "self" => from,
            "super" => from.rsplit_once("::").map_or("", |(parent, _)| parent),
            _ => return self.find(from, segments, hops + 1),
        };
        match rest.first().map(String::as_str) {
            Some("super") => self.resolve(base, rest, hops),
            // A name that the crate's root lacks is an exported macro, which has no module.
            _ => self.find(base, rest, hops).or((!base.is_empty()).then(|| base.into())),
        }
    }

    /// Follows child modules and up to 16 re-exports; none if `module` lacks the first name.
    fn find(&self, module: &str, segments: &[String], hops: usize) -> Option<String> {
        let Some((first, rest)) = segments.split_first() else { return Some(module.into()) };
        let source = self.0.get(module).filter(|_| hops < 16).map(|module| &module.source)?;
        if source.children.contains(first) {
            let child = join(module, first);
            return self.find(&child, rest, hops).or(Some(child));
        }
        if let Some(import) = source.imports.get(first) {
            return self.resolve(module, &[&import.segments, rest].concat(), hops + 1);
        }
        if source.items.contains(first) {
            return Some(module.into());
        }
        // Private imports of these modules may bear the name too.
        let glob = |path: &Path| self.resolve(module, &path.segments, hops + 1);
        let globs: Vec<String> = source.globs.iter().filter_map(glob).collect();
        let defines =
            |glob: &&String| self.0.get(*glob).is_some_and(|m| m.source.items.contains(first));
        let defining = globs.iter().find(defines).cloned();
        defining.or_else(|| globs.iter().find_map(|glob| self.find(glob, segments, hops + 1)))
    }
}

fn join(module: &str, child: &str) -> String {
    if module.is_empty() { child.into() } else { format!("{module}::{child}") }
}
