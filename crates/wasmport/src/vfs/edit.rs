//! Files as the program changes them.

use super::error::FileError;
use super::files::{Files, Result, failed, parted, relative};
use super::node::{FileType, Inode, Times};
use super::tree::ROOT;

type Done<T = ()> = std::result::Result<T, FileError>;

impl Files {
    /// Writes into a file from a position on. A gap before it becomes zeros.
    ///
    /// # Errors
    ///
    /// Fails if there is no file at the path, if it is read-only, or if a limit is reached. Bytes before the limit
    /// may have been written.
    pub fn write_at(&mut self, path: &str, offset: u64, bytes: &[u8]) -> Result<&mut Self> {
        self.edit(path, |files| {
            let inode = files.find(path)?;
            let mut done = 0;
            while let Some(left) = bytes.get(done..).filter(|left| !left.is_empty()) {
                let at = offset.checked_add(done as u64).ok_or(FileError::FileTooLarge)?;
                match files.tree.write(inode, at, left, 0)? {
                    0 => return Err(FileError::InsufficientSpace),
                    count => done += count,
                }
            }
            files.tree.file(inode).map(drop)
        })
    }

    /// Cuts or lengthens a file; new bytes are zeros.
    ///
    /// # Errors
    ///
    /// Fails like [`Self::write_at`].
    pub fn set_len(&mut self, path: &str, len: u64) -> Result<&mut Self> {
        self.edit(path, |files| {
            let inode = files.find(path)?;
            files.tree.set_len(inode, len, 0)
        })
    }

    /// Gives the file or link `original` the second name `path`, with the directories that it needs.
    ///
    /// # Errors
    ///
    /// Fails if `original` is missing or a directory, if something has the name `path`, if `original` or the
    /// directory of `path` is read-only, or if a limit is reached.
    pub fn hard_link(&mut self, path: &str, original: &str) -> Result<&mut Self> {
        self.edit(&both(original, path), |files| {
            let (parent, name) = parted(path);
            let parent = files.directories(parent)?;
            files.tree.link((ROOT, relative(original)), (parent, name), 0)
        })
    }

    /// Gives a file, directory or link another path. A file or empty directory that is there is replaced.
    ///
    /// # Errors
    ///
    /// Fails if there is nothing at `from`, if the directory of `to` is missing, if `to` is of another kind or not
    /// empty, if one of them or a directory of theirs is read-only, or if a path becomes too long.
    pub fn rename(&mut self, from: &str, to: &str) -> Result<&mut Self> {
        self.edit(&both(from, to), |files| {
            let replaced = files.tree.rename((ROOT, relative(from)), (ROOT, relative(to)), 0)?;
            files.forget(replaced)
        })
    }

    /// Removes a file, link or empty directory.
    ///
    /// # Errors
    ///
    /// Fails if there is nothing at the path, if the directory is not empty, or if it or its own directory is
    /// read-only.
    pub fn remove(&mut self, path: &str) -> Result<&mut Self> {
        self.edit(path, |files| {
            let path = relative(path);
            let place = files.tree.resolve(ROOT, path, false)?;
            let removed = match files.tree.stat(place.existing()?)?.kind {
                FileType::Directory => files.tree.remove_directory(ROOT, path, 0)?,
                _ => files.tree.unlink(ROOT, path, 0)?,
            };
            files.forget(removed)
        })
    }

    /// Removes a file or link, or a directory with all below it.
    ///
    /// # Errors
    ///
    /// Fails if there is nothing at the path, or if its directory, or anything that would be removed, is read-only;
    /// nothing was removed then.
    pub fn remove_all(&mut self, path: &str) -> Result<&mut Self> {
        self.edit(path, |files| {
            let place = files.tree.resolve(ROOT, relative(path), false)?;
            let inode = place.existing()?;
            if place.name.is_empty() {
                return Err(FileError::Invalid);
            }
            files.tree.check_writable(place.parent)?;
            files.tree.check_removable(inode)?;
            files.tree.set_entry(place.parent, &place.name, None, 0)?;
            files.tree.remove_below(inode);
            files.tree.drop_node_name(inode);
            Ok(())
        })
    }

    /// Sets the times of a file or directory. Links are followed.
    ///
    /// # Errors
    ///
    /// Fails if there is nothing at the path.
    pub fn set_times(&mut self, path: &str, times: Times) -> Result<&mut Self> {
        self.edit(path, |files| {
            let inode = files.find(path)?;
            files.tree.node_mut(inode)?.times = times;
            Ok(())
        })
    }

    /// Makes a file, or a directory with all below it, read-only: neither bytes nor names change then, neither by
    /// guests nor by the program.
    ///
    /// # Errors
    ///
    /// Fails if there is nothing at the path.
    pub fn set_read_only(&mut self, path: &str) -> Result<&mut Self> {
        self.permissions(path, true)
    }

    /// Makes a file, or a directory with all below it, writable again.
    ///
    /// # Errors
    ///
    /// Fails if there is nothing at the path.
    pub fn set_writable(&mut self, path: &str) -> Result<&mut Self> {
        self.permissions(path, false)
    }

    fn permissions(&mut self, path: &str, is_read_only: bool) -> Result<&mut Self> {
        self.edit(path, |files| {
            let inode = files.find(path)?;
            files.tree.set_permissions(inode, is_read_only);
            Ok(())
        })
    }

    fn edit(&mut self, path: &str, edit: impl FnOnce(&mut Self) -> Done) -> Result<&mut Self> {
        edit(self).map_err(|source| failed(path, source))?;
        Ok(self)
    }

    fn forget(&mut self, unnamed: Option<Inode>) -> Done {
        if let Some(inode) = unnamed {
            self.tree.forget(inode);
        }
        Ok(())
    }
}

fn both(from: &str, to: &str) -> String {
    format!("{from}` to `{to}")
}
