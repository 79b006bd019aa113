//! `AuditLog`: a summary of what guests ask for.

use super::call::{AuditedCall, Capability, Verdict};
use crate::text::one_line;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Most different calls.
const MOST: usize = 4096;

/// Most bytes of subjects.
const MOST_BYTES: usize = 1 << 20;

/// A summary of the calls of guests, for programs that grant a plug-in what it needs. Clones are the same log.
///
/// It stores 4,096 different calls and 1 MiB of their subjects; it only counts further ones.
///
/// ```
/// # #[cfg(feature = "wasi")] {
/// use wasmport::wasi::{AuditLog, Wasi};
///
/// let log = AuditLog::new();
/// let wasi = Wasi::new().audit(log.hook());
/// // … run the plug-in, and show the user what it asked for:
/// println!("{log}");
/// # drop(wasi);
/// # }
/// ```
#[derive(Clone, Default)]
pub struct AuditLog(Arc<Mutex<Calls>>);

#[derive(Default)]
struct Calls {
    calls: BTreeMap<Subjects, u64>,
    bytes: usize,
    dropped: u64,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Subjects {
    capability: Capability,
    interface: String,
    function: String,
    subject: Option<String>,
    target: Option<String>,
    writes: bool,
}

/// Calls of one function with the same subjects.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditEntry {
    /// The part of the system.
    pub capability: Capability,
    /// The interface, without a version.
    pub interface: String,
    /// The function.
    pub function: String,
    /// The path, address, name, stream or clock.
    pub subject: Option<String>,
    /// The second path of a call that renames or links.
    pub target: Option<String>,
    /// Whether the calls write or send, or open a file for that.
    pub writes: bool,
    /// Number of calls.
    pub count: u64,
}

impl AuditLog {
    /// Creates an empty log.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns a function for [`Wasi::audit`](crate::wasi::Wasi::audit) that adds each call and allows it.
    pub fn hook(&self) -> impl Fn(&AuditedCall<'_>) -> Verdict + Send + Sync + 'static {
        self.around(|_| Verdict::Allow)
    }

    /// Returns a function for [`Wasi::audit`](crate::wasi::Wasi::audit) that adds each call and decides like
    /// `decide`.
    pub fn around(
        &self,
        decide: impl Fn(&AuditedCall<'_>) -> Verdict + Send + Sync + 'static,
    ) -> impl Fn(&AuditedCall<'_>) -> Verdict + Send + Sync + 'static {
        let log = self.clone();
        move |call| {
            log.lock().add(call);
            decide(call)
        }
    }

    /// Returns the calls, in the order of capabilities, interfaces, functions and subjects.
    #[must_use]
    pub fn entries(&self) -> Vec<AuditEntry> {
        let calls = self.lock();
        let entry = |(call, count): (&Subjects, &u64)| AuditEntry {
            capability: call.capability,
            interface: call.interface.clone(),
            function: call.function.clone(),
            subject: call.subject.clone(),
            target: call.target.clone(),
            writes: call.writes,
            count: *count,
        };
        calls.calls.iter().map(entry).collect()
    }

    /// Returns the number of calls that were not stored because of the log's limits.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.lock().dropped
    }

    /// Locks the calls, also after a panic: at worst one is not counted.
    fn lock(&self) -> MutexGuard<'_, Calls> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Calls {
    fn add(&mut self, call: &AuditedCall<'_>) {
        let bytes = call.subject.map_or(0, str::len) + call.target.map_or(0, str::len);
        if bytes > MOST_BYTES {
            self.dropped += 1;
            return;
        }
        let subjects = Subjects {
            capability: call.capability,
            interface: call.interface.to_owned(),
            function: call.function.to_owned(),
            subject: call.subject.map(str::to_owned),
            target: call.target.map(str::to_owned),
            writes: call.writes,
        };
        if let Some(count) = self.calls.get_mut(&subjects) {
            *count += 1;
        } else if self.calls.len() < MOST && self.bytes + bytes <= MOST_BYTES {
            self.bytes += bytes;
            let _ = self.calls.insert(subjects, 1);
        } else {
            self.dropped += 1;
        }
    }
}

impl fmt::Display for AuditLog {
    /// Writes a line for each capability, and below it one for each function and subject, with escapes for
    /// control characters.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut last = None;
        for entry in self.entries() {
            if last.replace(entry.capability) != Some(entry.capability) {
                writeln!(f, "{}", entry.capability)?;
            }
            write!(f, "  {}", entry.function)?;
            for subject in entry.subject.iter().chain(&entry.target) {
                write!(f, " `{}`", one_line(subject))?;
            }
            let writes = if entry.writes { ", writes" } else { "" };
            let calls = if entry.count == 1 { "call" } else { "calls" };
            writeln!(f, ": {} {calls}{writes}", entry.count)?;
        }
        match self.dropped() {
            0 => Ok(()),
            dropped => writeln!(f, "{dropped} further calls"),
        }
    }
}

impl fmt::Debug for AuditLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.entries()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(subject: &str) -> AuditedCall<'_> {
        AuditedCall {
            interface: "wasi:filesystem/types",
            function: "[method]descriptor.stat-at",
            capability: Capability::Files,
            subject: Some(subject),
            target: None,
            writes: false,
        }
    }

    #[test]
    fn calls_are_counted_and_bounded() {
        let log = AuditLog::new();
        let hook = log.hook();
        for number in 0..5_000 {
            assert_eq!(hook(&call(&number.to_string())), Verdict::Allow);
        }
        assert_eq!((log.entries().len(), log.dropped()), (4096, 904));
        hook(&call("7"));
        assert_eq!(
            log.entries().iter().find(|e| e.subject.as_deref() == Some("7")).unwrap().count,
            2
        );
        let log = AuditLog::new();
        let hook = log.around(|_| Verdict::Deny);
        for letter in ["a", "b", "c"] {
            assert_eq!(hook(&call(&letter.repeat(600 << 10))), Verdict::Deny);
        }
        hook(&call(&"d".repeat(2 << 20)));
        assert_eq!((log.entries().len(), log.dropped()), (1, 3));
    }

    #[test]
    fn the_text_has_no_control_characters() {
        let log = AuditLog::new();
        let hook = log.hook();
        hook(&call("a\n\u{1b}[2J"));
        hook(&call("b"));
        hook(&call("b"));
        let text = log.to_string();
        assert!(!text.contains('\u{1b}') && text.lines().count() == 3, "{text}");
        assert!(text.ends_with("  [method]descriptor.stat-at `b`: 2 calls\n"), "{text}");
    }
}
