//! `Slots`: a slot for each plug-in of a folder.

use super::following::{Followed, Following};
use super::load::{CodeOf, is_current, replace_all};
use super::options::Follow;
use super::signal::Signal;
use super::watch::{Files, Watch, absolute};
use crate::dynamic::DynamicAsset;
use crate::error::Result;
use crate::fs::Stamp;
use crate::session::{SessionLinker, SessionPre, TypedSession};
use crate::slot::Slot;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

/// The plug-ins of a folder: a [`Slot`] for each file, by the file's name without extension. Clones are the same slots.
///
/// ```no_run
/// # use wasmport::{DynamicAsset, Follow, Result, Runtime, SessionLinker, Slots, TypedSession, Wrapper};
/// # use wasmport::wasmtime::Module;
/// # fn f<S: TypedSession<Data = ()> + 'static>(runtime: &Runtime, linker: SessionLinker<S>) -> Result<()>
/// # where S::Wrapper: Wrapper<Code = Module> {
/// let plugins = Slots::new(linker);
/// let accept = |candidate: &wasmport::SessionPre<S>| candidate.start(()).map(drop);
/// let report = |name: &str, followed| println!("{name}: {followed}");
/// let following =
///     plugins.follow(&Follow::new(runtime), "plugins", |path| DynamicAsset::file(path), accept, report)?;
/// for name in plugins.names() {
///     if let Some(plugin) = plugins.get(&name) {
///         let session = plugin.start(())?;
///         # drop(session);
///     }
/// }
/// # drop(following);
/// # Ok(())
/// # }
/// ```
pub struct Slots<S: TypedSession>(Arc<SlotsShared<S>>);

/// Creates the slot of a name.
type Create<S> = Box<dyn Fn(&str) -> Slot<S> + Send + Sync>;

struct SlotsShared<S: TypedSession> {
    create: Create<S>,
    /// The slots that have code.
    slots: RwLock<BTreeMap<String, Slot<S>>>,
}

impl<S: TypedSession> Clone for Slots<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S: TypedSession + 'static> Slots<S> {
    /// Creates no slots yet, for code that a linker links.
    #[must_use]
    pub fn new(linker: SessionLinker<S>) -> Self {
        Self::with_slots(move |_| Slot::new(linker.clone()))
    }

    /// Creates no slots yet; `create` creates that of each name.
    pub fn with_slots(create: impl Fn(&str) -> Slot<S> + Send + Sync + 'static) -> Self {
        Self(Arc::new(SlotsShared { create: Box::new(create), slots: RwLock::default() }))
    }

    /// Returns the slot of a plug-in; none if there is no file of that name, or none of its contents was accepted.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Slot<S>> {
        self.0.slots.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// Returns the names of the plug-ins that have a slot, in alphabetical order.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.0.slots.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    /// Follows a folder: loads its files now, and again when they change. `asset` creates the asset of a file. A new file
    /// gets a slot when it is accepted; a file that is removed takes its slot with it. Its sessions end on their code, and
    /// a file of its name that comes later gets another slot.
    ///
    /// The extensions are those of [`Follow::extensions`]. Folders in the folder and hidden files do not count. `accept` is
    /// that of [`Slot::replace`], and `report` gets the name of a plug-in and the result of its change: this thread calls
    /// all three for the first load, and then the thread of the [`Following`].
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Watch`](crate::Error::Watch) if the system cannot watch the folder, and with
    /// [`Error::Thread`](crate::Error::Thread) if there is no thread. A file that cannot be loaded is
    /// [`Followed::Refused`].
    pub fn follow(
        &self,
        follow: &Follow,
        folder: impl AsRef<Path>,
        asset: impl FnMut(&Path) -> DynamicAsset<CodeOf<S>> + Send + 'static,
        accept: impl FnMut(&SessionPre<S>) -> Result<()> + Send + 'static,
        report: impl FnMut(&str, Followed) + Send + 'static,
    ) -> Result<Following> {
        let path = absolute(folder.as_ref());
        let watch = Watch::new(follow, path.clone(), Files::With(follow.extensions.clone()))?;
        let names = watch.names();
        let mut folder = Folder {
            follow: follow.clone(),
            path,
            slots: self.clone(),
            signal: Arc::clone(watch.signal()),
            known: BTreeSet::new(),
            refused: BTreeSet::new(),
            asset,
            accept,
            report,
        };
        folder.changed(&names);
        Following::start(watch, move |names| folder.changed(&names))
    }

    fn insert(&self, name: &str, slot: Slot<S>) {
        let mut slots = self.0.slots.write().unwrap_or_else(PoisonError::into_inner);
        drop(slots.insert(name.to_owned(), slot));
    }

    fn remove(&self, name: &str) {
        let removed = self.0.slots.write().unwrap_or_else(PoisonError::into_inner).remove(name);
        // Freeing code takes long: the lock is free by now.
        drop(removed);
    }
}

impl<S: TypedSession + 'static> fmt::Debug for Slots<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slots").field("names", &self.names()).finish_non_exhaustive()
    }
}

/// A folder that is followed.
struct Folder<S: TypedSession, M, A, R> {
    follow: Follow,
    path: PathBuf,
    slots: Slots<S>,
    signal: Arc<Signal>,
    /// The plug-ins that have a file.
    known: BTreeSet<OsString>,
    /// The plug-ins whose last content was refused.
    refused: BTreeSet<OsString>,
    asset: M,
    accept: A,
    report: R,
}

impl<S, M, A, R> Folder<S, M, A, R>
where
    S: TypedSession + 'static,
    M: FnMut(&Path) -> DynamicAsset<CodeOf<S>>,
    A: FnMut(&SessionPre<S>) -> Result<()>,
    R: FnMut(&str, Followed),
{
    fn changed(&mut self, files: &BTreeSet<OsString>) {
        let stems: BTreeSet<&OsStr> =
            files.iter().filter_map(|f| Path::new(f).file_stem()).collect();
        let (mut names, mut candidates) = (Vec::new(), Vec::new());
        for stem in stems {
            let name = stem.to_string_lossy();
            let Some(path) = self.file_of(stem) else {
                self.slots.remove(&name);
                let _ = self.refused.remove(stem);
                if self.known.remove(stem) {
                    (self.report)(&name, Followed::Gone);
                }
                continue;
            };
            let _ = self.known.insert(stem.to_owned());
            let asset = (self.asset)(&path);
            let slot = self.slots.get(&name).unwrap_or_else(|| (self.slots.0.create)(&name));
            if !is_current(&slot, &asset) {
                names.push((name, stem));
                candidates.push((slot, asset));
            } else if self.refused.remove(stem) {
                (self.report)(&name, Followed::Unchanged);
            }
        }
        let runtime = &self.follow.runtime;
        replace_all(runtime, candidates, &mut self.accept, |index, slot, followed| {
            let (name, stem) = &names[index];
            match followed {
                Followed::Refused(_) => self.refused.insert((*stem).to_owned()),
                _ => self.refused.remove(*stem),
            };
            if matches!(followed, Followed::Replaced(_)) {
                self.slots.insert(name, slot);
            }
            (self.report)(name, followed);
            !self.signal.is_ended()
        });
    }

    /// Returns the file of a plug-in, with the first extension of which there is one.
    fn file_of(&self, stem: &OsStr) -> Option<PathBuf> {
        let paths = self.follow.extensions.iter().map(|extension| {
            let mut name = stem.to_owned();
            name.push(".");
            name.push(extension);
            self.path.join(name)
        });
        paths.into_iter().find(|path| Stamp::of(path).is_some())
    }
}
