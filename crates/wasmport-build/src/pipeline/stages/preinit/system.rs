//! The system that a guest sees while it initializes: the same each time, except for the names and contents of its files.

use crate::settings::Preinit;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use wasmtime::{Result, error::Context as _};
use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::p2::pipe::{MemoryInputPipe, MemoryOutputPipe};
use wasmtime_wasi::{Deterministic, FsPerms, HostMonotonicClock, HostWallClock, WasiCtxBuilder};

/// Builds the system from the settings. Paths in them are relative to `folder`.
///
/// # Errors
///
/// Fails if a folder cannot be opened.
pub(super) fn system(
    settings: &Preinit,
    folder: &Path,
    stdin: Option<&[u8]>,
    output: &MemoryOutputPipe,
) -> Result<WasiP1Ctx> {
    let mut wasi = WasiCtxBuilder::new();
    wasi.stdout(output.clone()).stderr(output.clone()).allow_blocking_current_thread(true);
    wasi.wall_clock(Clock::default()).monotonic_clock(Clock::default());
    wasi.secure_random(random()).insecure_random(random()).insecure_random_seed(0);
    for (guest, host) in settings.dirs.iter().flatten() {
        let host = folder.join(host);
        wasi.preopened_dir(&host, guest, FsPerms::ReadOnly)
            .with_context(|| format!("cannot open the folder `{}`", host.display()))?;
    }
    if let Some(bytes) = stdin {
        wasi.stdin(MemoryInputPipe::new(bytes.to_vec()));
    }
    for (name, value) in settings.env.iter().flatten() {
        wasi.env(name, value);
    }
    wasi.args(settings.args.as_deref().unwrap_or_default());
    Ok(wasi.build_p1())
}

/// A clock that begins at zero and advances by a millisecond at each reading.
#[derive(Default)]
struct Clock(AtomicU64);

impl Clock {
    fn milliseconds(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

impl HostWallClock for Clock {
    fn resolution(&self) -> Duration {
        Duration::from_millis(1)
    }

    fn now(&self) -> Duration {
        Duration::from_millis(self.milliseconds())
    }
}

impl HostMonotonicClock for Clock {
    fn resolution(&self) -> u64 {
        1_000_000
    }

    fn now(&self) -> u64 {
        self.milliseconds() * 1_000_000
    }
}

/// Returns a source of the same numbers each time.
fn random() -> Deterministic {
    let mut bytes = vec![0; 4096];
    blake3::Hasher::new_derive_key("wasmport preinit random v1").finalize_xof().fill(&mut bytes);
    Deterministic::new(bytes)
}
