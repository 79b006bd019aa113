//! `RecordError`, `RecordingError` and `ReplayError`: the reasons why a session is not recorded, a recording does not
//! count, and a replay ends.

use super::Error;
use crate::digest::Digest;
use std::any::Any;
use std::fmt;

/// The reason why a session is not recorded, or its recording ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The engine is not [deterministic](crate::EngineConfig::deterministic).
    #[error("the engine is not deterministic: set `deterministic = true` below `[engine]`")]
    NotDeterministic,
    /// The code is a component.
    #[error("components cannot be recorded, only core modules")]
    Component,
    /// The session starts or is called with async functions.
    #[error("async calls cannot be recorded: start and call the session without `async`")]
    Async,
    /// The session starts from a `Snapshot`, whose state a recording does not have.
    #[error(
        "the session starts from a snapshot, which the recording does not have: start it in a runtime without one"
    )]
    Snapshot,
    /// The memories of sessions share a budget, which other sessions use.
    #[error(
        "a `MemoryBudget` that sessions share decides what the guest gets: use a runtime without one"
    )]
    MemoryBudget,
    /// The module imports a memory, table, global or tag.
    #[error("the module imports {module:?} {name:?}, which is not a function")]
    ImportedValue {
        /// The module of the import.
        module: String,
        /// The name of the import.
        name: String,
    },
    /// The function of an import records nothing.
    #[error(
        "the import {module:?} {name:?} was defined with Wasmtime's linker, or before the runtime recorded: define it \
         with a wrapper, with `Recorder::func`, or with `Wasi`"
    )]
    ImportedFunction {
        /// The module of the import.
        module: String,
        /// The name of the import.
        name: String,
    },
    /// A function has references among its parameters or results.
    #[error("the function {name:?} passes references, which cannot be recorded")]
    Reference {
        /// The name of the function.
        name: String,
    },
    /// A second module was instantiated in the session's store.
    #[error("the session has a second instance, of `{asset}`")]
    SecondInstance {
        /// The name of its asset.
        asset: String,
    },
    /// The host changed a table of the guest.
    #[error("the host changed a table of the guest, whose elements are references")]
    Table,
    /// The host set a global of the guest that holds a reference.
    #[error("the host set a global of the guest that holds a reference")]
    Global,
    /// The host wrote to a memory that the guest does not export.
    #[error("the host wrote to a memory that the guest does not export")]
    Memory,
    /// A host function threw an exception.
    #[error("a function threw an exception, whose values may be references")]
    Exception,
    /// The guest was called by a way that records nothing.
    #[error(
        "the guest was called with Wasmtime's functions: call it with the methods of its wrapper"
    )]
    Unrecorded,
    /// The recording has its largest length.
    #[error("the recording has its largest length of {limit} bytes")]
    Full {
        /// The length.
        limit: usize,
    },
    /// The module exports a shared memory, which other threads change.
    #[error("the module exports the shared memory {name:?}, which other threads change")]
    SharedMemory {
        /// The name of the memory.
        name: String,
    },
    /// The system had no room for a memory that grew within its limits. In a replay, it may have.
    #[error("the system refused to let a memory grow, though its limits allow it")]
    Growth,
    /// The session did not start, and none of its guest's code has run.
    #[error("the session did not start, and none of its guest's code has run")]
    NotStarted,
    /// The session is not recorded.
    #[error("the session is not recorded: start it in a runtime of `Runtime::with_recorder`")]
    NotRecorded,
}

/// The reason why bytes are no recording.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordingError {
    /// They are something else.
    #[error("these bytes are no recording of wasmport")]
    NotARecording,
    /// They have another format than this program reads.
    #[error(
        "the recording has the format {found}, and this program reads {expected}: use its version of wasmport"
    )]
    Format {
        /// Their format.
        found: u64,
        /// The format that this program reads.
        expected: u64,
    },
    /// They end too early.
    #[error("the recording is truncated")]
    Truncated,
    /// They were truncated or changed.
    #[error("the recording was truncated or changed: its digest is another")]
    Digest,
    /// A part means nothing.
    #[error("the recording is damaged at byte {offset}: {what}")]
    Invalid {
        /// The offset in bytes.
        offset: u64,
        /// The fault.
        what: &'static str,
    },
}

/// The reason why a replay does not begin, or ends early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The recording is of other code.
    #[error(
        "the recording is of asset `{recorded}` with the source {expected}, not of `{asset}` with {found}"
    )]
    OtherAsset {
        /// The name of the asset that was recorded.
        recorded: String,
        /// The asset's name.
        asset: String,
        /// The digest of the source that was recorded.
        expected: Digest,
        /// The digest of the asset's source.
        found: Digest,
    },
    /// The engine is not [deterministic](crate::EngineConfig::deterministic).
    #[error("the engine is not deterministic: set `deterministic = true` below `[engine]`")]
    NotDeterministic,
    /// The guest consumed fuel when it was recorded, and this engine counts none, or the reverse.
    #[error("the engine of the recording has the setting `fuel` = {recorded}: use the same")]
    Fuel {
        /// Whether the engine of the recording counted fuel.
        recorded: bool,
    },
    /// A deadline ended a call in the guest when it was recorded; without one the replay may not end.
    #[error(
        "a deadline ended a recorded call: set `limits.time` of `RuntimeOptions` for the replay"
    )]
    NoTimeLimit,
    /// The recording has other imports or exports than the module: it was made by hand.
    #[error("the recording does not fit the module: {0}")]
    Unfit(String),
    /// The recording is damaged.
    #[error(transparent)]
    Recording(#[from] RecordingError),
    /// The guest did something else than when it was recorded.
    #[error(transparent)]
    Difference(Box<Difference>),
    /// The guest cannot be instantiated or called.
    #[error(transparent)]
    Runtime(Box<Error>),
}

impl From<Error> for ReplayError {
    fn from(error: Error) -> Self {
        Self::Runtime(Box::new(error))
    }
}

/// The first difference between a recording and its replay.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// The number of the event in the recording, from 1.
    pub event: u64,
    /// The function that was called or called back.
    pub function: String,
    /// The recorded event.
    pub expected: String,
    /// The event of the replay.
    pub found: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { event, function, expected, found } = self;
        write!(
            f,
            "event {event}, `{function}`: the recording has {expected}, and the replay has {found}"
        )
    }
}

impl std::error::Error for Difference {}

/// The recording of a session in the error of its last call: a context of the error, which messages leave out.
pub(crate) struct Attachment(pub Box<dyn Any + Send + Sync>);

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attachment").finish_non_exhaustive()
    }
}

impl fmt::Display for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the recording of the session is attached to this error")
    }
}
