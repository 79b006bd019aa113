//! The template for GitLab: the scripts of its jobs in a plain shell, with the variables of a runner.

use super::project::{Change, Checkout, Project};
use super::server::TOKEN;
use super::{GITLAB, Scenario, Steps, file, scenarios};
use crate::yaml::{documents, list, table, text};
use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Stdio};

const STEPS: Steps = Steps {
    check: &["wasmport-check"],
    diff: &["wasmport-diff"],
    audit: &["wasmport-audit"],
    deny: &[("WASMPORT_DENY", "new-capabilities")],
};
/// The conditions of the template: the pipeline of a merge request, and that of the default branch.
const ON_REQUESTS: &str = "$CI_PIPELINE_SOURCE == \"merge_request_event\"";
const ON_DEFAULT: &str = "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH";

pub(super) fn check(program: Option<&PathBuf>) -> crate::Result {
    let pipeline = &documents(&file(GITLAB))?[0];
    let project = Project::new(program)?;
    let mut is_same_request = false;
    for scenario in scenarios(&STEPS) {
        if !is_same_request {
            project.server.reset(scenario.change == Change::Forbidden)?;
        }
        let (failed, printed) = run(&project, pipeline, &scenario)?;
        scenario.compare(&failed, &printed, &project.server.comments()?)?;
        println!("gitlab: {}: as expected", scenario.name);
        is_same_request = scenario.change == Change::Capability && scenario.settings.is_empty();
    }
    Ok(())
}

/// Runs all jobs; the names of those that failed, and what they printed.
fn run(
    project: &Project,
    pipeline: &Value,
    scenario: &Scenario,
) -> crate::Result<(Vec<String>, String)> {
    let Checkout { folder, base, .. } = project.clone_with(scenario.change)?;
    let advisories = project.advisories(scenario.change)?;
    let (mut failed, mut printed) = (Vec::new(), String::new());
    for (name, job) in pipeline.as_object().into_iter().flatten() {
        if name.starts_with('.') || name == "variables" {
            continue;
        }
        let hidden = &pipeline[text(&job["extends"])?];
        // A job without rules would run in pipelines of branches, and not in those of merge requests.
        let rules = if job["rules"].is_null() { &hidden["rules"] } else { &job["rules"] };
        let mut is_chosen = false;
        for rule in list(rules) {
            match text(&rule["if"])? {
                ON_REQUESTS => is_chosen = true,
                ON_DEFAULT => {}
                _ => return Err(format!("{name}: an unknown rule: {rule}").into()),
            }
        }
        if !is_chosen {
            continue;
        }
        let lines = list(&hidden["before_script"]).iter().chain(list(&job["script"])).map(text);
        let script = lines.collect::<crate::Result<Vec<_>>>()?.join("\n");
        let mut command = Command::new("sh");
        project.environment(&mut command)?;
        command.args(["-e", "-c", &script]).current_dir(&folder).stdin(Stdio::null());
        command.envs(table(&pipeline["variables"])).envs(scenario.settings.iter().copied());
        command.env("WASMPORT_ADVISORIES", &advisories).env("WASMPORT_TOKEN", TOKEN);
        command.env("CI_PROJECT_DIR", &folder).env("CI_API_V4_URL", project.server.address());
        command.env("CI_MERGE_REQUEST_DIFF_BASE_SHA", &base);
        // The project of the request is not that of the pipeline if it comes from a fork.
        command.env("CI_MERGE_REQUEST_IID", "7").env("CI_PROJECT_ID", "6");
        command.env("CI_MERGE_REQUEST_PROJECT_ID", "5");
        if scenario.change == Change::Behind {
            command.env("CI_MERGE_REQUEST_EVENT_TYPE", "merged_result");
        }
        let output = command.output()?;
        printed += &String::from_utf8_lossy(&output.stdout);
        printed += &String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            failed.push(name.clone());
        }
    }
    Ok((failed, printed))
}
