//! `SettingsError`: the reason why settings are refused, and their place in the settings file.

use super::{Error, did_you_mean};
use std::fmt;
use std::path::PathBuf;
use std::string::FromUtf8Error;

/// The reason why settings are refused, with their place in the settings file if they come from it.
#[derive(Debug)]
pub struct SettingsError(Box<Details>);

#[derive(Debug)]
struct Details {
    /// The settings file.
    file: Option<PathBuf>,
    location: Option<Location>,
    /// The asset to which several rules apply that are not wrong alone.
    asset: Option<String>,
    /// The dotted key.
    key: Option<String>,
    kind: SettingsErrorKind,
}

/// A place in a settings file: line and column, from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Location {
    pub path: PathBuf,
    pub line: usize,
    pub column: usize,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` line {}, column {}", self.path.display(), self.line, self.column)
    }
}

/// A malformed glob pattern.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the pattern `{pattern}`: {}", source.kind())]
pub(crate) struct PatternError {
    pub pattern: String,
    pub source: globset::Error,
}

/// The kind of a [`SettingsError`].
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsErrorKind {
    #[error("the file is not UTF-8: {0}")]
    Encoding(#[source] FromUtf8Error),
    #[error("{text}")]
    Toml { source: Box<toml::de::Error>, text: String, nearest: Option<String> },
    #[error("the target `{0}` is named twice")]
    TargetTwice(String),
    #[error("`{0}` is not the path of a crate that is the same in every module")]
    CratePath(String),
    #[error("`[defaults]` applies to all assets and has no `match`")]
    DefaultsWithMatch,
    #[error("the rule has no `match`")]
    RuleWithoutMatch,
    #[error("the interface has no `name`")]
    InterfaceWithoutName,
    #[error("`{0}` is no name of a Rust module")]
    InterfaceName(String),
    #[error("two interfaces have the name `{0}`")]
    InterfaceTwice(String),
    #[error("the interface `{0}` needs one description: `wit`, `module`, `like` or `versions`")]
    InterfaceDescription(String),
    #[error("`detect` is for interfaces with `versions`")]
    DetectWithoutVersions,
    #[error("sessions of interfaces with `versions` have no methods for handles")]
    HandleOfVersions,
    #[error("{0} versions, and from 1 to 64 are possible")]
    VersionCount(usize),
    #[error("the version `{0}` cannot be the name of a Rust module")]
    VersionName(String),
    #[error("the versions `{0}` and `{1}` would have the same name in Rust")]
    SameVersion(String, String),
    #[error("some versions are modules, and others are worlds")]
    MixedVersions,
    #[error("the version is detected in one way: `section`, `export`, `exports` or `function`")]
    DetectWays,
    #[error("`{0}` has no single `*`, which stands for the version's name")]
    DetectPattern(String),
    #[error("`section` is empty")]
    DetectSection,
    #[error("the version `{0}` has no export in `exports`")]
    VersionWithoutExport(String),
    #[error("the versions `{0}` and `{1}` have the same export `{2}`")]
    ExportOfTwoVersions(String, String, String),
    #[error("`exports` has `{0}`, which is no version")]
    ExportOfNoVersion(String),
    #[error("the interface `{name}` and the asset `{asset}` would be the same Rust module")]
    InterfaceOfAsset { name: String, asset: String },
    #[error("`{0}` is about the code of an asset, and an interface has none")]
    NotForInterfaces(String),
    #[error("`{0}` is for interfaces")]
    OfInterfaces(String),
    #[error("import root: {source}")]
    Root { source: Box<Error>, nearest: Option<String> },
    #[error("{source}")]
    GivenRoot { source: Box<Error>, nearest: Option<String> },
    #[error("two import roots hold `{name}`: one is `{}`", path.display())]
    SameName { name: String, path: PathBuf },
    #[error(transparent)]
    SourcePattern(PatternError),
    #[error(transparent)]
    NamePattern(PatternError),
    #[error("fast-math changes results, and the project's engine is deterministic")]
    FastMath,
    #[error("no optimization level is set")]
    NoLevel,
    #[error("`{0}` cannot be passed as a flag")]
    Flag(String),
    #[error("no export is named that initializes the module")]
    NoInit,
    #[error("only WASI passes it to the guest, and `wasi = false` turns WASI off")]
    WithoutWasi,
    #[error("zstd has no level {0}")]
    CompressionLevel(i32),
    /// A later part of the import refuses them.
    #[error("{message}")]
    Refused { message: String, help: String },
}

impl SettingsErrorKind {
    fn help(&self) -> String {
        let help = match self {
            Self::Toml { nearest: Some(nearest), .. }
            | Self::Root { nearest: Some(nearest), .. }
            | Self::GivenRoot { nearest: Some(nearest), .. } => return did_you_mean(nearest),
            Self::GivenRoot { nearest: None, .. } => {
                "create it, or name another file or folder; a relative path starts in the current \
                 folder, and in a build script in that of the package"
            }
            Self::Refused { help, .. } => help,
            Self::Root { nearest: None, .. } => "create the folder, or name another with `roots`",
            Self::SameName { .. } => "rename one, or import them separately",
            Self::Encoding(_) | Self::Toml { .. } => "docs/settings.md lists the settings",
            Self::TargetTwice(_) => {
                "name each target once; artifacts for gnu and musl are the same, and so are those \
                 for msvc and gnu of Windows"
            }
            Self::CratePath(_) => {
                "name the crate as `Cargo.toml` does, with `_` for `-`, such as `wp`, or a path to it, \
                 such as `framework::wasmport` or `crate::deps::wasmport`"
            }
            Self::DefaultsWithMatch => "move choices for some assets to an `[[asset]]` table",
            Self::RuleWithoutMatch => {
                "add `match = \"mods/**\"`, or move the choices to `[defaults]`"
            }
            Self::InterfaceWithoutName => {
                "add `name = \"plugin\"`, which is the name of its Rust module"
            }
            Self::InterfaceName(_) => "write it in snake case, such as `plugin` or `mod_v2`",
            Self::InterfaceTwice(_) | Self::InterfaceOfAsset { .. } => {
                "give the interface another name"
            }
            Self::InterfaceDescription(_) => {
                "add `wit = \"wit#plugin\"`, a world, `module = \"interfaces/plugin.wat\"`, a module with the \
                 imports and exports, `like = \"assets/first.wasm\"`, an asset that has them, or `versions = { v1 = \"wit/v1#plugin\", v2 = \"wit/v2#plugin\" }`"
            }
            Self::DetectWithoutVersions => "remove it, or add `versions`",
            Self::HandleOfVersions => {
                "remove `handle`, and call such a session with `Handle::call`"
            }
            Self::VersionCount(_) => "give each version a name and a world or a module",
            Self::VersionName(_) | Self::SameVersion(..) => {
                "use other names, such as `v1` or `0.1.0`"
            }
            Self::MixedVersions => "make two interfaces of them",
            Self::DetectWays => "keep one of them",
            Self::DetectSection => "name the custom section, such as `plugin-version`",
            Self::DetectPattern(_) => "write it like `plugin-*`",
            Self::VersionWithoutExport(_) | Self::ExportOfNoVersion(_) => {
                "give each version in `versions` one export"
            }
            Self::ExportOfTwoVersions(..) => {
                "give each version an export that no other has, or leave out `detect`: imports and exports decide then"
            }
            Self::NotForInterfaces(_) => {
                "remove it, or move it to the `[[asset]]` table of an asset"
            }
            Self::OfInterfaces(_) => "move it to an `[[interface]]` table",
            Self::SourcePattern(_) => {
                "use a glob over source files, such as `mods/**`: `*` stays within a folder, `**` \
                 does not"
            }
            Self::NamePattern(_) => "in patterns `*` matches everything, `?` one character",
            Self::FastMath => {
                "set `fast-math = \"force\"`, or `deterministic = false` under `[engine]`"
            }
            Self::NoLevel => "add a `level`, such as \"O3\" or \"Oz\"",
            Self::Flag(_) => {
                "flags begin with `-`; level, fast-math, features, input and output have settings \
                 of their own"
            }
            Self::NoInit => {
                "name the export with `init`, such as \"wizer-initialize\" or \"_initialize\""
            }
            Self::WithoutWasi => "remove one of the two",
            Self::CompressionLevel(_) => {
                "choose a level from 1 to 22, such as { \"*\" = 19 }; 0 turns compression off"
            }
        };
        help.into()
    }
}

