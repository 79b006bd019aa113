//! Splits an import among the jobs of real engines that are started here, Buildbot and Slurm, and checks the recipes of
//! the others. Each runs the very files in `docs/recipes`.

mod buildbot;
mod project;
mod recipes;
mod slurm;

use project::Project;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only this engine: buildbot, slurm or recipes
    engine: Option<String>,
}

type Engine = (&'static str, fn() -> crate::Result);

const ENGINES: &[Engine] = &[("recipes", recipes::check), ("buildbot", buildbot), ("slurm", slurm)];

pub(crate) fn run(args: &Args) -> crate::Result {
    let is_chosen = |(name, _): &&Engine| args.engine.as_ref().is_none_or(|chosen| chosen == name);
    let chosen: Vec<&Engine> = ENGINES.iter().filter(is_chosen).collect();
    if chosen.is_empty() {
        return Err("no engine has this name; there are recipes, buildbot and slurm".into());
    }
    for (name, split) in chosen {
        split().map_err(|error| format!("{name}: {error}"))?;
    }
    Ok(())
}

fn buildbot() -> crate::Result {
    buildbot::check()?;
    let project = Project::fixtures()?;
    let out = buildbot::run(&project)?;
    project.compare("buildbot", &out)
}

fn slurm() -> crate::Result {
    slurm::check()?;
    let project = Project::fixtures()?;
    slurm::run(&project)?;
    project.compare("slurm", project.folder())
}

/// Returns the path of a recipe.
fn recipe(path: &str) -> std::path::PathBuf {
    crate::root().join("docs/recipes").join(path)
}
