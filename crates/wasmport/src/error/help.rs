//! The advice that goes with each error.

use super::Error;
#[cfg(feature = "compile")]
use super::WorkerError;
use crate::engine::{LimitReached, Mismatch, PoolingMisfit};
use std::io::ErrorKind;
use wasmtime::Trap;

impl Error {
    /// Returns the advice on what to change, if there is any.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        Some(match self {
            Self::Incompatible { mismatches, .. } => mismatch_help(mismatches),
            Self::Pooling { asset, misfits, .. } => pooling_help(asset.is_some(), misfits),
            Self::WrongAsset { expected, .. } => format!("load `{expected}` with its own wrapper"),
            Self::NotMetered { knob } => format!(
                "set `{} = true` below `[engine]` in wasmport.toml, and import again",
                knob.replace('_', "-")
            ),
            Self::File { source, .. } if source.kind() == ErrorKind::NotFound => {
                "check the path: a relative one begins at the program's working folder".into()
            }
            Self::Call { limit: Some(limit), .. } => call_help(limit, self.is_allocation()),
            Self::Limit { limit: LimitReached { setting: LimitReached::BUDGET, .. }, .. } => {
                "end other sessions that share the `MemoryBudget`, or raise its limit".into()
            }
            Self::Limit { limit: LimitReached { setting, asked, .. }, .. } => {
                format!("set `limits.{setting}` of `RuntimeOptions` to at least {asked}")
            }
            Self::Call { .. } | Self::Wasm(_)
                if self.downcast_ref() == Some(&Trap::StackOverflow) =>
            {
                "set `max_wasm_stack` of `RuntimeOptions` to more if the guest may recurse so deep"
                    .into()
            }
            Self::MissingFeature { feature, .. } => {
                format!("add `features = [\"{feature}\"]` to the `wasmport` dependency")
            }
            _ => return self.fixed_help().map(Into::into),
        })
    }

    /// Returns the advice that is the same for all values of a variant.
    fn fixed_help(&self) -> Option<&'static str> {
        Some(match self {
            Self::Missing { .. } => {
                "ship the importer's output with the program, or import with embedded artifacts"
            }
            Self::Digest { .. } => {
                "import again and rebuild the program, so that wrapper and artifact match"
            }
            Self::Decompress { .. } | Self::Deserialize { .. } => {
                "import again with the `wasmport-build` of this `wasmport`"
            }
            Self::NotMappable { .. } => "load it with `Runtime::load`",
            Self::NoCompiler { .. } => "enable the `compile` feature of the `wasmport` crate",
            #[cfg(feature = "compile")]
            Self::Worker { source, .. } => match source {
                WorkerError::Start { .. } => "check the path of `Worker::program`",
                WorkerError::TimedOut(_) => {
                    "give it more time with `Worker::time`, if you trust the file"
                }
                WorkerError::Memory(_) => {
                    "give it more memory with `Worker::memory_bytes`, if you trust the file"
                }
                WorkerError::TooLarge(_) => {
                    "allow more with `Worker::artifact_bytes`, if you trust the file"
                }
                _ => {
                    "its program must begin with `wasmport::serve_worker()` of this version; else the file made the \
                     compiler crash: do not load it"
                }
            },
            #[cfg(feature = "compile")]
            Self::NotKept { .. } => {
                "load it from its source, with the same cache, and record its digest again"
            }
            #[cfg(feature = "compile")]
            Self::CacheKey { .. } => {
                "put the output of `openssl rand -hex 32` into a file that only you can read, or that root shares: \
                 `(umask 077; openssl rand -hex 32 > key)`"
            }
            #[cfg(feature = "compile")]
            Self::CacheWrite { .. } => {
                "fill a folder that this user can write to, by `ModuleCache::open` or `with_key`"
            }
            #[cfg(feature = "bundle")]
            Self::Bundle { source, .. } => source.help(),
            #[cfg(feature = "oci")]
            Self::Registry(source) => source.help(),
            #[cfg(feature = "bundle")]
            Self::NotInBundle { .. } => "`Bundle::assets` lists what it has",
            #[cfg(feature = "compile")]
            Self::SourceTooLarge { .. } => {
                "allow more with `DynamicAsset::max_bytes`, if you trust the file"
            }
            Self::UnsafeCache { .. } => {
                "use a folder that only this user can write to, or a key: `ModuleCache::with_key`"
            }
            Self::WrongKind { is_component: true, .. } => {
                "create it with `DynamicAsset::component`, or `component_file`"
            }
            Self::WrongKind { is_component: false, .. } => {
                "create it with `DynamicAsset::new`, or `file`"
            }
            #[cfg(feature = "inspect")]
            Self::NotWasm { help, .. } => help,
            #[cfg(feature = "inspect")]
            Self::Damaged { .. } => {
                "the file was not written, or not read, whole; or it uses a proposal that Wasmtime 48 does not know"
            }
            Self::Interface { .. } => {
                "give its author the interface: the code must have all of its exports, and only imports that it has"
            }
            Self::Version { found: Some(_), .. } => {
                "update the program, or build the code for a version that it supports"
            }
            Self::Version { found: None, .. } => {
                "build the code with the guest's side of the interface: `cargo wasmport guest` writes it"
            }
            #[cfg(feature = "follow")]
            Self::OutdatedWrapper { .. } => {
                "import again and rebuild the program, so that the wrapper is that of the source"
            }
            #[cfg(feature = "follow")]
            Self::NoFile { .. } => "create it with `DynamicAsset::file`, or `component_file`",
            #[cfg(feature = "follow")]
            Self::Watch { .. } => {
                "on Linux, raise `fs.inotify.max_user_watches` or `fs.inotify.max_user_instances`; or poll: \
                 `Follow::poll`"
            }
            Self::Poisoned { .. } => "start a new session",
            Self::Exited { .. } => "start a new session; `run` of a command returns the exit code",
            #[cfg(feature = "snapshot")]
            Self::Snapshot { source, .. } => source.help(),
            Self::Preopen { .. } => "create the folder, or pass another",
            Self::Environment { .. } => {
                "remove it, or use `Wasi::inherit_env`, which replaces what is not UTF-8"
            }
            Self::QueueFull { .. } => "call it less often, or set a longer `HandleOptions::queue`",
            Self::HandleEnded { .. } => {
                "make a new handle; `HandleOptions::restart` starts a new session after a failure"
            }
            Self::Reentrant { .. } => "call it on another thread, or after the call that runs",
            Self::EmptySlot => "give it code with `Slot::replace`",
            Self::Busy { .. } => "wait longer, or make the pool larger",
            _ => return None,
        })
    }
}

/// Returns the advice for a call that failed after a limit had refused the guest a resource.
fn call_help(limit: &LimitReached, is_reason: bool) -> String {
    let LimitReached { setting, asked, .. } = limit;
    if is_reason {
        return format!("set `limits.{setting}` of `RuntimeOptions` to at least {asked}");
    }
    format!("this may be the reason: {limit}")
}

fn mismatch_help(mismatches: &[Mismatch]) -> String {
    let mut helps: Vec<String> = mismatches.iter().map(Mismatch::help).collect();
    helps.dedup();
    helps.join("; ")
}

fn pooling_help(is_of_asset: bool, misfits: &[PoolingMisfit]) -> String {
    if !misfits.is_empty() {
        return misfits.iter().map(PoolingMisfit::help).collect::<Vec<_>>().join("; ");
    }
    // Modules do not tell the size of their instances, nor whether their memories are shared.
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
