//! `--color`, and the variables that choose colors.

use super::{CALC, program, project};
use std::process::Output;

/// Runs the program with variables. The output of a test is no terminal.
fn run(variables: &[(&str, &str)], args: &[&str]) -> Output {
    let project = project(&[("assets/calc.wat", CALC), ("assets/bad.wat", "(")]);
    let mut command = program();
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "FORCE_HYPERLINK"] {
        command.env_remove(name);
    }
    command.envs(variables.iter().copied()).arg("wasmport").args(args);
    command.current_dir(project.path()).output().unwrap()
}

fn is_colored(output: &Output) -> [bool; 2] {
    [&output.stdout, &output.stderr].map(|bytes| bytes.contains(&0x1b))
}

#[test]
fn the_argument_goes_before_the_environment() {
    let list = &["check"][..];
    let colored = |variables: &[(&str, &str)], color: &[&str]| {
        let [out, err] = is_colored(&run(variables, &[list, color].concat()));
        assert_eq!(out, err);
        out
    };
    assert!(!colored(&[], &[]));
    assert!(!colored(&[], &["--color", "auto"]));
    assert!(colored(&[], &["--color", "always"]));
    assert!(colored(&[], &["--color=always"]));
    assert!(colored(&[("CLICOLOR_FORCE", "1")], &[]));
    assert!(!colored(&[("CLICOLOR_FORCE", "1")], &["--color", "never"]));
    assert!(!colored(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], &[]));
    assert!(colored(&[("NO_COLOR", "1")], &["--color", "always"]));
}

#[test]
fn it_is_for_every_command_and_for_errors_of_arguments() {
    for args in [
        &["--color", "always", "check"][..],
        &["check", "--nonsense", "--color=always"],
        &["--color=always", "--help"],
        &["doctor", "--color=always", "--config", "missing.toml"],
    ] {
        assert!(is_colored(&run(&[], args)).contains(&true), "{args:?}");
    }
    assert_eq!(
        is_colored(&run(&[("CLICOLOR_FORCE", "1")], &["check", "--nonsense", "--color=never"])),
        [false; 2]
    );
    let output = run(&[], &["check", "--color", "blue"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn documents_and_pipes_have_no_links() {
    let force = [("FORCE_HYPERLINK", "1"), ("CLICOLOR_FORCE", "1")];
    let [out, _] = is_colored(&run(&force, &["list", "--format", "json"]));
    assert!(!out, "JSON has no escapes");
    let output = run(&force, &["list", "--color", "always"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("\u{1b}[") && !text.contains("\u{1b}]8"), "{text:?}");
}

/// `script` of util-linux runs a command on a terminal of its own.
#[cfg(target_os = "linux")]
#[test]
fn terminals_have_links_to_files() {
    let project = project(&[("assets/calc.wat", CALC)]);
    let program = env!("CARGO_BIN_EXE_cargo-wasmport");
    let on_terminal = |more: &str, hyperlink: &str| {
        let line = format!("{program} wasmport list {more}");
        let mut command = std::process::Command::new("script");
        command.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
        command
            .env("FORCE_HYPERLINK", hyperlink)
            .env_remove("NO_COLOR")
            .env("TERM", "xterm-256color");
        command
            .env("WASMPORT_CACHE_DIR", ".wasmport-cache")
            .env("XDG_CONFIG_HOME", super::config_folder());
        let output =
            command.stdin(std::process::Stdio::null()).current_dir(&project).output().ok()?;
        Some(String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let Some(text) = on_terminal("", "1") else {
        println!("skipped: there is no `script`");
        return;
    };
    let file = project.path().join("assets/calc.wat").display().to_string();
    let link = format!("\u{1b}]8;;file://{file}\u{1b}\\calc.wat\u{1b}]8;;\u{1b}\\");
    assert!(text.contains(&link), "{text:?}");
    for (more, hyperlink) in [("", "0"), ("--color never", "1"), ("--format json", "1")] {
        let text = on_terminal(more, hyperlink).unwrap();
        assert!(text.contains("calc.wat") && !text.contains("\u{1b}]8"), "{more}: {text:?}");
    }
}
