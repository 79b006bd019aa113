//! Makes a component of each world of WIT packages, whose functions only trap: `cargo xtask corpus` then
//! imports them.

use crate::smith::encode;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use walkdir::WalkDir;
use wit_parser::Resolve;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Folder with WIT files; a folder with several of them is one package
    wit: PathBuf,
    /// Folder for the components
    out: PathBuf,
}

pub(crate) fn run(args: &Args) -> crate::Result {
    let (mut made, mut failed) = (0, 0);
    for package in packages(&args.wit) {
        let name = package.strip_prefix(&args.wit)?.display().to_string();
        let name = name.trim_end_matches(".wit").replace(['/', '\\'], "--");
        match components(&package) {
            Ok(components) => {
                for (world, bytes) in components {
                    crate::files::write(&args.out.join(format!("{name}--{world}.wasm")), bytes)?;
                    made += 1;
                }
            }
            Err(error) => {
                failed += 1;
                println!("{}: {error}", package.display());
            }
        }
    }
    println!("worlds: {made} components, {failed} packages without");
    Ok(())
}

/// Lists the packages below a folder: files that are alone, and folders of several files or with a folder of
/// dependencies.
fn packages(folder: &Path) -> Vec<PathBuf> {
    let entries = WalkDir::new(folder).sort_by_file_name().into_iter().filter_map(Result::ok);
    let files = entries.filter(|entry| {
        let is_wit = entry.path().extension().is_some_and(|extension| extension == "wit");
        // Packages that others use have no worlds of interest.
        is_wit && entry.path().components().all(|part| part.as_os_str() != "deps")
    });
    let mut packages: Vec<PathBuf> = files
        .map(|file| match file.path().parent().filter(|folder| is_package(folder)) {
            Some(folder) => folder.to_owned(),
            None => file.into_path(),
        })
        .collect();
    packages.dedup();
    packages
}

fn is_package(folder: &Path) -> bool {
    folder.join("deps").is_dir()
}

/// Returns a component for each world of a package, by the world's name.
fn components(path: &Path) -> crate::Result<Vec<(String, Vec<u8>)>> {
    let mut resolve = Resolve { all_features: true, ..Resolve::default() };
    let (package, _) = resolve.push_path(path)?;
    let worlds = resolve.packages[package].worlds.clone();
    let component = |(name, id)| {
        let resolve = resolve.clone();
        // Some worlds use what the encoder does not know.
        let bytes = catch_unwind(|| encode(resolve, id)).map_err(|_| "the encoder panicked")?;
        Ok((name, bytes?))
    };
    worlds.into_iter().map(component).collect()
}
