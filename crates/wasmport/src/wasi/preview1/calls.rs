//! Preview 1's functions that use the clock and the randomness of a session: times, `random_get`, `poll_oneoff` and
//! `sched_yield`.

use super::guard::{Guard, guarded};
use super::parts::{memory_export, parts};
use crate::code::PREVIEW_1;
use crate::record;
use crate::wasi::ctx::{Preview1, WasiCtx};
use crate::wasi::poll::{self, Poll};
use crate::wasi::sources::Sources;
use crate::wasi::time::reading;
#[cfg(feature = "async")]
use crate::wasi::time::wait::yield_now;
use crate::wasi::time::wait::{block, block_here};
use wasmtime::{AsContextMut as _, Caller, Extern, Linker, Result};
use wasmtime_wasi::p1::types::{self, Clockid, Errno};
use wiggle::{GuestMemory, GuestPtr};

/// Result of a function of preview 1.
type Answer<T = ()> = std::result::Result<T, types::Error>;

/// The parts of a store that a call uses.
struct Call<'a> {
    sources: Sources,
    context: &'a mut Preview1,
    memory: GuestMemory<'a>,
    fuel: usize,
}

impl<'a> Call<'a> {
    fn new<T: 'static>(
        caller: &'a mut Caller<'_, T>,
        export: &'a Option<Extern>,
        get: fn(&mut T) -> &mut WasiCtx,
    ) -> Result<Self> {
        let sources = get(caller.data_mut()).sources().clone();
        let fuel = caller.as_context_mut().hostcall_fuel();
        let (context, memory) = parts(caller, export, get)?;
        Ok(Self { sources, context, memory, fuel })
    }

    /// Reads the subscriptions of `poll_oneoff`.
    fn read_poll(&mut self, [input, _, count, _]: [u32; 4]) -> Answer<Poll> {
        let input = GuestPtr::new(input);
        let (clock, fuel) = (&*self.sources.clock, self.fuel);
        Poll::read(self.context, clock, &self.memory, input, count, fuel)
    }

    /// Writes the events of `poll_oneoff` and their number.
    fn write_events(&mut self, ready: &[types::Event], [_, events, _, count]: [u32; 4]) -> Answer {
        let ready = poll::write(&mut self.memory, GuestPtr::new(events), ready)?;
        self.memory.write(GuestPtr::new(count), ready)?;
        Ok(())
    }

    fn poll_blocking(&mut self, addresses: [u32; 4]) -> Answer {
        let poll = self.read_poll(addresses)?;
        let clock = &*self.sources.clock;
        poll.sleep_without_deadline(clock);
        let needs_tokio = poll.needs_tokio();
        let finish = async { Ok(poll.finish(self.context, clock).await) };
        let ended = if needs_tokio { block(finish) } else { block_here(finish) };
        // The outer error is that of a deadline.
        let ready = ended.map_err(types::Error::trap)??;
        self.write_events(&ready, addresses)
    }

    #[cfg(feature = "async")]
    async fn poll(&mut self, addresses: [u32; 4]) -> Answer {
        let poll = self.read_poll(addresses)?;
        let ready = poll.finish(self.context, &*self.sources.clock).await?;
        self.write_events(&ready, addresses)
    }
}

/// Returns the number of an error, or traps.
fn errno(answer: Answer) -> Result<i32> {
    match answer {
        Ok(()) => Ok(Errno::Success as i32),
        Err(error) => error.downcast().map(|errno| errno as i32),
    }
}

/// Returns the clock of a number.
fn clock_id(id: i32) -> Answer<Clockid> {
    Ok(Clockid::try_from(id.cast_unsigned())?)
}

