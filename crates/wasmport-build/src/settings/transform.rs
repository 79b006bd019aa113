//! `[asset.transform]`: the project's own passes.

use super::Policy;
use super::table::{Field as _, choices};

choices! {
    /// Selection among the project's own passes, which the builder registers.
    pub struct Transform {
        /// Run the passes.
        pub enabled: Option<bool> = true;
        /// Passes to run, as glob patterns over their names. Default: all.
        pub passes: Option<Vec<String>>, Patterns;
        /// Reaction if a pass fails.
        pub on_failure: Option<Policy> = Policy::Fail;
    }
}

impl Transform {
    /// Returns whether passes run.
    pub(crate) fn is_on(&self) -> bool {
        self.chosen(|transform| transform.enabled)
    }
}
