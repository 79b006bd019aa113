//! Checks the invariants of `docs/architecture.md` that neither rustc nor clippy checks.

mod lexer;
mod modules;
mod order;
mod rules;
mod source;

use crate::Result;
use modules::Modules;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Checks the crates of this repository, or of the folder in `args`, and prints a summary.
pub(crate) fn run(args: &[OsString]) -> Result {
    let folder = args.iter().find(|arg| *arg != "--edges");
    let root = folder.map_or_else(crate::root, PathBuf::from);
    let rules = rules::Rules::read(&root)?;
    let crates = crates(&root)?;
    let (mut found, mut circles, mut count) = (Vec::new(), Vec::new(), 0);
    for name in &crates {
        let modules = Modules::read(&root, &format!("crates/{name}/src"))?;
        let edges = modules.edges();
        if args.iter().any(|arg| arg == "--edges") {
            println!("{name}\n{}", order::table(&edges));
        }
        found.extend(modules.0.values().flat_map(|module| rules.check(&module.file, &module.text)));
        found.extend(order::check(name, &edges, &rules));
        circles.extend(order::circles(&edges));
        count += modules.0.len();
    }
    println!("tidy: {} crates, {count} modules, {} circles", crates.len(), circles.len());
    found.extend(circles);
    if found.is_empty() { Ok(()) } else { Err(format!("not tidy:\n{}", found.join("\n")).into()) }
}

/// Returns the names of the library crates.
fn crates(root: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(root.join("crates"))? {
        let folder = entry?;
        if folder.path().join("src/lib.rs").exists() {
            names.push(folder.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}
