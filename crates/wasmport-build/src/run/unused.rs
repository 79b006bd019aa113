//! Unused choices: globs and rules that match no source file, and patterns that match no name of any asset.

use crate::asset::Kind;
use crate::error::{Location, or_did_you_mean};
use crate::interface::{ExternType, Interface};
use crate::names::nearest;
use crate::project::discover::{AssetFile, Discovered, UnusedGlob};
use crate::project::manifest::Manifest;
use crate::settings::{AssetRules, AssetSettings, Part, Patterns, Settings, prefix};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The settings with patterns over the names of modules.
const PATTERNS: [Choice; 6] = [
    Choice {
        key: "exports",
        is_for_components: false,
        of: |choices| choices.exports.as_ref(),
        names: Names::Exports,
    },
    Choice {
        key: "exclude-exports",
        is_for_components: false,
        of: |choices| choices.exclude_exports.as_ref(),
        names: Names::Exports,
    },
    Choice {
        key: "idempotent",
        is_for_components: true,
        of: |choices| choices.idempotent.as_ref(),
        names: Names::Exports,
    },
    Choice {
        key: "async-imports",
        is_for_components: true,
        of: |choices| choices.async_imports.as_ref(),
        names: Names::Imports,
    },
    Choice {
        key: "infallible-imports",
        is_for_components: false,
        of: |choices| choices.infallible_imports.as_ref(),
        names: Names::Imports,
    },
    Choice {
        key: "trap-imports",
        is_for_components: false,
        of: |choices| choices.trap_imports.as_ref(),
        names: Names::Imports,
    },
];

/// A setting with patterns.
struct Choice {
    key: &'static str,
    /// A component may have it too.
    is_for_components: bool,
    of: fn(&AssetSettings) -> Option<&Vec<String>>,
    names: Names,
}

/// The names that patterns are over.
#[derive(Clone, Copy)]
enum Names {
    Exports,
    Imports,
}

impl Names {
    /// The names of one module.
    fn of(self, interface: &Interface) -> Vec<String> {
        let Interface { imports, exports, .. } = interface;
        match self {
            Self::Exports => exports.iter().map(|export| export.name.clone()).collect(),
            Self::Imports => {
                let functions = imports.iter().filter(|i| matches!(i.ty, ExternType::Func(_)));
                functions.map(|import| format!("{}/{}", import.module, import.name)).collect()
            }
        }
    }

    const fn what(self) -> &'static str {
        match self {
            Self::Exports => "export",
            Self::Imports => "imported function",
        }
    }
}

/// Returns a warning for each rule that matches no source file.
pub(super) fn rules(settings: &Settings, discovered: &Discovered) -> Vec<String> {
    let files = discovered.assets.iter().chain(&discovered.unselected);
    let sources: Vec<&str> = files.map(|file| file.source.as_str()).collect();
    let warning = |pattern: &String| {
        let place = settings.rule_location(pattern);
        let place = prefix(place);
        let nearest = nearest(pattern, sources.iter().copied());
        let help = or_did_you_mean(nearest);
        format!("{place}`[[asset]] match = \"{pattern}\"` matches no source file{help}")
    };
    discovered.unused_rules.iter().map(warning).collect()
}

/// Returns a warning for each glob of `include` and `exclude` that matches nothing below the roots.
pub(super) fn globs(settings: &Settings, discovered: &Discovered) -> Vec<String> {
    if discovered.unused_globs.is_empty() {
        return Vec::new();
    }
    let files = discovered.assets.iter().chain(&discovered.unselected);
    let paths = files.flat_map(|file| Path::new(&file.source).ancestors());
    let names: BTreeSet<&str> = paths.filter_map(Path::to_str).collect();
    let warning = |unused: &UnusedGlob| {
        let UnusedGlob { key, index } = *unused;
        let globs = if key == "include" { &settings.include } else { &settings.exclude };
        let glob = globs.get(index)?;
        let key = format!("import.{key}");
        let place = settings.project_location(&key, Part::Element(index));
        let place = prefix(place);
        let (name, rest) = match glob.split_once("/*") {
            Some((name, _)) => (name, &glob[name.len()..]),
            None => (glob.as_str(), ""),
        };
        let nearest = nearest(name, names.iter().copied());
        let help = or_did_you_mean(nearest.map(|near| format!("{near}{rest}")).as_deref());
        Some(format!("{place}`{key}`: `{glob}` matches nothing below the import roots{help}"))
    };
    discovered.unused_globs.iter().filter_map(warning).collect()
}

