//! The message of each error, with text of files and guests as it is.

use super::Error;
use super::causes::write_causes;
use crate::engine::PoolingMisfit;
use crate::interface::Difference;
use std::fmt::{Display, Result, Write};
use std::io::ErrorKind;

impl Error {
    /// Writes the message to `f`, which escapes it.
    pub(super) fn write_message(&self, f: &mut impl Write) -> Result {
        match self {
            Self::Incompatible { asset, mismatches } => {
                write!(f, "asset `{asset}` does not fit this program: {}", list(mismatches))
            }
            Self::Missing { asset, path, source } => {
                write!(f, "the artifact of asset `{asset}` is missing at `{path}`: {source}")
            }
            Self::Read { asset, path, source } => {
                write!(f, "cannot read the artifact of asset `{asset}` at `{path}`: {source}")
            }
            Self::File { asset, path, source } => {
                let path = path.display();
                match source.kind() {
                    ErrorKind::NotFound => {
                        write!(f, "the file `{path}` of asset `{asset}` does not exist")
                    }
                    _ => write!(f, "cannot read the file `{path}` of asset `{asset}`: {source}"),
                }
            }
            #[cfg(feature = "bundle")]
            Self::Bundle { bundle, source } => {
                write!(f, "the bundle `{bundle}` does not count: {source}")
            }
            #[cfg(feature = "oci")]
            Self::Registry(source) => write!(f, "{source}"),
            #[cfg(feature = "bundle")]
            Self::NotInBundle { asset } => write!(f, "the bundle has no asset `{asset}`"),
            #[cfg(feature = "compile")]
            Self::SourceTooLarge { asset, limit } => {
                write!(f, "the source of asset `{asset}` is longer than {limit} bytes")
            }
            Self::Digest { asset, expected, actual, expected_bytes, actual_bytes } => write!(
                f,
                "the artifact of asset `{asset}` is not the one its wrapper was generated with: \
         {actual_bytes} bytes with BLAKE3 {actual}, expected {expected_bytes} bytes with {expected}"
            ),
            Self::Decompress { asset, source } => {
                write!(f, "cannot decompress the artifact of asset `{asset}`: {source}")
            }
            Self::NotMappable { asset, source } => {
                write!(f, "cannot map the artifact of asset `{asset}`: {source}")
            }
            Self::NoCompiler { asset } => {
                write!(f, "asset `{asset}` needs the compiler, which this program lacks")
            }
            Self::Compile { asset, source } => {
                write!(f, "cannot compile asset `{asset}`: {source:#}")
            }
            #[cfg(feature = "compile")]
            Self::Worker { asset, source } => {
                write!(f, "the worker did not compile asset `{asset}`: {source}")
            }
            #[cfg(feature = "compile")]
            Self::NotKept { asset, digest, source } => {
                write!(f, "asset `{asset}` cannot be loaded by the digest {digest}: {source}")
            }
            #[cfg(feature = "compile")]
            Self::CacheKey { path, source } => {
                write!(f, "cannot read the key of a cache from `{}`: {source}", path.display())
            }
            #[cfg(feature = "compile")]
            Self::CacheWrite { path, source } => {
                write!(f, "cannot store compiled code in `{}`: {source}", path.display())
            }
            Self::UnsafeCache { path, source } => {
                write!(f, "compiled modules in `{}` cannot be trusted: {source}", path.display())
            }
            Self::Deserialize { asset, source } => {
                write!(f, "Wasmtime rejects the artifact of asset `{asset}`: {source:#}")
            }
            Self::Interface { asset, interface, differences } => {
                let differences = list(differences);
                write!(
                    f,
                    "{} does not have the interface `{interface}`: {differences}",
                    code(asset)
                )
            }
            Self::Version { asset, interface, found, detected_by, supported } => {
                let (asset, supported) = (code(asset), supported.join(", "));
                match found {
                    Some(found) => write!(
                        f,
                        "{asset} is of version `{found}` of the interface `{interface}`, and this program supports {supported}"
                    ),
                    None => write!(
                        f,
                        "{asset} has no version of the interface `{interface}`, which {detected_by} tells; this program supports {supported}"
                    ),
                }
            }
            #[cfg(feature = "inspect")]
            Self::NotWasm { message, .. } => write!(f, "the bytes are not WebAssembly: {message}"),
            #[cfg(feature = "inspect")]
            Self::Damaged { message, offset } => {
                write!(f, "the WebAssembly is damaged at byte {offset}: {message}")
            }
            #[cfg(feature = "follow")]
            Self::OutdatedWrapper { asset, differences } => write!(
                f,
                "the source of asset `{asset}` does not have the interface of its wrapper: {}",
                list(differences)
            ),
            #[cfg(feature = "follow")]
            Self::NoFile { asset } => {
                write!(f, "asset `{asset}` cannot be followed: it is not in a file")
            }
            #[cfg(feature = "follow")]
            Self::Watch { path, source } => {
                write!(f, "cannot watch the folder `{}`: {source}", path.display())
            }
            Self::WrongAsset { expected, actual } => {
                write!(f, "the wrapper of asset `{expected}` was passed asset `{actual}`")
            }
            Self::WrongKind { asset, is_component } => {
                write!(f, "asset `{asset}` is {}", wrong_kind(*is_component))
            }
            Self::Engine { source } => {
                write!(f, "Wasmtime rejects the engine configuration: {source:#}")
            }
            Self::Pooling { asset, misfits, source } => {
                write!(f, "{}", pooling(asset.as_deref(), misfits, source.as_ref()))
            }
            Self::MissingFeature { what, feature } => {
                write!(f, "{what} needs the `{feature}` feature of the `wasmport` crate")
            }
            Self::QueueFull { handle, waiting } => {
                write!(f, "{waiting} calls of the handle `{handle}` wait already")
            }
            Self::HandleEnded { handle, cause } => {
                write!(f, "the handle `{handle}` has ended")?;
                cause.as_ref().map_or(Ok(()), |cause| write!(f, ": {cause}"))
            }
            Self::Reentrant { handle } => write!(
                f,
                "the handle `{handle}` was called on its own thread, where the call would wait for itself"
            ),
            Self::Panicked { asset, message } => {
                write!(f, "the host panicked in a call of `{asset}`: {message}")
            }
            Self::EmptySlot => f.write_str("the slot has no code yet"),
            Self::Busy { asset, sessions } => {
                write!(f, "all {sessions} sessions of the pool for asset `{asset}` are in use")
            }
            Self::Call { asset, function, limit, source } => {
                write!(f, "{}: ", callee(asset, function.as_deref()))?;
                write_causes(f, source)?;
                let limit = limit.filter(|_| self.is_allocation());
                limit.map_or(Ok(()), |limit| write!(f, ": {limit}"))
            }
            Self::Limit { asset, limit, .. } => {
                write!(f, "a session of asset `{asset}` cannot start: {limit}")
            }
            Self::Wasm(source) => write_causes(f, source),
            Self::OutOfBounds { address, bytes, memory_bytes } => write!(
                f,
                "{bytes} bytes at guest address {address} exceed the memory of {memory_bytes} bytes"
            ),
            Self::TableOutOfBounds { index, size } => {
                write!(f, "the table index {index} exceeds the table of {size} elements")
            }
            Self::Allocation { bytes } => {
                write!(f, "the guest's allocator returned null for {bytes} bytes")
            }
            Self::Value(source) => write!(f, "{source}"),
            Self::NotUtf8 { address, bytes } => {
                write!(f, "the {bytes} bytes at guest address {address} are not UTF-8")
            }
            Self::NoMemory { name } => write!(f, "the calling instance exports no memory `{name}`"),
            Self::OutOfFuel { asset, function, .. } => {
                write!(f, "{}: it has used up its fuel", callee(asset, function.as_deref()))
            }
            Self::TimedOut { asset, function, limit, .. } => {
                write!(f, "{}: it took longer than {limit:?}", callee(asset, function.as_deref()))
            }
            Self::Interrupted { asset, function, .. } => {
                write!(f, "{}: it was interrupted", callee(asset, function.as_deref()))
            }
            Self::NotMetered { knob } => {
                write!(f, "this limit needs the engine setting `{knob}`, which is off")
            }
            Self::Thread { source } => {
                write!(f, "cannot start the thread that enforces time limits: {source}")
            }
            Self::Exited { asset, code } => {
                write!(f, "the guest of asset `{asset}` has exited with code {code}")
            }
            #[cfg(feature = "snapshot")]
            Self::Snapshot { asset, source } => {
                write!(f, "a snapshot of asset `{asset}` cannot be used: {source}")
            }
            Self::Preopen { path, source } => {
                write!(f, "cannot open the folder `{}` for the guest: {source:#}", path.display())
            }
            Self::Environment { name } => {
                write!(f, "the variable `{name}` of this program's environment is not UTF-8")
            }
            #[cfg(feature = "wasi-http")]
            Self::HttpRefused { asset, source } => {
                write!(f, "the guest of asset `{asset}` refuses the HTTP request: {source:#}")
            }
            #[cfg(feature = "wasi-http")]
            Self::NoHttpResponse { asset } => {
                write!(f, "the guest of asset `{asset}` has returned without an HTTP response")
            }
            #[cfg(feature = "replay")]
            Self::Record { asset, source } => {
                write!(f, "the session of asset `{asset}` cannot be recorded: {source}")
            }
            Self::Poisoned { asset, cause: Some(cause) } => write!(
                f,
                "an earlier call of this session of asset `{asset}` failed, so the guest's state is \
                 unknown: {cause}"
            ),
            Self::Poisoned { asset, cause: None } => write!(
                f,
                "an earlier call of this session of asset `{asset}` did not end, because a host function \
                 panicked or the call was dropped"
            ),
        }
    }