impl SettingsError {
    /// Creates an error without a place.
    pub(crate) fn new(kind: SettingsErrorKind) -> Self {
        Self(Box::new(Details { file: None, location: None, asset: None, key: None, kind }))
    }

    /// Adds the settings file.
    pub(crate) fn in_file(mut self, file: impl Into<PathBuf>) -> Self {
        self.0.file = Some(file.into());
        self
    }

    /// Adds the place in the settings file, if there is one.
    pub(crate) fn at(mut self, location: Option<Location>) -> Self {
        self.0.location = location;
        self
    }

    /// Adds the key.
    pub(crate) fn key(mut self, key: &str) -> Self {
        self.0.key = Some(key.into());
        self
    }

    /// Adds the asset to which several rules apply.
    pub(crate) fn asset(mut self, source: &str) -> Self {
        self.0.asset = Some(source.into());
        self
    }

    /// Returns what to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        self.0.kind.help()
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Details { file, location, asset, key, kind } = &*self.0;
        match (location, file) {
            (Some(location), _) => write!(f, "{location}: ")?,
            (None, Some(file)) => write!(f, "`{}`: ", file.display())?,
            (None, None) => {}
        }
        if let Some(asset) = asset {
            write!(f, "several rules apply to `{asset}`: ")?;
        }
        if let Some(key) = key {
            write!(f, "`{key}`: ")?;
        }
        write!(f, "{kind}\n  help: {}", kind.help())
    }
}

impl std::error::Error for SettingsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.kind.source()
    }
}
