//! Waiting in calls that block: it ends with the deadlines of the session.
//!
//! Wasmtime's functions wait as long as the guest wants. Async calls need no replacement: the session
//! stops to poll them.

use super::ctx::WasiCtx;
use crate::error::Error;
use crate::limits::{has_deadlines, until_deadline};
use std::time::Duration;
use wasmtime::{AsContextMut as _, Caller, Extern, Linker, Result};
use wasmtime_wasi::p1::wasi_snapshot_preview1 as preview_1;
use wasmtime_wasi::runtime::in_tokio;
use wiggle::{GuestError, GuestMemory, GuestPtr};

const SUCCESS: i32 = 0;
const FAULT: i32 = 21;

/// The largest number of a clock.
const LAST_CLOCK: u32 = 3;

/// Waits for `future`, at most until a deadline of the running calls.
pub(super) fn wait<R>(future: impl Future<Output = Result<R>>) -> Result<R> {
    if has_deadlines() { in_tokio(until_deadline(future))? } else { in_tokio(future) }
}

/// Defines preview 1's `poll_oneoff` in `linker`, for contexts without a manual clock.
pub(super) fn replace<T: 'static>(
    linker: &mut Linker<T>,
    module: &str,
    get: fn(&mut T) -> &mut WasiCtx,
) -> Result<()> {
    let poll =
        move |mut caller: Caller<'_, T>, input: i32, output: i32, count: i32, stored: i32| {
            poll(&mut caller, get, [input, output, count, stored])
        };
    linker.func_wrap(module, "poll_oneoff", poll)?;
    Ok(())
}

fn poll<T: 'static>(
    caller: &mut Caller<'_, T>,
    get: fn(&mut T) -> &mut WasiCtx,
    [input, output, count, stored]: [i32; 4],
) -> Result<i32> {
    let fuel = caller.as_context_mut().hostcall_fuel();
    let export = caller.get_export("memory");
    let (mut memory, data) = match &export {
        Some(Extern::Memory(memory)) => {
            let (bytes, data) = memory.data_and_store_mut(caller);
            (GuestMemory::Unshared(bytes), data)
        }
        Some(Extern::SharedMemory(memory)) => {
            (GuestMemory::Shared(memory.data()), caller.data_mut())
        }
        _ => return Err(Error::NoMemory { name: "memory".into() }.into()),
    };
    let context = &mut get(data).preview1;
    preview_1::WasiSnapshotPreview1::set_hostcall_fuel(context, fuel);
    wait(async {
        // Wasmtime would block the thread for this one.
        if count == 1
            && has_deadlines()
            && let Ok(Some(sleep)) = Sleep::read(&memory, input.cast_unsigned())
        {
            tokio::time::sleep(sleep.time).await;
            let written = sleep.write(&mut memory, output.cast_unsigned(), stored.cast_unsigned());
            return Ok(written.map_or(FAULT, |()| SUCCESS));
        }
        preview_1::poll_oneoff(context, &mut memory, input, output, count, stored).await
    })
}

/// A subscription to a relative time.
struct Sleep {
    userdata: u64,
    time: Duration,
}

impl Sleep {
    /// Reads the subscription at `address`, if it is one to a relative time.
    fn read(memory: &GuestMemory<'_>, address: u32) -> Result<Option<Self>, GuestError> {
        let field = |offset| address.wrapping_add(offset);
        let userdata = memory.read(GuestPtr::<u64>::new(address))?;
        let kind = memory.read(GuestPtr::<u8>::new(field(8)))?;
        let clock = memory.read(GuestPtr::<u32>::new(field(16)))?;
        let timeout = memory.read(GuestPtr::<u64>::new(field(24)))?;
        let flags = memory.read(GuestPtr::<u16>::new(field(40)))?;
        let is_sleep = kind == 0 && clock <= LAST_CLOCK && flags == 0;
        Ok(is_sleep.then_some(Self { userdata, time: Duration::from_nanos(timeout) }))
    }

    /// Writes the event of its end, and the number of events.
    fn write(
        &self,
        memory: &mut GuestMemory<'_>,
        event: u32,
        stored: u32,
    ) -> Result<(), GuestError> {
        // Error and kind are 0. Wasmtime writes one byte for a clock too.
        for (offset, value) in [(0, self.userdata), (8, 0), (16, 1), (24, 0)] {
            memory.write(GuestPtr::<u64>::new(event.wrapping_add(offset)), value)?;
        }
        memory.write(GuestPtr::<u32>::new(stored), 1)
    }
}

#[cfg(feature = "component-model")]
mod preview_2 {
    use super::wait;
    use wasmtime::Result;
    use wasmtime::component::{HasData, Resource, ResourceTable};
    use wasmtime_wasi::p2::DynPollable;
    use wasmtime_wasi::p2::bindings::io::poll as waiting;
    use wasmtime_wasi::p2::bindings::sync::io::poll;

    /// The implementation of `wasi:io/poll` for calls that block.
    pub(crate) struct Polls;

    impl HasData for Polls {
        type Data<'a> = PollsView<'a>;
    }

    /// The resources of a store.
    pub(crate) struct PollsView<'a>(pub(crate) &'a mut ResourceTable);

    impl poll::Host for PollsView<'_> {
        fn poll(&mut self, pollables: Vec<Resource<DynPollable>>) -> Result<Vec<u32>> {
            wait(waiting::Host::poll(self.0, pollables))
        }
    }

    impl poll::HostPollable for PollsView<'_> {
        fn ready(&mut self, pollable: Resource<DynPollable>) -> Result<bool> {
            poll::HostPollable::ready(self.0, pollable)
        }

        fn block(&mut self, pollable: Resource<DynPollable>) -> Result<()> {
            wait(waiting::HostPollable::block(self.0, pollable))
        }

        fn drop(&mut self, pollable: Resource<DynPollable>) -> Result<()> {
            poll::HostPollable::drop(self.0, pollable)
        }
    }
}

#[cfg(feature = "component-model")]
pub(crate) use preview_2::{Polls, PollsView};
