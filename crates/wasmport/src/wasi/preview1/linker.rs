//! Preview 1 in linkers. Calls for virtual files end at once, without Tokio; those that wait end with the
//! session's deadlines.

use super::calls;
use super::guard::{Guard, guarded};
use super::parts::{memory_export, parts};
use crate::code::PREVIEW_1;
use crate::record;
use crate::wasi::ctx::{Preview1, WasiCtx};
use crate::wasi::time::wait::block;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use wasmtime::{Caller, Linker, Result};
use wasmtime_wasi::p1::wasi_snapshot_preview1 as preview_1;

/// Waits for a call. One for a virtual file ends when it is polled first, unless it waits for a device.
fn end<R>(is_virtual: bool, call: impl Future<Output = Result<R>>) -> Result<R> {
    let mut call = pin!(call);
    if is_virtual
        && let Poll::Ready(end) = call.as_mut().poll(&mut Context::from_waker(Waker::noop()))
    {
        return end;
    }
    block(call)
}

/// Returns whether a descriptor is a virtual file, whose calls seldom wait.
fn is_virtual(context: &Preview1, fd: i32) -> bool {
    #[cfg(feature = "vfs")]
    return context.is_virtual(fd);
    #[cfg(not(feature = "vfs"))]
    {
        let _ = (context, fd);
        false
    }
}

/// Defines functions: those that answer at once, and those that may wait, whose first parameter is a descriptor, or another
/// one.
macro_rules! functions {
    (
        at_once { $($now:ident($($now_arg:ident: $now_ty:ty),*))* }
        waiting { $($name:ident($fd:ident: i32 $(, $arg:ident: $ty:ty)*))* }
        others { $($other:ident($($other_arg:ident: $other_ty:ty),*) of $other_fd:ident)* }
    ) => {
        /// Defines the functions of preview 1 for calls that block.
        pub(super) fn add_to_linker<T: Send + 'static, G: Guard>(
            linker: &mut Linker<T>,
            get: fn(&mut T) -> &mut WasiCtx,
        ) -> Result<()> {
            at_once::<T, G>(linker, get)?;
            calls::waiting::<T, G>(linker, get)?;
            $(
                let hook = record::hook::<T>(PREVIEW_1, stringify!($name));
                linker.func_wrap(
                    PREVIEW_1,
                    stringify!($name),
                    move |mut caller: Caller<'_, T>, $fd: i32 $(, $arg: $ty)*| -> Result<i32> {
                        record::import(hook.as_ref(), &mut caller, &($fd, $($arg,)*), |mut caller| {
                            guarded!(G, caller, get, stringify!($name), [$fd $(, $arg)*], {
                                let export = memory_export(&mut caller, get);
                                let (context, mut memory) = parts(&mut caller, &export, get)?;
                                let is_virtual = is_virtual(context, $fd);
                                end(is_virtual, preview_1::$name(context, &mut memory, $fd $(, $arg)*))
                            })
                        })
                    },
                )?;
            )*
            $(
                let hook = record::hook::<T>(PREVIEW_1, stringify!($other));
                linker.func_wrap(
                    PREVIEW_1,
                    stringify!($other),
                    move |mut caller: Caller<'_, T>, $($other_arg: $other_ty),*| -> Result<i32> {
                        record::import(hook.as_ref(), &mut caller, &($($other_arg,)*), |mut caller| {
                            guarded!(G, caller, get, stringify!($other), [$($other_arg),*], {
                                let export = memory_export(&mut caller, get);
                                let (context, mut memory) = parts(&mut caller, &export, get)?;
                                let is_virtual = is_virtual(context, $other_fd);
                                end(is_virtual, preview_1::$other(context, &mut memory $(, $other_arg)*))
                            })
                        })
                    },
                )?;
            )*
            Ok(())
        }

        /// Defines the functions of preview 1 for async calls.
        #[cfg(feature = "async")]
        pub(super) fn add_to_linker_async<T: Send + 'static, G: Guard>(
            linker: &mut Linker<T>,
            get: fn(&mut T) -> &mut WasiCtx,
        ) -> Result<()> {
            at_once::<T, G>(linker, get)?;
            calls::waiting_async::<T, G>(linker, get)?;
            $(
                linker.func_wrap_async(
                    PREVIEW_1,
                    stringify!($name),
                    move |mut caller: Caller<'_, T>, ($fd, $($arg,)*): (i32, $($ty,)*)| {
                        Box::new(async move {
                            guarded!(G, caller, get, stringify!($name), [$fd $(, $arg)*], {
                                let export = memory_export(&mut caller, get);
                                let (context, mut memory) = parts(&mut caller, &export, get)?;
                                preview_1::$name(context, &mut memory, $fd $(, $arg)*).await
                            })
                        })
                    },
                )?;
            )*
            $(
                linker.func_wrap_async(
                    PREVIEW_1,
                    stringify!($other),
                    move |mut caller: Caller<'_, T>, ($($other_arg,)*): ($($other_ty,)*)| {
                        Box::new(async move {
                            guarded!(G, caller, get, stringify!($other), [$($other_arg),*], {
                                let export = memory_export(&mut caller, get);
                                let (context, mut memory) = parts(&mut caller, &export, get)?;
                                preview_1::$other(context, &mut memory $(, $other_arg)*).await
                            })
                        })
                    },
                )?;
            )*
            Ok(())
        }

        fn at_once<T: Send + 'static, G: Guard>(
            linker: &mut Linker<T>,
            get: fn(&mut T) -> &mut WasiCtx,
        ) -> Result<()> {
            calls::at_once::<T, G>(linker, get)?;
            $(
                let hook = record::hook::<T>(PREVIEW_1, stringify!($now));
                linker.func_wrap(
                    PREVIEW_1,
                    stringify!($now),
                    move |mut caller: Caller<'_, T> $(, $now_arg: $now_ty)*| -> Result<i32> {
                        record::import(hook.as_ref(), &mut caller, &($($now_arg,)*), |mut caller| {
                            guarded!(G, caller, get, stringify!($now), [$($now_arg),*], {
                                let export = memory_export(&mut caller, get);
                                let (context, mut memory) = parts(&mut caller, &export, get)?;
                                preview_1::$now(context, &mut memory $(, $now_arg)*)
                            })
                        })
                    },
                )?;
            )*
            Ok(())
        }
    };
}

