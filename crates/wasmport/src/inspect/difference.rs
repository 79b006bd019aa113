//! The comparison of a file with an interface.

use super::inspection::Inspection;
use crate::code::PREVIEW_1;
use crate::engine::RequiredFeatures;
use crate::error::{Error, Result};
use crate::interface::{self, Difference, Interface};

impl Inspection<'_> {
    /// Returns every difference between a file and an interface of core modules.
    #[must_use]
    pub fn differences(&self, interface: &Interface) -> Vec<Difference> {
        if self.is_component {
            return vec![Difference::Kind { is_component: true }];
        }
        let imports = self
            .imports
            .iter()
            .map(|import| (import.module.to_owned(), import.name.to_owned(), import.ty.clone()));
        let exports = self.exports.iter().map(|e| (e.name.to_owned(), e.ty.clone()));
        let of_items =
            interface::differences(interface, imports, exports, |module| module == PREVIEW_1);
        let lacking = self.features.missing_in(RequiredFeatures::of_this_build());
        let of_features = lacking.iter().map(|feature| Difference::Feature { feature });
        of_items.into_iter().chain(of_features).collect()
    }
}

impl Interface {
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
