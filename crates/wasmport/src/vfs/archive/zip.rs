//! Reads zip archives.
//!
//! Source: <https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>.

use super::data::{Archive, Data, DataReader};
use super::error::ArchiveError;
use super::pax;
use super::unpack::{Meta, Unpacker};
use crate::vfs::Files;
use crate::vfs::content::Content;
use crate::vfs::error::FileError;
use crate::vfs::limits::FileLimits;
use crate::vfs::node::Times;
use crate::vfs::source::{LazyBytes, Load};
use ::zip::extra_fields::ExtraField;
use ::zip::read::ZipFile;
use ::zip::{CompressionMethod, DateTime, ZipArchive};
use bytes::Bytes;
use std::io::{self, Read};

type Result<T = ()> = std::result::Result<T, ArchiveError>;

/// Most bytes that deflate makes of one.
const MOST_DEFLATE: u64 = 1032;
/// Bytes that are reserved for a file before its bytes are there.
const RESERVED: u64 = 1 << 20;
/// The kind of a file in its mode.
const KIND: u32 = 0o170_000;
const FILE: u32 = 0o100_000;
const DIRECTORY: u32 = 0o040_000;
const LINK: u32 = 0o120_000;

impl Archive {
    /// Reads the names of a zip archive; contents are read when they are needed. Entries may be stored, or compressed
    /// by deflate or Zstandard.
    ///
    /// A content whose checksum or size is another than the archive says fails with [`FileError::Io`].
    ///
    /// # Errors
    ///
    /// Fails if the archive cannot be read or is damaged, if its two lists of entries differ, if entries overlap, if a
    /// limit is reached, if a name is absolute, leads upwards, leads through a link, has a `\` or a drive, or is no
    /// text, if two entries have a name, or if an entry is encrypted or compressed in another way.
    pub fn zip(&self, limits: FileLimits) -> Result<Files> {
        check_count(self, limits)?;
        let mut archive = ZipArchive::new(self.reader()).map_err(damaged)?;
        archive.validate_header_consistency().map_err(damaged)?;
        let mut unpacker = Unpacker::new(limits);
        for index in 0..archive.len() {
            let unopened = archive.clone();
            let mut file = archive.by_index_raw(index).map_err(damaged)?;
            add(&mut unpacker, &mut file, unopened, index)?;
        }
        self.0.check_unchanged().map_err(|source| ArchiveError::Read { source })?;
        Ok(unpacker.finish())
    }
}

fn damaged(error: ::zip::result::ZipError) -> ArchiveError {
    ArchiveError::Read { source: io::Error::other(error) }
}

/// Fails if the archive says that it has more entries than files may be, before memory is used for them. If it has more
/// than it says, the list takes some ten times the bytes of the archive, until the entry beyond the limit is added.
fn check_count(archive: &Archive, limits: FileLimits) -> Result {
    let len = archive.0.len();
    let start = len.saturating_sub(u64::from(u16::MAX) + 22 + 20);
    let mut tail = Vec::new();
    let read = archive.reader_at(start).take(len - start).read_to_end(&mut tail);
    let _ = read.map_err(|source| ArchiveError::Read { source })?;
    let end = tail.windows(4).rposition(|window| window == b"PK\x05\x06");
    let record = end.and_then(|end| tail.get(end..)?.first_chunk::<22>());
    let (Some(end), Some(record)) = (end, record) else {
        return Err(ArchiveError::Read {
            source: io::Error::other("it is no zip archive, or cut off"),
        });
    };
    let comment = u16::from_le_bytes([record[20], record[21]]);
    if end + 22 + usize::from(comment) != tail.len() {
        return Err(ArchiveError::Read { source: io::Error::other("bytes are behind its end") });
    }
    let count = u16::from_le_bytes([record[10], record[11]]);
    let count = match count_64(archive, &tail[..end]) {
        Some(large) if count == u16::MAX => large,
        // The second end may be used for another of its fields.
        large => large.unwrap_or_default().max(count.into()),
    };
    if count > limits.files {
        return Err(ArchiveError::tree(&format!("number {count}"), FileError::InsufficientSpace));
    }
    Ok(())
}

