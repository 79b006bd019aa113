//! `[cache.remote]`: a store that machines share.

use super::table::{Field as _, settings_table};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The use that imports make of the remote store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum RemoteMode {
    /// They read it.
    #[default]
    Read,
    /// They read it, and upload the results that it lacks, signed by the key of `WASMPORT_SIGNING_KEY_FILE`.
    ReadWrite,
}

settings_table! {
    /// A store that machines share. An import looks there for what its own cache lacks.
    pub struct RemoteSettings {
        /// Address: `s3://bucket/path?endpoint=https://host&region=name`, `webdav://host/path`, `webdavs://…`,
        /// `redis://host:port/number`, `rediss://…`, or, to read alone, `http://host/path` and `https://…`;
        /// the environment variable `WASMPORT_REMOTE_URL` takes precedence. Credentials never come from
        /// the project: those for S3 are where Amazon's tools have them, others in
        /// `WASMPORT_REMOTE_USERNAME`, `WASMPORT_REMOTE_PASSWORD` and `WASMPORT_REMOTE_TOKEN`, for the host
        /// in `WASMPORT_REMOTE_HOST`. Default: no remote store.
        pub url: Option<String>;
        /// Whether imports also upload; the environment variable `WASMPORT_REMOTE_MODE` takes precedence,
        /// and may be `off`.
        pub mode: Option<RemoteMode> = RemoteMode::Read;
        /// Public keys of those whose results count: lines of minisign's public keys. Without one the remote
        /// store is not used. The key that signs uploads is trusted too.
        pub trusted_keys: Option<Vec<String>>;
        /// Names or public keys of those whose results do not count any more.
        pub revoked_keys: Option<Vec<String>>;
        /// Lowest generation of results that counts.
        pub minimum_generation: Option<u64> = 0;
        /// Generation of uploads. Raise it with `minimum-generation` to leave all earlier results behind.
        pub generation: Option<u64> = 0;
        /// Longest time of an operation in milliseconds; a large result may take a second more for each MiB.
        pub timeout_ms: Option<u32> = 2_000;
        /// Longest time in seconds that an import waits for the remote store in all.
        pub max_seconds: Option<u32> = 60;
        /// Longest time in seconds that an import waits at its end for uploads.
        pub upload_seconds: Option<u32> = 10;
        /// Largest result in MiB that is downloaded or uploaded.
        pub max_mib: Option<u32> = 512;
    }
}

#[cfg_attr(not(feature = "remote"), allow(dead_code, reason = "only the remote store reads it"))]
impl RemoteSettings {
    pub(crate) fn mode(&self) -> RemoteMode {
        self.chosen(|remote| remote.mode)
    }

    pub(crate) fn generation(&self) -> u64 {
        self.chosen(|remote| remote.generation)
    }

    pub(crate) fn minimum_generation(&self) -> u64 {
        self.chosen(|remote| remote.minimum_generation)
    }

    /// Returns the longest times of an operation, of all in an import, and of uploads at its end.
    pub(crate) fn times(&self) -> [Duration; 3] {
        let seconds = |seconds: u32| Duration::from_secs(seconds.into());
        [
            Duration::from_millis(self.chosen(|remote| remote.timeout_ms).into()),
            seconds(self.chosen(|remote| remote.max_seconds)),
            seconds(self.chosen(|remote| remote.upload_seconds)),
        ]
    }

    /// Returns the largest size of a result in bytes.
    pub(crate) fn max_bytes(&self) -> u64 {
        u64::from(self.chosen(|remote| remote.max_mib)) << 20
    }
}
