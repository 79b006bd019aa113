//! Reads raw artifacts: ELF files of Wasmtime, whose engine section begins with the version that compiled them.

use object::Endianness;
use object::elf::FileHeader64;
use object::read::ReadCache;
use object::read::elf::{FileHeader as _, SectionHeader as _};
use std::io::{Read, Seek};

/// The beginning of each artifact: 64-bit ELF for Wasmtime, in the byte order of its target.
pub(super) const BEGINNINGS: [&[u8; 8]; 2] =
    [b"\x7fELF\x02\x01\x01\xc8", b"\x7fELF\x02\x02\x01\xc8"];

/// The section that begins with the version.
const ENGINE: &[u8] = b".wasmtime.engine";

/// The version of that section's format.
const FORMAT: u8 = 0;

/// The largest number of sections: artifacts have a dozen.
const MOST_SECTIONS: u16 = 256;

/// Returns whether bytes begin like an artifact.
pub(super) fn is_beginning(bytes: &[u8]) -> bool {
    BEGINNINGS.iter().any(|beginning| bytes.starts_with(*beginning))
}

/// An artifact in a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Artifact {
    /// The version as Wasmtime writes it: the major number alone, unless the engine has another setting.
    pub version: String,
    /// The length in bytes.
    pub len: u64,
}

/// Reads the artifact that begins at `at` in a file of `len` bytes; none if there is something else.
pub(super) fn read(file: &mut (impl Read + Seek), at: u64, len: u64) -> Option<Artifact> {
    let cache = ReadCache::new(file);
    let left = len.checked_sub(at)?;
    let data = cache.range(at, left);
    let header = FileHeader64::<Endianness>::parse(data).ok()?;
    let endian = header.endian().ok()?;
    let (table, sections) = (header.e_shoff(endian), header.e_shnum(endian));
    // Else the number is in a section, and may be any.
    if sections == 0 || sections > MOST_SECTIONS {
        return None;
    }
    let headers = header.section_headers(endian, data).ok()?;
    let names = header.section_strings(endian, data, headers).ok()?;
    let is_engine = |section: &&object::elf::SectionHeader64<Endianness>| {
        section.name(endian, names).is_ok_and(|name| name == ENGINE)
    };
    let engine = headers.iter().find(is_engine)?;
    let (start, size) = engine.file_range(endian)?;
    let section = |offset: u64, len: u64| {
        let end = offset.checked_add(len)?;
        let at = start.checked_add(offset).filter(|_| end <= size)?;
        object::read::ReadRef::read_bytes_at(data, at, len).ok()
    };
    let [FORMAT, count] = section(0, 2)? else { return None };
    let version = std::str::from_utf8(section(2, u64::from(*count))?).ok()?.to_owned();
    let ends = headers.iter().filter_map(|section| {
        let (start, size) = section.file_range(endian)?;
        start.checked_add(size)
    });
    let table_end =
        table.checked_add(u64::from(sections) * u64::from(header.e_shentsize(endian)))?;
    let end = ends.chain([table_end]).max()?;
    (end <= left).then_some(Artifact { version, len: end })
}
