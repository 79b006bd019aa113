//! `Inspection`: what bytes are, read before anything is compiled. The one place of the runtime that parses.

mod component_features;
mod component_items;
mod difference;
mod inspection;
#[doc(hidden)]
pub mod recognize;
mod scan;
mod sections;
mod types;

#[doc(hidden)]
pub use component_features::needs_concurrency;
pub use difference::Inspected;
pub use inspection::{CustomSection, Export, Import, Inspection};
#[cfg(feature = "winch")]
pub(crate) use scan::has_floats;
#[doc(hidden)]
pub use scan::{Scanned, scan};
#[cfg(feature = "compile")]
pub(crate) use sections::short_sections;
#[doc(hidden)]
pub use types::extern_type;
