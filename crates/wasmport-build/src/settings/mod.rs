//! The settings of an import: declared once in tables, set from code or in `wasmport.toml`.

mod alternatives;
mod asset;
mod cache;
pub(crate) mod concurrency;
mod contradictions;
mod convention;
pub(crate) mod crate_path;
mod deciding;
mod detect;
mod explain;
mod file;
mod interfaces;
mod limits;
mod lock_mode;
mod merge;
mod nearest_path;
mod optimize;
mod pass;
mod patterns;
mod place;
mod preinit;
mod profile;
mod project;
mod project_value;
mod remote;
mod rules;
#[cfg(feature = "schema")]
mod schema;
mod scope;
mod table;
#[cfg(test)]
mod tests;
mod tools;
mod transform;
mod triples;
mod values;
mod version;
mod versions;

pub(crate) use alternatives::Alternatives;
pub use asset::AssetSettings;
pub use cache::CacheSettings;
pub use concurrency::Concurrency;
pub use convention::{Convention, Form, Preset, Side};
pub use detect::Detect;
pub use explain::{AssetExplanation, Explanation, Origin, Setting};
pub use limits::ImportLimits;
pub use lock_mode::LockMode;
pub use merge::Merge;
pub(crate) use nearest_path::{nearest_path, with_nearest};
pub use optimize::Optimize;
#[cfg(feature = "compiler")]
pub use pass::Pass;
pub use pass::Passes;
#[cfg(feature = "compiler")]
pub(crate) use patterns::Patterns;
pub(crate) use patterns::source_glob;
pub(crate) use place::{Part, prefix};
pub use preinit::Preinit;
pub use profile::{DebugProfile, Profile};
pub use project::Settings;
pub use remote::{RemoteMode, RemoteSettings};
pub(crate) use rules::AssetRules;
#[cfg(feature = "schema")]
pub use schema::settings_schema;
pub use tools::{Tool, Tools};
pub use transform::Transform;
pub use triples::{common_targets, nearest_target};
pub use values::{
    ExternKind, FastMath, ImportModules, LegacyExceptions, OptimizeLevel, Policy, Symlinks,
    Visibility,
};
pub(crate) use version::{Version, world_path};

/// The address of the JSON schema of `wasmport.toml`, which editors download.
#[cfg(any(feature = "schema", feature = "scaffold"))]
pub(crate) const SCHEMA_URL: &str =
    concat!(env!("CARGO_PKG_REPOSITORY"), "/raw/main/schemas/wasmport.json");
