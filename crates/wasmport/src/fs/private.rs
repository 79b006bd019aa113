//! Folders and files that no other user can change or replace.

use crate::error::NotPrivate;
use rustix::fs::{self as unix, AtFlags, CWD, FileType, Mode, OFlags};
use rustix::io::Errno;
use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf};

/// Write permission of group and others.
const OTHERS_WRITE: u32 = 0o022;

/// All permissions of group and others.
const OTHERS_ANY: u32 = 0o077;

/// In a folder with this bit, users rename and remove only what they own.
const STICKY: u32 = 0o1000;

/// The number of symbolic links after which a path counts as a loop.
const MAX_LINKS: usize = 40;

/// The write permission of groups on the folders above a private one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupWrite {
    /// A group with write permission is refused.
    Refused,
    /// A group with write permission is accepted: on many systems each user has a group of their own, which
    /// may write to their folders.
    Accepted,
}

/// Opens a folder that no other user can change or replace, and creates the missing part of its path for
/// this user alone.
///
/// The handle stays the folder's, whatever happens to the path. The folder itself must not be a symbolic
/// link. Links above it must belong to this user or to root, like the folders above it.
///
/// # Errors
///
/// Fails if another user owns the folder or can change it, or owns or can change one above it, and if it
/// can be neither opened nor created.
pub fn open_private_folder(path: &Path, group: GroupWrite) -> Result<File, NotPrivate> {
    let mut path = Walk::new(path)?;
    let root = open_ancestor(CWD, OsStr::new("/"))?;
    check_ancestor(&root.metadata()?, group).map_err(|e| above(Path::new("/"), e))?;
    let mut folder = root;
    while let Some(name) = path.next() {
        let next = match open_or_create(&folder, &name) {
            Ok(next) => next,
            Err(error) if !is_link(&folder, &name) => return Err(error.into()),
            Err(_) if path.is_at_end() => return Err(NotPrivate::Link),
            Err(_) => {
                let target = target_of_link(&folder, &name);
                let target = target.map_err(|e| above(&path.seen.join(&name), e))?;
                if target.is_absolute() {
                    folder = open_ancestor(CWD, OsStr::new("/"))?;
                }
                path.follow(&target)?;
                continue;
            }
        };
        path.seen.push(&name);
        if !path.is_at_end() {
            check_ancestor(&next.metadata()?, group).map_err(|e| above(&path.seen, e))?;
        }
        folder = next;
    }
    check(&folder.metadata()?, OTHERS_WRITE)?;
    reopen(&folder)
}

/// Opens or creates a folder in a private folder.
///
/// # Errors
///
/// Fails if it is a symbolic link, if another user owns it or may write to it, and if it can be neither
/// opened nor created.
pub(super) fn open_private_in(folder: &File, name: &str) -> Result<File, NotPrivate> {
    let name = OsStr::new(name);
    let found = match open_or_create(folder, name) {
        Err(_) if is_link(folder, name) => return Err(NotPrivate::Link),
        found => found?,
    };
    check(&found.metadata()?, OTHERS_WRITE)?;
    reopen(&found)
}

/// Checks an open file: it is this user's, it has no other name, and no other user may write to it.
///
/// # Errors
///
/// Fails if another user owns it or may write to it, or if it has another name.
pub(super) fn check_private_file(file: &Metadata) -> Result<(), NotPrivate> {
    // A file that another process replaced meanwhile has no name.
    if file.nlink() > 1 {
        return Err(NotPrivate::HardLink);
    }
    check(file, OTHERS_WRITE)
}

/// Checks an open file with a secret: it is this user's, and no other user may read or write it.
///
/// # Errors
///
/// Fails if another user owns it or may read or write it.
pub fn check_secret_file(file: &Metadata) -> Result<(), NotPrivate> {
    check(file, OTHERS_ANY)
}

/// Checks an open file with the key of a cache: this user's, which no other user may read or write, or root's, which
/// others may read. So is the secret of a container.
///
/// # Errors
///
/// Fails if another user owns it or may write to it, and if it is this user's and another may read it.
pub(super) fn check_key_file(file: &Metadata) -> Result<(), NotPrivate> {
    check_key(file.uid(), file.mode() & 0o7777, user())
}

fn check_key(owner: u32, mode: u32, user: u32) -> Result<(), NotPrivate> {
    let forbidden = match owner {
        0 => OTHERS_WRITE,
        owner if owner == user => OTHERS_ANY,
        _ => return Err(NotPrivate::Owner),
    };
    if mode & forbidden != 0 { Err(NotPrivate::Mode { mode }) } else { Ok(()) }
}

/// Checks that this user owns a file or folder, and that others lack the permissions in `forbidden`.
fn check(metadata: &Metadata, forbidden: u32) -> Result<(), NotPrivate> {
    if metadata.uid() != user() {
        return Err(NotPrivate::Owner);
    }
    check_mode(metadata, forbidden)
}

