//! `[asset.optimize]`: optimizing with `wasm-opt`.

use super::table::choices;
use super::{FastMath, OptimizeLevel, Policy};

choices! {
    /// Optimization with Binaryen's `wasm-opt`, an external program: named in `[tools.wasm-opt]`, by
    /// the environment variable `WASM_OPT`, or found on the `PATH`.
    pub struct Optimize {
        /// Run the optimizer. Default: true if `level` is set.
        pub enabled: Option<bool>;
        /// Optimization level.
        pub level: Option<OptimizeLevel>;
        /// Optimize floats as if there were no NaNs, infinities and signed zeros.
        pub fast_math: Option<FastMath> = FastMath::No;
        /// Further arguments, such as `--converge`.
        pub flags: Option<Vec<String>>;
        /// Reaction if `wasm-opt` is missing or fails.
        pub on_failure: Option<Policy> = Policy::Fail;
    }
}

impl Optimize {
    pub(crate) fn is_on(&self) -> bool {
        self.enabled.unwrap_or(self.level.is_some())
    }
}
