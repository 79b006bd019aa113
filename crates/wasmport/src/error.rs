//! The runtime's errors: each names the asset, and what to change.

use crate::engine::PoolingMisfit;
use crate::{Digest, Mismatch};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// The runtime's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an asset did not load, or a session did not start.
///
/// `Debug` prints the whole message over several lines, so that `main` may return it.
#[non_exhaustive]
pub enum Error {
    /// The asset does not fit this program: everything that differs.
    Incompatible {
        /// The asset's name.
        asset: String,
        /// Every difference found.
        mismatches: Vec<Mismatch>,
    },
    /// The artifact is not where it should be.
    Missing {
        /// The asset's name.
        asset: String,
        /// Where it should be.
        path: String,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// The artifact cannot be read.
    Read {
        /// The asset's name.
        asset: String,
        /// Where it is.
        path: String,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// The artifact is not the one that the wrapper was made with: truncated, altered, or another.
    Digest {
        /// The asset's name.
        asset: String,
        /// The digest in the wrapper.
        expected: Digest,
        /// The digest of what was read.
        actual: Digest,
        /// The length that the wrapper says, in bytes.
        expected_bytes: u64,
        /// The length of what was read, in bytes.
        actual_bytes: u64,
    },
    /// The artifact is the right one and does not decompress to what the wrapper says.
    Decompress {
        /// The asset's name.
        asset: String,
        /// What is wrong.
        message: String,
    },
    /// The artifact cannot be run where it lies.
    NotMappable {
        /// The asset's name.
        asset: String,
        /// Why.
        message: String,
    },
    /// The asset has to be compiled, and this program carries no compiler.
    NoCompiler {
        /// The asset's name.
        asset: String,
    },
    /// What should be compiled is no valid core module, or nothing that this program can run.
    Compile {
        /// The asset's name.
        asset: String,
        /// What is wrong with it.
        message: String,
    },
    /// The folder of compiled modules cannot be trusted.
    UnsafeCache {
        /// The folder.
        path: String,
        /// Why.
        message: String,
    },
    /// The artifact is the right one and Wasmtime refuses it all the same.
    Deserialize {
        /// The asset's name.
        asset: String,
        /// Wasmtime's reason.
        source: wasmtime::Error,
    },
    /// A wrapper was given the module of another asset.
    WrongAsset {
        /// The asset that the wrapper is for.
        expected: String,
        /// The asset that it was given.
        actual: String,
    },
    /// A component was to be loaded as a module, or a module as a component.
    WrongKind {
        /// The asset.
        asset: String,
        /// Whether it is a component.
        is_component: bool,
    },
    /// Wasmtime refuses the engine configuration.
    Engine {
        /// Wasmtime's reason.
        source: wasmtime::Error,
    },
    /// The pooling allocator's settings do not go with the engine configuration, with this machine,
    /// with an asset, or with the size of a [`Pool`](crate::Pool).
    Pooling {
        /// The asset's name, where it is about one.
        asset: Option<String>,
        /// Every setting that does not fit, as far as that can be told.
        misfits: Vec<PoolingMisfit>,
        /// Wasmtime's reason, where it was asked.
        source: Option<wasmtime::Error>,
    },
    /// An option needs a cargo feature that this build of the crate lacks.
    MissingFeature {
        /// What needs it.
        what: &'static str,
        /// The cargo feature.
        feature: &'static str,
    },
    /// A [`Pool`](crate::Pool) has as many sessions as it may have, and none ended in time.
    Busy {
        /// The asset's name.
        asset: String,
        /// How many sessions the pool has at most.
        sessions: usize,
    },
    /// A call, an instantiation or a link failed in Wasmtime or in the guest.
    Wasm(wasmtime::Error),
    /// A guest address range that does not lie in the memory.
    OutOfBounds {
        /// The address.
        address: u64,
        /// The length in bytes.
        bytes: u64,
        /// The memory's size in bytes.
        memory_bytes: u64,
    },
    /// A table index that the table does not have.
    TableOutOfBounds {
        /// The index.
        index: u64,
        /// How many elements the table has.
        size: u64,
    },
    /// The guest's allocator gave no memory.
    Allocation {
        /// How much was asked for.
        bytes: u64,
    },
    /// A value that the other side's type does not have, such as 2 for `bool`.
    Value {
        /// What is wrong with it.
        message: String,
    },
    /// Guest bytes that should be text are not UTF-8.
    NotUtf8 {
        /// The address.
        address: u64,
        /// The length in bytes.
        bytes: u64,
    },
    /// The calling instance exports no memory of this name.
    NoMemory {
        /// The name looked for.
        name: String,
    },
    /// The guest has used up the fuel that it was given.
    OutOfFuel {
        /// The asset's name.
        asset: String,
    },
    /// A call took longer than it may.
    TimedOut {
        /// The asset's name.
        asset: String,
        /// The limit, of the session or of one of its groups.
        limit: Duration,
    },
    /// Calls of the session were ended: through its [`Group`](crate::Group), or by a deadline that was
    /// set on its store.
    Interrupted {
        /// The asset's name.
        asset: String,
    },
    /// A bound was asked for that the code was not compiled to keep.
    NotMetered {
        /// The setting of [`EngineConfig`](crate::EngineConfig) that it needs.
        knob: &'static str,
    },
    /// The thread cannot be started that watches how long calls take.
    Thread {
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// The guest has ended itself in this or an earlier call of the session, as a process does.
    Exited {
        /// The asset's name.
        asset: String,
        /// What it passed to `exit`.
        code: i32,
    },
    /// A folder that a guest should see cannot be opened.
    Preopen {
        /// The folder.
        path: PathBuf,
        /// The reason.
        source: wasmtime::Error,
    },
    /// An earlier call of this session failed half-way, so that the guest's state is unknown.
    Poisoned {
        /// The asset's name.
        asset: String,
    },
}

impl Error {
    /// What to do about it, where there is an answer.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Incompatible { mismatches, .. } => {
                let mut helps: Vec<String> = mismatches.iter().map(Mismatch::help).collect();
                helps.dedup();
                Some(helps.join("; "))
            }
            Self::Missing { .. } => Some("ship the importer's output with the program, or import with embedded artifacts".into()),
            Self::Digest { .. } => Some("import again and rebuild the program, so that wrapper and artifact belong together".into()),
            Self::Decompress { .. } | Self::Deserialize { .. } => Some("import again with the `wasmport-build` of this `wasmport`".into()),
            Self::NotMappable { .. } => Some("load it with `Runtime::load`".into()),
            Self::NoCompiler { .. } => Some("enable the `compile` feature of the `wasmport` crate".into()),
            Self::UnsafeCache { .. } => Some("give a folder that belongs to this user alone, or a key: `ModuleCache::with_key`".into()),
            Self::WrongAsset { expected, .. } => Some(format!("load `{expected}` with its own wrapper")),
            Self::WrongKind { is_component: true, .. } => Some("load it with `Runtime::load_component`, or through its wrapper".into()),
            Self::WrongKind { is_component: false, .. } => Some("load it with `Runtime::load`, or through its wrapper".into()),
            Self::Poisoned { .. } => Some("start a new session".into()),
            Self::Exited { .. } => Some("start a new session; a command's code is what `run` gives".into()),
            Self::Preopen { .. } => Some("create the folder, or give the guest another".into()),
            Self::NotMetered { knob } => Some(format!("import with `{} = true` below `[engine]` in wasmport.toml", knob.replace('_', "-"))),
            Self::Pooling { asset, misfits, .. } => Some(pooling_help(asset.is_some(), misfits)),
            Self::MissingFeature { feature, .. } => {
                Some(format!("add `features = [\"{feature}\"]` to the `wasmport` dependency"))
            }
            Self::Busy { .. } => Some("wait longer, or make the pool larger".into()),
            Self::OutOfFuel { .. } | Self::TimedOut { .. } | Self::Interrupted { .. } | Self::Thread { .. } | Self::Read { .. } | Self::Compile { .. } | Self::Engine { .. } | Self::Wasm(_) | Self::OutOfBounds { .. } | Self::TableOutOfBounds { .. } | Self::Allocation { .. } | Self::Value { .. } | Self::NotUtf8 { .. } | Self::NoMemory { .. } => None,
        }
    }
}

