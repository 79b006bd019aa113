//! Rules: which choices apply to which asset.

use super::patterns::source_glob;
use super::{AssetSettings, Settings};
use globset::GlobMatcher;

/// The compiled rules of a run.
#[derive(Clone, Debug)]
pub(crate) struct AssetRules {
    rules: Vec<(GlobMatcher, AssetSettings)>,
    defaults: AssetSettings,
}

impl AssetRules {
    /// Compiles the rules of settings that were [checked](Settings::check): a rule without a pattern
    /// matches no asset.
    pub fn new(settings: &Settings) -> Self {
        let rules = settings.assets.iter().filter_map(|rule| {
            let glob = source_glob(rule.pattern.as_deref()?).ok()?;
            Some((glob.compile_matcher(), rule.clone()))
        });
        Self { rules: rules.collect(), defaults: settings.defaults.clone() }
    }

    /// Returns the indices of the rules that match the source file `source`.
    pub fn matching(&self, source: &str) -> Vec<usize> {
        let rules = self.rules.iter().enumerate().filter(|(_, (glob, _))| glob.is_match(source));
        rules.map(|(index, _)| index).collect()
    }

    /// Returns the choices for the source file `source`: later rules win.
    pub fn of(&self, source: &str) -> AssetSettings {
        let matching = self.rules.iter().filter(|(glob, _)| glob.is_match(source));
        let chosen = matching
            .fold(self.defaults.clone(), |settings, (_, rule)| settings.overridden_by(rule));
        AssetSettings { pattern: None, ..chosen }
    }

    /// Returns the patterns that match none of `sources`.
    pub fn unused<'a>(&self, sources: impl Iterator<Item = &'a str> + Clone) -> Vec<String> {
        let globs = self.rules.iter().map(|(glob, _)| glob);
        let unused = globs.filter(|glob| !sources.clone().any(|source| glob.is_match(source)));
        unused.map(|glob| glob.glob().glob().to_owned()).collect()
    }
}
