//! Reads tar archives.

use super::data::{Archive, Data};
use super::error::ArchiveError;
use super::pax;
use super::unpack::{Meta, Unpacker};
use crate::vfs::Files;
use crate::vfs::content::Content;
use crate::vfs::error::FileError;
use crate::vfs::limits::FileLimits;
use crate::vfs::node::Times;
use crate::vfs::source::{LazyBytes, Load};
use ::tar::{Entries, Entry, EntryType};
use bytes::Bytes;
use std::io::{self, Read};
use std::sync::Arc;

type Result<T = ()> = std::result::Result<T, ArchiveError>;

/// Bytes that are reserved for a file before its bytes are there.
const RESERVED: u64 = 1 << 20;

impl Files {
    /// Reads a tar archive, such as one that [`Self::to_tar`] wrote, with all contents.
    ///
    /// The formats of POSIX (ustar, pax) and of GNU are read. Devices, pipes and sockets are left out. A
    /// link that leads out of the files is kept, and leads guests nowhere.
    ///
    /// # Errors
    ///
    /// Fails if the archive cannot be read or is damaged, if a limit is reached, if a name is absolute, leads upwards,
    /// leads through a link or is not UTF-8, if two entries have a name, or if an entry is of another kind, such as a
    /// sparse file.
    pub fn from_tar(reader: impl Read, limits: FileLimits) -> Result<Self> {
        let mut archive = ::tar::Archive::new(reader);
        let entries = archive.entries().map_err(read_failed)?;
        unpack(entries, limits, |entry, name, size| {
            let reserved = usize::try_from(size.min(RESERVED)).unwrap_or_default();
            let mut bytes = Vec::with_capacity(reserved);
            let count = entry.take(size).read_to_end(&mut bytes).map_err(read_failed)?;
            if count as u64 != size {
                return Err(cut_off(name));
            }
            Ok(Content::from(Bytes::from(bytes)))
        })
    }
}

impl Archive {
    /// Reads the names of a tar archive; contents are read when they are needed.
    ///
    /// # Errors
    ///
    /// Fails like [`Files::from_tar`].
    pub fn tar(&self, limits: FileLimits) -> Result<Files> {
        let mut archive = ::tar::Archive::new(self.reader());
        let entries = archive.entries_with_seek().map_err(read_failed)?;
        let files = unpack(entries, limits, |entry, name, size| {
            let start = entry.raw_file_position();
            let end = start.checked_add(size).filter(|end| *end <= self.0.len());
            let end = end.ok_or_else(|| cut_off(name))?;
            Ok(match &*self.0 {
                Data::Bytes(bytes) => {
                    // Both are at most the length of the bytes.
                    Content::from(bytes.slice(start as usize..end as usize))
                }
                Data::File(_) => {
                    let part = Part { data: Arc::clone(&self.0), start, size };
                    Content::from(LazyBytes::new(size, part))
                }
            })
        })?;
        self.0.check_unchanged().map_err(read_failed)?;
        Ok(files)
    }
}

/// A file of an archive on the disk.
struct Part {
    data: Arc<Data>,
    start: u64,
    size: u64,
}

impl Load for Part {
    fn load(&self) -> io::Result<Bytes> {
        self.data.check_unchanged()?;
        let mut reader = Archive(Arc::clone(&self.data)).reader_at(self.start);
        let mut bytes =
            Vec::with_capacity(usize::try_from(self.size.min(RESERVED)).unwrap_or_default());
        let _ = reader.by_ref().take(self.size).read_to_end(&mut bytes)?;
        self.data.check_unchanged()?;
        Ok(bytes.into())
    }
}

fn read_failed(source: io::Error) -> ArchiveError {
    ArchiveError::Read { source }
}

fn cut_off(name: &str) -> ArchiveError {
    ArchiveError::damaged(name, "the archive ends within it")
}

