//! The version of Wasmtime that this program is built with.

use std::hash::{Hash, Hasher};
use std::sync::OnceLock;
use wasmtime::ModuleVersionStrategy;

/// Returns the exact version of the Wasmtime in this build, such as `48.0.8`.
///
/// Wasmtime exports no such constant, but its version strategy hashes the full string, in builds
/// without a compiler too; a hasher that records its input reads it back.
#[must_use]
pub fn wasmtime_version() -> &'static str {
    static VERSION: OnceLock<String> = OnceLock::new();
    VERSION.get_or_init(|| {
        let mut recorder = Recorder(Vec::new());
        ModuleVersionStrategy::WasmtimeVersion.hash(&mut recorder);
        // `str` hashes as its bytes and a terminator, which is not part of the version.
        recorder.0.into_iter().filter(|b| b.is_ascii_graphic()).map(char::from).collect()
    })
}

/// A hasher that records its input.
struct Recorder(Vec<u8>);

impl Hasher for Recorder {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}

/// Returns the number before the first dot: artifacts load within one major version.
pub(crate) fn major(version: &str) -> &str {
    version.split('.').next().unwrap_or(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_is_three_numbers_of_the_expected_major() {
        let version = wasmtime_version();
        assert_eq!(version.split('.').filter(|n| n.parse::<u32>().is_ok()).count(), 3, "{version}");
        assert_eq!(major(version), "48");
    }
}
