//! `push`, `pull`, `add`, `fetch` and `update`: the commands that talk with registries.

mod add;
mod fetch;
mod listing;
mod pull;
mod push;
mod question;
mod update;

use crate::args::RegistryCommand;
use crate::exit::Exit;
use crate::output::Output;
use std::path::Path;
use wasmport_build::Error;

/// Runs a command that talks with registries.
pub(crate) fn run(command: &RegistryCommand, default_config: Option<&Path>) -> Exit {
    match command {
        RegistryCommand::Push(args) => push::push(args),
        RegistryCommand::Pull(args) => pull::pull(args, default_config),
        RegistryCommand::Add(args) => add::add(args, default_config),
        RegistryCommand::Fetch(args) => fetch::fetch(args, default_config),
        RegistryCommand::Update(args) => update::update(args, default_config),
    }
}

/// Prints an error, and returns the exit code for it.
fn failed(error: &Error, out: &Output) -> Exit {
    out.error(&error.to_string());
    match error {
        Error::Registry(_) | Error::File { .. } | Error::Asset(_) => Exit::Failed,
        _ => Exit::Usage,
    }
}
