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

/// The program, for its own completion.
const NAME: &str = "cargo-wasmport";

/// The name with which the script for Bash is generated: `clap_complete` 4.6 takes a hyphen for the end of a name.
const BASH_NAME: &str = "cargo_wasmport";

fn script(shell: ShellName) -> String {
    match shell {
        ShellName::Bash => {
            let script = generated(Shell::Bash, BASH_NAME);
            script.replace(&format!(" {BASH_NAME}\n"), &format!(" {NAME}\n")) + BASH
        }
        ShellName::Elvish => generated(Shell::Elvish, NAME),
        ShellName::Fish => generated(Shell::Fish, NAME) + FISH,
        ShellName::PowerShell => generated(Shell::PowerShell, NAME),
        // Cargo's own completion calls the function `_cargo-wasmport`.
        ShellName::Zsh => generated(Shell::Zsh, NAME),
    }
}

fn generated(shell: Shell, name: &str) -> String {
    let mut script = Vec::new();
    generate(shell, &mut program_command(), name, &mut script);
    String::from_utf8_lossy(&script).into_owned()
}
