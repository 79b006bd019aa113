//! Unused choices: rules that match no source file, and patterns that match no name of any asset.

use crate::asset::Kind;
use crate::interface::{ExternType, Interface};
use crate::names::nearest;
use crate::project::discover::{AssetFile, Discovered};
use crate::project::manifest::Manifest;
use crate::settings::{AssetRules, AssetSettings, Part, Patterns, Settings};
use std::collections::BTreeMap;

/// The settings with patterns over the names of modules.
const PATTERNS: [Choice; 5] = [
    Choice { key: "exports", of: |choices| choices.exports.as_ref(), names: Names::Exports },
    Choice {
        key: "exclude-exports",
        of: |choices| choices.exclude_exports.as_ref(),
        names: Names::Exports,
    },
    Choice {
        key: "async-imports",
        of: |choices| choices.async_imports.as_ref(),
        names: Names::Imports,
    },
    Choice {
        key: "infallible-imports",
        of: |choices| choices.infallible_imports.as_ref(),
        names: Names::Imports,
    },
    Choice {
        key: "trap-imports",
        of: |choices| choices.trap_imports.as_ref(),
        names: Names::Imports,
    },
];

/// A setting with patterns.
struct Choice {
    key: &'static str,
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
        let place = place.map_or_else(String::new, |place| format!("{place}: "));
        let nearest = nearest(pattern, sources.iter().copied());
        let help = nearest.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        format!("{place}`[[asset]] match = \"{pattern}\"` matches no source file{help}")
    };
    discovered.unused_rules.iter().map(warning).collect()
}

/// Returns a warning for each pattern that matches no name of any asset that it is for.
pub(super) fn patterns(
    settings: &Settings,
    discovered: &Discovered,
    manifest: &Manifest,
) -> Vec<String> {
    let has_patterns =
        |layer: &AssetSettings| PATTERNS.iter().any(|choice| (choice.of)(layer).is_some());
    if !std::iter::once(&settings.defaults).chain(&settings.assets).any(has_patterns) {
        return Vec::new();
    }
    let rules = AssetRules::new(settings);
    let mut uses: BTreeMap<(usize, usize), Vec<&AssetFile>> = BTreeMap::new();
    for file in discovered.assets.iter().chain(&discovered.unselected) {
        for (index, choice) in PATTERNS.iter().enumerate() {
            let layers = rules.matching(&file.source).into_iter().map(|rule| rule + 1);
            let layer = |layer: &usize| match layer {
                0 => Some(&settings.defaults),
                rule => settings.assets.get(rule - 1),
            };
            let sets = |index: &usize| layer(index).and_then(choice.of).is_some();
            if let Some(layer) = std::iter::once(0).chain(layers).filter(sets).last() {
                uses.entry((layer, index)).or_default().push(file);
            }
        }
    }
    let mut warnings = Vec::new();
    for ((layer, index), files) in uses {
        let choice = &PATTERNS[index];
        let layer = if layer == 0 { &settings.defaults } else { &settings.assets[layer - 1] };
        let Some(names) = names(choice.names, &files, manifest) else { continue };
        for (element, pattern) in (choice.of)(layer).into_iter().flatten().enumerate() {
            let Ok(matches) = Patterns::one(pattern) else { continue };
            if names.iter().any(|name| matches.matches(name, false)) {
                continue;
            }
            let place = files.first().and_then(|file| {
                settings.choice_location(&file.source, choice.key, Part::Element(element))
            });
            let place = place.map_or_else(String::new, |place| format!("{place}: "));
            let assets = match files.as_slice() {
                [file] => format!("`{}`", file.source),
                files => format!("the {} assets that it is for", files.len()),
            };
            let nearest = nearest(pattern, names.iter().map(String::as_str));
            let help = nearest.map_or_else(String::new, |near| {
                format!("; did you mean `{}`?", near.escape_debug())
            });
            let what = choice.names.what();
            let key = choice.key;
            warnings
                .push(format!("{place}`{key}`: `{pattern}` matches no {what} of {assets}{help}"));
        }
    }
    warnings
}

/// Returns the names of all modules among `files`; none if one of them is unknown. A component is checked
/// when its wrapper is generated.
fn names(names: Names, files: &[&AssetFile], manifest: &Manifest) -> Option<Vec<String>> {
    let mut all = Vec::new();
    for file in files {
        let entry = manifest.assets.get(&file.name())?;
        if entry.kind == Kind::Component {
            return None;
        }
        all.extend(names.of(&serde_json::from_str(entry.interface.get()).ok()?));
    }
    Some(all)
}
