//! `Follow`: how files are followed.

use crate::runtime::Runtime;
use std::time::Duration;

/// How files are followed: the runtime that compiles them, and the way in which their changes are noticed.
///
/// [`Slot::follow`](crate::Slot::follow) follows a file, [`Slots::follow`](crate::Slots::follow) a folder, and
/// [`Slot::follow_source`](crate::Slot::follow_source) the source of an imported asset.
#[derive(Clone, Debug)]
pub struct Follow {
    pub(super) runtime: Runtime,
    pub(super) quiet: Duration,
    pub(super) poll: Option<Duration>,
    pub(super) extensions: Vec<String>,
}

impl Follow {
    /// Compiles files for `runtime`. The system reports their changes.
    #[must_use]
    pub fn new(runtime: &Runtime) -> Self {
        Self {
            runtime: runtime.clone(),
            quiet: Duration::from_millis(50),
            poll: None,
            extensions: ["wasm", "wat"].map(String::from).into(),
        }
    }

    /// Sets how long a file must be unchanged before it is read, so that none is read while a program writes it.
    /// Default: 50 milliseconds.
    #[must_use]
    pub fn quiet(mut self, time: Duration) -> Self {
        self.quiet = time;
        self
    }

    /// Looks for changes at this interval: for network file systems and mounted folders, whose changes the system does
    /// not report. Default: the system reports them, and what it misses is found once a second.
    #[must_use]
    pub fn poll(mut self, interval: Duration) -> Self {
        self.poll = Some(interval);
        self
    }

    /// Sets the extensions of the files of a folder. If names differ in it alone, the first extension counts. Default:
    /// `wasm` and `wat`.
    #[must_use]
    pub fn extensions(mut self, extensions: impl IntoIterator<Item: Into<String>>) -> Self {
        self.extensions = extensions.into_iter().map(Into::into).collect();
        self
    }
}