    /// Returns whether the guest's allocator failed.
    pub(super) fn is_allocation(&self) -> bool {
        matches!(self.downcast_ref(), Some(Self::Allocation { .. }))
    }
}

/// Names code, which may have no name.
pub(super) fn code(asset: &str) -> String {
    if asset.is_empty() { "the code".into() } else { format!("`{asset}`") }
}

/// Names a call.
fn callee(asset: &str, function: Option<&str>) -> String {
    match function {
        Some(function) => format!("asset `{asset}`, function `{function}`"),
        None => format!("asset `{asset}`"),
    }
}

/// Joins items with semicolons.
fn list(items: &[impl Display]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn wrong_kind(is_component: bool) -> &'static str {
    match is_component {
        true => "a component, not a core module",
        false => "a core module, not a component",
    }
}

/// Lists the misfits, else Wasmtime's reason.
fn pooling(
    asset: Option<&str>,
    misfits: &[PoolingMisfit],
    source: Option<&wasmtime::Error>,
) -> String {
    let user = asset.map_or("this runtime".into(), |asset| format!("asset `{asset}`"));
    let reason = match source {
        _ if !misfits.is_empty() => format!(": {}", list(misfits)),
        Some(source) => format!(": {source:#}"),
        None => String::new(),
    };
    format!("the pooling allocator cannot serve {user}{reason}")
}

