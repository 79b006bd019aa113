//! `[interface.detect]`: the way to know the version of code.

use super::table::choices;
use std::collections::BTreeMap;

choices! {
    /// The way in which the version of code is detected: one of these. Default: the newest version whose imports
    /// and exports the code has.
    pub struct Detect {
        /// Custom section whose content is the version's name, as text. White space around it does not count.
        pub section: Option<String>;
        /// Pattern over the names of exports: the text that `*` stands for is the version's name.
        pub export: Option<String>;
        /// Export of each version, by the version's name. The newest that code has decides.
        pub exports: Option<BTreeMap<String, String>>;
        /// The program detects the version: with `inspect_by` in a file, with `with_version` for loaded code.
        pub function: Option<bool> = false;
    }
}

impl Detect {
    /// Returns the number of ways that are chosen.
    pub(super) fn chosen_ways(&self) -> usize {
        [
            self.section.is_some(),
            self.export.is_some(),
            self.exports.is_some(),
            self.function == Some(true),
        ]
        .into_iter()
        .filter(|is_chosen| *is_chosen)
        .count()
    }
}
