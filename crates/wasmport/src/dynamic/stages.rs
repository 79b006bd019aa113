//! `Stages`: what a worker does to WebAssembly before it compiles it.

use serde::{Deserialize, Serialize};

/// Stages that `wasmport-worker` runs before it compiles, as an import does: it validates, optimizes, strips, and makes
/// relaxed SIMD canonical if the engine is deterministic.
///
/// ```
/// use wasmport::Stages;
/// let stages = Stages::new().optimize("O2").strip(["name", ".debug_*"]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Stages {
    optimize: Option<String>,
    strip: Vec<String>,
}

impl Stages {
    /// Returns stages that neither optimize nor strip.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Optimizes with Binaryen's `wasm-opt` at a level: `O1`, `O2`, `O3`, `O4`, `Os` or `Oz`. The worker finds the program
    /// by the variable `WASM_OPT`, else in the `PATH`.
    #[must_use]
    pub fn optimize(mut self, level: impl Into<String>) -> Self {
        self.optimize = Some(level.into());
        self
    }

    /// Removes the custom sections whose names match one of these patterns.
    #[must_use]
    pub fn strip<P: Into<String>>(mut self, patterns: impl IntoIterator<Item = P>) -> Self {
        self.strip = patterns.into_iter().map(Into::into).collect();
        self
    }

    /// Returns the level of the optimizer.
    #[must_use]
    pub fn optimize_level(&self) -> Option<&str> {
        self.optimize.as_deref()
    }

    /// Returns the patterns of custom sections that are removed.
    #[must_use]
    pub fn stripped(&self) -> &[String] {
        &self.strip
    }
}
