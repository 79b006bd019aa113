//! `poll_oneoff` for guests with a manual clock: a sleep advances the clock, and descriptors are ready when
//! Wasmtime's own `poll_oneoff` says so.
//!
//! It reads and writes preview 1's
//! [`subscription` and `event`](https://github.com/WebAssembly/WASI/blob/main/legacy/preview1/docs.md).

use super::clock::ManualClock;
use super::ctx::WasiCtx;
use super::waits;
use crate::error::Error;
use std::time::Duration;
use wasmtime::{AsContextMut as _, Caller, Extern, Linker, Result};
use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::p1::wasi_snapshot_preview1::{self as preview_1, WasiSnapshotPreview1};
use wiggle::{GuestError, GuestMemory, GuestPtr};

const SUCCESS: i32 = 0;
const EINVAL: i32 = 28;

/// A subscription's kind for a clock.
const CLOCK: u8 = 0;
const MONOTONIC: u32 = 1;
const REGULAR_FILE: u8 = 4;
/// Flag of a clock's timeout that is a time, not a duration.
const ABSOLUTE: u16 = 1;

const SUBSCRIPTION_BYTES: usize = 48;
const EVENT_BYTES: usize = 32;

type Subscription = [u8; SUBSCRIPTION_BYTES];
type Event = [u8; EVENT_BYTES];

/// Defines `poll_oneoff` in `linker`, for contexts with a manual clock.
pub(super) fn replace<T: Send + 'static>(
    linker: &mut Linker<T>,
    module: &str,
    get: fn(&mut T) -> &mut WasiCtx,
) -> Result<()> {
    let poll =
        move |mut caller: Caller<'_, T>, input: i32, output: i32, count: i32, stored: i32| {
            let addresses = [input, output, count, stored].map(i32::cast_unsigned);
            waits::wait(poll(&mut caller, get, addresses))
        };
    linker.func_wrap(module, "poll_oneoff", poll)?;
    Ok(())
}

/// Async version of [`replace`].
#[cfg(feature = "async")]
pub(super) fn replace_async<T: Send + 'static>(
    linker: &mut Linker<T>,
    module: &str,
    get: fn(&mut T) -> &mut WasiCtx,
) -> Result<()> {
    linker.func_wrap_async(
        module,
        "poll_oneoff",
        move |mut caller: Caller<'_, T>, addresses: (i32, i32, i32, i32)| {
            let addresses: [i32; 4] = addresses.into();
            Box::new(async move { poll(&mut caller, get, addresses.map(i32::cast_unsigned)).await })
        },
    )?;
    Ok(())
}

async fn poll<T: Send + 'static>(
    caller: &mut Caller<'_, T>,
    get: fn(&mut T) -> &mut WasiCtx,
    [input, output, count, stored]: [u32; 4],
) -> Result<i32> {
    let subscriptions = with_memory(caller, |memory| read(memory, input, count))??;
    let fuel = caller.as_context_mut().hostcall_fuel();
    let context = get(caller.data_mut());
    let clock = context.clock().cloned();
    let clock = clock.ok_or_else(|| {
        wasmtime::Error::msg("the linker has WASI with a manual clock, but the context has none")
    })?;
    context.preview1.set_hostcall_fuel(fuel);
    let events = match events(&mut context.preview1, &clock, &subscriptions).await? {
        Ok(events) => events,
        Err(errno) => return Ok(errno),
    };
    with_memory(caller, |memory| write(memory, output, stored, &events))??;
    Ok(SUCCESS)
}

/// Runs `access` with the guest's memory.
fn with_memory<T: 'static, R>(
    caller: &mut Caller<'_, T>,
    access: impl FnOnce(&mut GuestMemory<'_>) -> R,
) -> Result<R> {
    Ok(match caller.get_export("memory") {
        Some(Extern::Memory(memory)) => access(&mut GuestMemory::Unshared(memory.data_mut(caller))),
        Some(Extern::SharedMemory(memory)) => access(&mut GuestMemory::Shared(memory.data())),
        _ => return Err(Error::NoMemory { name: "memory".into() }.into()),
    })
}

fn read(
    memory: &GuestMemory<'_>,
    address: u32,
    count: u32,
) -> Result<Vec<Subscription>, GuestError> {
    let bytes = count.checked_mul(SUBSCRIPTION_BYTES as u32).ok_or(GuestError::PtrOverflow)?;
    let bytes = memory.as_cow(GuestPtr::new((address, bytes)))?;
    let (subscriptions, _) = bytes.as_chunks();
    Ok(subscriptions.to_vec())
}

/// Writes the events and their number.
fn write(
    memory: &mut GuestMemory<'_>,
    address: u32,
    stored: u32,
    events: &[Event],
) -> Result<(), GuestError> {
    let bytes = events.as_flattened();
    let len = u32::try_from(bytes.len()).map_err(|_| GuestError::PtrOverflow)?;
    memory.copy_from_slice(bytes, GuestPtr::new((address, len)))?;
    memory.write(GuestPtr::new(stored), len / EVENT_BYTES as u32)
}

