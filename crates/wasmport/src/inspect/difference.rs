//! The comparison of a file with an interface.

use super::inspection::Inspection;
use crate::asset::Kind;
use crate::code::PREVIEW_1;
use crate::engine::RequiredFeatures;
use crate::error::{Error, Result};
#[cfg(feature = "component-model")]
use crate::interface::component;
use crate::interface::{self, Difference, Interface};
use wasmtime::Module;

impl Inspection<'_> {
    /// Returns every difference between a file and an interface.
    #[must_use]
    pub fn differences<C: Inspected>(&self, interface: &Interface<C>) -> Vec<Difference> {
        if self.is_component != C::IS_COMPONENT {
            return vec![Difference::Kind { is_component: self.is_component }];
        }
        let lacking = self.features.missing_in(RequiredFeatures::of_this_build());
        let of_features = lacking.iter().map(|feature| Difference::Feature { feature });
        let beyond = self.beyond_wasmtime.iter();
        let beyond = beyond.map(|name| Difference::Proposal { name: name.clone() });
        C::item_differences(interface, self).into_iter().chain(of_features).chain(beyond).collect()
    }
}

/// A kind of code that is compared before it is compiled. Sealed.
pub trait Inspected: Kind + Sized {
    #[doc(hidden)]
    fn item_differences(interface: &Interface<Self>, found: &Inspection<'_>) -> Vec<Difference>;
}

impl Inspected for Module {
    fn item_differences(interface: &Interface, found: &Inspection<'_>) -> Vec<Difference> {
        let imports = found
            .imports
            .iter()
            .map(|import| (import.module.to_owned(), import.name.to_owned(), import.ty.clone()));
        let exports = found.exports.iter().map(|e| (e.name.to_owned(), e.ty.clone()));
        interface::differences(interface, imports, exports, |module| module == PREVIEW_1)
    }
}

#[cfg(feature = "component-model")]
impl Inspected for wasmtime::component::Component {
    fn item_differences(interface: &Interface<Self>, found: &Inspection<'_>) -> Vec<Difference> {
        component::differences(&interface.items(), &found.component, &interface.options)
    }
}

impl<C: Inspected> Interface<C> {
    /// Reads a file before it is compiled, and compares it with this interface.
    ///
    /// # Errors
    ///
    /// Fails like [`Inspection::of`], and with [`Error::Interface`], which has every difference: exports that are
    /// missing or have other types, imports that the host does not give, and proposals that this build of the
    /// crate cannot run.
    pub fn inspect<'a>(&self, bytes: &'a [u8]) -> Result<Inspection<'a>> {
        let found = Inspection::of(bytes)?;
        let differences = found.differences(self);
        if differences.is_empty() {
            return Ok(found);
        }
        let (asset, interface) = (String::new(), self.name().into());
        Err(Error::Interface { asset, interface, differences })
    }
}
