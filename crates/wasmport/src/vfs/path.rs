//! Paths: from a directory to a node below it, and never out of it.

use super::error::FileError;
use super::node::{Inode, Kind};
use super::place::Place;
use super::tree::Tree;

type Result<T> = std::result::Result<T, FileError>;

/// Most symbolic links in a path.
const MOST_LINKS: usize = 40;

impl Tree {
    /// Follows a path from the directory `start`, which it cannot leave; a last symbolic link only if `follow` is set.
    pub(crate) fn resolve(&self, start: Inode, path: &str, follow: bool) -> Result<Place> {
        self.check_path(path)?;
        Resolver { tree: self, directories: vec![start], links: 0 }.run(path, follow)
    }

    fn check_path(&self, path: &str) -> Result<()> {
        if path.is_empty() {
            return Err(FileError::NoEntry);
        }
        if path.contains('\0') {
            return Err(FileError::Invalid);
        }
        if path.len() > self.limits.path_bytes {
            return Err(FileError::NameTooLong);
        }
        Ok(())
    }
}

/// A path that is followed name by name.
struct Resolver<'a> {
    tree: &'a Tree,
    /// The directories from the start to the current one.
    directories: Vec<Inode>,
    links: usize,
}

impl<'a> Resolver<'a> {
    fn run(&mut self, path: &'a str, follow: bool) -> Result<Place> {
        // The rest of the path, the next part last: a link puts its own parts on top.
        let mut rest = vec![path];
        let mut is_directory = false;
        loop {
            let Some(part) = rest.pop() else {
                let here = self.here();
                return Ok(Place {
                    parent: here,
                    name: "".into(),
                    node: Some(here),
                    is_directory: true,
                });
            };
            if part.starts_with('/') {
                return Err(FileError::NotPermitted);
            }
            let (name, after) = match part.split_once('/') {
                Some((name, after)) => (name, Some(after.trim_start_matches('/'))),
                None => (part, None),
            };
            let is_last = after.is_none_or(str::is_empty) && rest.is_empty();
            is_directory =
                is_directory && rest.is_empty() || after.is_some_and(str::is_empty) && is_last;
            if let Some(after) = after.filter(|after| !after.is_empty()) {
                rest.push(after);
            }
            self.check_directory()?;
            match name {
                "." => continue,
                ".." => {
                    let _ = self.directories.pop();
                    if self.directories.is_empty() {
                        return Err(FileError::NotPermitted);
                    }
                    continue;
                }
                _ => {}
            }
            if name.len() > self.tree.limits.name_bytes {
                return Err(FileError::NameTooLong);
            }
            let node = self.tree.entries(self.here())?.get(name).copied();
            let target = match node.and_then(|node| self.tree.nodes.get(&node)) {
                Some(node) if !is_last || follow || is_directory => match &node.kind {
                    Kind::Link(target) => Some(target),
                    _ => None,
                },
                _ => None,
            };
            if let Some(target) = target {
                self.links += 1;
                if self.links > MOST_LINKS {
                    return Err(FileError::Loop);
                }
                rest.push(target);
                continue;
            }
            if is_last {
                return Ok(Place { parent: self.here(), name: name.into(), node, is_directory });
            }
            self.directories.push(node.ok_or(FileError::NoEntry)?);
        }
    }

    fn here(&self) -> Inode {
        self.directories.last().copied().unwrap_or_default()
    }

    fn check_directory(&self) -> Result<()> {
        self.tree.entries(self.here()).map(drop)
    }
}
