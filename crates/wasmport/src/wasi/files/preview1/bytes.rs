//! Reading and writing virtual files from and to the memory of a guest.

use super::context::{Found, Preview1};
use super::macros::open;
use super::values::{check_position, file};
use crate::wasi::files::fd::failed;
use crate::wasi::files::open_file::Position;
use wasmtime_wasi::p1::types::{self, Errno, Error};
use wiggle::GuestMemory;

type Result<T = ()> = std::result::Result<T, Error>;
type Memory<'a> = GuestMemory<'a>;

/// Bytes of a shared memory that are read at once.
const SHARED_PART: usize = 64 << 10;

impl Preview1 {
    pub(super) fn read_at(
        &mut self,
        memory: &mut Memory<'_>,
        fd: types::Fd,
        iovs: types::IovecArray,
        at: Option<u64>,
    ) -> Result<u32> {
        let open = file(open!(self, fd))?;
        let mut reader = open.file.reader(at.unwrap_or(open.position)).map_err(failed)?;
        let mut total = 0_u32;
        for iov in iovs.iter() {
            let iov = memory.read(iov?)?;
            check_position(reader.offset().saturating_add(iov.buf_len.into()))?;
            let part = iov.buf.as_array(iov.buf_len);
            let count = match memory.as_slice_mut(part)? {
                Some(bytes) => reader.read(bytes).map_err(failed)?,
                // A shared memory: other threads may use it meanwhile.
                None => {
                    let mut bytes = vec![0; (iov.buf_len as usize).min(SHARED_PART)];
                    let count = reader.read(&mut bytes).map_err(failed)?;
                    let part = part.get_range(0..count as u32).ok_or(Errno::Fault)?;
                    memory.copy_from_slice(&bytes[..count], part)?;
                    count
                }
            };
            total = total.checked_add(count as u32).ok_or(Errno::Overflow)?;
            if count < iov.buf_len as usize {
                break;
            }
        }
        let position = reader.offset();
        let is_first = reader.finish();
        if at.is_none() {
            open.position = position;
        }
        if is_first {
            let now = self.now();
            open!(self, fd).file.touch(now);
        }
        Ok(total)
    }

    pub(super) fn write_at(
        &mut self,
        memory: &Memory<'_>,
        fd: types::Fd,
        iovs: types::CiovecArray,
        at: Option<u64>,
    ) -> Result<u32> {
        let now = self.now();
        let open = file(open!(self, fd))?;
        let position = match at {
            // As in Wasmtime, the offset does not matter to a file that is appended to.
            _ if open.flags.contains(types::Fdflags::APPEND) => Position::End,
            Some(at) => Position::Offset(at),
            None => Position::Offset(open.position),
        };
        let mut writer = open.file.writer(position, now).map_err(failed)?;
        let mut total = 0_u32;
        for iov in iovs.iter() {
            let iov = memory.read(iov?)?;
            check_position(writer.offset().saturating_add(iov.buf_len.into()))?;
            let left = u32::try_from(writer.left()).unwrap_or(u32::MAX);
            let bytes = memory.as_cow(iov.buf.as_array(iov.buf_len.min(left)))?;
            let count = match writer.write(&bytes) {
                Ok(count) => count,
                // What is written is written.
                Err(_) if total > 0 => break,
                Err(error) => return Err(failed(error)),
            };
            total += count as u32;
            if count < iov.buf_len as usize {
                break;
            }
        }
        let position = writer.offset();
        drop(writer);
        if at.is_none() {
            open.position = position;
        }
        Ok(total)
    }
}
