//! Runs the templates for CI systems in `ci`, and the hook for pre-commit, in projects of their own: the commands of their
//! steps in a shell with the variables that the system sets, against a server that stands for the system's API.

mod expression;
mod github;
mod gitlab;
mod pre_commit;
mod project;
mod server;

use crate::processes::{complete, require};
use project::Change;
use std::path::PathBuf;
use std::process::Command;

const GITHUB: &str = "ci/github/action.yml";
const GITLAB: &str = "ci/gitlab/wasmport.yml";
const HOOKS: &str = ".pre-commit-hooks.yaml";

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only this system: github, gitlab or pre-commit
    system: Option<String>,
    /// Run this `cargo-wasmport` instead of the importer of this repository
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
}

type System = (&'static str, fn(Option<&PathBuf>) -> crate::Result);

const SYSTEMS: &[System] =
    &[("github", github::check), ("gitlab", gitlab::check), ("pre-commit", pre_commit::check)];

pub(crate) fn run(args: &Args) -> crate::Result {
    let is_chosen = |(name, _): &&System| args.system.as_ref().is_none_or(|chosen| chosen == name);
    let chosen: Vec<&System> = SYSTEMS.iter().filter(is_chosen).collect();
    if chosen.is_empty() {
        return Err("no system has this name; there are github, gitlab and pre-commit".into());
    }
    require(
        &["git", "curl", "jq", "check-jsonschema", "pre-commit"],
        "apt-get install git curl jq; python3 -m venv DIR && DIR/bin/pip install check-jsonschema==0.39.0 \
         pre-commit==4.7.0 pyyaml`, with `DIR/bin` in `PATH",
    )?;
    schemas()?;
    for (name, check) in chosen {
        check(args.program.as_ref()).map_err(|error| format!("{name}: {error}"))?;
    }
    Ok(())
}

/// Compares the files with the schemas that the systems publish.
fn schemas() -> crate::Result {
    let schema = |name: &str| {
        let mut check = Command::new("check-jsonschema");
        check.args(["--builtin-schema", name]);
        check
    };
    let _ = complete(schema("vendor.github-actions").arg(file(GITHUB)))?;
    let mut gitlab = schema("vendor.gitlab-ci");
    let _ = complete(gitlab.args(["--data-transform", "gitlab-ci"]).arg(file(GITLAB)))?;
    let mut hooks = Command::new("pre-commit");
    let _ = complete(hooks.arg("validate-manifest").arg(file(HOOKS)))?;
    println!("templates: the files follow the schemas of GitHub, GitLab and pre-commit");
    Ok(())
}

fn file(path: &str) -> PathBuf {
    crate::root().join(path)
}

/// One run of a template: a change of the project, and what the run must do.
struct Scenario {
    name: &'static str,
    change: Change,
    /// Inputs or variables that differ from their defaults.
    settings: &'static [(&'static str, &'static str)],
    /// The steps or jobs that fail.
    failing: &'static [&'static str],
    /// Text that the run prints.
    prints: &'static str,
    /// Text of the comment; none if there is no comment.
    comment: Option<&'static str>,
}

/// The names of a template's steps or jobs.
struct Steps {
    check: &'static [&'static str],
    diff: &'static [&'static str],
    audit: &'static [&'static str],
    deny: &'static [(&'static str, &'static str)],
}

/// The runs of each template, in this order: a comment stays, and is written again.
fn scenarios(steps: &Steps) -> [Scenario; 8] {
    let run = |name, change, prints, comment| Scenario {
        name,
        change,
        settings: &[],
        failing: &[],
        prints,
        comment,
    };
    [
        run("nothing has changed", Change::None, "", None),
        Scenario {
            failing: steps.check,
            ..run("an asset was not imported", Change::Stale, "stale", Some("plugin"))
        },
        run("an asset wants files", Change::Capability, "", Some("files")),
        Scenario {
            settings: steps.deny,
            failing: steps.diff,
            ..run("the project denies it", Change::Capability, "", Some("files"))
        },
        Scenario {
            failing: steps.audit,
            ..run("the compiler has an advisory", Change::Advisory, "RUSTSEC-2026-9999", None)
        },
        Scenario {
            settings: steps.deny,
            ..run("others changed an asset", Change::Behind, "", None)
        },
        Scenario {
            failing: steps.check,
            ..run("the assets are removed", Change::Removed, "`assets`", Some("removed"))
        },
        run("the API refuses comments", Change::Forbidden, "comment", None),
    ]
}

impl Scenario {
    /// Compares a run with what it must do.
    fn compare(&self, failed: &[String], printed: &str, comments: &[String]) -> crate::Result {
        let name = self.name;
        if failed != self.failing {
            let expected = self.failing;
            return Err(
                format!("{name}: failed are {failed:?}, not {expected:?}: {printed}").into()
            );
        }
        if !printed.contains(self.prints) {
            return Err(format!("{name}: not printed is {:?}: {printed}", self.prints).into());
        }
        match (self.comment, comments) {
            (None, []) => Ok(()),
            (Some(text), [comment]) if comment.contains(text) => Ok(()),
            (expected, _) => {
                Err(format!("{name}: the comments are {comments:?}, not {expected:?}").into())
            }
        }
    }
}
