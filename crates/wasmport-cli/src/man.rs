//! `man`: manual pages.

use crate::args::{ManArgs, program_command};
use crate::exit::Exit;
use crate::output::Output;
use clap_mangen::Man;
use std::path::Path;
use wasmport_build::write_file;

/// Runs `man`.
pub(crate) fn man(args: &ManArgs, out: &Output) -> Exit {
    let mut command = program_command().disable_help_subcommand(true);
    command.build();
    match &args.out {
        None => {
            out.text(&page(&command));
            Exit::Done
        }
        Some(folder) => write(&command, folder, out),
    }
}

/// Writes the page of a command, and those of the commands below it.
fn write(command: &clap::Command, folder: &Path, out: &Output) -> Exit {
    for command in all(command) {
        let path = folder.join(Man::new(command.clone()).get_filename());
        if let Err(error) = write_file(&path, page(command).as_bytes()) {
            out.error(&error.to_string());
            return Exit::Failed;
        }
    }
    Exit::Done
}

/// Lists a command and those below it that are shown.
fn all(command: &clap::Command) -> Vec<&clap::Command> {
    let below = command.get_subcommands().filter(|command| !command.is_hide_set());
    std::iter::once(command).chain(below.flat_map(all)).collect()
}

fn page(command: &clap::Command) -> String {
    let man = Man::new(command.clone()).manual("wasmport").source(env!("CARGO_PKG_VERSION"));
    let mut page = Vec::new();
    // Writing to memory does not fail.
    let _ = man.render(&mut page);
    String::from_utf8_lossy(&page).into_owned()
}
