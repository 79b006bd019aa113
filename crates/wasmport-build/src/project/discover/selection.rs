//! Selection: the globs and rules that decide which files are assets.

use crate::error::{PatternError, SettingsError, SettingsErrorKind};
use crate::settings::{Settings, Symlinks, source_glob};
use globset::{GlobSet, GlobSetBuilder};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;

/// The compiled globs of the settings.
pub(super) struct Selection {
    include: Option<UsedGlobs>,
    exclude: UsedGlobs,
    /// Folders that are excluded whole, each with the index of its glob in `exclude`.
    exclude_folders: (GlobSet, Vec<usize>),
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
        let folders = settings.exclude.iter().enumerate();
        let folders = folders.filter_map(|(index, glob)| Some((glob.strip_suffix("/**")?, index)));
        let (folders, indices): (Vec<String>, Vec<usize>) =
            folders.map(|(folder, index)| (folder.to_owned(), index)).unzip();
        let rules = settings.assets.iter().filter_map(|rule| rule.pattern.as_ref());
        let hidden = settings.include.iter().chain(rules).filter(|glob| is_hidden(glob)).cloned();
        let hidden: Vec<String> = hidden.collect();
        let parts = hidden.iter().flat_map(|glob| glob.split('/').filter(|part| is_hidden(part)));
        // Braces may hold a `/`: then the part is no glob.
        let parts = parts.filter(|part| source_glob(part).is_ok());
        let parts: Vec<String> = parts.map(Into::into).collect();
        Ok(Self {
            include: include.map(UsedGlobs::new),
            // Each is part of a pattern that was compiled.
            hidden: compile("include", &hidden)?,
            hidden_parts: compile("include", &parts)?,
            exclude: UsedGlobs::new(compile("exclude", &settings.exclude)?),
            exclude_folders: (compile("exclude", &folders)?, indices),
            symlinks: settings.symlinks,
        })
    }

    /// Returns whether a folder may hold selected files.
    pub fn searches(&self, source: &str) -> bool {
        let name = source.rsplit('/').next().unwrap_or(source);
        let (folders, globs) = &self.exclude_folders;
        let excluding = folders.matches(source);
        self.exclude.used.borrow_mut().extend(excluding.iter().filter_map(|i| globs.get(*i)));
        excluding.is_empty() && (!is_hidden(name) || self.hidden_parts.is_match(name))
    }

    /// Returns whether a path may be selected, if nothing but the path is known.
    pub fn may_select(&self, source: &str) -> bool {
        let is_folder = Path::new(source).extension().is_none() && self.searches(source);
        !self.exclude.is_match(source) && (is_folder || self.contains(source))
    }

    /// Returns whether a file is selected.
    pub fn contains(&self, source: &str) -> bool {
        let extension = Path::new(source).extension().unwrap_or_default();
        // Both are asked about every file, so that a glob that matches any is used.
        let is_included = self.include.as_ref().is_none_or(|globs| globs.is_match(source));
        let is_excluded = self.exclude.is_match(source);
        (extension.eq_ignore_ascii_case("wasm") || extension.eq_ignore_ascii_case("wat"))
            && is_included
            && !is_excluded
            && (!is_hidden(source) || self.hidden.is_match(source))
    }

    /// Returns the globs that have matched nothing so far.
    pub fn unused(&self) -> Vec<UnusedGlob> {
        let globs = [("include", self.include.as_ref()), ("exclude", Some(&self.exclude))];
        let unused = globs.into_iter().flat_map(|(key, globs)| {
            let unused = globs.into_iter().flat_map(UsedGlobs::unused);
            unused.map(move |index| UnusedGlob { key, index })
        });
        unused.collect()
    }
}

/// A glob of `import.include` or `import.exclude` that matches nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UnusedGlob {
    /// The key below `import`.
    pub key: &'static str,
    /// The index in the list of the setting.
    pub index: usize,
}

/// Globs that record which of them have matched.
struct UsedGlobs {
    globs: GlobSet,
    used: RefCell<BTreeSet<usize>>,
}

impl UsedGlobs {
    fn new(globs: GlobSet) -> Self {
        Self { globs, used: RefCell::default() }
    }

    fn is_match(&self, path: &str) -> bool {
        let matching = self.globs.matches(path);
        self.used.borrow_mut().extend(&matching);
        !matching.is_empty()
    }

    fn unused(&self) -> Vec<usize> {
        let used = self.used.borrow();
        (0..self.globs.len()).filter(|index| !used.contains(index)).collect()
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