/// Returns the number of entries in the second end, which large archives have.
fn count_64(archive: &Archive, before_end: &[u8]) -> Option<u64> {
    let locator =
        before_end.last_chunk::<20>().filter(|locator| locator.starts_with(b"PK\x06\x07"))?;
    let place = u64::from_le_bytes(*locator[8..].first_chunk()?);
    let mut record = [0; 56];
    archive.reader_at(place).read_exact(&mut record).ok()?;
    record
        .starts_with(b"PK\x06\x06")
        .then(|| record[32..].first_chunk().copied())?
        .map(u64::from_le_bytes)
}

/// Adds an entry. `unopened` is the archive that its content is read from.
fn add(
    unpacker: &mut Unpacker,
    file: &mut ZipFile<'_, DataReader>,
    unopened: ZipArchive<DataReader>,
    index: usize,
) -> Result {
    let raw_name = String::from_utf8_lossy(file.name_raw()).into_owned();
    let name = file.name().map_err(|_| ArchiveError::name(&raw_name, "is no text"))?.into_owned();
    check_name(&name)?;
    let meta = Meta { name: &name, times: times(file), is_read_only: false };
    let kind = file.unix_mode().map_or(0, |mode| mode & KIND);
    if name.ends_with('/') || kind == DIRECTORY {
        return match file.size() {
            0 => unpacker.add_directory(meta),
            _ => Err(ArchiveError::damaged(&name, "it has bytes, but is a directory")),
        };
    }
    check_stored(&name, file)?;
    let inflate = Inflate {
        archive: unopened,
        index,
        size: file.size(),
        start: file.data_start(),
        is_stored: file.compression() == CompressionMethod::Stored,
    };
    match kind {
        0 | FILE => {
            unpacker.check_room(meta, file.size())?;
            unpacker.add_file(meta, Content::from(LazyBytes::new(file.size(), inflate)))
        }
        LINK => {
            if file.size() > unpacker.limits().path_bytes as u64 {
                return Err(ArchiveError::tree(&name, FileError::NameTooLong));
            }
            let target = inflate.load().map_err(|error| ArchiveError::damaged(&name, error))?;
            let target = std::str::from_utf8(&target);
            let target =
                target.map_err(|_| ArchiveError::damaged(&name, "its link is not UTF-8"))?;
            unpacker.add_symlink(meta, target)
        }
        // Guests could not use devices, pipes and sockets.
        _ => Ok(()),
    }
}

/// Fails if a name is one for other systems, which read it as another path.
fn check_name(name: &str) -> Result {
    if name.contains('\\') {
        return Err(ArchiveError::name(name, "has a `\\`"));
    }
    if let [drive, b':', ..] = name.as_bytes()
        && drive.is_ascii_alphabetic()
    {
        return Err(ArchiveError::name(name, "has a drive"));
    }
    Ok(())
}

/// Fails if the content of an entry cannot be read, or cannot have its size.
fn check_stored(name: &str, file: &ZipFile<'_, DataReader>) -> Result {
    if file.encrypted() {
        return Err(ArchiveError::unsupported(name, "encryption"));
    }
    let (size, compressed) = (file.size(), file.compressed_size());
    let can_be = match file.compression() {
        CompressionMethod::Stored => size == compressed,
        CompressionMethod::Deflated => size <= compressed.saturating_mul(MOST_DEFLATE),
        CompressionMethod::Zstd => true,
        other => return Err(ArchiveError::unsupported(name, format!("compression by {other}"))),
    };
    if !can_be {
        let cause = format!("{compressed} bytes cannot hold {size}");
        return Err(ArchiveError::damaged(name, cause));
    }
    Ok(())
}

