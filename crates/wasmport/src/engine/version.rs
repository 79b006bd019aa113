//! The version of Wasmtime that this program is built with.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
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

/// A release of Wasmtime, which orders by its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WasmtimeVersion {
    numbers: [u32; 3],
}

impl WasmtimeVersion {
    /// Names the release of these numbers: 48.0.9 is `WasmtimeVersion::new(48, 0, 9)`.
    #[must_use]
    pub const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Self { numbers: [major, minor, patch] }
    }
}

impl fmt::Display for WasmtimeVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.numbers;
        write!(f, "{major}.{minor}.{patch}")
    }
}

/// A text that is no version of Wasmtime.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no version of Wasmtime, such as `48.0.8`")]
pub struct NoWasmtimeVersion(String);

impl FromStr for WasmtimeVersion {
    type Err = NoWasmtimeVersion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let none = || NoWasmtimeVersion(text.to_owned());
        let parts: Vec<u32> = text
            .split('.')
            .map(|part| part.parse().map_err(|_| none()))
            .collect::<Result<_, _>>()?;
        match parts.as_slice() {
            [major, minor, patch] => Ok(Self::new(*major, *minor, *patch)),
            _ => Err(none()),
        }
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
    fn versions_order_by_their_numbers() {
        let versions = ["9.0.0", "48.0.8", "48.0.10", "48.1.0"].map(str::parse::<WasmtimeVersion>);
        assert!(
            versions.iter().all(Result::is_ok) && versions.is_sorted_by_key(|v| v.clone().ok())
        );
        assert_eq!(versions[1].as_ref().map(ToString::to_string), Ok("48.0.8".into()));
        for text in ["", "48", "48.0", "48.0.8-rc1", "48.0.8.1", "a.b.c"] {
            assert!(text.parse::<WasmtimeVersion>().is_err(), "{text}");
        }
    }

    #[test]
    fn version_is_three_numbers_of_the_expected_major() {
        let version = wasmtime_version();
        assert_eq!(version.split('.').filter(|n| n.parse::<u32>().is_ok()).count(), 3, "{version}");
        assert_eq!(major(version), "48");
    }
}
