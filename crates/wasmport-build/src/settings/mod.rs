//! The settings of an import: declared once in tables, set from code or in `wasmport.toml`.

mod asset;
mod cache;
mod contradictions;
mod error;
mod explain;
mod file;
mod limits;
mod optimize;
mod pass;
mod patterns;
mod preinit;
mod project;
mod project_value;
mod rules;
#[cfg(feature = "schema")]
mod schema;
mod scope;
mod table;
#[cfg(test)]
mod tests;
mod tools;
mod transform;
mod values;

#[cfg(feature = "compiler")]
pub(crate) use asset::world_path;
pub use asset::AssetSettings;
pub use cache::CacheSettings;
pub use error::SettingsError;
pub use explain::{AssetExplanation, Explanation, Origin, Setting};
pub use limits::ImportLimits;
pub use optimize::Optimize;
pub use pass::Passes;
pub(crate) use patterns::{PatternError, Patterns};
pub use preinit::Preinit;
pub use project::Settings;
pub(crate) use rules::AssetRules;
#[cfg(feature = "schema")]
pub use schema::settings_schema;
pub use tools::{Tool, Tools};
pub use transform::Transform;
pub use values::{
    Convention, ExternKind, FastMath, LegacyExceptions, OptimizeLevel, Policy, Symlinks, Visibility,
};
