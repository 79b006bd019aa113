//! `AuditedCall`: a call of a guest, and the decision about it.

use crate::text::one_line;
use std::fmt;

/// A part of a guest's system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Capability {
    /// Arguments and variables of the environment.
    Environment,
    /// The standard streams and terminals.
    Streams,
    /// Files and folders.
    Files,
    /// Clocks, and waiting for them and for descriptors.
    Clock,
    /// Random numbers.
    Random,
    /// Sockets, names, and requests of HTTP.
    Network,
    /// The end of the guest by its own wish.
    Exit,
}

impl Capability {
    /// Returns its name in small letters.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::Streams => "streams",
            Self::Files => "files",
            Self::Clock => "clock",
            Self::Random => "random",
            Self::Network => "network",
            Self::Exit => "exit",
        }
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A call of a guest, before it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditedCall<'a> {
    /// The interface, such as `wasi_snapshot_preview1` or `wasi:filesystem/types`, without a version.
    pub interface: &'a str,
    /// The function, such as `path_open` or `[method]descriptor.open-at`.
    pub function: &'a str,
    /// The part of the system.
    pub capability: Capability,
    /// The path, address, name, stream or clock that the call is about; none if there is none, or if the
    /// arguments are not valid. Handles beyond 4,096, and those with names of more than 4 KiB, have none.
    ///
    /// A path is that of the folder, as the guest sees it, with the path that the guest gives: it can have `..`
    /// and lead through links. To keep a guest out of a file, do not mount it.
    pub subject: Option<&'a str>,
    /// The second path of a call that renames or links.
    pub target: Option<&'a str>,
    /// Whether the call writes or sends, or opens a file for that.
    pub writes: bool,
}

impl fmt::Display for AuditedCall<'_> {
    /// Writes the function and its subjects in one line, with escapes for control characters.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { interface, function, .. } = self;
        write!(f, "{interface}#{function}")?;
        let subjects = self.subject.iter().chain(&self.target);
        subjects.into_iter().try_for_each(|subject| write!(f, " `{}`", one_line(subject)))
    }
}

/// The decision about a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// The call happens.
    Allow,
    /// The call happens, and with the cargo feature `tracing` is logged: an event of the level `INFO` and the
    /// target `wasmport::audit` with the fields `interface`, `function`, `capability`, `subject`, `to` (the second path) and
    /// `writes`.
    Log,
    /// The call fails with the error of WASI for it: `notcapable` of preview 1; `not-permitted` of files,
    /// `access-denied` of sockets, and a failed operation of streams in 0.2; a denied request of HTTP. A function
    /// that cannot fail ends the guest with [`Denied`].
    Deny,
}

/// A call was [denied](Verdict::Deny) whose function cannot fail: it ended the guest.
///
/// [`Error::downcast_ref`](crate::Error::downcast_ref) finds it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the audit denied `{interface}#{function}`{}", about(.subject.as_deref()))]
#[non_exhaustive]
pub struct Denied {
    /// The interface.
    pub interface: String,
    /// The function.
    pub function: String,
    /// The path, address, name, stream or clock.
    pub subject: Option<String>,
}

#[cfg(feature = "component-model")]
impl Denied {
    pub(in crate::wasi) fn new(interface: &str, function: &str) -> Self {
        let (interface, function) = (interface.to_owned(), function.to_owned());
        Self { interface, function, subject: None }
    }
}

fn about(subject: Option<&str>) -> String {
    subject.map(|subject| format!(" of `{}`", one_line(subject))).unwrap_or_default()
}

impl From<&AuditedCall<'_>> for Denied {
    fn from(call: &AuditedCall<'_>) -> Self {
        Self {
            interface: call.interface.to_owned(),
            function: call.function.to_owned(),
            subject: call.subject.map(str::to_owned),
        }
    }
}
