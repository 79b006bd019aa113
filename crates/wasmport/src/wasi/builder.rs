//! `Wasi`: the builder of a guest's system.

mod audit;
mod network;
mod policy;

use self::network::Network;
use super::ctx::WasiCtx;
use super::random::{Random, RandomSource};
use super::sources::Sources;
use super::stream::Terminal;
use super::time::Clock;
use crate::error::{Error, Result};
use std::env;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use wasmtime_wasi::cli::{StdinStream, StdoutStream};
use wasmtime_wasi::p2::pipe::MemoryInputPipe;
use wasmtime_wasi::{FsPerms, WasiCtxBuilder, cli};

/// The system that a guest sees: by default only the time and randomness.
///
/// The default has no arguments, an empty environment, an empty standard input, discarded outputs, no
/// folders and no network. It is a description from which any number of sessions can start; clones
/// share output streams and clock.
#[derive(Clone, Default)]
#[must_use]
pub struct Wasi {
    args: Vec<String>,
    env: Vec<(String, String)>,
    stdin: Input,
    stdout: Option<Output>,
    stderr: Option<Output>,
    folders: Vec<Folder>,
    network: Network,
    terminal: Option<Terminal>,
    clock: Option<Arc<dyn Clock>>,
    random: RandomSource,
    pub(crate) audit: Option<super::audit::Hook>,
    #[cfg(feature = "vfs")]
    files: Vec<(String, Mount)>,
    /// The directory of the usual devices.
    #[cfg(feature = "vfs")]
    devices: Option<String>,
    #[cfg(feature = "wasi-http")]
    pub(super) http: super::http::Grant,
}

#[derive(Clone, Default)]
enum Input {
    #[default]
    Empty,
    Bytes(Vec<u8>),
    Stream(Arc<dyn StdinStream + Sync>),
}

type Output = Arc<dyn StdoutStream + Sync>;

/// Virtual files that are mounted.
#[cfg(feature = "vfs")]
#[derive(Clone)]
enum Mount {
    /// Each session has its own.
    Own(crate::vfs::Files),
    Shared(crate::vfs::SharedFiles),
}

#[derive(Clone, Debug)]
struct Folder {
    host: PathBuf,
    guest: String,
    perms: FsPerms,
}

impl Wasi {
    /// Creates a system with only the time and randomness.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an argument. Guests expect their own name as the first.
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

    /// Adds variables to the environment.
    pub fn envs(
        mut self,
        vars: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>,
    ) -> Self {
        self.env.extend(vars.into_iter().map(|(name, value)| (name.into(), value.into())));
        self
    }

    /// Adds all variables of this program's own environment. On most systems they can be any bytes, but a
    /// guest's are text: what is not UTF-8 is replaced, as
    /// [`to_string_lossy`](std::ffi::OsStr::to_string_lossy) does.
    pub fn inherit_env(mut self) -> Self {
        let text = |text: OsString| text.to_string_lossy().into_owned();
        self.env.extend(env::vars_os().map(|(name, value)| (text(name), text(value))));
        self
    }

    /// Adds all variables of this program's own environment, if all of them are text.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Environment`] if the name or value of a variable is not UTF-8.
    pub fn try_inherit_env(mut self) -> Result<Self> {
        for (name, value) in env::vars_os() {
            let shown = name.to_string_lossy().into_owned();
            let (Ok(name), Ok(value)) = (name.into_string(), value.into_string()) else {
                return Err(Error::Environment { name: shown });
            };
            self.env.push((name, value));
        }
        Ok(self)
    }

    /// Sets the standard input to `bytes`; each session reads them from the start.
    pub fn stdin_bytes(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = Input::Bytes(bytes.into());
        self
    }

    /// Reads the standard input from `stream`.
    pub fn stdin(mut self, stream: impl StdinStream + Sync + 'static) -> Self {
        self.stdin = Input::Stream(Arc::new(stream));
        self
    }

    /// Writes the standard output to `stream`, such as a [`Capture`](super::Capture) or
    /// [`Lines`](super::Lines).
    pub fn stdout(mut self, stream: impl StdoutStream + Sync + 'static) -> Self {
        self.stdout = Some(Arc::new(stream));
        self
    }

