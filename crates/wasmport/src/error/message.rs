//! The message of each error, with text of files and guests as it is.

use super::Error;
use crate::engine::PoolingMisfit;
use std::fmt::{Display, Result, Write};

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
            Self::UnsafeCache { path, source } => {
                write!(f, "compiled modules in `{}` cannot be trusted: {source}", path.display())
            }
            Self::Deserialize { asset, source } => {
                write!(f, "Wasmtime rejects the artifact of asset `{asset}`: {source:#}")
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
            Self::Busy { asset, sessions } => {
                write!(f, "all {sessions} sessions of the pool for asset `{asset}` are in use")
            }
            Self::Wasm(source) => write!(f, "{source:#}"),
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
            Self::OutOfFuel { asset } => write!(f, "asset `{asset}` has used up its fuel"),
            Self::TimedOut { asset, limit } => {
                write!(f, "a call of asset `{asset}` took longer than {limit:?}")
            }
            Self::Interrupted { asset } => write!(f, "the call of asset `{asset}` was interrupted"),
            Self::NotMetered { knob } => {
                write!(f, "this limit needs the engine setting `{knob}`, which is off")
            }
            Self::Thread { source } => {
                write!(f, "cannot start the thread that enforces time limits: {source}")
            }
            Self::Exited { asset, code } => {
                write!(f, "the guest of asset `{asset}` has exited with code {code}")
            }
            Self::Preopen { path, source } => {
                write!(f, "cannot open the folder `{}` for the guest: {source:#}", path.display())
            }
            Self::Poisoned { asset } => write!(
                f,
                "an earlier call of this session of asset `{asset}` failed before it returned; the guest's \
         state is unknown"
            ),
        }
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