impl Error {
    /// Writes message, frames and help.
    pub(super) fn write_all(&self, f: &mut impl Write) -> Result {
        if let Self::Incompatible { asset, mismatches } = self {
            write!(f, "asset `{asset}` does not fit this program:")?;
            let mut mismatches = mismatches.iter();
            return mismatches.try_for_each(|m| write!(f, "\n  - {m}\n    help: {}", m.help()));
        }
        match self {
            Self::Interface { asset, interface, differences } => {
                write!(f, "{} does not have the interface `{interface}`:", code(asset))?;
                write_lines(f, differences)?;
            }
            #[cfg(feature = "follow")]
            Self::OutdatedWrapper { asset, differences } => {
                write!(
                    f,
                    "the source of asset `{asset}` does not have the interface of its wrapper:"
                )?;
                write_lines(f, differences)?;
            }
            _ => self.write_message(f)?,
        }
        let frames = self.frames();
        for (index, frame) in frames.iter().enumerate() {
            write!(f, "\n  {index:>3}: {frame}")?;
        }
        self.help().map_or(Ok(()), |help| write!(f, "\n  help: {help}"))
    }
}

fn write_lines(f: &mut impl Write, differences: &[Difference]) -> Result {
    differences.iter().try_for_each(|difference| write!(f, "\n  - {difference}"))
}