/// Returns a warning for each pattern that matches no name of any asset that it is for.
pub(super) fn patterns(
    settings: &Settings,
    discovered: &Discovered,
    manifest: &Manifest,
) -> Vec<String> {
    let layers: Vec<&AssetSettings> = std::iter::once(&settings.defaults)
        .chain(&settings.assets)
        .chain(&settings.interfaces)
        .collect();
    let mut warnings = Vec::new();
    for choice in &PATTERNS {
        if !layers.iter().any(|layer| (choice.of)(layer).is_some()) {
            continue;
        }
        for (layer, files) in uses(settings, discovered, &layers, choice) {
            let Some(names) = choice.names(&files, manifest) else { continue };
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let unused = (choice.of)(layers[layer]).into_iter().flatten().enumerate();
            let unused = unused.filter(|(_, pattern)| !matches_any(pattern, &names));
            warnings.extend(unused.map(|(element, pattern)| {
                let place = files.first().and_then(|file| {
                    settings.choice_location(&file.source, choice.key, Part::Element(element))
                });
                choice.warning(pattern, place, &files, &names)
            }));
        }
    }
    warnings.extend(targets(settings, &layers));
    warnings
}

/// Returns the files whose choice comes from each layer.
fn uses<'d>(
    settings: &Settings,
    discovered: &'d Discovered,
    layers: &[&AssetSettings],
    choice: &Choice,
) -> BTreeMap<usize, Vec<&'d AssetFile>> {
    let rules = AssetRules::new(settings);
    let mut uses: BTreeMap<usize, Vec<&AssetFile>> = BTreeMap::new();
    for file in discovered.assets.iter().chain(&discovered.unselected) {
        // The defaults are the first layer.
        let own = rules.matching(&file.source).into_iter().map(|rule| rule + 1);
        let sets =
            |layer: &usize| layers.get(*layer).and_then(|layer| (choice.of)(layer)).is_some();
        if let Some(layer) = std::iter::once(0).chain(own).rev().find(sets) {
            uses.entry(layer).or_default().push(file);
        }
    }
    uses
}

fn matches_any(pattern: &str, names: &[&str]) -> bool {
    // A pattern that is none is an error elsewhere.
    let Ok(pattern) = Patterns::one(pattern) else { return true };
    names.iter().any(|name| pattern.matches(name, false))
}

impl Choice {
    /// Returns the names of all modules among `files`; none if one of them is unknown.
    fn names(&self, files: &[&AssetFile], manifest: &Manifest) -> Option<Vec<String>> {
        let mut all = None;
        for file in files {
            let entry = manifest.assets.get(&file.name())?;
            match (entry.kind, self.is_for_components) {
                (Kind::Module, _) => {
                    let interface = serde_json::from_str(entry.interface.get()).ok()?;
                    all.get_or_insert_with(Vec::new).extend(self.names.of(&interface));
                }
                // The wrapper of a component checks the names.
                (Kind::Component, true) => return None,
                (Kind::Component, false) => {}
            }
        }
        all
    }

    fn warning(
        &self,
        pattern: &str,
        place: Option<Location>,
        files: &[&AssetFile],
        names: &[&str],
    ) -> String {
        let place = prefix(place);
        let assets = match files {
            [file] => format!("`{}`", file.source),
            files => format!("the {} assets that it is for", files.len()),
        };
        let nearest = nearest(pattern, names.iter().copied());
        let help = or_did_you_mean(nearest);
        let (key, what) = (self.key, self.names.what());
        format!("{place}`{key}`: `{pattern}` matches no {what} of {assets}{help}")
    }
}

/// Returns a warning for each pattern of `compress` that matches none of the targets that the settings file
/// names.
fn targets(settings: &Settings, layers: &[&AssetSettings]) -> Vec<String> {
    let Some(written) = settings.named_targets() else { return Vec::new() };
    // Patterns are over the targets' own names.
    let own: Vec<String> = settings.targets.iter().flatten().map(ToString::to_string).collect();
    let written = written.iter().filter_map(serde_json::Value::as_str);
    let named: Vec<&str> = own.iter().map(String::as_str).chain(written).collect();
    let layers = layers.iter().enumerate();
    let patterns = layers
        .flat_map(|(index, layer)| layer.compress.iter().flatten().map(move |of| (index, of)));
    let unused = patterns.filter(|(_, (pattern, _))| !matches_any(pattern, &named));
    unused
        .map(|(layer, (pattern, _))| {
            let place = settings.layer_location(layer, "compress", Part::Entry(pattern));
            let place = prefix(place);
            let nearest = nearest(pattern, named.iter().copied());
            let help = or_did_you_mean(nearest);
            format!("{place}`compress`: `{pattern}` matches none of the project's `targets`{help}")
        })
        .collect()
}
