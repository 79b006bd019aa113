//! `completions` and `man`.

use super::{code, program, wasmport};
use std::fs;
use std::process::Command;

fn script(shell: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let output = wasmport(folder.path(), &["completions", shell]);
    assert_eq!(code(&output), 0);
    assert!(output.stderr.is_empty());
    String::from_utf8(output.stdout).unwrap()
}

/// What Bash offers for the last of these words, after `before`.
fn offered(before: &str, words: &[&str]) -> Option<Vec<String>> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("script"), script("bash")).unwrap();
    let (last, rest) = words.split_last().unwrap();
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let test = format!(
        "{before}\nsource ./script\nCOMP_WORDS=({})\nCOMP_CWORD={}\nspec=$(complete -p {})\n[[ $spec =~ -F\\ ([^ ]+) ]]\n\
         \"${{BASH_REMATCH[1]}}\" {} '{last}' '{}'\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n",
        quoted.join(" "),
        words.len() - 1,
        words[0],
        words[0],
        rest.last().unwrap(),
    );
    let output =
        Command::new("bash").args(["--norc", "-c", &test]).current_dir(&folder).output().ok()?;
    let text = String::from_utf8(output.stdout).unwrap();
    Some(text.split_whitespace().map(Into::into).collect())
}

#[test]
fn bash_completes_both_ways_to_start_the_command() {
    let Some(direct) = offered("", &["cargo-wasmport", "im"]) else {
        println!("skipped: there is no bash");
        return;
    };
    assert_eq!(direct, ["import"]);
    let of = |words: &[&str]| offered("", words).unwrap();
    assert_eq!(of(&["cargo", "wasmport", "im"]), ["import"]);
    assert_eq!(of(&["cargo", "+nightly", "wasmport", "ex"]), ["expand"]);
    assert_eq!(of(&["cargo", "wasmport", "import", "--dry"]), ["--dry-run"]);
    assert_eq!(of(&["cargo", "wasmport", "cache", "ver"]), ["verify"]);
    assert_eq!(of(&["cargo", "wasmport", "completions", "z"]), ["zsh"]);
    assert_eq!(of(&["cargo", "wasmport", "list", "--color", "al"]), ["always"]);
    assert_eq!(of(&["cargo", "wasm"]), ["wasmport"]);
    assert_eq!(of(&["cargo", "bu"]), Vec::<String>::new());
}

#[test]
fn other_commands_of_cargo_are_left_to_their_own_completion() {
    let earlier = "_cargo() { COMPREPLY=(build \"$2\"); }\ncomplete -F _cargo cargo";
    let Some(own) = offered(earlier, &["cargo", "bu"]) else { return };
    assert_eq!(own, ["build", "bu"]);
    assert_eq!(offered(earlier, &["cargo", "wasmport", "im"]).unwrap(), ["import"]);
    // bash-completion loads a completion when it is first needed.
    let lazy =
        "_completion_loader() { _cargo() { COMPREPLY=(loaded); }; complete -F _cargo \"$1\"; }";
    assert_eq!(offered(lazy, &["cargo", "bu"]).unwrap(), ["loaded"]);
    assert_eq!(offered(lazy, &["cargo", "wasmport", "im"]).unwrap(), ["import"]);
}

#[test]
fn every_shell_has_a_script_with_all_commands() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = script(shell);
        for command in ["import", "doctor", "expand", "completions"] {
            assert!(script.contains(command), "{shell}: {command}");
        }
    }
    assert!(script("zsh").starts_with("#compdef cargo-wasmport\n"));
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(code(&wasmport(folder.path(), &["completions", "tcsh"])), 2);
    // Without cargo in front.
    let output = program().args(["completions", "bash"]).current_dir(&folder).output().unwrap();
    assert!(output.status.success() && !output.stdout.is_empty());
}

/// Runs a shell with the script, if there is one.
fn shell(program: &str, args: &[&str], file: &str, shell: &str) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(file), script(shell)).unwrap();
    let output = Command::new(program).args(args).current_dir(&folder).output().ok()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn fish_completes_both_ways_to_start_the_command() {
    let test = "source script.fish; complete -C 'cargo-wasmport im'; echo; complete -C 'cargo wasmport im'";
    let Some(text) = shell("fish", &["--no-config", "-c", test], "script.fish", "fish") else {
        println!("skipped: there is no fish");
        return;
    };
    let ways: Vec<&str> = text.split("\n\n").collect();
    assert!(ways.len() == 2 && ways.iter().all(|way| way.starts_with("import\t")), "{text}");
}

#[test]
fn zsh_reads_the_script() {
    let test = "autoload -Uz compinit; fpath=($PWD $fpath); compinit -u -d ./dump; autoload +X _cargo-wasmport; \
                print ${_comps[cargo-wasmport]}; functions _cargo-wasmport | head -c 100";
    let Some(text) = shell("zsh", &["-f", "-c", test], "_cargo-wasmport", "zsh") else {
        println!("skipped: there is no zsh");
        return;
    };
    assert!(text.starts_with("_cargo-wasmport\n_cargo-wasmport () {"), "{text}");
}

#[test]
fn there_is_a_manual_page_for_each_command() {
    let folder = tempfile::tempdir().unwrap();
    let output = wasmport(folder.path(), &["man"]);
    let page = String::from_utf8(output.stdout).unwrap();
    assert!(code_is_zero(output.status) && page.contains(".TH cargo-wasmport 1"), "{page}");
    assert_eq!(code(&wasmport(folder.path(), &["man", "--out", "pages/man1"])), 0);
    let pages = folder.path().join("pages/man1");
    let read = |name: &str| fs::read_to_string(pages.join(name)).unwrap();
    assert_eq!(read("cargo-wasmport.1"), page);
    assert!(read("cargo-wasmport-import.1").contains("dry\\-run"));
    assert!(read("cargo-wasmport-cache-verify.1").contains("quarantine"));
    assert!(fs::read_dir(&pages).unwrap().count() > 20);
    fs::write(folder.path().join("file"), "").unwrap();
    let output = wasmport(folder.path(), &["man", "--out", "file"]);
    assert_eq!(code(&output), 1);
    assert!(
        String::from_utf8(output.stderr).unwrap().contains("a file is where a folder should be")
    );
}

fn code_is_zero(status: std::process::ExitStatus) -> bool {
    status.code() == Some(0)
}
