//! Changes that the system tells of.

use super::LONGEST;
use super::inputs::{Change, Inputs, located};
use notify::event::{AccessKind, AccessMode};
use notify::{
    Config, Error, ErrorKind, Event, EventKind, RecommendedWatcher, RecursiveMode, Result, Watcher,
};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// How often it is looked whether other folders are to be watched, of which there may be no event: a
/// folder above was moved, or is there again.
const LOOK: Duration = Duration::from_secs(1);

/// Watched folders.
pub(super) struct Events {
    watcher: RecommendedWatcher,
    received: Receiver<Result<Event>>,
    watched: BTreeMap<PathBuf, RecursiveMode>,
}

impl Events {
    pub fn new() -> Result<Self> {
        let (sender, received) = mpsc::channel();
        let send = move |event: Result<Event>| {
            if event.as_ref().map_or(true, is_change) {
                // Nobody listens any more where another way is taken.
                let _ = sender.send(event);
            }
        };
        // Where links lead to is watched by itself.
        let config = Config::default().with_follow_symlinks(false);
        let watcher = RecommendedWatcher::new(send, config)?;
        Ok(Self { watcher, received, watched: BTreeMap::new() })
    }

    /// Watches these folders, all anew: where one was removed and made again, the system knows but
    /// the former.
    pub fn watch(&mut self, folders: BTreeMap<PathBuf, RecursiveMode>) -> Result<()> {
        for folder in std::mem::take(&mut self.watched).into_keys() {
            // One that was removed is not watched any more.
            let _ = self.watcher.unwatch(&folder);
        }
        for (folder, mode) in folders {
            match self.watcher.watch(&folder, mode) {
                Ok(()) => drop(self.watched.insert(folder, mode)),
                Err(e) if is_gone(&e) => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    /// Waits for events, and then until there are none for a while.
    pub fn wait(&self, inputs: &Inputs, pause: Duration) -> Result<Change> {
        let first = loop {
            match self.received.recv_timeout(LOOK) {
                Ok(event) => break event?,
                Err(RecvTimeoutError::Timeout) if inputs.folders() == self.watched => {}
                Err(RecvTimeoutError::Timeout) => return Ok(Change::Anything),
                Err(RecvTimeoutError::Disconnected) => return Err(Error::generic("it ended")),
            }
        };
        let start = Instant::now();
        let mut events = vec![first];
        while start.elapsed() < LONGEST
            && let Ok(event) = self.received.recv_timeout(pause)
        {
            events.push(event?);
        }
        if events.iter().any(Event::need_rescan) {
            return Ok(Change::Anything);
        }
        let paths: BTreeSet<&PathBuf> = events.iter().flat_map(|event| &event.paths).collect();
        Ok(Change::At(paths.into_iter().map(|path| located(path)).collect()))
    }
}

/// Importing reads files, which is no change; but a file that was written through a mapping is
/// known to be different when it is closed.
fn is_change(event: &Event) -> bool {
    match event.kind {
        EventKind::Access(kind) => kind == AccessKind::Close(AccessMode::Write),
        _ => true,
    }
}

fn is_gone(error: &Error) -> bool {
    match &error.kind {
        ErrorKind::PathNotFound => true,
        ErrorKind::Io(e) => e.kind() == io::ErrorKind::NotFound,
        _ => false,
    }
}