/// Returns the times of an entry: those in UTC if it has them, else the local ones as if they were.
fn times(file: &ZipFile<'_, DataReader>) -> Times {
    let seconds = file.extra_data_fields().find_map(|field| match field {
        ExtraField::ExtendedTimestamp(times) => times.mod_time().map(u64::from),
        _ => None,
    });
    let seconds = seconds.or_else(|| file.last_modified().map(seconds_of)).unwrap_or_default();
    let modified = pax::from_seconds(seconds);
    Times { accessed: modified, modified, changed: modified }
}

/// Returns the seconds since 1970 of a date from 1980 on.
fn seconds_of(date: DateTime) -> u64 {
    // Years that begin in March end with the day of leap years.
    let (year, month) = (u64::from(date.year()), u64::from(date.month()));
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let leap_days = year / 4 - year / 100 + year / 400;
    let days = year * 365 + leap_days + (month * 153 + 2) / 5 + u64::from(date.day());
    /// Days from March 1 of the year 0 to 1970, and the one that days of months begin with.
    const TO_1970: u64 = 719_469;
    let hours = days.saturating_sub(TO_1970) * 24 + u64::from(date.hour());
    (hours * 60 + u64::from(date.minute())) * 60 + u64::from(date.second())
}

/// A file of an archive.
struct Inflate {
    archive: ZipArchive<DataReader>,
    index: usize,
    size: u64,
    start: Option<u64>,
    is_stored: bool,
}

impl Inflate {
    /// Reads all bytes into `read`, no more than the size of the file.
    fn inflate<T>(
        &self,
        read: impl FnOnce(&mut dyn Read) -> io::Result<T>,
    ) -> io::Result<(T, Archive)> {
        let mut archive = self.archive.clone();
        let mut file = archive.by_index(self.index).map_err(io::Error::other)?;
        let result = read(&mut file.by_ref().take(self.size))?;
        // The end of the content, at which its checksum is verified.
        if file.read(&mut [0])? != 0 {
            return Err(io::Error::other(format!("it has more than {} bytes", self.size)));
        }
        drop(file);
        let archive = Archive(archive.into_inner().data);
        archive.0.check_unchanged()?;
        Ok((result, archive))
    }

    /// Returns the bytes themselves if they are in memory.
    fn slice(&self, archive: &Archive) -> Option<Bytes> {
        let Data::Bytes(bytes) = &*archive.0 else { return None };
        let start = usize::try_from(self.start?).ok()?;
        let end = start.checked_add(usize::try_from(self.size).ok()?)?;
        (end <= bytes.len()).then(|| bytes.slice(start..end))
    }
}

impl Load for Inflate {
    fn load(&self) -> io::Result<Bytes> {
        if self.is_stored {
            let (_, archive) = self.inflate(|mut file| io::copy(&mut file, &mut io::sink()))?;
            if let Some(bytes) = self.slice(&archive) {
                return Ok(bytes);
            }
        }
        let mut bytes =
            Vec::with_capacity(usize::try_from(self.size.min(RESERVED)).unwrap_or_default());
        let _ = self.inflate(|file| file.read_to_end(&mut bytes))?;
        Ok(bytes.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_seconds_since_1970() {
        let seconds = |y, mo, d, h, mi, s| {
            seconds_of(DateTime::from_date_and_time(y, mo, d, h, mi, s).unwrap())
        };
        assert_eq!(seconds(1980, 1, 1, 0, 0, 0), 315_532_800);
        assert_eq!(seconds(2000, 2, 29, 23, 59, 58), 951_868_798);
        assert_eq!(seconds(2000, 3, 1, 0, 0, 0), 951_868_800);
        assert_eq!(seconds(2024, 12, 31, 12, 0, 0), 1_735_646_400);
        assert_eq!(seconds(2107, 12, 31, 23, 59, 58), 4_354_819_198);
    }
}