/// Waits for the first event, and returns all that are ready then. Time passes only if no descriptor is
/// ready.
///
/// # Errors
///
/// The inner error is the number of an error in preview 1.
async fn events(
    context: &mut WasiP1Ctx,
    clock: &ManualClock,
    subscriptions: &[Subscription],
) -> Result<Result<Vec<Event>, i32>> {
    let (now, wall) = (clock.nanos(), clock.unix_time());
    let mut waits = Vec::with_capacity(subscriptions.len());
    for subscription in subscriptions {
        waits.push(if subscription[8] == CLOCK {
            let Some(until) = until(subscription, now, wall) else { return Ok(Err(EINVAL)) };
            Wait::Until(until)
        } else {
            match poll_descriptor(context, subscription).await? {
                Ok(event) => Wait::Descriptor(event),
                Err(errno) => return Ok(Err(errno)),
            }
        });
    }
    let has_ready = waits.iter().any(|wait| matches!(wait, Wait::Descriptor(Some(_))));
    let until = match waits.iter().filter_map(Wait::until).min() {
        _ if has_ready => now,
        Some(first) => {
            clock.advance_to(first);
            first
        }
        // Only another thread can end the wait. An empty list is an error.
        None => return poll_all(context, subscriptions).await,
    };
    let events = waits.iter().zip(subscriptions).filter_map(|(wait, subscription)| match wait {
        Wait::Until(time) => (*time <= until).then(|| clock_event(subscription)),
        Wait::Descriptor(event) => *event,
    });
    Ok(Ok(events.collect()))
}

/// An event that a guest waits for.
enum Wait {
    /// A time of the monotonic clock, in nanoseconds.
    Until(u64),
    /// A descriptor; its event, if it is ready.
    Descriptor(Option<Event>),
}

impl Wait {
    fn until(&self) -> Option<u64> {
        match self {
            Self::Until(until) => Some(*until),
            Self::Descriptor(_) => None,
        }
    }
}

/// Returns the bytes of a subscription's field.
fn field<const N: usize>(subscription: &Subscription, offset: usize) -> [u8; N] {
    std::array::from_fn(|i| subscription[offset + i])
}

/// Returns the time of the monotonic clock at which a clock's subscription ends; none if there is no such
/// clock.
fn until(subscription: &Subscription, now: u64, wall: Duration) -> Option<u64> {
    let timeout = u64::from_le_bytes(field(subscription, 24));
    let is_absolute = u16::from_le_bytes(field(subscription, 40)) & ABSOLUTE != 0;
    Some(match u32::from_le_bytes(field(subscription, 16)) {
        // Both clocks have advanced by the same time since their start.
        0 if is_absolute => {
            let wall = u64::try_from(wall.as_nanos()).unwrap_or(u64::MAX);
            now.saturating_add(timeout.saturating_sub(wall))
        }
        MONOTONIC if is_absolute => timeout,
        0 | MONOTONIC => now.saturating_add(timeout),
        _ => return None,
    })
}

/// Returns the event of a clock. All of its fields but the first are zero.
fn clock_event(subscription: &Subscription) -> Event {
    let mut event = [0; EVENT_BYTES];
    event[..8].copy_from_slice(&subscription[..8]);
    event
}

/// Returns the event of a descriptor, if it is ready.
///
/// # Errors
///
/// The inner error is the number of an error in preview 1.
async fn poll_descriptor(
    context: &mut WasiP1Ctx,
    subscription: &Subscription,
) -> Result<Result<Option<Event>, i32>> {
    // A file is ready as soon as Wasmtime has read ahead, so its answer is worth waiting for.
    let polled = if is_file(context, subscription).await? {
        poll_all(context, &[*subscription]).await?
    } else {
        let mut now = [0; SUBSCRIPTION_BYTES];
        now[16..20].copy_from_slice(&MONOTONIC.to_le_bytes());
        now[40..42].copy_from_slice(&ABSOLUTE.to_le_bytes());
        poll_all(context, &[*subscription, now]).await?
    };
    Ok(polled.map(|events| events.into_iter().find(|event| event[10] != CLOCK)))
}

async fn is_file(context: &mut WasiP1Ctx, subscription: &Subscription) -> Result<bool> {
    let descriptor = i32::from_le_bytes(field(subscription, 16));
    let mut state = [0; 24];
    let mut memory = GuestMemory::Unshared(&mut state);
    let errno = preview_1::fd_fdstat_get(context, &mut memory, descriptor, 0).await?;
    Ok(errno == SUCCESS && state[0] == REGULAR_FILE)
}

/// Calls Wasmtime's `poll_oneoff`, and returns the events.
///
/// # Errors
///
/// The inner error is the number of an error in preview 1.
async fn poll_all(
    context: &mut WasiP1Ctx,
    subscriptions: &[Subscription],
) -> Result<Result<Vec<Event>, i32>> {
    let output = subscriptions.as_flattened().len();
    let stored = output + subscriptions.len() * EVENT_BYTES;
    let mut bytes = subscriptions.as_flattened().to_vec();
    bytes.resize(stored + 4, 0);
    let mut memory = GuestMemory::Unshared(&mut bytes);
    // A guest's memory has room for them, so they fit.
    let [output_at, count, stored_at] =
        [output, subscriptions.len(), stored].map(|n| u32::try_from(n).unwrap_or(u32::MAX));
    let [output_at, count, stored_at] = [output_at, count, stored_at].map(u32::cast_signed);
    let errno =
        preview_1::poll_oneoff(context, &mut memory, 0, output_at, count, stored_at).await?;
    if errno != SUCCESS {
        return Ok(Err(errno));
    }
    let (events, _) = bytes[output..stored].as_chunks::<EVENT_BYTES>();
    let (written, _) = bytes[stored..].as_chunks::<4>();
    let written = written.first().map_or(0, |written| u32::from_le_bytes(*written));
    Ok(Ok(events.iter().copied().take(written as usize).collect()))
}
