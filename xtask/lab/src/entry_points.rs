//! The entry points of the book: each page that starts with what the reader has leads to a running program, in fewer than
//! ten commands. They are run here, each in an empty folder.

use crate::package::CRATES;
use crate::processes::status;
use crate::scratch::target_dir;
use crate::{Result, files, root};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The heading of the commands.
const HEADING: &str = "\n## From nothing to a running program\n";

/// The most commands of an entry point.
const MOST: usize = 9;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Run those of this page alone, such as `guide`
    page: Option<String>,
}

/// The commands of a page.
#[derive(Debug, PartialEq, Eq)]
struct EntryPoint {
    script: String,
    commands: usize,
    /// The texts that the commands print.
    printed: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Result {
    let bin = command()?;
    let mut count = 0;
    for (name, text) in pages()? {
        if args.page.as_ref().is_some_and(|page| *page != name) {
            continue;
        }
        let Some(entry) = EntryPoint::parse(&text) else { continue };
        println!("{name}: {} commands", entry.commands);
        entry.run(&bin).map_err(|error| format!("docs/{name}.md: {error}"))?;
        count += 1;
    }
    if count == 0 {
        return Err("no page has an entry point".into());
    }
    println!("entry points: {count} lead to a running program");
    Ok(())
}

/// Returns the names and texts of the book's pages.
fn pages() -> Result<Vec<(String, String)>> {
    let mut pages = Vec::new();
    for path in files::below(&root().join("docs"))? {
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if path.extension().is_some_and(|extension| extension == "md") {
            pages.push((name, files::read(&path)?));
        }
    }
    pages.sort();
    Ok(pages)
}

/// Builds the command, and returns its folder.
fn command() -> Result<PathBuf> {
    let target = target_dir("");
    let mut cargo = crate::cargo();
    // The features of `lab` give the build that other tasks have.
    cargo.args([
        "build",
        "--package",
        "wasmport-cli",
        "--package",
        "lab",
        "--bin",
        "cargo-wasmport",
    ]);
    cargo.arg("--target-dir");
    cargo.arg(&target).current_dir(root());
    status(&mut cargo, "the command does not build")?;
    Ok(target.join("debug"))
}

impl EntryPoint {
    /// Returns the commands of a page, if it has any.
    fn parse(page: &str) -> Option<Self> {
        let (_, section) = page.split_once(HEADING)?;
        let (_, script) = section.split_once("\n```sh\n")?;
        let (script, _) = script.split_once("\n```")?;
        let (mut commands, mut printed, mut end) = (0, Vec::new(), None);
        let mut continues = false;
        for line in script.lines() {
            match end {
                Some(mark) if line == mark => end = None,
                Some(_) => {}
                None => {
                    commands += usize::from(!continues);
                    continues = line.ends_with('\\');
                    end = line.split_once("<<'").and_then(|(_, rest)| rest.split('\'').next());
                    printed.extend(line.split_once("# prints ").map(|(_, text)| text.to_owned()));
                }
            }
        }
        Some(Self { script: script.to_owned(), commands, printed })
    }

    /// Runs the commands in an empty folder, in which the crates are those of this repository.
    fn run(&self, bin: &Path) -> Result {
        if self.commands > MOST || self.printed.is_empty() {
            let (commands, printed) = (self.commands, self.printed.len());
            return Err(format!("{commands} commands, of which {printed} print").into());
        }
        let folder = tempfile::tempdir()?;
        files::write(&folder.path().join(".cargo/config.toml"), configuration())?;
        let path = std::env::var_os("PATH").unwrap_or_default();
        let own = folder.path().join(".cargo/bin");
        files::write_program(&own.join("cargo"), &cargo_program())?;
        let folders = [own, bin.to_owned()].into_iter().chain(std::env::split_paths(&path));
        let mut shell = Command::new("bash");
        shell.args(["-euxc", &self.script]).current_dir(folder.path());
        shell.env("PATH", std::env::join_paths(folders)?).env_remove("CARGO_TARGET_DIR");
        let output = shell.stderr(Stdio::inherit()).output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() {
            return Err(format!("a command failed\n{text}").into());
        }
        let missing = self.printed.iter().find(|printed| !text.contains(printed.as_str()));
        missing.map_or(Ok(()), |printed| Err(format!("`{printed}` is not printed\n{text}").into()))
    }
}

/// Returns a program that stands for cargo: `cargo add` looks for crates in the registry alone, and takes those of this
/// repository here.
fn cargo_program() -> String {
    let cargo = PathBuf::from(crate::cargo().get_program());
    let crates = root().join("crates");
    format!(
        "#!/bin/sh\nif [ \"$1 $2\" = \"add wasmport\" ]; then\n  shift 2\n  \
         exec '{cargo}' add --path '{crates}/wasmport' \"$@\"\nfi\nexec '{cargo}' \"$@\"\n",
        cargo = cargo.display(),
        crates = crates.display()
    )
}

/// Returns cargo's configuration: the crates of this repository stand for the published ones.
fn configuration() -> String {
    let target = target_dir("entry-points");
    // Wasmtime is built for each page with other features: without debug information that is faster.
    let mut text = format!(
        "[build]\ntarget-dir = {target:?}\n\n[profile.dev]\ndebug = false\n\n[patch.crates-io]\n"
    );
    for name in CRATES {
        text += &format!("{name} = {{ path = {:?} }}\n", root().join("crates").join(name));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_counted_without_their_files() {
        let page = "# A\n\n## From nothing to a running program\n\nText.\n\n```sh\ncargo new app\n\
                    cat > x <<'EOF'\nline\nEOF\ncargo run  # prints 5\n```\n";
        let entry = EntryPoint::parse(page).unwrap();
        assert_eq!((entry.commands, entry.printed), (3, vec!["5".to_owned()]));
        assert_eq!(EntryPoint::parse("# A\n"), None);
    }

    #[test]
    fn the_pages_that_start_with_what_one_has_are_entry_points() {
        let mut names = Vec::new();
        for (name, text) in pages().unwrap() {
            if let Some(entry) = EntryPoint::parse(&text) {
                assert!(entry.commands <= MOST && !entry.printed.is_empty(), "{name}: {entry:?}");
                names.push(name);
            }
        }
        let expected =
            ["c-libraries", "components", "delivery", "guide", "plugins", "shipping", "untrusted"];
        assert_eq!(names, expected);
    }
}
