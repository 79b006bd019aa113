//! Settings that contradict each other or cannot be followed.

use super::asset::MATCH;
use super::crate_path;
use super::interfaces::marked;
use super::patterns::{Patterns, source_glob};
use super::table::{Mark, leaves, values};
use super::{AssetSettings, FastMath, Optimize, Preinit, Settings};
use crate::error::{SettingsError, SettingsErrorKind};

/// A contradiction among choices for assets.
pub(super) struct Contradiction {
    /// The dotted key below the choices, such as `optimize.flags`.
    key: String,
    kind: SettingsErrorKind,
}

impl Contradiction {
    fn new(key: impl Into<String>, kind: SettingsErrorKind) -> Self {
        Self { key: key.into(), kind }
    }

    /// Returns the error with its place in a table of the settings file.
    pub fn placed(self, settings: &Settings, table: &str) -> SettingsError {
        let place = settings.origin.as_ref();
        let place = place.and_then(|file| file.location(&format!("{table}.{}", self.key)));
        SettingsError::new(self.kind).key(&self.key).at(place)
    }
}

impl Settings {
    /// Checks the settings as they are declared.
    ///
    /// # Errors
    ///
    /// Fails with the first contradiction, and with its place if it comes from a file.
    pub(crate) fn check(&self) -> Result<(), SettingsError> {
        self.check_targets()?;
        self.check_crate_path()?;
        self.check_selectors()?;
        self.check_interfaces()?;
        if let Some(found) = self.contradiction(&self.defaults) {
            return Err(self.refusal(found, None));
        }
        for (index, rule) in self.assets.iter().enumerate() {
            let settings = self.defaults.clone().overridden_by(rule);
            // A rule before may set what this one needs, for the same assets.
            let completes =
                |rule: &AssetSettings| rule.preinit.init.is_some() || rule.optimize.level.is_some();
            let is_completed = self.assets[..index].iter().any(completes);
            match self.contradiction(&settings) {
                Some(found) if !(is_completed && found.key.ends_with(".enabled")) => {
                    return Err(self.refusal(found, Some(index)));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Checks the choices for the asset `source`, to which several rules may apply.
    ///
    /// # Errors
    ///
    /// Fails with the first contradiction.
    pub(crate) fn check_asset(
        &self,
        source: &str,
        settings: &AssetSettings,
    ) -> Result<(), SettingsError> {
        self.contradiction(settings).map_or(Ok(()), |Contradiction { key, kind }| {
            Err(SettingsError::new(kind).key(&key).asset(source))
        })
    }

    fn check_crate_path(&self) -> Result<(), SettingsError> {
        if crate_path::absolute(&self.crate_path).is_some() {
            return Ok(());
        }
        let kind = SettingsErrorKind::CratePath(self.crate_path.clone());
        Err(self.error("import.crate-path", kind))
    }

    fn check_targets(&self) -> Result<(), SettingsError> {
        let targets = self.targets.as_deref().unwrap_or_default();
        let is_repeated = |index: &usize| targets[..*index].contains(&targets[*index]);
        let Some(index) = (0..targets.len()).find(is_repeated) else { return Ok(()) };
        let value = serde_json::json!(targets);
        let file = self.origin.as_ref().filter(|f| f.value("targets") == Some(&value));
        let location = file.and_then(|file| file.location(&format!("targets.{index}")));
        let kind = SettingsErrorKind::TargetTwice(targets[index].to_string());
        Err(SettingsError::new(kind).at(location))
    }

    /// Checks that the defaults apply to all assets and each rule to files by a glob.
    fn check_selectors(&self) -> Result<(), SettingsError> {
        let error = |kind, key: String| {
            let location = self.origin.as_ref().and_then(|file| file.location(&key));
            Err(SettingsError::new(kind).at(location))
        };
        if self.defaults.pattern.is_some() {
            return error(SettingsErrorKind::DefaultsWithMatch, format!("defaults.{MATCH}"));
        }
        for (table, layer) in self.layers().take(1 + self.assets.len()) {
            if let Some(key) = marked(layer, &[Mark::Interface]) {
                return error(
                    SettingsErrorKind::OfInterfaces(key.clone()),
                    format!("{table}.{key}"),
                );
            }
        }
        for (index, rule) in self.assets.iter().enumerate() {
            let Some(pattern) = &rule.pattern else {
                return error(SettingsErrorKind::RuleWithoutMatch, format!("asset.{index}"));
            };
            if let Err(why) = source_glob(pattern) {
                let kind = SettingsErrorKind::SourcePattern(why);
                return error(kind, format!("asset.{index}.{MATCH}"));
            }
        }
        Ok(())
    }

    /// Places a contradiction; `rule` is the index of the rule that completes it.
    fn refusal(&self, found: Contradiction, rule: Option<usize>) -> SettingsError {
        let Contradiction { key, kind } = found;
        // The defaults are the first layer.
        let layers: Vec<_> = self.layers().collect();
        let layers =
            rule.map(|index| index + 1).into_iter().chain([0]).filter_map(|i| layers.get(i));
        let mut location = layers.filter_map(|(table, layer)| {
            let value = values(AssetSettings::ROWS, *layer).remove(&key)?;
            self.origin.as_ref()?.location_of(&format!("{table}.{key}"), &value)
        });
        SettingsError::new(kind).key(&key).at(location.next())
    }

    /// Returns whether the value of a project setting is written in the settings file.
    pub(crate) fn is_written(&self, key: &str) -> bool {
        let value = self.project_values().remove(key);
        let place = |value| self.origin.as_ref()?.location_of(key, &value);
        value.and_then(place).is_some()
    }

    /// Places an error in a project setting.
    pub(crate) fn error(&self, key: &str, kind: SettingsErrorKind) -> SettingsError {
        let value = self.project_values().remove(key);
        let location = value.and_then(|value| self.origin.as_ref()?.location_of(key, &value));
        SettingsError::new(kind).key(key).at(location)
    }

    pub(super) fn contradiction(&self, settings: &AssetSettings) -> Option<Contradiction> {
        patterns(settings)
            .or_else(|| optimize(&settings.optimize, self.engine.deterministic))
            .or_else(|| preinit(&settings.preinit))
            .or_else(|| compress(settings))
    }
}

/// Finds a malformed pattern over names.
fn patterns(settings: &AssetSettings) -> Option<Contradiction> {
    let mut values = values(AssetSettings::ROWS, settings);
    let rows = leaves(AssetSettings::ROWS).into_iter().filter(|(_, row)| row.has(Mark::Patterns));
    rows.filter_map(|(key, _)| Some((values.remove(&key)?, key))).find_map(|(list, key)| {
        let patterns: Vec<String> = serde_json::from_value(list).ok()?;
        let error = Patterns::new(Some(&patterns)).err()?;
        Some(Contradiction::new(key, SettingsErrorKind::NamePattern(error)))
    })
}

fn optimize(optimize: &Optimize, is_deterministic: bool) -> Option<Contradiction> {
    if optimize.fast_math == Some(FastMath::Yes) && is_deterministic {
        return Some(Contradiction::new("optimize.fast-math", SettingsErrorKind::FastMath));
    }
    if optimize.enabled == Some(true) && optimize.level.is_none() {
        return Some(Contradiction::new("optimize.enabled", SettingsErrorKind::NoLevel));
    }
    let flag = optimize.flags.iter().flatten().find(|flag| is_reserved(flag))?;
    Some(Contradiction::new("optimize.flags", SettingsErrorKind::Flag(flag.clone())))
}

/// Returns whether a flag of `wasm-opt` has a setting of its own, or is no flag.
fn is_reserved(flag: &str) -> bool {
    const SHORT: [&str; 6] = ["-s", "-ol", "-S", "-all", "-mvp", "-o"];
    const PREFIXES: [&str; 13] = [
        "-O",
        "--optimize-level",
        "--shrink-level",
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
    // Binaryen accepts a value after `=` too.
    let name = flag.split('=').next().unwrap_or_default();
    !flag.starts_with('-')
        || SHORT.contains(&name)
        || PREFIXES.iter().any(|prefix| flag.starts_with(prefix))
}

fn preinit(preinit: &Preinit) -> Option<Contradiction> {
    if preinit.enabled == Some(true) && preinit.init.is_none() {
        return Some(Contradiction::new("preinit.enabled", SettingsErrorKind::NoInit));
    }
    if preinit.wasi != Some(false) {
        return None;
    }
    let through_wasi = [
        (preinit.dirs.is_some(), "preinit.dirs"),
        (preinit.env.is_some(), "preinit.env"),
        (preinit.args.is_some(), "preinit.args"),
        (preinit.stdin.is_some(), "preinit.stdin"),
    ];
    let key = through_wasi.into_iter().find_map(|(is_set, key)| is_set.then_some(key))?;
    Some(Contradiction::new(key, SettingsErrorKind::WithoutWasi))
}

fn compress(settings: &AssetSettings) -> Option<Contradiction> {
    settings.compress.iter().flatten().find_map(|(pattern, level)| {
        let kind = match Patterns::one(pattern) {
            Err(error) => SettingsErrorKind::NamePattern(error),
            Ok(_) if !(0..=22).contains(level) => SettingsErrorKind::CompressionLevel(*level),
            Ok(_) => return None,
        };
        Some(Contradiction::new("compress", kind))
    })
}
