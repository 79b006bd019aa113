//! `Watch`: notices which files of a folder have changed, and waits until they are quiet.
//!
//! Events of the system wake it early. What it knows of files it reads from the folder, once a second too: a link's
//! target changes without an event, and so does a folder that takes the place of another.

use super::options::Follow;
use super::signal::{Noticed, Signal};
use crate::error::{Error, Result};
use crate::fs::{Stamp, names_in};
use notify::event::{AccessKind, AccessMode};
use notify::{
    Config, ErrorKind, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _,
};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The time between two looks at a folder whose changes the system reports.
const LOOK: Duration = Duration::from_secs(1);

/// The shortest time between two looks.
const SHORTEST_LOOK: Duration = Duration::from_millis(1);

/// The files of a folder that are followed.
#[derive(Clone, Debug)]
pub(super) enum Files {
    One(OsString),
    /// All with one of these extensions, except hidden ones, which tools write before they rename them.
    With(Vec<String>),
}

impl Files {
    fn contain(&self, name: &OsStr) -> bool {
        match self {
            Self::One(one) => name == one,
            Self::With(extensions) => {
                let extension = Path::new(name).extension();
                let is_known = |extension: &OsStr| extensions.iter().any(|own| extension == &**own);
                extension.is_some_and(is_known) && !name.as_encoded_bytes().starts_with(b".")
            }
        }
    }

    /// Returns the stamps of those that exist.
    fn stamps(&self, folder: &Path) -> io::Result<BTreeMap<OsString, Stamp>> {
        let names = match self {
            Self::One(one) => vec![one.clone()],
            Self::With(_) => names_in(folder)?,
        };
        let wanted = names.into_iter().filter(|name| self.contain(name));
        let stamped = wanted.filter_map(|name| Some((Stamp::of(&folder.join(&name))?, name)));
        Ok(stamped.map(|(stamp, name)| (name, stamp)).collect())
    }
}

/// Notices changes of files in a folder.
pub(super) struct Watch {
    folder: PathBuf,
    files: Files,
    signal: Arc<Signal>,
    /// The watcher; none if changes are found by looking alone.
    watcher: Option<RecommendedWatcher>,
    is_watched: bool,
    /// The time between two looks.
    interval: Duration,
    last_look: Instant,
    quiet: Duration,
    /// The stamps at the last look.
    seen: BTreeMap<OsString, Stamp>,
    /// Files that have changed, and when.
    changing: BTreeMap<OsString, Instant>,
}

impl Watch {
    /// Watches a folder, which need not exist yet. Changes from now on are noticed.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Watch`] if the system cannot watch it.
    pub fn new(follow: &Follow, folder: PathBuf, files: Files) -> Result<Self> {
        let signal = Arc::new(Signal::default());
        let failed = |error| Error::Watch { path: folder.clone(), source: io_error(error) };
        let watcher = match follow.poll {
            Some(_) => None,
            None => Some(watcher(&folder, &files, &signal).map_err(failed)?),
        };
        let interval = follow.poll.unwrap_or(LOOK).max(SHORTEST_LOOK);
        let mut watch = Self {
            folder: folder.clone(),
            files,
            signal,
            watcher,
            is_watched: false,
            interval,
            last_look: Instant::now(),
            quiet: follow.quiet,
            seen: BTreeMap::new(),
            changing: BTreeMap::new(),
        };
        watch.watch().map_err(failed)?;
        watch.seen = watch.files.stamps(&folder).unwrap_or_default();
        Ok(watch)
    }

    /// Returns what wakes and ends it.
    pub fn signal(&self) -> &Arc<Signal> {
        &self.signal
    }

    /// Returns the names of the files that exist, as far as it has noticed.
    pub fn names(&self) -> BTreeSet<OsString> {
        self.seen.keys().cloned().collect()
    }

    /// Waits until files that have changed are quiet. Returns their names; none if it must end.
    pub fn next(&mut self) -> Option<BTreeSet<OsString>> {
        loop {
            let noticed = self.signal.wait(self.pause())?;
            self.take(noticed);
            let due = self.due(Instant::now());
            if !due.is_empty() {
                return Some(due);
            }
        }
    }

