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
        Ok(Self {
            include,
            exclude: compile("exclude", &settings.exclude)?,
            exclude_folders: compile("exclude", &folders)?,
            symlinks: settings.symlinks,
        })
    }

    /// Returns whether a folder may hold selected files.
    pub fn searches(&self, source: &str) -> bool {
        !self.exclude_folders.is_match(source)
    }

    /// Returns whether a path may be selected, if nothing but the path is known.
    pub fn may_select(&self, source: &str) -> bool {
        let path = Path::new(source);
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // Emacs locks a file with a dangling link of this name.
        let is_lock = name.starts_with(".#");
        let is_folder = path.extension().is_none() && self.searches(source);
        !is_lock && !self.exclude.is_match(source) && (is_folder || self.contains(source))
    }

    /// Returns whether a file is selected.
    pub fn contains(&self, source: &str) -> bool {
        let extension = Path::new(source).extension().unwrap_or_default();
        (extension.eq_ignore_ascii_case("wasm") || extension.eq_ignore_ascii_case("wat"))
            && self.include.as_ref().is_none_or(|globs| globs.is_match(source))
            && !self.exclude.is_match(source)
    }
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
