//! The reasons of errors that have more than one.

#[cfg(feature = "compile")]
use crate::engine::WasmFeature;
use std::ffi::NulError;
use std::io;
use std::path::PathBuf;
#[cfg(feature = "compile")]
use std::time::Duration;

/// The reason why an artifact cannot be mapped from its file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotMappable {
    /// The file holds no machine code as it is in memory.
    #[error("only an uncompressed artifact of machine code can be mapped")]
    NotMachineCode,
    /// The file is not the artifact.
    #[error("its file has {actual_bytes} bytes instead of {expected_bytes}")]
    Length {
        /// The length in the wrapper, in bytes.
        expected_bytes: u64,
        /// The length of the file, in bytes.
        actual_bytes: u64,
    },
}

/// The reason why a [`Worker`](crate::Worker) did not compile an asset.
#[cfg(feature = "compile")]
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkerError {
    /// Its program cannot be started.
    #[error("cannot start `{}`: {source}", .program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// It took longer than it may.
    #[error("it took longer than {0:?}")]
    TimedOut(Duration),
    /// It needs more memory than it may, in bytes.
    #[error("it needs more than {0} bytes of memory")]
    Memory(u64),
    /// The compiled code is longer than it may be, in bytes.
    #[error("the compiled code is longer than {0} bytes")]
    TooLarge(u64),
    /// Its process ended without an answer.
    #[error("its process ended without an answer ({status}){}", said_by(said))]
    Crashed {
        /// How it ended.
        status: String,
        /// The first line that it wrote to its standard error.
        said: String,
    },
    /// The request cannot be written.
    #[error("the request cannot be written")]
    Protocol,
}

#[cfg(feature = "compile")]
fn said_by(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!(": {}", crate::text::printable(said)) }
}

/// The reason why compiled code of a [`ModuleCache`](crate::ModuleCache) cannot be loaded by its digest alone.
#[cfg(feature = "compile")]
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotKept {
    /// The cache has no such code, or it is damaged.
    #[error("the cache does not have it")]
    Missing,
    /// Another version of Wasmtime compiled it.
    #[error("Wasmtime {0} compiled it")]
    Wasmtime(String),
    /// It was compiled for another engine configuration.
    #[error("it was compiled for another engine configuration")]
    Engine,
    /// It was compiled for a machine that this one is not.
    #[error("it was compiled for `{0}`")]
    Target(String),
    /// Winch compiled it, and this program or machine has no Winch.
    #[error("the compiler Winch made it, which this program lacks")]
    Winch,
    /// It uses a proposal that this build of the `wasmport` crate cannot run.
    #[error("it uses `{}`, which this build cannot run", .0.name())]
    Feature(WasmFeature),
}

/// The reason why the folder of a [`ModuleCache`](crate::ModuleCache) cannot be trusted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotPrivate {
    /// The folder cannot be created or read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The folder belongs to another user.
    #[error("another user owns it")]
    Owner,
    /// Other users have permissions that make the folder or file unsafe.
    #[error("the permissions of other users are too wide (mode {mode:o})")]
    Mode {
        /// The permission bits.
        mode: u32,
    },
    /// The folder is a symbolic link, whose target could be another one later.
    #[error("it is a symbolic link")]
    Link,
    /// The file has another name, by which it could be changed.
    #[error("it has another name (hard link)")]
    HardLink,
    /// Other users can replace the folder, because of one above it or a symbolic link in its path.
    #[error("`{}` in its path: {source}", .path.display())]
    Ancestor {
        /// The folder or link.
        path: PathBuf,
        /// The reason.
        source: Box<NotPrivate>,
    },
    /// This system does not say which users may write to a folder.
    #[error("this system does not say which users may write to it")]
    Unsupported,
}

/// The reason why a value is not valid for the other side's type.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ValueError {
    /// The guest gave a null pointer, and the signature allows none.
    #[error("the guest gave a null pointer, which the signature does not allow: use `Option`")]
    NullPointer,
    /// A string of AssemblyScript is not UTF-16.
    #[error(
        "the string at guest address {address} is not well-formed UTF-16: it has half of a surrogate pair"
    )]
    NotUtf16 {
        /// The address.
        address: u64,
    },
    /// A C string cannot hold a null.
    #[error("a C string cannot hold the null at byte {}", .0.nul_position())]
    Nul(#[source] NulError),
    /// The guest gave a number that is no character.
    #[error("{code:#x} is no character")]
    NotAChar {
        /// The number.
        code: u32,
    },
    /// Arguments do not fit into the buffer that the guest has for them.
    #[error(
        "an argument of {bytes} bytes does not fit into the rest of the guest's buffer of {size} bytes"
    )]
    BufferFull {
        /// The size of the argument.
        bytes: u32,
        /// The size of the buffer.
        size: u32,
    },
    /// The memory that the host has for an Extism plug-in, with its variables, is full.
    #[error(
        "the memory of the Extism plug-in has no room for {bytes} more bytes: with its variables it has {limit} at most"
    )]
    ExtismMemoryFull {
        /// The size of the input or variable.
        bytes: u64,
        /// The largest size of the memory: the limit of the session's memories, and at most 256 MiB.
        limit: u64,
    },
    /// A function returned a status code that its signature does not have.
    #[error("the status code {code} is neither success nor an error of the signature")]
    UnknownStatus {
        /// The code.
        code: i64,
    },
    /// A host function returned an error whose status code means success.
    #[error(
        "the host function failed, but the guest takes the status code {code} of its error for success"
    )]
    LooksLikeSuccess {
        /// The code.
        code: i64,
    },
    /// A host function returned a number that means an error.
    #[error(
        "the host function succeeded, but the guest takes its result {value} for an error: it is negative for it"
    )]
    LooksLikeError {
        /// The number as the guest reads it.
        value: i64,
    },
    /// The guest says that it failed.
    #[error("the guest failed: {}", crate::text::printable(message))]
    Failed {
        /// Its message.
        message: String,
    },
    /// The guest returned without giving its result through the import for it.
    #[error("the guest returned without giving its result to the import {import}")]
    NoOutput {
        /// The import.
        import: &'static str,
    },
    /// The guest gave bytes that are not a whole number of values.
    #[error("the guest gave {bytes} bytes to the import {import}, but each value has {size}")]
    OutputSize {
        /// The import.
        import: &'static str,
        /// The number of bytes.
        bytes: u64,
        /// The size of a value in bytes.
        size: u64,
    },
    /// The guest gave text that is not UTF-8.
    #[error("the text that the guest gave to the import {import} is not UTF-8")]
    OutputNotUtf8 {
        /// The import.
        import: &'static str,
    },
}