/// Adds all entries. `contents` returns the content of the file of an entry, which has a name and a size.
///
/// The entries are raw ones, so that extended headers are read here, within limits.
fn unpack<'a, R: Read + 'a>(
    entries: Entries<'a, R>,
    limits: FileLimits,
    mut contents: impl FnMut(&mut Entry<'a, R>, &str, u64) -> Result<Content>,
) -> Result<Files> {
    let mut unpacker = Unpacker::new(limits);
    let mut extended = Extended::default();
    // Each file has at most a few headers before it.
    let mut left = limits.files.saturating_mul(4).saturating_add(64);
    for entry in entries.raw(true) {
        let mut entry = entry.map_err(read_failed)?;
        left = left.checked_sub(1).ok_or_else(|| {
            ArchiveError::tree(&lossy(&entry.path_bytes()), FileError::InsufficientSpace)
        })?;
        if extended.read(&mut entry, limits)? {
            continue;
        }
        let header = std::mem::take(&mut extended);
        add(&mut unpacker, &mut entry, &header, &mut contents)?;
    }
    if extended.is_some() {
        return Err(ArchiveError::damaged("", "the archive ends after an extended header"));
    }
    Ok(unpacker.finish())
}

fn add<'a, R: Read + 'a>(
    unpacker: &mut Unpacker,
    entry: &mut Entry<'a, R>,
    extended: &Extended,
    contents: &mut impl FnMut(&mut Entry<'a, R>, &str, u64) -> Result<Content>,
) -> Result {
    let path = entry.path_bytes().into_owned();
    let name = extended.path.as_deref().unwrap_or(&path);
    let name = text(name, name, "is not UTF-8")?;
    let size = entry.size();
    if extended.size.is_some_and(|extended| extended != size) {
        return Err(ArchiveError::damaged(name, "its two headers have different sizes"));
    }
    let kind = entry.header().entry_type();
    let is_file = matches!(kind, EntryType::Regular | EntryType::Continuous);
    // Archives before POSIX had no other mark of a directory.
    let is_directory = kind.is_dir() || is_file && name.ends_with('/');
    if size != 0 && (!is_file || is_directory) {
        return Err(ArchiveError::damaged(name, "it has bytes, but is no file"));
    }
    let meta = Meta { name, times: extended.times(entry)?, is_read_only: extended.is_read_only };
    match kind {
        _ if is_directory => unpacker.add_directory(meta),
        EntryType::Regular | EntryType::Continuous => {
            unpacker.check_room(meta, size)?;
            let content = contents(entry, name, size)?;
            unpacker.add_file(meta, content)
        }
        EntryType::Symlink | EntryType::Link => {
            let link = entry.link_name_bytes().map(|link| link.into_owned()).unwrap_or_default();
            let link = extended.link.as_deref().unwrap_or(&link);
            let link =
                text(name.as_bytes(), link, "is that of a link to a path that is not UTF-8")?;
            match kind {
                EntryType::Symlink => unpacker.add_symlink(meta, link),
                _ => unpacker.add_hard_link(meta, link),
            }
        }
        // Guests could not use them.
        EntryType::Char | EntryType::Block | EntryType::Fifo => Ok(()),
        EntryType::GNUSparse => Err(ArchiveError::unsupported(name, "a sparse file")),
        kind => {
            let kind = char::from(kind.as_byte()).escape_default();
            Err(ArchiveError::unsupported(name, format!("the kind `{kind}`")))
        }
    }
}

fn text<'a>(entry: &[u8], bytes: &'a [u8], cause: &'static str) -> Result<&'a str> {
    std::str::from_utf8(bytes).map_err(|_| ArchiveError::name(&lossy(entry), cause))
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Values that the headers before an entry have for it.
#[derive(Default)]
struct Extended {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
    modified: Option<u64>,
    accessed: Option<u64>,
    changed: Option<u64>,
    is_read_only: bool,
    has_records: bool,
}

impl Extended {
    fn is_some(&self) -> bool {
        self.has_records || self.path.is_some() || self.link.is_some()
    }

    /// Reads an entry that is a header for the next one; returns whether it is.
    fn read(&mut self, entry: &mut Entry<'_, impl Read>, limits: FileLimits) -> Result<bool> {
        match entry.header().entry_type() {
            EntryType::GNULongName => {
                self.path = Some(long_name(entry, limits, self.path.is_some())?)
            }
            EntryType::GNULongLink => {
                self.link = Some(long_name(entry, limits, self.link.is_some())?)
            }
            EntryType::XHeader => {
                if self.has_records {
                    return Err(ArchiveError::damaged("", "two extended headers of one entry"));
                }
                self.has_records = true;
                self.records(&bytes(entry, limits)?)?;
            }
            EntryType::XGlobalHeader => {
                let bytes = bytes(entry, limits)?;
                for (key, _) in
                    pax::records(&bytes).map_err(|cause| ArchiveError::damaged("", cause))?
                {
                    if matches!(key, "path" | "linkpath" | "size") || key.starts_with("GNU.sparse.")
                    {
                        return Err(ArchiveError::unsupported(
                            "",
                            format!("`{key}` of all entries"),
                        ));
                    }
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn records(&mut self, bytes: &[u8]) -> Result {
        let damaged = |cause| ArchiveError::damaged("", cause);
        for (key, value) in pax::records(bytes).map_err(damaged)? {
            let time =
                || pax::parse_time(value).map(Some).ok_or_else(|| damaged("a time is no number"));
            match key {
                "path" => self.path = Some(value.to_vec()),
                "linkpath" => self.link = Some(value.to_vec()),
                "size" => {
                    let size = std::str::from_utf8(value).ok().and_then(|size| size.parse().ok());
                    self.size = Some(size.ok_or_else(|| damaged("a size is no number"))?);
                }
                "mtime" => self.modified = time()?,
                "atime" => self.accessed = time()?,
                "ctime" => self.changed = time()?,
                pax::READ_ONLY => self.is_read_only = value == b"1",
                _ if key.starts_with("GNU.sparse.") => {
                    return Err(ArchiveError::unsupported("", "a sparse file"));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn times(&self, entry: &Entry<'_, impl Read>) -> Result<Times> {
        let modified = match self.modified {
            Some(modified) => modified,
            None => pax::from_seconds(entry.header().mtime().map_err(read_failed)?),
        };
        let accessed = self.accessed.unwrap_or(modified);
        Ok(Times { accessed, modified, changed: self.changed.unwrap_or(modified) })
    }
}

/// Reads the bytes of an extended header: a path and the target of a link at most, and a few numbers.
fn bytes(entry: &mut Entry<'_, impl Read>, limits: FileLimits) -> Result<Vec<u8>> {
    let most = (limits.path_bytes as u64).saturating_mul(2).saturating_add(64 << 10);
    let size = entry.size();
    if size > most {
        return Err(ArchiveError::tree("", FileError::NameTooLong));
    }
    let mut bytes = Vec::new();
    let count = entry.take(most).read_to_end(&mut bytes).map_err(read_failed)?;
    if count as u64 != size { Err(cut_off("")) } else { Ok(bytes) }
}

/// Reads a long name as GNU has them.
fn long_name(
    entry: &mut Entry<'_, impl Read>,
    limits: FileLimits,
    is_second: bool,
) -> Result<Vec<u8>> {
    if is_second {
        return Err(ArchiveError::damaged("", "two long names of one entry"));
    }
    let mut bytes = bytes(entry, limits)?;
    if bytes.last() == Some(&0) {
        let _ = bytes.pop();
    }
    Ok(bytes)
}