/// Defines the functions that end at once.
pub(super) fn at_once<T: Send + 'static, G: Guard>(
    linker: &mut Linker<T>,
    get: fn(&mut T) -> &mut WasiCtx,
) -> Result<()> {
    let hook = record::hook::<T>(PREVIEW_1, "clock_time_get");
    linker.func_wrap(
        PREVIEW_1,
        "clock_time_get",
        move |mut caller: Caller<'_, T>, id: i32, precision: i64, to: i32| -> Result<i32> {
            record::import(hook.as_ref(), &mut caller, &(id, precision, to), |mut caller| {
                guarded!(G, caller, get, "clock_time_get", [id, precision, to], {
                    let export = memory_export(caller, get);
                    let mut call = Call::new(caller, &export, get)?;
                    errno(clock_id(id).and_then(|id| {
                        let time = reading::time(&*call.sources.clock, id)?;
                        Ok(call.memory.write(GuestPtr::new(to.cast_unsigned()), time)?)
                    }))
                })
            })
        },
    )?;
    let hook = record::hook::<T>(PREVIEW_1, "clock_res_get");
    linker.func_wrap(
        PREVIEW_1,
        "clock_res_get",
        move |mut caller: Caller<'_, T>, id: i32, to: i32| -> Result<i32> {
            record::import(hook.as_ref(), &mut caller, &(id, to), |mut caller| {
                guarded!(G, caller, get, "clock_res_get", [id, to], {
                    let export = memory_export(caller, get);
                    let mut call = Call::new(caller, &export, get)?;
                    errno(clock_id(id).and_then(|_| {
                        let resolution = reading::resolution(&*call.sources.clock);
                        Ok(call.memory.write(GuestPtr::new(to.cast_unsigned()), resolution)?)
                    }))
                })
            })
        },
    )?;
    let hook = record::hook::<T>(PREVIEW_1, "random_get");
    linker.func_wrap(
        PREVIEW_1,
        "random_get",
        move |mut caller: Caller<'_, T>, to: i32, len: i32| -> Result<i32> {
            record::import(hook.as_ref(), &mut caller, &(to, len), |mut caller| {
                guarded!(G, caller, get, "random_get", [to, len], {
                    let export = memory_export(caller, get);
                    let mut call = Call::new(caller, &export, get)?;
                    let to = GuestPtr::new(to.cast_unsigned());
                    let random = &call.sources.random;
                    errno(random.fill_memory(&mut call.memory, to, len.cast_unsigned()))
                })
            })
        },
    )?;
    Ok(())
}

/// Defines `poll_oneoff` and `sched_yield` for calls that block.
pub(super) fn waiting<T: Send + 'static, G: Guard>(
    linker: &mut Linker<T>,
    get: fn(&mut T) -> &mut WasiCtx,
) -> Result<()> {
    let hook = record::hook::<T>(PREVIEW_1, "poll_oneoff");
    linker.func_wrap(
        PREVIEW_1,
        "poll_oneoff",
        move |mut caller: Caller<'_, T>,
              input: i32,
              output: i32,
              count: i32,
              stored: i32|
              -> Result<i32> {
            record::import(
                hook.as_ref(),
                &mut caller,
                &(input, output, count, stored),
                |mut caller| {
                    guarded!(G, caller, get, "poll_oneoff", [input, output, count, stored], {
                        let export = memory_export(caller, get);
                        let mut call = Call::new(caller, &export, get)?;
                        let addresses = [input, output, count, stored].map(i32::cast_unsigned);
                        errno(call.poll_blocking(addresses))
                    })
                },
            )
        },
    )?;
    let hook = record::hook::<T>(PREVIEW_1, "sched_yield");
    linker.func_wrap(
        PREVIEW_1,
        "sched_yield",
        move |mut caller: Caller<'_, T>| -> Result<i32> {
            record::import(hook.as_ref(), &mut caller, &(), |mut caller| {
                guarded!(G, caller, get, "sched_yield", [], {
                    std::thread::yield_now();
                    Result::Ok(Errno::Success as i32)
                })
            })
        },
    )?;
    Ok(())
}

/// Defines `poll_oneoff` and `sched_yield` for async calls, which both suspend.
#[cfg(feature = "async")]
pub(super) fn waiting_async<T: Send + 'static, G: Guard>(
    linker: &mut Linker<T>,
    get: fn(&mut T) -> &mut WasiCtx,
) -> Result<()> {
    linker.func_wrap_async(
        PREVIEW_1,
        "poll_oneoff",
        move |mut caller: Caller<'_, T>, addresses: (i32, i32, i32, i32)| {
            let [a, b, c, d] = <[i32; 4]>::from(addresses);
            Box::new(async move {
                guarded!(G, caller, get, "poll_oneoff", [a, b, c, d], {
                    let addresses = [a, b, c, d].map(i32::cast_unsigned);
                    let export = memory_export(&mut caller, get);
                    let mut call = Call::new(&mut caller, &export, get)?;
                    errno(call.poll(addresses).await)
                })
            })
        },
    )?;
    linker.func_wrap_async(
        PREVIEW_1,
        "sched_yield",
        move |mut caller: Caller<'_, T>, (): ()| {
            Box::new(async move {
                guarded!(G, caller, get, "sched_yield", [], {
                    yield_now().await;
                    Result::Ok(Errno::Success as i32)
                })
            })
        },
    )?;
    Ok(())
}
