//! The action for GitHub: its steps in bash, with the variables and files of a runner.

use super::expression::{Context, filled, holds};
use super::project::{Change, Checkout, Project};
use super::server::TOKEN;
use super::{GITHUB, Scenario, Steps, file, scenarios};
use crate::files;
use crate::yaml::{documents, list, table, text};
use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Stdio};

const STEPS: Steps = Steps {
    check: &["Check"],
    diff: &["Show differences"],
    audit: &["Audit"],
    deny: &[("deny", "new-capabilities")],
};

pub(super) fn check(program: Option<&PathBuf>) -> crate::Result {
    let action = &documents(&file(GITHUB))?[0];
    let project = Project::new(program)?;
    let mut is_same_request = false;
    for scenario in scenarios(&STEPS) {
        // The comment of a request is replaced when the request is checked again.
        if !is_same_request {
            project.server.reset(scenario.change == Change::Forbidden)?;
        }
        let mut job = Job::new(&project, action, &scenario)?;
        job.run(action)?;
        scenario.compare(&job.failed, &job.printed, &project.server.comments()?)?;
        let summary = files::read(&job.files.join("summary")).unwrap_or_default();
        if scenario.comment.is_some_and(|comment| !summary.contains(comment)) {
            return Err(format!("{}: the summary lacks the differences", scenario.name).into());
        }
        println!("github: {}: as expected", scenario.name);
        is_same_request = scenario.change == Change::Capability && scenario.settings.is_empty();
    }
    match project.installations()? {
        1 => Ok(()),
        count => Err(format!("cargo-wasmport was installed {count} times").into()),
    }
}

/// The run of a job.
struct Job<'a> {
    project: &'a Project,
    folder: PathBuf,
    /// The commit of the folder.
    head: String,
    /// The folder with the files through which steps tell the runner something.
    files: PathBuf,
    context: Context,
    failed: Vec<String>,
    printed: String,
}

impl<'a> Job<'a> {
    fn new(project: &'a Project, action: &Value, scenario: &Scenario) -> crate::Result<Self> {
        let Checkout { folder, base, head } = project.clone_with(scenario.change)?;
        let files = project.path("runner");
        if files.exists() {
            std::fs::remove_dir_all(&files)?;
        }
        std::fs::create_dir_all(files.join("temp"))?;
        let mut context: Context = [
            ("github.token", TOKEN),
            ("github.event_name", "pull_request"),
            ("github.event.pull_request.base.sha", &base),
            ("github.event.pull_request.number", "7"),
            ("runner.os", "Linux"),
            ("runner.arch", "X64"),
            ("hashFiles('**/wasmport.lock')", "0123"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        for (name, input) in action["inputs"].as_object().into_iter().flatten() {
            let value = filled(text(&input["default"])?, &context)?;
            let _ = context.insert(format!("inputs.{name}"), value);
        }
        let advisories = project.advisories(scenario.change)?;
        for (name, value) in scenario.settings.iter().copied().chain([("advisories", &*advisories)])
        {
            let old = context.insert(format!("inputs.{name}"), value.to_owned());
            old.ok_or_else(|| format!("there is no input {name}"))?;
        }
        Ok(Self {
            project,
            folder,
            head,
            files,
            context,
            failed: Vec::new(),
            printed: String::new(),
        })
    }

    fn run(&mut self, action: &Value) -> crate::Result {
        for step in list(&action["runs"]["steps"]) {
            let condition = step["if"].as_str().unwrap_or("'' == ''");
            if !holds(condition, &self.context, !self.failed.is_empty())? {
                continue;
            }
            match step["uses"].as_str() {
                None => self.script(step)?,
                // The folder in HOME stays between the jobs, as if it were restored.
                Some(uses) if uses.starts_with("actions/cache@") => {
                    for (_, value) in table(&step["with"]) {
                        let _ = filled(value, &self.context)?;
                    }
                }
                Some(uses) => return Err(format!("an unknown action: {uses}").into()),
            }
        }
        Ok(())
    }

    fn script(&mut self, step: &Value) -> crate::Result {
        let name = text(&step["name"])?;
        let script = text(&step["run"])?;
        if text(&step["shell"])? != "bash" || script.contains("${{") {
            return Err(format!("{name}: a script of bash without expressions is expected").into());
        }
        let mut command = Command::new("bash");
        self.project.environment(&mut command)?;
        self.runner(&mut command)?;
        for (variable, value) in table(&step["env"]) {
            command.env(variable, filled(value, &self.context)?);
        }
        let within = filled(step["working-directory"].as_str().unwrap_or("."), &self.context)?;
        command.current_dir(self.folder.join(within));
        command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script]);
        let output = command.stdin(Stdio::null()).output()?;
        self.printed += &String::from_utf8_lossy(&output.stdout);
        self.printed += &String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            self.failed.push(name.to_owned());
        }
        if let Some(id) = step["id"].as_str() {
            let outputs = files::read(&self.files.join("output")).unwrap_or_default();
            for (name, value) in outputs.lines().filter_map(|line| line.split_once('=')) {
                let _ = self.context.insert(format!("steps.{id}.outputs.{name}"), value.to_owned());
            }
        }
        Ok(())
    }

    /// Sets what a runner sets, and what earlier steps have set.
    fn runner(&self, command: &mut Command) -> crate::Result {
        let read = |name: &str| files::read(&self.files.join(name)).unwrap_or_default();
        for line in read("env").lines() {
            let (name, value) = line.split_once('=').ok_or("a line of GITHUB_ENV has no value")?;
            command.env(name, value);
        }
        let paths = std::env::var_os("PATH").unwrap_or_default();
        let added: Vec<PathBuf> = read("path").lines().map(PathBuf::from).collect();
        let own = std::iter::once(self.project.path("bin"));
        let paths = added.into_iter().chain(own).chain(std::env::split_paths(&paths));
        command.env("PATH", std::env::join_paths(paths)?);
        for (name, file) in [
            ("GITHUB_ENV", "env"),
            ("GITHUB_PATH", "path"),
            ("GITHUB_STEP_SUMMARY", "summary"),
            ("GITHUB_OUTPUT", "output"),
            ("RUNNER_TEMP", "temp"),
        ] {
            command.env(name, self.files.join(file));
        }
        command.env("GITHUB_API_URL", self.project.server.address());
        command.env("GITHUB_REPOSITORY", "owner/project").env("GITHUB_SHA", &self.head);
        Ok(())
    }
}
