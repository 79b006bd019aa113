//! Recipes of systems that are not started here: their files against the published schemas, and their commands in a
//! shell with the variables that the system sets.

use super::project::{PARTS, Project};
use super::recipe;
use crate::files;
use crate::processes::{complete, require};
use crate::yaml::{documents, list, text};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

const GITHUB: &str = "github/import.yml";
const GITLAB: &str = "gitlab/.gitlab-ci.yml";
const KUBERNETES: &str = "kubernetes/job.yaml";

/// Checks all recipes.
pub(super) fn check() -> crate::Result {
    require(
        &["check-jsonschema", "kubernetes-validate", "make"],
        "python3 -m venv DIR && DIR/bin/pip install check-jsonschema==0.39.0 kubernetes-validate==1.37.0 pyyaml`, with \
         DIR/bin in `PATH",
    )?;
    schemas()?;
    for (name, run) in [
        ("github", github as fn(&Project) -> crate::Result<PathBuf>),
        ("gitlab", gitlab),
        ("kubernetes", kubernetes),
        ("make", make),
    ] {
        let project = Project::small()?;
        let out = run(&project).map_err(|error| format!("{name}: {error}"))?;
        project.compare(name, out).map_err(|error| format!("{name}: {error}"))?;
    }
    Ok(())
}

fn schemas() -> crate::Result {
    let schema = |name: &str| {
        let mut check = Command::new("check-jsonschema");
        check.args(["--builtin-schema", name]);
        check
    };
    let _ = complete(schema("vendor.github-workflows").arg(recipe(GITHUB)))?;
    let mut gitlab = schema("vendor.gitlab-ci");
    let _ = complete(gitlab.args(["--data-transform", "gitlab-ci"]).arg(recipe(GITLAB)))?;
    let mut kubernetes = Command::new("kubernetes-validate");
    let _ = complete(kubernetes.arg("--strict").arg(recipe(KUBERNETES)))?;
    println!("recipes: the files of GitHub, GitLab and Kubernetes follow their schemas");
    Ok(())
}

/// A folder with the project, as a job checks it out.
fn checkout(project: &Project, name: &str) -> crate::Result<PathBuf> {
    let folder = project.base().join("checkouts").join(name);
    files::copy(&project.folder(), &folder)?;
    Ok(folder)
}

/// A command of a job, in a shell.
fn shell(project: &Project, shell: &[&str], script: &str, folder: &Path) -> crate::Result<Command> {
    let mut command = Command::new(shell[0]);
    project.environment(&mut command)?;
    command.args(&shell[1..]).arg(script).current_dir(folder);
    // Jobs on machines of others have no folder in common.
    command.env_remove("WASMPORT_CACHE_DIR").env_remove("WASMPORT_CACHE_KEY_FILE");
    command.env("WASMPORT_CACHE_KEY", files::read(&project.base().join("key"))?);
    Ok(command)
}

/// The jobs of a matrix leave artifacts, which another job downloads.
fn github(project: &Project) -> crate::Result<PathBuf> {
    let workflow = &documents(&recipe(GITHUB))?[0];
    let (part, merge) = (&workflow["jobs"]["part"], &workflow["jobs"]["merge"]);
    let merged = checkout(project, "merge")?;
    for number in list(&part["strategy"]["matrix"]["part"]) {
        let number = text(number)?;
        let folder = checkout(project, number)?;
        steps(project, workflow, part, number, &folder)?;
        // What the steps `upload-artifact` and `download-artifact` do.
        let uploads = list(&part["steps"]).iter().find(|step| step["with"]["name"].is_string());
        let upload = &uploads.ok_or("there is no artifact")?["with"];
        let name = filled(text(&upload["name"])?, number)?;
        files::copy(&folder.join(text(&upload["path"])?), &merged.join("results").join(name))?;
    }
    steps(project, workflow, merge, "", &merged)?;
    Ok(merged)
}

