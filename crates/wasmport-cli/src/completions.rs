//! `completions`: scripts with which shells complete the command.
//!
//! `clap_complete` writes them for `cargo-wasmport`. A few lines more let the completion of cargo call them.

use crate::args::{CompletionsArgs, ShellName, program_command};
use crate::exit::Exit;
use clap_complete::aot::{Shell, generate};
use std::io::Write as _;

/// Completes `cargo wasmport` in Bash, and leaves other commands of cargo to its own completion.
const BASH: &str = include_str!("completions/cargo.bash");

/// Completes `cargo wasmport` in Fish.
const FISH: &str = include_str!("completions/cargo.fish");

/// Runs `completions`.
pub(crate) fn completions(args: &CompletionsArgs) -> Exit {
    // If standard output is closed, nobody reads an error about it.
    let _ = std::io::stdout().write_all(script(args.shell).as_bytes());
    Exit::Done
}

fn script(shell: ShellName) -> String {
    let (shell, more) = match shell {
        ShellName::Bash => (Shell::Bash, BASH),
        ShellName::Elvish => (Shell::Elvish, ""),
        ShellName::Fish => (Shell::Fish, FISH),
        ShellName::PowerShell => (Shell::PowerShell, ""),
        // Cargo's own completion calls the function `_cargo-wasmport`.
        ShellName::Zsh => (Shell::Zsh, ""),
    };
    let mut script = Vec::new();
    generate(shell, &mut program_command(), "cargo-wasmport", &mut script);
    String::from_utf8_lossy(&script).into_owned() + more
}
