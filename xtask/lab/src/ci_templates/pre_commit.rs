//! The hook for pre-commit, which really runs, in a repository whose commits it checks.

use super::project::{Change, Project};
use super::{HOOKS, file};
use crate::files;
use crate::processes::complete;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub(super) fn check(program: Option<&PathBuf>) -> crate::Result {
    let project = Project::new(program)?;
    files::write_program(
        &project.path("bin/cargo-wasmport"),
        &files::read(&project.path("program"))?,
    )?;
    // The repository of the hooks, at a commit.
    let hooks = project.path("hooks");
    files::copy(&file(HOOKS), &hooks.join(HOOKS))?;
    let _ = complete(project.git(&hooks).args(["init", "--quiet", "--initial-branch=main"]))?;
    let revision = project.commit(&hooks)?;
    let config = format!(
        "repos:\n  - repo: {}\n    rev: {revision}\n    hooks:\n      - id: wasmport-check\n",
        hooks.display()
    );
    for (change, is_refused) in
        [(Change::None, false), (Change::Stale, true), (Change::Capability, false)]
    {
        let folder = project.clone_with(change)?.folder;
        files::write(&folder.join(".pre-commit-config.yaml"), &config)?;
        let mut install = Command::new("pre-commit");
        project.environment(&mut install)?;
        let _ = complete(install.arg("install").current_dir(&folder))?;
        let (is_committed, printed) = commit(&project, &folder)?;
        let names_stale = printed.contains("stale");
        if is_committed == is_refused || names_stale != is_refused {
            return Err(format!("a commit is refused: {}: {printed}", !is_committed).into());
        }
    }
    println!("pre-commit: a commit with stale output is refused, others are not");
    Ok(())
}

/// Commits, which starts the hook; whether it was done, and what it printed.
fn commit(project: &Project, folder: &Path) -> crate::Result<(bool, String)> {
    let _ = complete(project.git(folder).args(["add", "--all"]))?;
    let mut commit = project.git(folder);
    project.environment(&mut commit)?;
    let output = commit.args(["commit", "--message", "hooks"]).stdin(Stdio::null()).output()?;
    let printed = [output.stdout, output.stderr].concat();
    Ok((output.status.success(), String::from_utf8_lossy(&printed).into_owned()))
}
