//! Doctor: whether this machine, the cargo package, the settings and the outputs fit together.
//!
//! Each check is a file of its own. A check writes nothing, and never uses the network.

mod cache;
mod finding;
mod folder;
mod needs;
mod optimizer;
mod outputs;
mod packages;
mod remote;
mod targets;
mod toolchain;

pub use finding::{Diagnosis, DiagnosisSummary, Finding, Level};

use crate::error::Error;
use crate::project::discover::discover;
use crate::settings::Settings;
use finding::Check;
use needs::Examined;
use std::path::Path;
use wasmport::engine::Target;

/// Examines a project, with the settings of its file or the reason why they cannot be read. `folder` is the folder of
/// the cargo package, or lies in it.
#[must_use]
pub fn diagnose(settings: Result<Settings, Error>, folder: &Path) -> Diagnosis {
    let mut findings = Vec::new();
    let check = Check("settings");
    let mut settings =
        settings.map_err(|error| findings.push(check.failed("wasmport.toml", error))).ok();
    if let Some(settings) = &mut settings {
        settings.targets.get_or_insert_with(|| vec![Target::host()]);
        findings.push(check.ok(&name_of(settings), "the settings are valid"));
    }
    findings.extend(toolchain::check(settings.as_ref(), folder));
    if let Some(settings) = &settings {
        findings.extend(of_settings(settings, folder));
    }
    Diagnosis::new(findings)
}

fn of_settings(settings: &Settings, folder: &Path) -> Vec<Finding> {
    let mut findings = targets::check(settings);
    match discover(settings) {
        Ok(discovered) => {
            let Examined { needs, translated, findings: found } =
                needs::of_assets(settings, &discovered);
            findings.extend(found);
            findings.extend(packages::check(settings, folder, &needs));
            findings.extend(optimizer::check(settings, &discovered, &translated));
            findings.extend(outputs::check(settings));
        }
        Err(error) => findings.push(Check("assets").failed("the assets", error)),
    }
    findings.extend(cache::check(settings));
    findings.extend(remote::check(settings));
    findings
}

fn name_of(settings: &Settings) -> String {
    let file = settings.file.as_ref().map(|file| file.display().to_string());
    file.unwrap_or_else(|| "no settings file".into())
}

/// Returns the JSON schema of a serialized [`Diagnosis`].
#[cfg(feature = "schema")]
#[must_use]
pub fn diagnosis_schema() -> serde_json::Value {
    crate::report::schema_of::<Diagnosis>("Document of `cargo wasmport doctor`")
}
