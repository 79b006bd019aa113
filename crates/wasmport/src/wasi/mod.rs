//! `Wasi`: what a guest that imports [WASI](https://wasi.dev) gets to see of the system.
//!
//! The implementation is Wasmtime's, the crate `wasmtime-wasi`; this is how programs choose what it
//! gives. Preview 1 is served, which core modules import as `wasi_snapshot_preview1`, preview 2 of
//! components, and with the cargo feature `wasi-p3` their preview 3.

mod clock;
#[cfg(feature = "component-model")]
mod component;
mod link;
#[cfg(feature = "wasi-p3")]
pub mod p3;
mod poll;
mod stdio;

pub use clock::ManualClock;
pub use link::WasiCtx;
pub(crate) use link::exit_of;
pub use stdio::{Capture, Lines};
pub use wasmtime_wasi::cli::{IsTerminal, StdinStream, StdoutStream};
/// What Wasmtime generated from the interfaces of preview 2, for components whose own interfaces use
/// their types.
#[cfg(feature = "component-model")]
pub use wasmtime_wasi::p2::bindings;

use crate::{Error, Result};
use rand::SeedableRng as _;
use rand::rngs::Xoshiro256PlusPlus;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use wasmtime_wasi::p2::pipe::MemoryInputPipe;
use wasmtime_wasi::{FsPerms, WasiCtxBuilder, cli};

/// What a guest gets to see of the system: at first nothing but the time and randomness.
///
/// It has no arguments, an empty environment, an empty standard input, an output that is thrown away,
/// no folders and no network. A description, of which any number of sessions can be started; clones
/// share what takes the output, and the clock.
#[derive(Clone, Default)]
#[must_use]
pub struct Wasi {
    args: Vec<String>,
    env: Vec<(String, String)>,
    stdin: Input,
    stdout: Option<Output>,
    stderr: Option<Output>,
    folders: Vec<Folder>,
    clock: Option<ManualClock>,
    seed: Option<u64>,
}

#[derive(Clone, Default)]
enum Input {
    #[default]
    Empty,
    Bytes(Vec<u8>),
    Stream(Arc<dyn StdinStream + Sync>),
}

type Output = Arc<dyn StdoutStream + Sync>;

#[derive(Clone, Debug)]
struct Folder {
    host: PathBuf,
    guest: String,
    perms: FsPerms,
}

impl Wasi {
    /// Nothing but the time and randomness.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an argument. Guests take the first one for their own name.
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    pub fn args(mut self, args: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Adds a variable to the environment.
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Adds variables to the environment, such as all of [`std::env::vars`].
    pub fn envs(
        mut self,
        vars: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>,
    ) -> Self {
        self.env.extend(vars.into_iter().map(|(name, value)| (name.into(), value.into())));
        self
    }

    /// The standard input is `bytes`, for each session from the beginning.
    pub fn stdin_bytes(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = Input::Bytes(bytes.into());
        self
    }

    /// The standard input is read from `stream`.
    pub fn stdin(mut self, stream: impl StdinStream + Sync + 'static) -> Self {
        self.stdin = Input::Stream(Arc::new(stream));
        self
    }

    /// The standard output goes to `stream`: a [`Capture`], [`Lines`], or another.
    pub fn stdout(mut self, stream: impl StdoutStream + Sync + 'static) -> Self {
        self.stdout = Some(Arc::new(stream));
        self
    }

    /// The standard error output goes to `stream`: a [`Capture`], [`Lines`], or another.
    pub fn stderr(mut self, stream: impl StdoutStream + Sync + 'static) -> Self {
        self.stderr = Some(Arc::new(stream));
        self
    }

    /// The standard input is the program's own.
    pub fn inherit_stdin(self) -> Self {
        self.stdin(cli::stdin())
    }

    /// The standard output is the program's own.
    pub fn inherit_stdout(self) -> Self {
        self.stdout(cli::stdout())
    }

    /// The standard error output is the program's own.
    pub fn inherit_stderr(self) -> Self {
        self.stderr(cli::stderr())
    }

    /// Standard input and outputs are the program's own.
    pub fn inherit_stdio(self) -> Self {
        self.inherit_stdin().inherit_stdout().inherit_stderr()
    }

    /// The guest sees the folder `host` as `guest`, and may read what is in it.
    ///
    /// It is opened when a session starts. No path leads out of it: neither `..` nor a link.
    pub fn preopened_dir(self, host: impl Into<PathBuf>, guest: impl Into<String>) -> Self {
        self.folder(host.into(), guest.into(), FsPerms::ReadOnly)
    }

    /// The guest sees the folder `host` as `guest`, and may read, change, create and remove in it.
    pub fn preopened_dir_read_write(
        self,
        host: impl Into<PathBuf>,
        guest: impl Into<String>,
    ) -> Self {
        self.folder(host.into(), guest.into(), FsPerms::ReadWrite)
    }

    fn folder(mut self, host: PathBuf, guest: String, perms: FsPerms) -> Self {
        self.folders.push(Folder { host, guest, perms });
        self
    }

    /// The time is what `clock` says, and a guest that sleeps sets it forward and goes on at once.
    pub fn clock(mut self, clock: &ManualClock) -> Self {
        self.clock = Some(clock.clone());
        self
    }

    /// What is random for the guest follows from `seed` alone: for tests and reproducible runs, since
    /// whoever knows the seed can foretell all of it. The same in all versions of this crate that
    /// say nothing else in their changelog.
    pub fn random_seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// A context, for one store.
    ///
    /// # Errors
    ///
    /// [`Error::Preopen`] where a folder cannot be opened.
    pub fn build(&self) -> Result<WasiCtx> {
        self.context(true)
    }

    /// A context for a store whose calls wait: files are read and written by other threads.
    ///
    /// # Errors
    ///
    /// As [`Self::build`].
    #[cfg(feature = "async")]
    pub fn build_async(&self) -> Result<WasiCtx> {
        self.context(false)
    }

    fn context(&self, may_block: bool) -> Result<WasiCtx> {
        let mut builder = WasiCtxBuilder::new();
        // Before the folders, which take it over.
        builder.allow_blocking_current_thread(may_block).args(&self.args).envs(&self.env);
        match &self.stdin {
            Input::Empty => {}
            Input::Bytes(bytes) => {
                builder.stdin(MemoryInputPipe::new(bytes.clone()));
            }
            Input::Stream(stream) => {
                builder.stdin(Arc::clone(stream));
            }
        }
        if let Some(stream) = &self.stdout {
            builder.stdout(Arc::clone(stream));
        }
        if let Some(stream) = &self.stderr {
            builder.stderr(Arc::clone(stream));
        }
        for Folder { host, guest, perms } in &self.folders {
            builder
                .preopened_dir(host, guest, *perms)
                .map_err(|source| Error::Preopen { path: host.clone(), source })?;
        }
        if let Some(clock) = &self.clock {
            builder.wall_clock(clock.clone()).monotonic_clock(clock.clone());
        }
        if let Some(seed) = self.seed {
            let random = Xoshiro256PlusPlus::seed_from_u64(seed);
            builder
                .insecure_random_seed(u128::from(seed))
                .insecure_random(random.clone())
                .secure_random(random);
        }
        Ok(WasiCtx::new(builder.build_p1(), self.clock.clone()))
    }
}

impl fmt::Debug for Wasi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values of the environment are often secrets.
        let names: Vec<&str> = self.env.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Wasi")
            .field("args", &self.args)
            .field("env", &names)
            .field("folders", &self.folders)
            .field("clock", &self.clock)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}
