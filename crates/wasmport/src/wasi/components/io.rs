//! Preview 2's `wasi:io` in calls that block: waits end with the deadlines of the session.
//!
//! Wasmtime's functions wait as long as the guest wants.

use crate::wasi::time::wait::block;
use wasmtime::Result;
use wasmtime::component::{HasData, Resource, ResourceTable};
use wasmtime_wasi::p2::bindings::io::poll as waiting;
use wasmtime_wasi::p2::bindings::io::streams::{
    HostInputStream as Input, HostOutputStream as Output,
};
use wasmtime_wasi::p2::bindings::sync::io::{poll, streams};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, DynPollable, StreamError, StreamResult};

/// The implementation of `wasi:io/poll` and `wasi:io/streams` for calls that block.
pub(crate) struct Io;

impl HasData for Io {
    type Data<'a> = IoView<'a>;
}

/// The resources of a store.
pub(crate) struct IoView<'a>(pub(crate) &'a mut ResourceTable);

impl poll::Host for IoView<'_> {
    fn poll(&mut self, pollables: Vec<Resource<DynPollable>>) -> Result<Vec<u32>> {
        block(waiting::Host::poll(self.0, pollables))
    }
}

impl poll::HostPollable for IoView<'_> {
    fn ready(&mut self, pollable: Resource<DynPollable>) -> Result<bool> {
        poll::HostPollable::ready(self.0, pollable)
    }

    fn block(&mut self, pollable: Resource<DynPollable>) -> Result<()> {
        block(waiting::HostPollable::block(self.0, pollable))
    }

    fn drop(&mut self, pollable: Resource<DynPollable>) -> Result<()> {
        poll::HostPollable::drop(self.0, pollable)
    }
}

/// Runs a call of a stream, at most until a deadline of the running calls.
fn block_stream<R>(call: impl Future<Output = StreamResult<R>>) -> StreamResult<R> {
    block(async { Ok(call.await) }).unwrap_or_else(|ended| Err(StreamError::Trap(ended)))
}

impl streams::Host for IoView<'_> {
    fn convert_stream_error(&mut self, error: StreamError) -> Result<streams::StreamError> {
        streams::Host::convert_stream_error(self.0, error)
    }
}

type InputResource = Resource<DynInputStream>;
type OutputResource = Resource<DynOutputStream>;

impl streams::HostInputStream for IoView<'_> {
    fn drop(&mut self, stream: InputResource) -> Result<()> {
        streams::HostInputStream::drop(self.0, stream)
    }

    fn read(&mut self, stream: InputResource, len: u64) -> StreamResult<Vec<u8>> {
        streams::HostInputStream::read(self.0, stream, len)
    }

    fn blocking_read(&mut self, stream: InputResource, len: u64) -> StreamResult<Vec<u8>> {
        block_stream(Input::blocking_read(self.0, stream, len))
    }

    fn skip(&mut self, stream: InputResource, len: u64) -> StreamResult<u64> {
        streams::HostInputStream::skip(self.0, stream, len)
    }

    fn blocking_skip(&mut self, stream: InputResource, len: u64) -> StreamResult<u64> {
        block_stream(Input::blocking_skip(self.0, stream, len))
    }

    fn subscribe(&mut self, stream: InputResource) -> Result<Resource<DynPollable>> {
        streams::HostInputStream::subscribe(self.0, stream)
    }
}

impl streams::HostOutputStream for IoView<'_> {
    fn drop(&mut self, stream: OutputResource) -> Result<()> {
        streams::HostOutputStream::drop(self.0, stream)
    }

    fn check_write(&mut self, stream: OutputResource) -> StreamResult<u64> {
        streams::HostOutputStream::check_write(self.0, stream)
    }

    fn write(&mut self, stream: OutputResource, bytes: Vec<u8>) -> StreamResult<()> {
        streams::HostOutputStream::write(self.0, stream, bytes)
    }

    fn blocking_write_and_flush(
        &mut self,
        stream: OutputResource,
        bytes: Vec<u8>,
    ) -> StreamResult<()> {
        block_stream(Output::blocking_write_and_flush(self.0, stream, bytes))
    }

    fn blocking_write_zeroes_and_flush(
        &mut self,
        stream: OutputResource,
        len: u64,
    ) -> StreamResult<()> {
        block_stream(Output::blocking_write_zeroes_and_flush(self.0, stream, len))
    }

    fn subscribe(&mut self, stream: OutputResource) -> Result<Resource<DynPollable>> {
        streams::HostOutputStream::subscribe(self.0, stream)
    }

    fn write_zeroes(&mut self, stream: OutputResource, len: u64) -> StreamResult<()> {
        streams::HostOutputStream::write_zeroes(self.0, stream, len)
    }

    fn flush(&mut self, stream: OutputResource) -> StreamResult<()> {
        streams::HostOutputStream::flush(self.0, stream)
    }

    fn blocking_flush(&mut self, stream: OutputResource) -> StreamResult<()> {
        block_stream(Output::blocking_flush(self.0, stream))
    }

    fn splice(&mut self, to: OutputResource, from: InputResource, len: u64) -> StreamResult<u64> {
        streams::HostOutputStream::splice(self.0, to, from, len)
    }

    fn blocking_splice(
        &mut self,
        to: OutputResource,
        from: InputResource,
        len: u64,
    ) -> StreamResult<u64> {
        block_stream(Output::blocking_splice(self.0, to, from, len))
    }
}