functions! {
    at_once {
        args_get(a: i32, b: i32)
        args_sizes_get(a: i32, b: i32)
        environ_get(a: i32, b: i32)
        environ_sizes_get(a: i32, b: i32)
        fd_allocate(a: i32, b: i64, c: i64)
        fd_fdstat_set_flags(a: i32, b: i32)
        fd_fdstat_set_rights(a: i32, b: i64, c: i64)
        fd_prestat_get(a: i32, b: i32)
        fd_prestat_dir_name(a: i32, b: i32, c: i32)
        fd_tell(a: i32, b: i32)
        proc_raise(a: i32)
        sock_accept(a: i32, b: i32, c: i32)
        sock_recv(a: i32, b: i32, c: i32, d: i32, e: i32, f: i32)
        sock_send(a: i32, b: i32, c: i32, d: i32, e: i32)
        sock_shutdown(a: i32, b: i32)
    }
    waiting {
        fd_advise(fd: i32, a: i64, b: i64, c: i32)
        fd_close(fd: i32)
        fd_datasync(fd: i32)
        fd_fdstat_get(fd: i32, a: i32)
        fd_filestat_get(fd: i32, a: i32)
        fd_filestat_set_size(fd: i32, a: i64)
        fd_filestat_set_times(fd: i32, a: i64, b: i64, c: i32)
        fd_pread(fd: i32, a: i32, b: i32, c: i64, d: i32)
        fd_pwrite(fd: i32, a: i32, b: i32, c: i64, d: i32)
        fd_read(fd: i32, a: i32, b: i32, c: i32)
        fd_readdir(fd: i32, a: i32, b: i32, c: i64, d: i32)
        fd_renumber(fd: i32, a: i32)
        fd_seek(fd: i32, a: i64, b: i32, c: i32)
        fd_sync(fd: i32)
        fd_write(fd: i32, a: i32, b: i32, c: i32)
        path_create_directory(fd: i32, a: i32, b: i32)
        path_filestat_get(fd: i32, a: i32, b: i32, c: i32, d: i32)
        path_filestat_set_times(fd: i32, a: i32, b: i32, c: i32, d: i64, e: i64, f: i32)
        path_link(fd: i32, a: i32, b: i32, c: i32, d: i32, e: i32, f: i32)
        path_open(fd: i32, a: i32, b: i32, c: i32, d: i32, e: i64, f: i64, g: i32, h: i32)
        path_readlink(fd: i32, a: i32, b: i32, c: i32, d: i32, e: i32)
        path_remove_directory(fd: i32, a: i32, b: i32)
        path_rename(fd: i32, a: i32, b: i32, c: i32, d: i32, e: i32)
        path_unlink_file(fd: i32, a: i32, b: i32)
    }
    others {
        path_symlink(a: i32, b: i32, fd: i32, c: i32, d: i32) of fd
    }
}