    /// Returns the time until there is something to do without an event.
    fn pause(&self) -> Duration {
        let until = |since: &Instant, time: Duration| time.saturating_sub(since.elapsed());
        let quiet = self.changing.values().map(|changed| until(changed, self.quiet));
        quiet.fold(until(&self.last_look, self.interval), Duration::min)
    }

    fn take(&mut self, noticed: Noticed) {
        for (name, at) in noticed.files {
            self.look_at(&name);
            let _ = self.changing.insert(name, at);
        }
        if noticed.is_any || self.last_look.elapsed() >= self.interval {
            self.look(Instant::now());
        }
    }

    /// Looks for files that have changed.
    fn look(&mut self, now: Instant) {
        self.last_look = now;
        // A folder that cannot be read now has what it had.
        let Ok(stamps) = self.files.stamps(&self.folder) else { return };
        let names = stamps.keys().chain(self.seen.keys());
        let changed = names.filter(|name| stamps.get(*name) != self.seen.get(*name));
        let changed: Vec<_> = changed.map(|name| (name.clone(), now)).collect();
        // The watch is of a folder that another has replaced, or there was none.
        if !changed.is_empty() || !self.is_watched {
            // If that fails, changes are found by looking.
            let _ = self.watch();
        }
        self.changing.extend(changed);
        self.seen = stamps;
    }

    /// Looks at one file, and returns whether it is as it was.
    fn look_at(&mut self, name: &OsStr) -> bool {
        let now = Stamp::of(&self.folder.join(name));
        let before = match now {
            Some(stamp) => self.seen.insert(name.to_owned(), stamp),
            None => self.seen.remove(name),
        };
        before == now
    }

    /// Takes the files that have been quiet for long enough.
    fn due(&mut self, now: Instant) -> BTreeSet<OsString> {
        let quiet = self.quiet;
        let is_due = |_: &OsString, changed: &mut Instant| now.duration_since(*changed) >= quiet;
        let due: Vec<_> = self.changing.extract_if(.., is_due).map(|(name, _)| name).collect();
        let (quiet, busy): (BTreeSet<_>, BTreeSet<_>) =
            due.into_iter().partition(|name| self.look_at(name));
        self.changing.extend(busy.into_iter().map(|name| (name, now)));
        quiet
    }

    /// Watches the folder, and no other that was in its place.
    fn watch(&mut self) -> notify::Result<()> {
        let Some(watcher) = &mut self.watcher else { return Ok(()) };
        // The watch of a folder that was removed is gone.
        let _ = watcher.unwatch(&self.folder);
        let watched = watcher.watch(&self.folder, RecursiveMode::NonRecursive);
        self.is_watched = watched.is_ok();
        watched.or_else(|error| if is_missing(&error) { Ok(()) } else { Err(error) })
    }
}

/// Makes a path absolute: the program may change its working folder.
pub(super) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Creates a watcher that signals changes of files in a folder.
fn watcher(
    folder: &Path,
    files: &Files,
    signal: &Arc<Signal>,
) -> notify::Result<RecommendedWatcher> {
    let (folder, files, signal) = (folder.to_owned(), files.clone(), Arc::clone(signal));
    let notice = move |event: notify::Result<Event>| match event {
        Ok(event) if !is_change(&event) => {}
        Ok(event) if !event.need_rescan() && !event.paths.contains(&folder) => {
            let names = event.paths.iter().filter_map(|path| path.file_name());
            let mut names = names.filter(|name| files.contain(name)).peekable();
            if names.peek().is_some() {
                signal.changed(names.map(OsStr::to_owned));
            }
        }
        Ok(_) | Err(_) => signal.changed_any(),
    };
    RecommendedWatcher::new(notice, Config::default())
}

/// Returns whether an event is a change. Reads are not, but closing a file that was open for writing is: writes through
/// a mapping have no other event.
fn is_change(event: &Event) -> bool {
    match event.kind {
        EventKind::Access(kind) => kind == AccessKind::Close(AccessMode::Write),
        _ => true,
    }
}

fn is_missing(error: &notify::Error) -> bool {
    match &error.kind {
        ErrorKind::PathNotFound => true,
        ErrorKind::Io(error) => error.kind() == io::ErrorKind::NotFound,
        _ => false,
    }
}

fn io_error(error: notify::Error) -> io::Error {
    match error.kind {
        ErrorKind::Io(error) => error,
        _ => io::Error::other(error),
    }
}
