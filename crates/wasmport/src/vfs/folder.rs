//! Real folders as read-only bases: their names are read at once, their contents when they are needed.

use super::Files;
use super::content::Content;
use super::error::FileError;
use super::limits::FileLimits;
use super::node::{Inode, Kind, Times};
use super::source::{LazyBytes, Load};
use super::tree::{ROOT, Tree};
use bytes::Bytes;
use cap_primitives::ambient_authority;
use cap_primitives::fs::{
    DirEntry, FollowSymlinks, Metadata, OpenOptions, open, open_ambient_dir, open_dir_nofollow,
    read_base_dir, read_link_contents,
};
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// A real folder cannot be mounted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// A folder, file or link cannot be read.
    #[error("folder `{}`: it cannot be read: {source}", .path.display())]
    Read {
        /// Its path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A name or the target of a link is not UTF-8, as guests need it.
    #[error("file `{}`: its name or the target of the link is not UTF-8; rename it", .path.display())]
    NotUtf8 {
        /// Its path.
        path: PathBuf,
    },
    /// A limit of the files is reached.
    #[error("file `{}`: {source}; raise the limit in `FileLimits`, or mount a smaller folder", .path.display())]
    Limit {
        /// Its path.
        path: PathBuf,
        /// Which limit.
        source: FileError,
    },
    /// The folder cannot be mounted at this path.
    #[error(transparent)]
    Files(#[from] super::FilesError),
}

type Result<T = ()> = std::result::Result<T, FolderError>;

impl Files {
    /// Reads the names, sizes, links and times of a real folder. Contents are read when they are first needed; what
    /// guests write never reaches the folder.
    ///
    /// A file that is changed, replaced or removed before its content is read fails with [`FileError::Io`]: no content
    /// is that of another file, and no link or race leads out of the folder. Devices, pipes and sockets are left out. A
    /// link that leads out of the folder is kept, and leads guests nowhere.
    ///
    /// # Errors
    ///
    /// Fails if a folder cannot be read, if a name or the target of a link is not UTF-8, or if a limit is reached.
    pub fn from_dir(path: impl AsRef<Path>, limits: FileLimits) -> Result<Self> {
        let path = path.as_ref();
        let root = open_ambient_dir(path, ambient_authority());
        let root = root.map_err(|source| FolderError::Read { path: path.to_owned(), source })?;
        let mut scan = Scan {
            path,
            root: Arc::new(root),
            tree: Tree::new(limits),
            names: HashMap::new(),
            later: Vec::new(),
        };
        scan.run()?;
        let mut tree = scan.tree;
        for (inode, times) in scan.later {
            if let Ok(node) = tree.node_mut(inode) {
                node.times = times;
            }
        }
        Ok(Self { tree })
    }

    /// Mounts a real folder at a directory, as [`Self::from_dir`] reads it and [`Self::mount`] mounts it.
    ///
    /// # Errors
    ///
    /// Fails like these.
    pub fn mount_dir(&mut self, path: &str, folder: impl AsRef<Path>) -> Result<&mut Self> {
        let files = Self::from_dir(folder, self.limits())?;
        Ok(self.mount(path, &files)?)
    }
}

/// The reading of a folder.
struct Scan<'a> {
    path: &'a Path,
    root: Arc<File>,
    tree: Tree,
    /// Files that have several names, by device and number.
    names: HashMap<(u64, u64), Inode>,
    /// Times that are set at the end, because new names change them.
    later: Vec<(Inode, Times)>,
}

