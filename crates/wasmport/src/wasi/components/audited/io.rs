//! The streams of audited guests: those of files and sockets have their capability and name.

use super::{Audited, Capability};

/// Implements the traits of `wasi:io/streams`, whose functions that may wait are of the kind `$wait`, and those
/// that drop a resource of the kind `$close`.
macro_rules! streams {
    ($module:ident, $wait:ident, $each:ident, $close:ident, $($streams:ident)::+) => {
        mod $module {
            use super::super::refusal::refused;
            use super::super::subject::on;
            use super::{Audited, Capability};
            use wasmtime::component::Resource;
            use wasmtime_wasi::p2::bindings::$($streams)::+ as streams;
            use wasmtime_wasi::p2::{
                DynInputStream, DynOutputStream, DynPollable, StreamError, StreamResult,
            };

            audited! {
                "wasi:io/streams" Streams, streams::Host;
                pass convert_stream_error "" (error: StreamError) -> wasmtime::Result<streams::StreamError>;
            }

            audited! {
                "wasi:io/streams" Streams, streams::HostInputStream;
                call read "[method]input-stream.read" (s: Resource<DynInputStream>, len: u64) -> StreamResult<Vec<u8>> { on(&s) };
                $wait blocking_read "[method]input-stream.blocking-read" (s: Resource<DynInputStream>, len: u64) -> StreamResult<Vec<u8>> { on(&s) };
                call skip "[method]input-stream.skip" (s: Resource<DynInputStream>, len: u64) -> StreamResult<u64> { on(&s) };
                $wait blocking_skip "[method]input-stream.blocking-skip" (s: Resource<DynInputStream>, len: u64) -> StreamResult<u64> { on(&s) };
                pass subscribe "" (s: Resource<DynInputStream>) -> wasmtime::Result<Resource<DynPollable>>;
                $close drop "" (s: Resource<DynInputStream>) -> wasmtime::Result<()>;
            }

            audited! {
                "wasi:io/streams" Streams, streams::HostOutputStream;
                call check_write "[method]output-stream.check-write" (s: Resource<DynOutputStream>) -> StreamResult<u64> { on(&s) };
                call write "[method]output-stream.write" (s: Resource<DynOutputStream>, bytes: Vec<u8>) -> StreamResult<()> { on(&s).writing() };
                $wait blocking_write_and_flush "[method]output-stream.blocking-write-and-flush" (s: Resource<DynOutputStream>, bytes: Vec<u8>) -> StreamResult<()> { on(&s).writing() };
                call flush "[method]output-stream.flush" (s: Resource<DynOutputStream>) -> StreamResult<()> { on(&s) };
                $wait blocking_flush "[method]output-stream.blocking-flush" (s: Resource<DynOutputStream>) -> StreamResult<()> { on(&s) };
                call write_zeroes "[method]output-stream.write-zeroes" (s: Resource<DynOutputStream>, len: u64) -> StreamResult<()> { on(&s).writing() };
                $wait blocking_write_zeroes_and_flush "[method]output-stream.blocking-write-zeroes-and-flush" (s: Resource<DynOutputStream>, len: u64) -> StreamResult<()> { on(&s).writing() };
                each splice "[method]output-stream.splice" (s: Resource<DynOutputStream>, from: Resource<DynInputStream>, len: u64) -> StreamResult<u64> { [on(&from), on(&s).writing()] };
                $each blocking_splice "[method]output-stream.blocking-splice" (s: Resource<DynOutputStream>, from: Resource<DynInputStream>, len: u64) -> StreamResult<u64> { [on(&from), on(&s).writing()] };
                pass subscribe "" (s: Resource<DynOutputStream>) -> wasmtime::Result<Resource<DynPollable>>;
                $close drop "" (s: Resource<DynOutputStream>) -> wasmtime::Result<()>;
            }
        }
    };
}

streams!(blocking, call, each, close, sync::io::streams);
#[cfg(feature = "async")]
streams!(waiting, wait, each_wait, close_wait, io::streams);
