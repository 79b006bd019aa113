//! Settings that cannot all be meant.

use super::asset::source_glob;
use super::file::Place;
use super::{AssetSettings, FastMath, Patterns, Settings, explain};
use crate::error::Error;

/// What is wrong with choices for assets.
struct Contradiction {
    /// The key below the choices, such as `optimize.flags`.
    key: &'static str,
    message: String,
    help: &'static str,
}

impl Contradiction {
    fn new(key: &'static str, message: impl Into<String>, help: &'static str) -> Self {
        Self { key, message: message.into(), help }
    }
}

impl Settings {
    /// Refuses settings that contradict each other or are of no use.
    ///
    /// # Errors
    ///
    /// With line and column, where they are from a file.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.check_targets()?;
        self.check_patterns()?;
        if let Some(found) = self.contradiction(&self.defaults) {
            return Err(self.refusal(found, None));
        }
        for (index, rule) in self.assets.iter().enumerate() {
            let settings = self.defaults.clone().overridden_by(rule);
            // What it leaves out, one before it may say of the same assets.
            let said = self.assets[..index]
                .iter()
                .any(|rule| rule.preinit.init.is_some() || rule.optimize.level.is_some());
            match self.contradiction(&settings) {
                Some(found) if !(said && found.key.ends_with(".enabled")) => {
                    return Err(self.refusal(found, Some(index)));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Refuses what applies to the asset `source` together, though no rule is wrong by itself.
    pub(crate) fn check_asset(&self, source: &str, settings: &AssetSettings) -> Result<(), Error> {
        let Some(Contradiction { key, message, help }) = self.contradiction(settings) else {
            return Ok(());
        };
        let message = format!("for `{source}`, by several rules: `{key}`: {message}");
        Err(Error::settings(message, help))
    }

    fn check_targets(&self) -> Result<(), Error> {
        let targets = self.targets.as_deref().unwrap_or_default();
        for (index, target) in targets.iter().enumerate() {
            if targets[..index].contains(target) {
                let value = serde_json::json!(targets);
                let file = self.origin.as_ref().filter(|f| f.value("targets") == Some(&value));
                let place = file.and_then(|file| file.place(&format!("targets.{index}")));
                let place = self.said_at(place);
                return Err(Error::settings(
                    format!("{place}the target `{target}` is there twice"),
                    "name each once; artifacts for gnu and musl are the same, and so are those for \
                     msvc and gnu of Windows",
                ));
            }
        }
        Ok(())
    }

    /// What the choices are for: those of all assets for all, each other for files by a glob.
    fn check_patterns(&self) -> Result<(), Error> {
        let place = |key: &str| self.origin.as_ref().and_then(|file| file.place(key));
        if self.defaults.pattern.is_some() {
            let place = self.said_at(place("defaults.match"));
            return Err(Error::settings(
                format!("{place}`defaults.match`: defaults are for all assets"),
                "put choices for some into an `[[asset]]` table of their own",
            ));
        }
        for (index, rule) in self.assets.iter().enumerate() {
            let Some(pattern) = &rule.pattern else {
                let place = self.said_at(place(&format!("asset.{index}")));
                return Err(Error::settings(
                    format!("{place}choices for assets do not say for which"),
                    "add `match = \"mods/**\"`, or put them into `[defaults]`",
                ));
            };
            if let Err(why) = source_glob(pattern) {
                let place = self.said_at(place(&format!("asset.{index}.match")));
                return Err(Error::settings(
                    format!("{place}the pattern `{pattern}` of an asset: {why}"),
                    "it is a glob over source files, such as `mods/**`",
                ));
            }
        }
        Ok(())
    }

    /// How a message about a setting of the project begins.
    pub(crate) fn said_of(&self, key: &str) -> String {
        let value = explain::project_values(self).remove(key);
        let place = value.and_then(|value| self.origin.as_ref()?.place_of(key, &value));
        self.said_at(place)
    }

    /// `rule` is the index of the choices that made it one.
    fn refusal(&self, found: Contradiction, rule: Option<usize>) -> Error {
        let key = found.key;
        // The defaults are the first layer.
        let layers: Vec<_> = self.layers().collect();
        let layers =
            rule.map(|index| index + 1).into_iter().chain([0]).filter_map(|i| layers.get(i));
        let mut place = layers.filter_map(|(table, layer)| {
            let value = explain::choices(layer).remove(key)?;
            self.origin.as_ref()?.place_of(&format!("{table}.{key}"), &value)
        });
        let place = self.said_at(place.next());
        Error::settings(format!("{place}`{key}`: {}", found.message), found.help)
    }

    /// How a message about a place in the settings file begins.
    fn said_at(&self, place: Option<Place>) -> String {
        let (Some(file), Some(place)) = (&self.origin, place) else { return String::new() };
        format!("`{}` line {}, column {}: ", file.path().display(), place.line, place.column)
    }

    fn contradiction(&self, settings: &AssetSettings) -> Option<Contradiction> {
        patterns(settings)
            .or_else(|| self.optimize(settings))
            .or_else(|| preinit(settings))
            .or_else(|| compress(settings))
    }

    fn optimize(&self, settings: &AssetSettings) -> Option<Contradiction> {
        let optimize = &settings.optimize;
        if optimize.fast_math == Some(FastMath::Yes) && self.engine.deterministic {
            return Some(Contradiction::new(
                "optimize.fast-math",
                "the project's engine is deterministic, and fast-math changes results",
                "say `fast-math = \"force\"` if that is meant, or `deterministic = false` under `[engine]`",
            ));
        }
        if optimize.enabled == Some(true) && optimize.level.is_none() {
            return Some(Contradiction::new(
                "optimize.enabled",
                "it is not said how to optimize",
                "add a `level`, such as \"O3\" or \"Oz\"",
            ));
        }
        // Binaryen takes a value behind `=` too.
        let name = |flag: &str| flag.split('=').next().unwrap_or_default().to_owned();
        let short = ["-s", "-ol", "-S", "-all", "-mvp", "-o"];
        let owned = |flag: &&String| {
            let levels = ["-O", "--optimize-level", "--shrink-level"];
            let others = [
                "--output",
                "--emit-text",
                "--enable-",
                "--disable-",
                "--all-features",
                "--mvp-features",
                "--features",
                "--detect-features",
                "--fast-math",
                "-ffm",
            ];
            !flag.starts_with('-')
                || short.contains(&name(flag).as_str())
                || levels.iter().chain(&others).any(|own| flag.starts_with(own))
        };
        let flag = optimize.flags.iter().flatten().find(owned)?;
        Some(Contradiction::new(
            "optimize.flags",
            format!("`{flag}` is not a further flag"),
            "flags begin with `-`; level, fast-math, features, input and output have settings of their own",
        ))
    }
}

/// Patterns of names that are no patterns.
fn patterns(settings: &AssetSettings) -> Option<Contradiction> {
    let lists = [
        ("exports", &settings.exports),
        ("exclude-exports", &settings.exclude_exports),
        ("async-imports", &settings.async_imports),
        ("infallible-imports", &settings.infallible_imports),
        ("trap-imports", &settings.trap_imports),
        ("transform.passes", &settings.transform.passes),
        ("strip", &settings.strip),
    ];
    lists.into_iter().find_map(|(key, list)| {
        let error = Patterns::new(list.as_ref()).err()?;
        Some(Contradiction::new(
            key,
            error,
            "in these patterns `*` matches everything, `?` one character",
        ))
    })
}

fn preinit(settings: &AssetSettings) -> Option<Contradiction> {
    let preinit = &settings.preinit;
    if preinit.enabled == Some(true) && preinit.init.is_none() {
        return Some(Contradiction::new(
            "preinit.enabled",
            "it is not said which export initializes the module",
            "name it with `init`, such as \"wizer-initialize\" or \"_initialize\"",
        ));
    }
    if preinit.wasi != Some(false) {
        return None;
    }
    let without_use = [
        (preinit.dirs.is_some(), "preinit.dirs"),
        (preinit.env.is_some(), "preinit.env"),
        (preinit.args.is_some(), "preinit.args"),
        (preinit.stdin.is_some(), "preinit.stdin"),
    ];
    let key = without_use.into_iter().find_map(|(is_set, key)| is_set.then_some(key))?;
    Some(Contradiction::new(
        key,
        "only WASI gives it to the module, and `wasi = false` keeps WASI from it",
        "remove one of the two",
    ))
}

fn compress(settings: &AssetSettings) -> Option<Contradiction> {
    settings.compress.iter().flatten().find_map(|(pattern, level)| {
        let problem = match Patterns::new(Some(&vec![pattern.clone()])) {
            Err(error) => error,
            Ok(_) if !(0..=22).contains(level) => format!("zstd has no level {level}"),
            Ok(_) => return None,
        };
        Some(Contradiction::new(
            "compress",
            problem,
            "it is a table from patterns over targets to levels from 1 to 22, such as { \"*\" = 19 }; 0 is off",
        ))
    })
}