impl Scan<'_> {
    fn run(&mut self) -> Result {
        // Folders can be nested deeper than the stack is.
        let mut left = vec![(PathBuf::new(), ROOT)];
        while let Some((folder, inode)) = left.pop() {
            let entries = self.list(&folder)?;
            for (name, entry) in entries {
                let path = folder.join(&name);
                let metadata = entry.metadata().map_err(|source| self.failed(&path, source))?;
                if let Some(directory) = self.add(inode, &name, &path, &metadata)? {
                    left.push((path, directory));
                }
            }
        }
        Ok(())
    }

    /// Lists a folder in the order of names, so that numbers of files do not depend on that of the system.
    fn list(&mut self, folder: &Path) -> Result<Vec<(String, DirEntry)>> {
        let failed = |source| self.failed(folder, source);
        let open = match folder.as_os_str().is_empty() {
            true => self.root.try_clone().map_err(failed)?,
            false => open_dir_nofollow(&self.root, folder).map_err(failed)?,
        };
        if folder.as_os_str().is_empty() {
            let metadata = Metadata::from_file(&open).map_err(failed)?;
            self.later.push((ROOT, times(&metadata)));
        }
        let failed = |source| self.failed(folder, source);
        let mut entries = Vec::new();
        for entry in read_base_dir(&open).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().into_string();
            let name = name
                .map_err(|name| FolderError::NotUtf8 { path: self.path.join(folder).join(name) })?;
            if entries.len() as u64 >= self.tree.limits.files {
                return Err(self.limit(&folder.join(name), FileError::InsufficientSpace));
            }
            entries.push((name, entry));
        }
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(entries)
    }

    /// Adds a file, link or directory, and returns the number of the latter.
    fn add(
        &mut self,
        parent: Inode,
        name: &str,
        path: &Path,
        metadata: &Metadata,
    ) -> Result<Option<Inode>> {
        let identity = Identity::of(metadata);
        let kind = if metadata.is_dir() {
            Kind::Directory(Default::default())
        } else if metadata.is_symlink() {
            let target =
                read_link_contents(&self.root, path).map_err(|source| self.failed(path, source))?;
            let target = target.into_os_string().into_string();
            let not_utf8 = |_| FolderError::NotUtf8 { path: self.path.join(path) };
            let target = target.map_err(not_utf8)?;
            if target.len() > self.tree.limits.path_bytes {
                return Err(self.limit(path, FileError::NameTooLong));
            }
            Kind::Link(target.into())
        } else if metadata.is_file() {
            if let Some(inode) = identity.file.and_then(|file| self.names.get(&file).copied()) {
                let linked = self.tree.add_name(parent, name, inode);
                return linked.map(|()| None).map_err(|error| self.limit(path, error));
            }
            let source = RealFile { root: Arc::clone(&self.root), path: path.to_owned(), identity };
            Kind::File(Content::from(LazyBytes::new(identity.len, source)))
        } else {
            // Guests could not use devices, pipes and sockets.
            return Ok(None);
        };
        let placed = self.tree.place(parent, name, kind);
        let inode = placed.map_err(|error| self.limit(path, error))?;
        if let Some(file) = identity.file.filter(|_| metadata.is_file() && has_names(metadata)) {
            let _ = self.names.insert(file, inode);
        }
        self.later.push((inode, times(metadata)));
        Ok(metadata.is_dir().then_some(inode))
    }

    fn failed(&self, path: &Path, source: io::Error) -> FolderError {
        FolderError::Read { path: self.path.join(path), source }
    }

    fn limit(&self, path: &Path, source: FileError) -> FolderError {
        FolderError::Limit { path: self.path.join(path), source }
    }
}

/// Metadata that tells whether a file is the one that was found, unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity {
    len: u64,
    modified: Option<SystemTime>,
    /// Device and number, on systems that have them.
    file: Option<(u64, u64)>,
}

impl Identity {
    fn of(metadata: &Metadata) -> Self {
        let modified = metadata.modified().ok().map(|time| time.into_std());
        Self { len: metadata.len(), modified, file: file_id(metadata) }
    }
}

#[cfg(unix)]
fn file_id(metadata: &Metadata) -> Option<(u64, u64)> {
    use cap_primitives::fs::MetadataExt as _;
    Some((metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn file_id(_: &Metadata) -> Option<(u64, u64)> {
    None
}

/// Returns whether a file has several names.
#[cfg(unix)]
fn has_names(metadata: &Metadata) -> bool {
    use cap_primitives::fs::MetadataExt as _;
    metadata.nlink() > 1
}

#[cfg(not(unix))]
fn has_names(_: &Metadata) -> bool {
    false
}

/// Returns the time of the last change for all times: others change by reading.
fn times(metadata: &Metadata) -> Times {
    let modified =
        metadata.modified().ok().and_then(|time| time.into_std().duration_since(UNIX_EPOCH).ok());
    let modified =
        modified.and_then(|time| u64::try_from(time.as_nanos()).ok()).unwrap_or_default();
    Times { accessed: modified, modified, changed: modified }
}

/// A file of a folder.
struct RealFile {
    root: Arc<File>,
    path: PathBuf,
    identity: Identity,
}

impl RealFile {
    fn check(&self, file: &File) -> io::Result<()> {
        let metadata = Metadata::from_file(file)?;
        if !metadata.is_file() || Identity::of(&metadata) != self.identity {
            return Err(io::Error::other("the file was changed after the folder was mounted"));
        }
        Ok(())
    }
}

impl Load for RealFile {
    fn load(&self) -> io::Result<Bytes> {
        let mut options = OpenOptions::new();
        // A pipe that took the place of the file must not be waited for.
        let _ =
            options.read(true)._cap_fs_ext_follow(FollowSymlinks::No)._cap_fs_ext_nonblock(true);
        let mut file = open(&self.root, &self.path, &options)?;
        self.check(&file)?;
        // A sparse file may be larger than all memory.
        let len = usize::try_from(self.identity.len).map_err(io::Error::other)?;
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(len).map_err(io::Error::other)?;
        let _ = file.by_ref().take(self.identity.len).read_to_end(&mut bytes)?;
        self.check(&file)?;
        Ok(bytes.into())
    }
}
