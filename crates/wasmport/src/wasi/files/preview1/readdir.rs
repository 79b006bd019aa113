//! `fd_readdir` of virtual directories.

use super::context::{Found, Preview1};
use super::macros::open;
use super::values::{directory, file_type};
use crate::wasi::files::fd::failed;
use wasmtime_wasi::p1::types::{self, Errno, Error};
use wiggle::{GuestMemory, GuestPtr};

type Result<T = ()> = std::result::Result<T, Error>;
type Memory<'a> = GuestMemory<'a>;

/// Size of the fixed part of an entry of a directory in bytes.
const DIRENT_BYTES: usize = 24;

/// Names of a directory that have no node of their own.
const OWN_NAMES: [&str; 2] = [".", ".."];

impl Preview1 {
    /// Writes names from the cookie on: the place in the list of names that there were when the guest began.
    pub(super) fn virtual_readdir(
        &mut self,
        memory: &mut Memory<'_>,
        fd: types::Fd,
        buf: GuestPtr<u8>,
        len: types::Size,
        cookie: types::Dircookie,
    ) -> Result<types::Size> {
        let (now, slots) = (self.now(), self.slots()?);
        let open = directory(open!(self, fd))?;
        if cookie == 0 || open.listing.is_none() {
            // The former one does not count.
            open.listing = None;
            open.listing = Some(open.file.list(&slots, now).map_err(failed)?);
        }
        let inode = open.file.inode();
        let Some(listing) = &mut open.listing else { return Ok(0) };
        let mut entries = Entries { buf, len, written: 0 };
        for (name, next) in
            OWN_NAMES.into_iter().zip(1_u64..).skip_while(|(_, next)| *next <= cookie)
        {
            let entry = Entry { next, inode, kind: types::Filetype::Directory, name };
            if !entries.write(memory, &entry)? {
                return Ok(entries.written);
            }
        }
        let own_names = OWN_NAMES.len() as u64;
        listing.seek(cookie.saturating_sub(own_names));
        while let Some(listed) = listing.peek() {
            let next = listed.count + own_names;
            let kind = file_type(listed.kind);
            let entry = Entry { next, inode: listed.inode, kind, name: &listed.name };
            if !entries.write(memory, &entry)? {
                break;
            }
            listing.advance(&listed);
        }
        Ok(entries.written)
    }
}

/// An entry of a directory.
struct Entry<'a> {
    /// The cookie of the entry behind it.
    next: u64,
    inode: u64,
    kind: types::Filetype,
    name: &'a str,
}

/// A buffer of the guest that is filled with entries.
struct Entries {
    buf: GuestPtr<u8>,
    len: u32,
    written: u32,
}

impl Entries {
    /// Writes an entry, and returns whether it fits. Otherwise its start fills the buffer: so the guest knows that
    /// there are more.
    fn write(&mut self, memory: &mut Memory<'_>, entry: &Entry<'_>) -> Result<bool> {
        let mut head = [0; DIRENT_BYTES];
        head[..8].copy_from_slice(&entry.next.to_le_bytes());
        head[8..16].copy_from_slice(&entry.inode.to_le_bytes());
        head[16..20].copy_from_slice(&(entry.name.len() as u32).to_le_bytes());
        head[20] = entry.kind as u8;
        for bytes in [&head[..], entry.name.as_bytes()] {
            let count = bytes.len().min((self.len - self.written) as usize);
            let to = self.buf.add(self.written)?.as_array(count as u32);
            memory.copy_from_slice(&bytes[..count], to)?;
            self.written += count as u32;
            if count < bytes.len() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
