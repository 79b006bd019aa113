//! `book`: checks the links of the documentation, and builds the book with mdBook.

mod links;
mod llms;
mod markdown;

use crate::{Result, root};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) use links::broken;

const USAGE: &str = "\
Usage: cargo xtask book [--check] [OUT]

Checks the links of all pages, and builds the book in the folder OUT [default: target/book] with the
program mdbook: `cargo install --locked mdbook`. Beside the pages it writes llms.txt, a list of them, and
llms-full.txt, their text. With `--check`, only checks links.
";

/// Runs `book`.
pub(crate) fn run(args: &[OsString]) -> Result<()> {
    let mut out = root().join("target/book");
    let mut only_check = false;
    for arg in args {
        match arg.to_str() {
            Some("--check") => only_check = true,
            Some("-h" | "--help") => {
                print!("{USAGE}");
                return Ok(());
            }
            Some(flag) if flag.starts_with('-') => {
                return Err(format!("unknown option {flag}\n\n{USAGE}").into());
            }
            _ => out = PathBuf::from(arg),
        }
    }
    let broken = broken(&root())?;
    if !broken.is_empty() {
        return Err(format!("links lead nowhere:\n  {}", broken.join("\n  ")).into());
    }
    if only_check {
        return Ok(());
    }
    build(&std::path::absolute(out)?)
}

fn build(out: &Path) -> Result<()> {
    let mut mdbook = Command::new("mdbook");
    mdbook.arg("build").arg(root().join("docs")).arg("--dest-dir").arg(out);
    let status = mdbook.status().map_err(|error| {
        format!("cannot run mdbook: {error}\n  help: `cargo install --locked mdbook`")
    })?;
    if !status.success() {
        return Err("mdbook failed".into());
    }
    llms::write(&root().join("docs"), out)?;
    println!("{}", out.join("index.html").display());
    Ok(())
}
