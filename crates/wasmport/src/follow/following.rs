//! `Following`: the thread that follows files, and what it reports.

use super::signal::Signal;
use super::watch::Watch;
use crate::error::{Error, Result};
use crate::slot::Replaced;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

/// The result of a change of a file that is followed.
#[derive(Debug)]
#[non_exhaustive]
pub enum Followed {
    /// The slot has the code of the file.
    Replaced(Replaced),
    /// The file cannot be read or compiled, has another interface, or the program has not accepted it. The old code goes
    /// on, and the next change of the file is tried.
    Refused(Error),
    /// There is no file. The old code goes on.
    Gone,
    /// The file has the slot's code again, after it was refused or gone.
    Unchanged,
}

impl fmt::Display for Followed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Replaced(replaced) => replaced.fmt(f),
            Self::Refused(error) => error.fmt(f),
            Self::Gone => f.write_str("there is no file"),
            Self::Unchanged => f.write_str("the file has the code of the slot again"),
        }
    }
}

/// Files that are followed, on a thread of their own. Dropping it ends the thread, after the load that has begun.
#[derive(Debug)]
#[must_use = "dropping it ends the following"]
pub struct Following {
    signal: Arc<Signal>,
    thread: Option<JoinHandle<()>>,
}

impl Following {
    /// Starts the thread, on which `changed` gets the names of files.
    pub(super) fn start(
        mut watch: Watch,
        mut changed: impl FnMut(BTreeSet<OsString>) + Send + 'static,
    ) -> Result<Self> {
        let signal = Arc::clone(watch.signal());
        let work = move || {
            while let Some(names) = watch.next() {
                changed(names);
            }
        };
        let thread = thread::Builder::new().name("wasmport-follow".into()).spawn(work);
        let thread = thread.map_err(|source| Error::Thread { source })?;
        Ok(Self { signal, thread: Some(thread) })
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.signal.end();
        // The program's report may drop it on its own thread.
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != thread::current().id()
        {
            // A panic of the program's report has ended it.
            let _ = thread.join();
        }
    }
}
