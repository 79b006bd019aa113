//! Prints a line for each module in the output folder of an import; `cargo xtask elsewhere` runs it on
//! other systems.

use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1) else {
        eprintln!("usage: calls FOLDER");
        return ExitCode::FAILURE;
    };
    match calls::lines(folder.as_ref()) {
        Ok(lines) => {
            lines.iter().for_each(|line| println!("{line}"));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
