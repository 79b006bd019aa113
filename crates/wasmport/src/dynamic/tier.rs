//! `Tier`: how much a compiler does for the speed of its code.

use serde::{Deserialize, Serialize};

/// How much the compiler does for the speed of its code. The results of the code are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Tier {
    /// As much as the engine configuration says.
    #[default]
    Optimized,
    /// As little as possible: Cranelift without optimizations, and with registers allocated in a single pass. It compiles
    /// about twice as fast, and the code is larger and slower. It is linked with other code of the runtime.
    Baseline,
}
