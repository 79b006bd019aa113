//! The list of what versions share and what is converted, for the documentation of the wrapper.

use super::model::Model;
use super::step::Step;
use crate::codegen::docs::code;

/// Writes the list.
pub(super) fn list(model: &Model, steps: &[Step<'_>]) -> String {
    let mut text = String::new();
    for (index, own) in model.versions.iter().enumerate() {
        let name = code(&own.version.name);
        text.push_str(&format!(
            "\n## {name}\n\nDescribed by {}.\n\n",
            code(&own.version.description)
        ));
        let mut line = |title: &str, items: Vec<String>| {
            if !items.is_empty() {
                text.push_str(&format!("- {title}: {}\n", items.join(", ")));
            }
        };
        let is_shared = |path: &Vec<String>| model.owners[index].contains_key(path);
        let paths = own.defs.all.iter().filter(|(_, def)| super::model::is_owned(def));
        let paths: Vec<&Vec<String>> = paths.map(|(path, _)| path).collect();
        let of = |path: &Vec<String>| code(path.join("::"));
        line(
            "Own types",
            paths.iter().filter(|path| !is_shared(path)).map(|path| of(path)).collect(),
        );
        for (later, other) in model.versions.iter().enumerate().skip(index + 1) {
            let owned = paths.iter().filter(|path| {
                model.owners[index].get(**path).is_some_and(|(owner, _)| *owner == later)
            });
            line(
                &format!("Types of {}", code(&other.version.name)),
                owned.map(|path| of(path)).collect(),
            );
        }
        let Some(step) = steps.get(index) else { continue };
        let next = code(&model.versions[index + 1].version.name);
        let renamed = step.renamed.iter().map(|(function, [old, new])| {
            format!("{} of {}, now {}", code(old), code(function), code(new))
        });
        let derived = step.conversions.derived();
        line(
            &format!("Conversions to and from {next} that are derived"),
            derived.into_iter().map(of).collect(),
        );
        line(
            &format!("Optional values that only {next} or only {name} has"),
            step.conversions.dropped().iter().chain(&step.dropped).map(code).collect(),
        );
        line(&format!("Parameters that have another name in {next}"), renamed.collect());
        line(
            &format!("Conversions to and from {next} that the program writes"),
            step.written().iter().map(code).collect(),
        );
        line(
            &format!("Functions of {next} that guests lack"),
            step.lacking.iter().map(code).collect(),
        );
    }
    text
}
