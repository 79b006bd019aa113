//! Rules: which choices apply to which asset.

use super::patterns::source_glob;
use super::{AssetSettings, Settings};
use globset::GlobMatcher;

/// The compiled rules of a run.
#[derive(Clone, Debug)]
pub(crate) struct AssetRules {
    rules: Vec<(GlobMatcher, AssetSettings)>,
    /// The interfaces, which are the last rules, with their sources.
    interfaces: Vec<(String, AssetSettings)>,
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
        let interfaces =
            settings.interfaces.iter().filter_map(|own| Some((own.source()?, own.clone())));
        let (rules, interfaces) = (rules.collect(), interfaces.collect());
        Self { rules, interfaces, defaults: settings.defaults.clone() }
    }

    /// Returns the indices of the rules that match the source file `source`; an interface is a rule for its own
    /// source.
    pub fn matching(&self, source: &str) -> Vec<usize> {
        if let Some(index) = self.interfaces.iter().position(|(own, _)| own == source) {
            return vec![self.rules.len() + index];
        }
        let rules = self.rules.iter().enumerate().filter(|(_, (glob, _))| glob.is_match(source));
        rules.map(|(index, _)| index).collect()
    }

    /// Returns the choices for the source file `source`: later rules win.
    pub fn of(&self, source: &str) -> AssetSettings {
        let interfaces = self.interfaces.iter().map(|(_, interface)| interface);
        let rules: Vec<_> = self.rules.iter().map(|(_, rule)| rule).chain(interfaces).collect();
        let matching = self.matching(source).into_iter().filter_map(|index| rules.get(index));
        let chosen =
            matching.fold(self.defaults.clone(), |settings, rule| settings.overridden_by(rule));
        AssetSettings { pattern: None, ..chosen }
    }

    /// Returns the patterns that match none of `sources`.
    pub fn unused<'a>(&self, sources: impl Iterator<Item = &'a str> + Clone) -> Vec<String> {
        let globs = self.rules.iter().map(|(glob, _)| glob);
        let unused = globs.filter(|glob| !sources.clone().any(|source| glob.is_match(source)));
        unused.map(|glob| glob.glob().glob().to_owned()).collect()
    }
}
