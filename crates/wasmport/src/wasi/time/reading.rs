//! Readings of clocks: those of preview 1's `clock_time_get` and `clock_res_get`, and the times of files.

use super::{Clock, nanos};
use wasmtime_wasi::p1::types::{Clockid, Errno};

/// Returns the time of a clock in nanoseconds.
///
/// The clocks of CPU time show the monotonic clock, as they do in [wasi-libc's emulation][libc]: what a
/// guest computes takes no time on a manual clock.
///
/// [libc]: https://github.com/WebAssembly/wasi-libc/tree/main/libc-bottom-half/clocks
pub(in crate::wasi) fn time(clock: &dyn Clock, id: Clockid) -> Result<u64, Errno> {
    match id {
        Clockid::Realtime => {
            u64::try_from(clock.unix_time().as_nanos()).map_err(|_| Errno::Overflow)
        }
        Clockid::Monotonic | Clockid::ProcessCputimeId | Clockid::ThreadCputimeId => {
            Ok(clock.monotonic())
        }
    }
}

/// Returns the time in nanoseconds that files get which change now. After the year 2554 it is the last such time.
#[cfg(feature = "vfs")]
pub(in crate::wasi) fn file_time(clock: &dyn Clock) -> u64 {
    nanos(clock.file_time())
}

/// Returns the resolution of a clock in nanoseconds: all have the same.
pub(in crate::wasi) fn resolution(clock: &dyn Clock) -> u64 {
    nanos(clock.resolution())
}

/// Returns the time of the monotonic clock at which a wait ends that begins now.
pub(in crate::wasi) fn end_of_wait(
    clock: &dyn Clock,
    id: Clockid,
    timeout: u64,
    is_absolute: bool,
) -> u64 {
    match id {
        _ if !is_absolute => clock.monotonic().saturating_add(timeout),
        // Both clocks advance by the same time.
        Clockid::Realtime => {
            let left = timeout.saturating_sub(nanos(clock.unix_time()));
            clock.monotonic().saturating_add(left)
        }
        Clockid::Monotonic | Clockid::ProcessCputimeId | Clockid::ThreadCputimeId => timeout,
    }
}