    /// Writes the standard error to `stream`, such as a [`Capture`](super::Capture) or
    /// [`Lines`](super::Lines).
    pub fn stderr(mut self, stream: impl StdoutStream + Sync + 'static) -> Self {
        self.stderr = Some(Arc::new(stream));
        self
    }

    /// Uses the program's own standard input.
    pub fn inherit_stdin(self) -> Self {
        self.stdin(cli::stdin())
    }

    /// Uses the program's own standard output.
    pub fn inherit_stdout(self) -> Self {
        self.stdout(cli::stdout())
    }

    /// Uses the program's own standard error.
    pub fn inherit_stderr(self) -> Self {
        self.stderr(cli::stderr())
    }

    /// Uses the program's own standard input, output and error.
    pub fn inherit_stdio(self) -> Self {
        self.inherit_stdin().inherit_stdout().inherit_stderr()
    }

    /// Uses a terminal as the standard input, output and error, and as the device `tty` of virtual files. The
    /// guest finds its size in the variables `COLUMNS` and `LINES`, unless they are set otherwise.
    pub fn terminal(mut self, terminal: &Terminal) -> Self {
        self.terminal = Some(terminal.clone());
        self.stdin(terminal.clone()).stdout(terminal.clone()).stderr(terminal.clone())
    }

    /// Shows the guest the folder `host` as `guest`, with read access.
    ///
    /// It is opened when a session starts. No path leads out of it: neither `..` nor a link.
    pub fn preopened_dir(self, host: impl Into<PathBuf>, guest: impl Into<String>) -> Self {
        self.folder(host.into(), guest.into(), FsPerms::ReadOnly)
    }

    /// Shows the guest the folder `host` as `guest`, with read and write access.
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

    /// Shows the guest virtual files as the folder `guest`. Each session has its own, which begin as they are now;
    /// [`WasiCtx::files`] reads them back.
    ///
    /// Core modules see them through preview 1, components through WASI 0.2 and 0.3.
    #[cfg(feature = "vfs")]
    pub fn files(mut self, files: &crate::vfs::Files, guest: impl Into<String>) -> Self {
        self.files.push((guest.into(), Mount::Own(files.clone())));
        self
    }

    /// Shows the guest the usual devices in the folder `/dev`: those of
    /// [`Files::devices`](crate::vfs::Files::devices). Each session has its own, and guests create nothing beside them.
    ///
    /// ```
    /// use wasmport::wasi::Wasi;
    ///
    /// // `/dev/random` is the same in each run.
    /// let wasi = Wasi::new().devices().random_seed(1);
    /// # let _ = wasi;
    /// ```
    #[cfg(feature = "vfs")]
    pub fn devices(mut self) -> Self {
        self.devices = Some("/dev".into());
        self
    }

    /// Shows the guest virtual files as the folder `guest`, which all sessions share.
    #[cfg(feature = "vfs")]
    pub fn shared_files(
        mut self,
        files: &crate::vfs::SharedFiles,
        guest: impl Into<String>,
    ) -> Self {
        self.files.push((guest.into(), Mount::Shared(files.clone())));
        self
    }

    /// Takes the time from `clock`: a [`ManualClock`](super::ManualClock), a
    /// [`ScaledClock`](super::ScaledClock) or another [`Clock`]. All sessions share it. Default: the system's.
    pub fn clock(mut self, clock: &(impl Clock + Clone)) -> Self {
        self.clock = Some(Arc::new(clock.clone()));
        self
    }

    /// Derives the guest's randomness from `seed`: for tests and reproducible runs, because the seed makes
    /// it predictable. It is the same in all versions of this crate, unless the changelog says
    /// otherwise. Replaces [`Self::random`].
    pub fn random_seed(mut self, seed: u64) -> Self {
        self.random = RandomSource::Seed(seed);
        self
    }

