mod save;
mod tar;
#[cfg(feature = "vfs-zip")]
mod zip;

use super::ArchiveError;
use crate::vfs::{FileLimits, Files};

/// An archive that is written by hand, so that it can be wrong.
#[derive(Clone, Default)]
struct Tar(Vec<u8>);

impl Tar {
    /// Adds an entry of a kind, with a size that the header has.
    fn sized(mut self, kind: u8, name: &[u8], link: &[u8], size: u64, bytes: &[u8]) -> Self {
        let mut header = ::tar::Header::new_ustar();
        let fields = header.as_old_mut();
        fields.name[..name.len()].copy_from_slice(name);
        fields.linkname[..link.len()].copy_from_slice(link);
        header.set_entry_type(::tar::EntryType::new(kind));
        header.set_size(size);
        header.set_mtime(7);
        header.set_cksum();
        self.0.extend_from_slice(header.as_bytes());
        self.0.extend_from_slice(bytes);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    fn entry(self, kind: u8, name: &str, link: &str, bytes: &[u8]) -> Self {
        self.sized(kind, name.as_bytes(), link.as_bytes(), bytes.len() as u64, bytes)
    }

    fn file(self, name: &str, bytes: &str) -> Self {
        self.entry(b'0', name, "", bytes.as_bytes())
    }

    fn directory(self, name: &str) -> Self {
        self.entry(b'5', name, "", b"")
    }

    fn symlink(self, name: &str, target: &str) -> Self {
        self.entry(b'2', name, target, b"")
    }

    fn hard_link(self, name: &str, target: &str) -> Self {
        self.entry(b'1', name, target, b"")
    }

    /// Adds an extended header.
    fn pax(self, records: &[(&str, &[u8])]) -> Self {
        let mut bytes = Vec::new();
        for (key, value) in records {
            let rest = key.len() + value.len() + 3;
            let len = (rest..).find(|len| rest + len.to_string().len() == *len).unwrap();
            bytes.extend_from_slice(format!("{len} {key}=").as_bytes());
            bytes.extend_from_slice(value);
            bytes.push(b'\n');
        }
        self.entry(b'x', "x", "", &bytes)
    }

    fn read(&self) -> Result<Files, ArchiveError> {
        self.read_within(FileLimits::default())
    }

    /// Reads the archive as a stream and as one in memory, which must have the same result.
    fn read_within(&self, limits: FileLimits) -> Result<Files, ArchiveError> {
        let streamed = Files::from_tar(&self.0[..], limits);
        let archive = super::Archive::from(self.0.clone()).tar(limits);
        match (&streamed, &archive) {
            (Ok(streamed), Ok(archive)) => assert_eq!(contents(streamed), contents(archive)),
            (Err(streamed), Err(archive)) => assert_eq!(streamed.to_string(), archive.to_string()),
            _ => panic!("{streamed:?} {archive:?}"),
        }
        streamed
    }

    /// Reads an archive that may be damaged in any way.
    fn read_damaged(self) {
        let limits = FileLimits { bytes: 1 << 20, files: 100, ..FileLimits::default() };
        let streamed = Files::from_tar(&self.0[..], limits);
        let archive = super::Archive::from(self.0).tar(limits);
        for files in [streamed, archive].into_iter().flatten() {
            let _ = contents(&files);
        }
    }

    fn error(&self) -> String {
        self.read().unwrap_err().to_string()
    }
}

/// Returns everything in files, but for numbers.
fn contents(files: &Files) -> Vec<(String, crate::vfs::Stat, Vec<u8>)> {
    let entry = |entry: crate::vfs::Entry| {
        let bytes = match entry.stat.kind {
            crate::vfs::FileType::File => files.read(&entry.path).unwrap(),
            crate::vfs::FileType::Link => files.read_link(&entry.path).unwrap().into_bytes(),
            crate::vfs::FileType::Directory | crate::vfs::FileType::CharacterDevice => Vec::new(),
        };
        let mut stat = entry.stat;
        stat.inode = 0;
        (entry.path, stat, bytes)
    };
    files.walk().map(entry).collect()
}
