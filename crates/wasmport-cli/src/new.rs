//! `new`: adds wasmport to a cargo package.

use crate::args::NewArgs;
use crate::exit::Exit;
use crate::output::{CYAN, GREEN, Output};
use crate::text::plain;
use wasmport_build::{Error, FileAction, Scaffold, ScaffoldOptions, add_to_package};

/// Runs `new`.
pub(crate) fn new(args: &NewArgs, out: &Output) -> Exit {
    let options = ScaffoldOptions::new().checked_in(args.checked_in);
    let options = args.source.iter().fold(options, ScaffoldOptions::source);
    match add_to_package(&args.folder, &options) {
        Ok(scaffold) if out.is_json() => out.json(&scaffold),
        Ok(scaffold) => show(&scaffold, out),
        Err(error) => {
            out.error(&error.to_string());
            return if matches!(error, Error::File { .. }) { Exit::Failed } else { Exit::Usage };
        }
    }
    Exit::Done
}

fn show(scaffold: &Scaffold, out: &Output) {
    for file in &scaffold.files {
        let (style, word) = match file.action {
            FileAction::Created => (GREEN, "created"),
            FileAction::Changed => (GREEN, "changed"),
            _ => (CYAN, "kept"),
        };
        let path = out.link(&scaffold.folder.join(&file.path), &plain(&file.path));
        out.line(&format!("{style}{word:>9}{style:#} {path}: {}", plain(&file.about)));
    }
    for change in &scaffold.by_hand {
        out.line(&format!("\nadd to {}:\n", plain(&change.file)));
        change.lines.lines().for_each(|line| out.line(format!("    {}", plain(line)).trim_end()));
    }
    if !scaffold.next.is_empty() {
        let folder = plain(&scaffold.folder.display().to_string());
        let place = if folder == "." { String::new() } else { format!(" in {folder}") };
        out.line(&format!("\nthen run{place}:\n"));
        scaffold.next.iter().for_each(|command| out.line(&format!("    {command}")));
    }
}