fn pooling_help(is_of_asset: bool, misfits: &[PoolingMisfit]) -> String {
    if !misfits.is_empty() {
        return misfits.iter().map(PoolingMisfit::help).collect::<Vec<_>>().join("; ");
    }
    // What cannot be asked of a module: the size of its instances, and whether memories are shared.
    let help = match is_of_asset {
        true => {
            "set `max_core_instance_size` of `RuntimeOptions::pooling` to more; an asset with \
             shared memories needs a runtime without pooling"
        }
        false => {
            "set `total_memories` of `RuntimeOptions::pooling` to less, or import with a smaller \
             `memory_reservation`: their product is address space of this process"
        }
    };
    help.into()
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Incompatible { asset, mismatches } => {
                write!(f, "asset `{asset}` does not fit this program: ")?;
                for (i, mismatch) in mismatches.iter().enumerate() {
                    write!(f, "{}{mismatch}", if i == 0 { "" } else { "; " })?;
                }
                Ok(())
            }
            Self::Missing { asset, path, source } => {
                write!(f, "the artifact of asset `{asset}` is missing at `{path}`: {source}")
            }
            Self::Read { asset, path, source } => {
                write!(f, "cannot read the artifact of asset `{asset}` at `{path}`: {source}")
            }
            Self::Digest { asset, expected, actual, expected_bytes, actual_bytes } => write!(
                f,
                "the artifact of asset `{asset}` is not the one its wrapper was made with: \
                 {actual_bytes} bytes with BLAKE3 {actual}, expected {expected_bytes} bytes with {expected}"
            ),
            Self::Decompress { asset, message } => {
                write!(f, "cannot decompress the artifact of asset `{asset}`: {message}")
            }
            Self::NotMappable { asset, message } => {
                write!(f, "cannot map the artifact of asset `{asset}`: {message}")
            }
            Self::NoCompiler { asset } => {
                write!(
                    f,
                    "asset `{asset}` has to be compiled, and this program carries no compiler"
                )
            }
            Self::Compile { asset, message } => {
                write!(f, "cannot compile asset `{asset}`: {message}")
            }
            Self::UnsafeCache { path, message } => {
                write!(f, "compiled modules in `{path}` cannot be trusted: {message}")
            }
            Self::Deserialize { asset, source } => {
                write!(f, "Wasmtime refuses the artifact of asset `{asset}`: {source:#}")
            }
            Self::WrongAsset { expected, actual } => {
                write!(f, "the wrapper of asset `{expected}` was given asset `{actual}`")
            }
            Self::WrongKind { asset, is_component: true } => {
                write!(f, "asset `{asset}` is a component, and no core module")
            }
            Self::WrongKind { asset, is_component: false } => {
                write!(f, "asset `{asset}` is a core module, and no component")
            }
            Self::Engine { source } => {
                write!(f, "Wasmtime refuses the engine configuration: {source:#}")
            }
            Self::Pooling { asset, misfits, source } => {
                f.write_str("the pooling allocator cannot serve ")?;
                match asset {
                    Some(asset) => write!(f, "asset `{asset}`")?,
                    None => f.write_str("this runtime")?,
                }
                for (i, misfit) in misfits.iter().enumerate() {
                    write!(f, "{}{misfit}", if i == 0 { ": " } else { "; " })?;
                }
                // Wasmtime's words where there are none of our own.
                match source.as_ref().filter(|_| misfits.is_empty()) {
                    Some(source) => write!(f, ": {source:#}"),
                    None => Ok(()),
                }
            }
            Self::MissingFeature { what, feature } => {
                write!(f, "{what} needs the `{feature}` feature of the `wasmport` crate")
            }
            Self::Busy { asset, sessions } => {
                write!(f, "all {sessions} sessions of the pool for asset `{asset}` are in use")
            }
            Self::Wasm(source) => write!(f, "{source:#}"),
            Self::OutOfBounds { address, bytes, memory_bytes } => {
                write!(
                    f,
                    "{bytes} bytes at guest address {address} exceed the memory of {memory_bytes} bytes"
                )
            }
            Self::TableOutOfBounds { index, size } => {
                write!(f, "the table of {size} elements has none at index {index}")
            }
            Self::Allocation { bytes } => {
                write!(f, "the guest's allocator gave no memory for {bytes} bytes")
            }
            Self::Value { message } => f.write_str(message),
            Self::NotUtf8 { address, bytes } => {
                write!(f, "the {bytes} bytes at guest address {address} are not UTF-8")
            }
            Self::OutOfFuel { asset } => write!(f, "asset `{asset}` has used up its fuel"),
            Self::TimedOut { asset, limit } => {
                write!(f, "a call of asset `{asset}` took longer than {limit:?}")
            }
            Self::Interrupted { asset } => write!(f, "the call of asset `{asset}` was interrupted"),
            Self::NotMetered { knob } => {
                write!(f, "this bound needs {knob}, and the engine was configured without")
            }
            Self::Thread { source } => {
                write!(f, "cannot start the thread that watches how long calls take: {source}")
            }
            Self::NoMemory { name } => write!(f, "the calling instance exports no memory `{name}`"),
            Self::Exited { asset, code } => {
                write!(f, "the guest of asset `{asset}` has exited with code {code}")
            }
            Self::Preopen { path, source } => {
                write!(f, "cannot open the folder `{}` for the guest: {source:#}", path.display())
            }
            Self::Poisoned { asset } => {
                write!(
                    f,
                    "an earlier call of this session of asset `{asset}` failed half-way, its state is unknown"
                )
            }
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Incompatible { asset, mismatches } => {
                write!(f, "asset `{asset}` does not fit this program:")?;
                mismatches.iter().try_for_each(|m| write!(f, "\n  - {m}\n    help: {}", m.help()))
            }
            Self::Wasm(source) => fmt::Debug::fmt(source, f),
            _ => {
                write!(f, "{self}")?;
                self.help().map_or(Ok(()), |help| write!(f, "\n  help: {help}"))
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Missing { source, .. } | Self::Read { source, .. } | Self::Thread { source } => {
                Some(source)
            }
            Self::Deserialize { source, .. }
            | Self::Engine { source }
            | Self::Pooling { source: Some(source), .. }
            | Self::Preopen { source, .. }
            | Self::Wasm(source) => Some(AsRef::<dyn std::error::Error>::as_ref(source)),
            _ => None,
        }
    }
}

impl From<wasmtime::Error> for Error {
    /// Keeps one of our own errors that passed through Wasmtime as what it was.
    fn from(error: wasmtime::Error) -> Self {
        error.downcast::<Error>().unwrap_or_else(Error::Wasm)
    }
}
