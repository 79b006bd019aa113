//! `poll_oneoff` for guests with a manual clock: a sleep advances the clock.
//!
//! It reads and writes preview 1's
//! [`subscription` and `event`](https://github.com/WebAssembly/WASI/blob/main/legacy/preview1/docs.md).

use super::ctx::WasiCtx;
use crate::error::Error;
use crate::memory::GuestMemory;
use wasmtime::{AsContextMut, Caller, Extern, Linker, Result};

const SUCCESS: i32 = 0;
const EINVAL: i32 = 28;

const SUBSCRIPTION_BYTES: u64 = 48;
const EVENT_BYTES: u64 = 32;

/// Flag of a clock's timeout that is a time, not a duration.
const ABSOLUTE: u16 = 1;

/// An event that a guest waits for.
#[derive(Clone, Copy)]
enum Wait {
    /// A time of the monotonic clock, in nanoseconds.
    Until(u64),
    /// A descriptor that is ready. Files and streams always count as ready; reading a stream may wait.
    Descriptor,
}

/// Defines `poll_oneoff` in `linker`, for contexts with a manual clock.
pub(super) fn replace<T: 'static>(
    linker: &mut Linker<T>,
    module: &str,
    get: fn(&mut T) -> &mut WasiCtx,
) -> Result<()> {
    let poll =
        move |mut caller: Caller<'_, T>, input: i32, output: i32, count: i32, stored: i32| {
            poll(&mut caller, get, [input, output, count, stored].map(i32::cast_unsigned))
        };
    linker.func_wrap(module, "poll_oneoff", poll)?;
    Ok(())
}

fn poll<T: 'static>(
    caller: &mut Caller<'_, T>,
    get: fn(&mut T) -> &mut WasiCtx,
    [input, output, count, stored]: [u32; 4],
) -> Result<i32> {
    let clock = get(caller.data_mut()).clock().cloned();
    let clock = clock.ok_or_else(|| {
        wasmtime::Error::msg("the linker has WASI with a manual clock, but the context has none")
    })?;
    let memory = match caller.get_export("memory") {
        Some(Extern::Memory(memory)) => memory,
        Some(Extern::SharedMemory(_)) => {
            return Err(wasmtime::Error::msg(
                "a manual clock does not support guests with a shared memory",
            ));
        }
        _ => return Err(Error::NoMemory { name: "memory".into() }.into()),
    };
    let mut memory = GuestMemory::new(caller.as_context_mut(), memory);
    let addresses =
        move |base: u32, size: u64| (0..u64::from(count)).map(move |i| u64::from(base) + i * size);
    let (now, wall) = (clock.nanos(), clock.unix_time());
    let mut first: Option<u64> = None;
    for address in addresses(input, SUBSCRIPTION_BYTES) {
        let until = match wait(&memory, address, now, wall)? {
            Some(Wait::Until(time)) => time,
            Some(Wait::Descriptor) => now,
            None => return Ok(EINVAL),
        };
        first = Some(first.map_or(until, |first| first.min(until)));
    }
    // Without an event it would wait forever.
    let Some(first) = first else { return Ok(EINVAL) };
    clock.advance_to(first);
    let mut events = addresses(output, EVENT_BYTES);
    let mut written: u32 = 0;
    for address in addresses(input, SUBSCRIPTION_BYTES) {
        match wait(&memory, address, now, wall)? {
            Some(Wait::Until(time)) if time > first => continue,
            _ => {}
        }
        let Some(event) = events.next() else { break };
        let userdata: u64 = memory.read(address)?;
        let kind: u8 = memory.read(address + 8)?;
        memory.bytes_mut(event, EVENT_BYTES)?.fill(0);
        memory.write(event, userdata)?;
        memory.write(event + 10, kind)?;
        // Reports at least one byte for a descriptor.
        memory.write(event + 16, u64::from(kind != 0))?;
        written += 1;
    }
    memory.write(stored, written)?;
    Ok(SUCCESS)
}

/// Reads the subscription at `address`; none if it is not valid.
fn wait<T>(
    memory: &GuestMemory<'_, T>,
    address: u64,
    now: u64,
    wall: std::time::Duration,
) -> Result<Option<Wait>> {
    let kind: u8 = memory.read(address + 8)?;
    if kind != 0 {
        return Ok((kind <= 2).then_some(Wait::Descriptor));
    }
    let id: u32 = memory.read(address + 16)?;
    let timeout: u64 = memory.read(address + 24)?;
    let flags: u16 = memory.read(address + 40)?;
    let is_absolute = flags & ABSOLUTE != 0;
    Ok(match id {
        // Both clocks have advanced by the same time since their start.
        0 if is_absolute => {
            let wall = u64::try_from(wall.as_nanos()).unwrap_or(u64::MAX);
            Some(Wait::Until(now.saturating_add(timeout.saturating_sub(wall))))
        }
        1 if is_absolute => Some(Wait::Until(timeout)),
        0 | 1 => Some(Wait::Until(now.saturating_add(timeout))),
        _ => None,
    })
}
