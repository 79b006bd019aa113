//! `Names`: the exports that the settings name.

use crate::asset::{AssetError, Stage};
use crate::error::did_you_mean;
use crate::names::nearest;
use crate::pipeline::context::AssetContext;
use crate::settings::{Part, Preinit, prefix};
use crate::wasm::ValidWasm;

/// The names in the settings, compared with the exports. The function that initializes a component is looked
/// up when it runs.
pub(super) struct Names<'a> {
    /// `None` for a component.
    exports: Option<Vec<&'a str>>,
    asset: &'a AssetContext<'a>,
}

impl<'a> Names<'a> {
    pub fn of(module: &'a ValidWasm, asset: &'a AssetContext<'a>) -> Self {
        let exports = module.types().core_exports();
        Self { exports: exports.map(|exports| exports.map(|(name, _)| name).collect()), asset }
    }

    /// Checks that a module has the export that initializes it.
    pub fn check_init(&self, init: &str) -> Result<(), AssetError> {
        let Some(exports) = self.exports.as_ref().filter(|all| !all.contains(&init)) else {
            return Ok(());
        };
        let message = format!(
            "the export `{init}` cannot initialize the module: there is no export of this name"
        );
        let help = meant(init, exports);
        let help =
            help.unwrap_or_else(|| "name an export of the module with `preinit.init`".into());
        Err(self.error("preinit.init", Part::Whole, &message, help))
    }

    /// Checks that a module has the exports that take the places of others.
    pub fn check_renames(&self, preinit: &Preinit) -> Result<(), AssetError> {
        let change = || "change `preinit.rename`, or leave it out".to_owned();
        for (new, old) in preinit.rename.iter().flatten() {
            let (message, help) = match &self.exports {
                Some(exports) if exports.contains(&old.as_str()) => continue,
                Some(exports) => (
                    format!("there is no export `{old}` to take the place of `{new}`"),
                    meant(old, exports).unwrap_or_else(change),
                ),
                None => (
                    format!(
                        "`{old}` cannot take the place of `{new}`: exports of components are not renamed"
                    ),
                    change(),
                ),
            };
            return Err(self.error("preinit.rename", Part::Entry(new), &message, help));
        }
        Ok(())
    }

    fn error(&self, key: &str, part: Part<'_>, message: &str, help: String) -> AssetError {
        let place = self.asset.project().choice_location(&self.asset.file.source, key, part);
        self.asset.error(Stage::Preinit, format!("{}{message}", prefix(place))).help(help)
    }
}

/// Asks for the nearest export, if one is near.
fn meant(name: &str, exports: &[&str]) -> Option<String> {
    nearest(name, exports.iter().copied()).map(did_you_mean)
}
