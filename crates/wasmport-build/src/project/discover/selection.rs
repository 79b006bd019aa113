//! Selection: the globs and rules that decide which files are assets.

use crate::error::{PatternError, SettingsError, SettingsErrorKind};
use crate::settings::{Settings, Symlinks, source_glob};
use globset::{GlobSet, GlobSetBuilder};
use std::path::Path;

/// The compiled globs of the settings.
pub(super) struct Selection {
    include: Option<GlobSet>,
    exclude: GlobSet,
    /// Folders that are excluded whole.
    exclude_folders: GlobSet,
    /// The globs of `include` and `match` that name hidden files or folders.
    hidden: GlobSet,
    /// The parts of these globs that begin with a dot.
    hidden_parts: GlobSet,
    pub symlinks: Symlinks,
}

impl Selection {
    pub fn new(settings: &Settings) -> Result<Self, SettingsError> {
        let compile = |key: &str, patterns: &[String]| {
            globs(patterns).map_err(|e| {
                settings.error(&format!("import.{key}"), SettingsErrorKind::SourcePattern(e))
            })
        };
        let include = (!settings.include.is_empty())
            .then(|| compile("include", &settings.include))
            .transpose()?;
        let folders = settings.exclude.iter().filter_map(|glob| glob.strip_suffix("/**"));
        let folders: Vec<String> = folders.map(Into::into).collect();
        let rules = settings.assets.iter().filter_map(|rule| rule.pattern.as_ref());
        let hidden = settings.include.iter().chain(rules).filter(|glob| is_hidden(glob)).cloned();
        let hidden: Vec<String> = hidden.collect();
        let parts = hidden.iter().flat_map(|glob| glob.split('/').filter(|part| is_hidden(part)));
        // Braces may hold a `/`: then the part is no glob.
        let parts = parts.filter(|part| source_glob(part).is_ok());
        let parts: Vec<String> = parts.map(Into::into).collect();
        Ok(Self {
            include,
            // Each is part of a pattern that was compiled.
            hidden: compile("include", &hidden)?,
            hidden_parts: compile("include", &parts)?,
            exclude: compile("exclude", &settings.exclude)?,
            exclude_folders: compile("exclude", &folders)?,
            symlinks: settings.symlinks,
        })
    }

    /// Returns whether a folder may hold selected files.
    pub fn searches(&self, source: &str) -> bool {
        let name = source.rsplit('/').next().unwrap_or(source);
        !self.exclude_folders.is_match(source)
            && (!is_hidden(name) || self.hidden_parts.is_match(name))
    }

    /// Returns whether a path may be selected, if nothing but the path is known.
    pub fn may_select(&self, source: &str) -> bool {
        let is_folder = Path::new(source).extension().is_none() && self.searches(source);
        !self.exclude.is_match(source) && (is_folder || self.contains(source))
    }

    /// Returns whether a file is selected.
    pub fn contains(&self, source: &str) -> bool {
        let extension = Path::new(source).extension().unwrap_or_default();
        (extension.eq_ignore_ascii_case("wasm") || extension.eq_ignore_ascii_case("wat"))
            && self.include.as_ref().is_none_or(|globs| globs.is_match(source))
            && !self.exclude.is_match(source)
            && (!is_hidden(source) || self.hidden.is_match(source))
    }
}

/// Returns whether a part of the path or glob begins with a dot. Systems and editors leave such files beside
/// the files of people: `._name` of macOS, `.#name` of Emacs, `..data` of mounted volumes.
fn is_hidden(path: &str) -> bool {
    path.split('/').any(|part| part.starts_with('.'))
}

/// Compiles globs over source files.
fn globs(patterns: &[String]) -> Result<GlobSet, PatternError> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        set.add(source_glob(pattern)?);
    }
    let error = |source| PatternError { pattern: patterns.join("`, `"), source };
    set.build().map_err(error)
}
