//! Writes files as a tar archive.

use super::error::{ArchiveError, shown};
use super::pax;
use crate::vfs::Files;
use crate::vfs::content::Content;
use crate::vfs::node::{FileType, Inode, Kind, Node};
use crate::vfs::tree::ROOT;
use crate::vfs::walk::Walk;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io::{self, Read, Write};
use tar::{Builder, EntryType, Header};

type Result<T = ()> = std::result::Result<T, ArchiveError>;

/// Length of a name in a fixed header.
const NAME: usize = 100;
/// The first second that a fixed header has no room for.
const LATE: u64 = 1 << 33;

impl Files {
    /// Writes everything as a tar archive in the format of POSIX, from which [`Self::from_tar`] restores it: names,
    /// contents, links, times and what is read-only.
    ///
    /// The same files are the same bytes on all machines. Owners and modes are fixed.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use wasmport::vfs::{FileLimits, Files};
    ///
    /// let mut files = Files::new();
    /// files.write("etc/motd", "hello")?;
    /// let mut saved = Vec::new();
    /// files.to_tar(&mut saved)?;
    /// let restored = Files::from_tar(&saved[..], FileLimits::default())?;
    /// assert_eq!(restored.read("etc/motd")?, b"hello");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails if the archive cannot be written, or the bytes of a file not be read.
    pub fn to_tar(&self, writer: impl Write) -> Result {
        let mut saver = Saver { builder: Builder::new(writer), names: HashMap::new() };
        if let Ok(root) = self.tree.node(ROOT) {
            saver.add("./", ROOT, root)?;
        }
        let mut walk = Walk::new(&self.tree);
        while let Some((path, inode)) = walk.next() {
            let Ok(node) = self.tree.node(inode) else { continue };
            match &node.kind {
                Kind::Directory(_) => saver.add(&format!("{path}/"), inode, node)?,
                _ => saver.add(path, inode, node)?,
            }
        }
        let mut writer = saver.builder.into_inner().map_err(write_failed)?;
        writer.flush().map_err(write_failed)
    }
}

fn write_failed(source: io::Error) -> ArchiveError {
    ArchiveError::Write { source }
}

struct Saver<W: Write> {
    builder: Builder<W>,
    /// The first names of files that have several.
    names: HashMap<Inode, String>,
}

impl<W: Write> Saver<W> {
    fn add(&mut self, path: &str, inode: Inode, node: &Node) -> Result {
        if node.links > 1 && node.file_type() != FileType::CharacterDevice {
            match self.names.entry(inode) {
                Entry::Occupied(first) => {
                    let first = first.get().clone();
                    return self.append(path, node, EntryType::Link, Some(&first), 0, io::empty());
                }
                Entry::Vacant(new) => {
                    let _ = new.insert(path.to_owned());
                }
            }
        }
        match &node.kind {
            // Code of the program, which mounts its devices again.
            Kind::Device(_) => Ok(()),
            Kind::Directory(_) => {
                self.append(path, node, EntryType::Directory, None, 0, io::empty())
            }
            Kind::Link(target) => {
                self.append(path, node, EntryType::Symlink, Some(target), 0, io::empty())
            }
            Kind::File(content) => {
                content.load().map_err(|error| ArchiveError::Content {
                    path: shown(path),
                    cause: content.failure().map_or_else(|| error.to_string(), str::to_owned),
                })?;
                let bytes = ContentReader { content, position: 0 };
                self.append(path, node, EntryType::Regular, None, content.len(), bytes)
            }
        }
    }

    fn append(
        &mut self,
        path: &str,
        node: &Node,
        kind: EntryType,
        link: Option<&str>,
        size: u64,
        bytes: impl Read,
    ) -> Result {
        self.append_records(path, node, link).map_err(write_failed)?;
        let mut header = Header::new_ustar();
        let fields = header.as_old_mut();
        fill(&mut fields.name, path);
        fill(&mut fields.linkname, link.unwrap_or_default());
        header.set_entry_type(kind);
        header.set_mode(match kind {
            EntryType::Directory => 0o755,
            EntryType::Symlink => 0o777,
            _ => 0o644,
        });
        header.set_uid(0);
        header.set_gid(0);
        header.set_size(size);
        header.set_mtime((node.times.modified / 1_000_000_000).min(LATE - 1));
        header.set_cksum();
        self.builder.append(&header, bytes).map_err(write_failed)
    }

    /// Writes an extended header, if the fixed one has no room for something.
    fn append_records(&mut self, path: &str, node: &Node, link: Option<&str>) -> io::Result<()> {
        let fits = |name: &str| name.len() <= NAME && name.is_ascii();
        let times = node.times;
        let mut records: Vec<(&str, String)> = Vec::new();
        if !fits(path) {
            records.push(("path", path.to_owned()));
        }
        if let Some(link) = link.filter(|link| !fits(link)) {
            records.push(("linkpath", link.to_owned()));
        }
        if !times.modified.is_multiple_of(1_000_000_000) || times.modified / 1_000_000_000 >= LATE {
            records.push(("mtime", pax::time(times.modified)));
        }
        if times.accessed != times.modified {
            records.push(("atime", pax::time(times.accessed)));
        }
        if times.changed != times.modified {
            records.push(("ctime", pax::time(times.changed)));
        }
        if node.is_read_only {
            records.push((pax::READ_ONLY, "1".to_owned()));
        }
        let records = records.iter().map(|(key, value)| (*key, value.as_bytes()));
        self.builder.append_pax_extensions(records)
    }
}

/// Writes a name into a field, as much of it as has room.
fn fill(field: &mut [u8], name: &str) {
    let count = name.len().min(field.len());
    field[..count].copy_from_slice(&name.as_bytes()[..count]);
}

/// Reads a file that is loaded.
struct ContentReader<'a> {
    content: &'a Content,
    position: u64,
}

impl Read for ContentReader<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let count = self.content.read(self.position, to).map_err(io::Error::other)?;
        self.position += count as u64;
        Ok(count)
    }
}