    /// Takes the guest's randomness from `source`, of which each session has a clone. Replaces
    /// [`Self::random_seed`].
    ///
    /// A session takes 16 bytes when it starts, for the seed that `wasi:random/insecure-seed` returns.
    /// Preview 1's `random_get` takes as many as the guest asks for. `wasi:random` of components takes 4 bytes
    /// for each.
    pub fn random(mut self, source: impl Random + Clone + Sync) -> Self {
        self.random = RandomSource::new(source);
        self
    }

    /// Builds the context for one store.
    ///
    /// # Errors
    ///
    /// Fails with [`Error::Preopen`] if a folder cannot be opened.
    pub fn build(&self) -> Result<WasiCtx> {
        self.context(true)
    }

    /// Async version of [`Self::build`], for stores with async calls: other threads read and write the
    /// files.
    ///
    /// # Errors
    ///
    /// Fails like [`Self::build`].
    #[cfg(feature = "async")]
    pub fn build_async(&self) -> Result<WasiCtx> {
        self.context(false)
    }

    #[cfg(feature = "vfs")]
    fn disks(&self) -> Vec<(String, crate::vfs::Disk)> {
        let disk = |mount: &Mount| match mount {
            Mount::Own(files) => crate::vfs::Disk::new(files.tree().clone()),
            Mount::Shared(files) => files.disk().clone(),
        };
        let files = self.files.iter().map(|(path, mount)| (path.clone(), disk(mount)));
        let devices = self.devices.iter().filter_map(|path| {
            let mut limits = crate::vfs::FileLimits::default();
            if !self.files.is_empty() {
                // The limits of a session are the largest of its mounts, and these are the program's.
                (limits.open, limits.files) = (0, 16);
            }
            let mut files = crate::vfs::Files::with_limits(limits);
            // The usual devices fit into these limits. A guest makes no files beside them.
            files.devices("").and_then(|files| files.set_read_only("")).ok()?;
            Some((path.clone(), crate::vfs::Disk::new(files.tree().clone())))
        });
        files.chain(devices).collect()
    }

    /// Returns the variables that a terminal adds to the environment.
    fn terminal_env(&self) -> Vec<(&'static str, String)> {
        let Some(size) = self.terminal.as_ref().map(Terminal::size) else { return Vec::new() };
        let added = [("COLUMNS", size.columns.to_string()), ("LINES", size.lines.to_string())];
        let is_set = |name: &str| self.env.iter().any(|(set, _)| set == name);
        added.into_iter().filter(|(name, _)| !is_set(name)).collect()
    }

    fn context(&self, may_block: bool) -> Result<WasiCtx> {
        let mut builder = WasiCtxBuilder::new();
        // Before the folders, which use this setting.
        builder.allow_blocking_current_thread(may_block).args(&self.args).envs(&self.env);
        for (name, value) in self.terminal_env() {
            builder.env(name, value);
        }
        let stdin: Option<Arc<dyn StdinStream + Sync>> = match &self.stdin {
            Input::Empty => None,
            Input::Bytes(bytes) => Some(Arc::new(MemoryInputPipe::new(bytes.clone()))),
            Input::Stream(stream) => Some(Arc::clone(stream)),
        };
        if let Some(stream) = &stdin {
            builder.stdin(Arc::clone(stream));
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
        self.network.configure(&mut builder);
        let sources = Sources::start(&mut builder, self.clock.as_ref(), &self.random);
        #[cfg(feature = "vfs")]
        let devices = super::files::SessionDevices {
            random: sources.random.clone(),
            stdin,
            stdout: self.stdout.clone(),
            stderr: self.stderr.clone(),
            terminal: self.terminal.clone(),
        };
        let context = WasiCtx::new(builder.build_p1(), sources);
        #[cfg(feature = "vfs")]
        let context = context.with_disks(self.disks(), devices);
        #[cfg(feature = "wasi-http")]
        let context = context.with_http(self.http.clone());
        Ok(self.audited(self.networked(context)))
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
            .field("allow_tcp", &self.network.tcp)
            .field("allow_udp", &self.network.udp)
            .field("has_clock", &self.clock.is_some())
            .field("terminal", &self.terminal)
            .finish_non_exhaustive()
    }
}