fn check_ancestor(metadata: &Metadata, group: GroupWrite) -> Result<(), NotPrivate> {
    check_owner_of_ancestor(metadata.uid())?;
    let forbidden = match group {
        GroupWrite::Refused => OTHERS_WRITE,
        GroupWrite::Accepted => 0o002,
    };
    match metadata.mode() & STICKY {
        0 => check_mode(metadata, forbidden),
        _ => Ok(()),
    }
}

fn check_owner_of_ancestor(uid: u32) -> Result<(), NotPrivate> {
    let is_trusted = uid == 0 || uid == user();
    is_trusted.then_some(()).ok_or(NotPrivate::Owner)
}

fn check_mode(metadata: &Metadata, forbidden: u32) -> Result<(), NotPrivate> {
    match metadata.mode() & 0o7777 {
        mode if mode & forbidden != 0 => Err(NotPrivate::Mode { mode }),
        _ => Ok(()),
    }
}

fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}

fn above(path: &Path, source: NotPrivate) -> NotPrivate {
    NotPrivate::Ancestor { path: path.into(), source: Box::new(source) }
}

/// Opens a folder without following a link, and without the permission to list it where the system can.
fn open_ancestor(folder: impl std::os::fd::AsFd, name: &OsStr) -> io::Result<File> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let flags = OFlags::PATH;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let flags = OFlags::RDONLY;
    let flags = flags | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(unix::openat(folder, name, flags, Mode::empty())?.into())
}

fn open_or_create(folder: &File, name: &OsStr) -> io::Result<File> {
    match open_ancestor(folder, name) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            match unix::mkdirat(folder, name, Mode::RWXU) {
                // Another process may create it first.
                Ok(()) | Err(Errno::EXIST) => open_ancestor(folder, name),
                Err(e) => Err(e.into()),
            }
        }
        found => found,
    }
}

/// Opens a folder again, to list it.
fn reopen(folder: &File) -> Result<File, NotPrivate> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let file = unix::openat(folder, ".", flags, Mode::empty()).map_err(io::Error::from)?;
    Ok(file.into())
}

fn is_link(folder: &File, name: &OsStr) -> bool {
    let found = unix::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW);
    found.is_ok_and(|found| FileType::from_raw_mode(found.st_mode) == FileType::Symlink)
}

/// Returns the target of a symbolic link in a checked folder. There nobody else can replace a link of this
/// user or of root.
fn target_of_link(folder: &File, name: &OsStr) -> Result<PathBuf, NotPrivate> {
    let link = unix::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).map_err(io::Error::from)?;
    check_owner_of_ancestor(link.st_uid)?;
    let target = unix::readlinkat(folder, name, Vec::new()).map_err(io::Error::from)?;
    Ok(OsString::from_vec(target.into_bytes()).into())
}

/// The names of a path, in order, with the targets of links in place of the links.
struct Walk {
    /// The names that are left, the next one at the end.
    rest: Vec<OsString>,
    /// The folder that is reached, for messages.
    seen: PathBuf,
    links: usize,
}

impl Walk {
    fn new(path: &Path) -> io::Result<Self> {
        let mut walk = Self { rest: Vec::new(), seen: PathBuf::from("/"), links: 0 };
        walk.push(&std::path::absolute(path)?);
        Ok(walk)
    }

    fn push(&mut self, path: &Path) {
        let names = path.components().rev().filter_map(|part| match part {
            Component::Normal(name) => Some(name.to_owned()),
            Component::ParentDir => Some("..".into()),
            Component::Prefix(_) | Component::RootDir | Component::CurDir => None,
        });
        self.rest.extend(names);
    }

    fn next(&mut self) -> Option<OsString> {
        self.rest.pop()
    }

    fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// Continues with the target of a link.
    fn follow(&mut self, target: &Path) -> io::Result<()> {
        self.links += 1;
        if self.links > MAX_LINKS {
            return Err(Errno::LOOP.into());
        }
        if target.is_absolute() {
            self.seen = "/".into();
        }
        self.push(target);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_secret_of_this_user_or_one_that_root_shares() {
        for mode in [0o400, 0o600, 0o700] {
            assert!(check_key(7, mode, 7).is_ok() && check_key(0, mode, 7).is_ok(), "{mode:o}");
            assert!(matches!(check_key(8, mode, 7), Err(NotPrivate::Owner)), "{mode:o}");
        }
        for mode in [0o444, 0o440, 0o644, 0o604] {
            assert!(matches!(check_key(7, mode, 7), Err(NotPrivate::Mode { .. })), "{mode:o}");
            assert!(check_key(0, mode, 7).is_ok() && check_key(0, mode, 0).is_ok(), "{mode:o}");
        }
        for mode in [0o620, 0o602, 0o666] {
            assert!(check_key(7, mode, 7).is_err() && check_key(0, mode, 7).is_err(), "{mode:o}");
        }
    }
}
