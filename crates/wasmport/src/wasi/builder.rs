//! `Wasi`: the builder of a guest's system.

use super::clock::ManualClock;
use super::ctx::WasiCtx;
use crate::error::{Error, Result};
use rand::SeedableRng as _;
use rand::rngs::Xoshiro256PlusPlus;
use std::env;
use std::ffi::OsString;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use wasmtime_wasi::cli::{StdinStream, StdoutStream};
use wasmtime_wasi::p2::pipe::MemoryInputPipe;
use wasmtime_wasi::sockets::SocketAddrUse;
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
    pub(crate) clock: Option<ManualClock>,
    seed: Option<u64>,
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

/// The part of the network that a guest may use.
#[derive(Clone, Default)]
struct Network {
    tcp: bool,
    udp: bool,
    ip_name_lookup: bool,
    check: Option<AddressCheck>,
}

type AddressCheck = Arc<dyn Fn(SocketAddr, SocketAddrUse) -> bool + Send + Sync>;

impl Network {
    fn configure(&self, builder: &mut WasiCtxBuilder) {
        builder.allow_tcp(self.tcp).allow_udp(self.udp).allow_ip_name_lookup(self.ip_name_lookup);
        if let Some(check) = &self.check {
            let check = Arc::clone(check);
            builder.socket_addr_check(move |address, purpose| {
                let is_permitted = check(address, purpose);
                Box::pin(async move { is_permitted })
            });
        }
    }
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

    /// Sets whether guests may use TCP, at the addresses that [`socket_addr_check`](Self::socket_addr_check)
    /// or [`inherit_network`](Self::inherit_network) permits. Default: false.
    pub fn allow_tcp(mut self, enable: bool) -> Self {
        self.network.tcp = enable;
        self
    }

    /// Sets whether guests may use UDP, at the addresses that [`socket_addr_check`](Self::socket_addr_check)
    /// or [`inherit_network`](Self::inherit_network) permits. Default: false.
    pub fn allow_udp(mut self, enable: bool) -> Self {
        self.network.udp = enable;
        self
    }

    /// Sets whether guests may look up the addresses of names. Default: false.
    pub fn allow_ip_name_lookup(mut self, enable: bool) -> Self {
        self.network.ip_name_lookup = enable;
        self
    }

    /// Permits the addresses for which `check` returns true. It is called for each address that a guest
    /// binds, listens at, accepts from, connects or sends to. Default: permits none.
    ///
    /// ```
    /// # #[cfg(feature = "wasi")]
    /// # fn wasi() -> wasmport::wasi::Wasi {
    /// # use wasmport::wasi::Wasi;
    /// Wasi::new().allow_tcp(true).socket_addr_check(|address, _| address.ip().is_loopback())
    /// # }
    /// ```
    pub fn socket_addr_check(
        mut self,
        check: impl Fn(SocketAddr, SocketAddrUse) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.network.check = Some(Arc::new(check));
        self
    }

    /// Permits all addresses.
    pub fn inherit_network(self) -> Self {
        self.socket_addr_check(|_, _| true)
    }

    /// Takes the time from `clock`. A guest that sleeps advances it and continues at once.
    pub fn clock(mut self, clock: &ManualClock) -> Self {
        self.clock = Some(clock.clone());
        self
    }

    /// Derives the guest's randomness from `seed`: for tests and reproducible runs, because the seed makes
    /// it predictable. It is the same in all versions of this crate, unless the changelog says
    /// otherwise.
    pub fn random_seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
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

    fn context(&self, may_block: bool) -> Result<WasiCtx> {
        let mut builder = WasiCtxBuilder::new();
        // Before the folders, which use this setting.
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
        self.network.configure(&mut builder);
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
        let context = WasiCtx::new(builder.build_p1(), self.clock.clone());
        #[cfg(feature = "wasi-http")]
        let context = context.with_http(self.http.clone());
        Ok(context)
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
            .field("clock", &self.clock)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}
