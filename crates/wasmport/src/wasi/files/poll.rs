//! Virtual files in `poll_oneoff`: files are always ready, devices when they say so.

use super::fd::{Fd, Fds, Open};
use crate::vfs::FileType;
use crate::wasi::interest::{Interest, Readiness};
use std::task::{Context, Poll};
use wasmtime_wasi::p1::types::Errno;

impl Fds {
    /// Returns Wasmtime's number of a descriptor, or none for a virtual file.
    ///
    /// # Errors
    ///
    /// Fails if it is not open for this. Like Wasmtime's, directories are not.
    pub fn find_for_poll(&self, interest: Interest, number: u32) -> Result<Option<u32>, Errno> {
        match self.get(number)? {
            Fd::Real(number) => Ok(Some(*number)),
            Fd::Virtual(open) if open.is_pollable(interest) => Ok(None),
            Fd::Virtual(_) => Err(Errno::Badf),
        }
    }

    /// Returns whether a virtual file is ready; otherwise wakes `context` when it is.
    pub fn poll_ready(
        &self,
        interest: Interest,
        number: u32,
        context: &mut Context<'_>,
    ) -> Poll<Readiness> {
        let Ok(Fd::Virtual(open)) = self.get(number) else { return Poll::Pending };
        open.poll_ready(interest, context)
    }
}

impl Open {
    fn is_pollable(&self, interest: Interest) -> bool {
        let is_open = match interest {
            Interest::Read => self.file.reads,
            Interest::Write => self.file.writes,
        };
        is_open && self.file.kind != FileType::Directory
    }

    fn poll_ready(&self, interest: Interest, context: &mut Context<'_>) -> Poll<Readiness> {
        let ready = match interest {
            Interest::Read => self.file.poll_readable(context),
            Interest::Write => self.file.poll_writable(context),
        };
        ready.map(|()| Readiness { is_end: interest == Interest::Read && self.is_at_end() })
    }

    /// Returns whether nothing is left to read. Devices do not say so.
    fn is_at_end(&self) -> bool {
        self.file.kind == FileType::File
            && self.position >= self.file.stat().map_or(0, |stat| stat.size)
    }
}