/// Runs the steps of a job of GitHub that call the importer.
fn steps(
    project: &Project,
    workflow: &Value,
    job: &Value,
    part: &str,
    folder: &Path,
) -> crate::Result {
    let scripts = list(&job["steps"]).iter().filter_map(|step| Some((step, step["run"].as_str()?)));
    for (step, script) in scripts.filter(|(_, script)| script.starts_with("cargo wasmport")) {
        let mut command = shell(project, &["bash", "-e", "-c"], script, folder)?;
        let own = step["env"].as_object().into_iter().flatten();
        for (name, value) in workflow["env"].as_object().into_iter().flatten().chain(own) {
            if name != "WASMPORT_CACHE_KEY" {
                command.env(name, filled(text(value)?, part)?);
            }
        }
        let _ = complete(&mut command)?;
    }
    Ok(())
}

/// Fills in the expression of a matrix.
fn filled(text: &str, part: &str) -> crate::Result<String> {
    let filled = text.replace("${{ matrix.part }}", part);
    match filled.contains("${{") {
        true => Err(format!("an expression that is not known here: {filled}").into()),
        false => Ok(filled),
    }
}

/// Parallel jobs leave artifacts, which are side by side in the folder of the next job.
fn gitlab(project: &Project) -> crate::Result<PathBuf> {
    let pipeline = &documents(&recipe(GITLAB))?[0];
    let total: u32 = text(&pipeline["part"]["parallel"])?.parse()?;
    let merged = checkout(project, "merge")?;
    let script = |job: &str| -> crate::Result<String> {
        let lines = list(&pipeline[job]["script"]).iter().map(text);
        Ok(lines.collect::<crate::Result<Vec<_>>>()?.join("\n"))
    };
    for index in 1..=total {
        let folder = checkout(project, &index.to_string())?;
        let mut command = shell(project, &["sh", "-e", "-c"], &script("part")?, &folder)?;
        command.env("CI_NODE_INDEX", index.to_string()).env("CI_NODE_TOTAL", total.to_string());
        let _ = complete(&mut command)?;
        for path in list(&pipeline["part"]["artifacts"]["paths"]) {
            files::copy(&folder.join(text(path)?), &merged.join(text(path)?))?;
        }
    }
    let _ = complete(&mut shell(project, &["sh", "-e", "-c"], &script("merge")?, &merged)?)?;
    Ok(merged)
}

/// The pods of an indexed job, and that of another, share a volume.
fn kubernetes(project: &Project) -> crate::Result<PathBuf> {
    let jobs = documents(&recipe(KUBERNETES))?;
    let folder = project.folder();
    for job in list(&jobs) {
        let container = &job["spec"]["template"]["spec"]["containers"][0];
        let mount = text(&container["workingDir"])?;
        let completions = job["spec"]["completions"].as_str().unwrap_or("1").parse::<u32>()?;
        for index in 0..completions {
            let command = list(&container["command"]).iter().map(text);
            let words = command.collect::<crate::Result<Vec<_>>>()?;
            let (script, program) = words.split_last().ok_or("there is no command")?;
            let mut command = shell(project, program, script, &folder)?;
            command.env("JOB_COMPLETION_INDEX", index.to_string());
            for variable in list(&container["env"]) {
                if let Some(value) = variable["value"].as_str() {
                    let value = value.replace(mount, &folder.display().to_string());
                    command.env(text(&variable["name"])?, value);
                }
            }
            let _ = complete(&mut command)?;
        }
    }
    Ok(folder)
}

/// Parts are targets, which are made at once.
fn make(project: &Project) -> crate::Result<PathBuf> {
    let mut make = Command::new("make");
    project.environment(&mut make)?;
    make.args(["--jobs", &PARTS.to_string(), "--file"]).arg(recipe("make/Makefile"));
    let _ = complete(make.arg("import").current_dir(project.folder()))?;
    Ok(project.folder())
}
