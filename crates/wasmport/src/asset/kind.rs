//! `Kind`: whether an asset is a core module or a component.

use wasmtime::Module;
#[cfg(feature = "component-model")]
pub use wasmtime::component::Component;

/// A component. This program lacks the feature `component-model`, so it can describe but not load one.
#[cfg(not(feature = "component-model"))]
#[derive(Debug)]
pub enum Component {}

/// The kind of an asset, as a type.
pub trait Kind {
    /// Whether it is a component, not a core module.
    const IS_COMPONENT: bool;
}

impl Kind for Module {
    const IS_COMPONENT: bool = false;
}

impl Kind for Component {
    const IS_COMPONENT: bool = true;
}
