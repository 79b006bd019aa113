//! Reads and writes of devices. As on Linux, positions do not matter.

use crate::vfs::DeviceKind;
use crate::wasi::files::device::{PART, SharedDevice, repeat};
use crate::wasi::files::fd::{Open, failed};
use wasmtime_wasi::p1::types::{self, Errno, Error};
use wiggle::GuestMemory;

type Result<T = ()> = std::result::Result<T, Error>;

/// Most bytes that one call reads or writes: devices have no end, and a call must.
const MOST: usize = 1 << 20;

impl Open {
    /// Returns the device, if it is one.
    pub(super) fn device(&self) -> Option<Device<'_>> {
        let waits = !self.flags.contains(types::Fdflags::NONBLOCK);
        let (reads, writes) = (self.file.reads, self.file.writes);
        self.file.device().map(|device| Device { device, reads, writes, waits })
    }
}

/// An open device of a descriptor.
pub(super) struct Device<'a> {
    device: &'a SharedDevice,
    reads: bool,
    writes: bool,
    waits: bool,
}

impl Device<'_> {
    /// Fails with `spipe` for streams: they have no position.
    pub fn check_position(&self) -> Result {
        if self.device.kind() == DeviceKind::Plain { Ok(()) } else { Err(Errno::Spipe.into()) }
    }

    /// Reads into the buffers of a guest.
    pub async fn read(self, memory: &mut GuestMemory<'_>, iovs: types::IovecArray) -> Result<u32> {
        if !self.reads {
            return Err(Errno::Badf.into());
        }
        let device = self.device;
        let mut part = Vec::new();
        let mut total = 0;
        for iov in iovs.iter() {
            let iov = memory.read(iov?)?;
            let mut done = 0;
            while done < iov.buf_len && total < MOST {
                let len = part_len(iov.buf_len - done, total);
                part.resize(len.max(part.len()), 0);
                let mut read = || device.read(&mut part[..len]);
                let result = if self.waits && total == 0 {
                    repeat(read, |context| device.poll_readable(context)).await
                } else {
                    read()
                };
                let count = match result {
                    Ok(count) => count,
                    // What is read is read.
                    Err(_) if total > 0 => return Ok(total as u32),
                    Err(error) => return Err(failed(error)),
                };
                let to = iov.buf.add(done)?.as_array(count as u32);
                memory.copy_from_slice(&part[..count], to)?;
                done += count as u32;
                total += count;
                if count < len {
                    return Ok(total as u32);
                }
            }
        }
        Ok(total as u32)
    }

    /// Writes the buffers of a guest.
    pub async fn write(self, memory: &GuestMemory<'_>, iovs: types::CiovecArray) -> Result<u32> {
        if !self.writes {
            return Err(Errno::Badf.into());
        }
        let device = self.device;
        let mut total = 0;
        for iov in iovs.iter() {
            let iov = memory.read(iov?)?;
            let mut done = 0;
            while done < iov.buf_len && total < MOST {
                let len = part_len(iov.buf_len - done, total);
                let part = memory.as_cow(iov.buf.add(done)?.as_array(len as u32))?;
                let write = || device.write(&part);
                let result = if self.waits {
                    repeat(write, |context| device.poll_writable(context)).await
                } else {
                    write()
                };
                let count = match result {
                    Ok(count) => count,
                    Err(_) if total > 0 => return Ok(total as u32),
                    Err(error) => return Err(failed(error)),
                };
                done += count as u32;
                total += count;
                if count == 0 {
                    return Ok(total as u32);
                }
            }
        }
        Ok(total as u32)
    }
}

/// Returns the number of bytes to copy next, of those that are left in a buffer.
fn part_len(left: u32, total: usize) -> usize {
    (left as usize).min(PART).min(MOST - total)
}
