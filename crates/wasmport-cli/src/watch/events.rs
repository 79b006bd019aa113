//! Changes reported by the system.

use super::inputs::{Change, Inputs, MAX_WAIT, normalized};
use notify::event::{AccessKind, AccessMode};
use notify::{
    Config, Error, ErrorKind, Event, EventKind, RecommendedWatcher, RecursiveMode, Result, Watcher,
};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// The interval at which the list of folders is checked: there is no event when a parent folder is moved or
/// created.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// Watched folders.
pub(super) struct Events {
    watcher: RecommendedWatcher,
    received: Receiver<Result<Event>>,
    watched: BTreeMap<PathBuf, RecursiveMode>,
}

impl Events {
    /// Creates a watcher without folders.
    ///
    /// # Errors
    ///
    /// Fails if the system cannot watch files.
    pub fn new() -> Result<Self> {
        let (sender, received) = mpsc::channel();
        let send = move |event: Result<Event>| {
            if event.as_ref().map_or(true, is_change) {
                // The receiver is dropped when polling replaces events.
                let _ = sender.send(event);
            }
        };
        // The targets of links are in the list of inputs.
        let config = Config::default().with_follow_symlinks(false);
        let watcher = RecommendedWatcher::new(send, config)?;
        Ok(Self { watcher, received, watched: BTreeMap::new() })
    }

    /// Watches these folders. All watches are renewed: the watch of a removed and recreated folder is dead.
    ///
    /// # Errors
    ///
    /// Fails if the system cannot watch a folder.
    pub fn watch(&mut self, folders: BTreeMap<PathBuf, RecursiveMode>) -> Result<()> {
        for folder in std::mem::take(&mut self.watched).into_keys() {
            // A removed folder has no watch.
            let _ = self.watcher.unwatch(&folder);
        }
        for (folder, mode) in folders {
            match self.watcher.watch(&folder, mode) {
                Ok(()) => drop(self.watched.insert(folder, mode)),
                Err(e) if is_missing(&e) => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    /// Waits for an event, and then for a pause between events.
    ///
    /// # Errors
    ///
    /// Fails if the watcher ends or reports an error.
    pub fn wait(&self, inputs: &Inputs, pause: Duration) -> Result<Change> {
        let first = loop {
            match self.received.recv_timeout(CHECK_INTERVAL) {
                Ok(event) => break event?,
                Err(RecvTimeoutError::Timeout) if inputs.folders() == self.watched => {}
                Err(RecvTimeoutError::Timeout) => return Ok(Change::Anything),
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Error::generic("the watcher ended"));
                }
            }
        };
        let start = Instant::now();
        let mut events = vec![first];
        while start.elapsed() < MAX_WAIT
            && let Ok(event) = self.received.recv_timeout(pause)
        {
            events.push(event?);
        }
        if events.iter().any(Event::need_rescan) {
            return Ok(Change::Anything);
        }
        let paths: BTreeSet<&PathBuf> = events.iter().flat_map(|event| &event.paths).collect();
        Ok(Change::At(paths.into_iter().map(|path| normalized(path)).collect()))
    }
}

/// Returns whether an event is a change. Reads are not, but closing a file that was open for writing is:
/// writes through a mapping have no other event.
fn is_change(event: &Event) -> bool {
    match event.kind {
        EventKind::Access(kind) => kind == AccessKind::Close(AccessMode::Write),
        _ => true,
    }
}

fn is_missing(error: &Error) -> bool {
    match &error.kind {
        ErrorKind::PathNotFound => true,
        ErrorKind::Io(e) => e.kind() == io::ErrorKind::NotFound,
        _ => false,
    }
}
