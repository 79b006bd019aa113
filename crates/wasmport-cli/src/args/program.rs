//! The program `cargo-wasmport`, which cargo starts for `cargo wasmport`.

use super::Command;
use clap::{CommandFactory as _, Parser, ValueEnum};

/// The program as cargo starts it: with the name of the command in front.
#[derive(Parser)]
#[command(name = "cargo", bin_name = "cargo")]
pub(crate) enum Program {
    /// Import WebAssembly files into Rust projects
    #[command(version, subcommand_required = true)]
    Wasmport(OwnProgram),
}

/// The program as a shell starts it.
#[derive(Parser)]
#[command(name = "cargo-wasmport", version, about = "Import WebAssembly files into Rust projects")]
pub(crate) struct OwnProgram {
    /// Color messages [default: on a terminal, unless `NO_COLOR` is set; `CLICOLOR_FORCE` colors elsewhere too]
    #[arg(
        long,
        value_name = "WHEN",
        value_enum,
        default_value_t,
        hide_default_value = true,
        global = true
    )]
    pub color: ColorName,
    #[command(subcommand)]
    pub command: Command,
}

/// Describes the program as a shell starts it.
pub(crate) fn program_command() -> clap::Command {
    OwnProgram::command()
}

/// The outputs that have colors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorName {
    /// Terminals, as the environment wants it
    #[default]
    Auto,
    /// All outputs, pipes too
    Always,
    /// None
    Never,
}

impl ColorName {
    /// Applies the choice to everything that this process prints.
    pub fn apply(self) {
        match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        }
        .write_global();
    }

    /// Returns the choice among arguments that are not parsed yet, so that their errors have it too.
    pub fn among(args: &[std::ffi::OsString]) -> Self {
        let words = args.iter().map(|arg| arg.to_str().unwrap_or_default());
        // What stands behind `--exec` belongs to another command.
        let words: Vec<&str> = words.take_while(|word| !matches!(*word, "--" | "--exec")).collect();
        let of = |(index, word): (usize, &&str)| match word.strip_prefix("--color")? {
            "" => Self::from_str(words.get(index + 1)?, false).ok(),
            value => Self::from_str(value.strip_prefix('=')?, false).ok(),
        };
        words.iter().enumerate().find_map(of).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_choice_is_found_before_the_arguments_are_parsed() {
        let among =
            |line: &str| ColorName::among(&line.split(' ').map(Into::into).collect::<Vec<_>>());
        assert_eq!(among("wasmport --color never list"), ColorName::Never);
        assert_eq!(among("wasmport list --color=always"), ColorName::Always);
        for line in ["--color", "--color=blue", "--colors=never", "watch --exec x --color never"] {
            assert_eq!(among(line), ColorName::Auto, "{line}");
        }
    }
}
