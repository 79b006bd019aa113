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
    /// Wasmtime's baseline compiler Winch, which compiles in one pass: several times as fast, and the code is much slower.
    /// Its code runs in an engine of its own, so it is linked with code of this tier alone. Code that Winch cannot compile
    /// is compiled like [`Baseline`](Self::Baseline): with garbage collection, tail calls, exceptions, relaxed SIMD or
    /// function references, for processors other than x86-64 and AArch64, if the program lacks the cargo feature `winch`,
    /// and code with floats if the engine is
    /// [`deterministic`](crate::EngineConfig::deterministic), because Winch leaves NaNs as they are.
    Winch,
}
