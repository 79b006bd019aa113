//! `Policy`: what a session of a `Wasi` may do, as data and as text.

use super::network::{AddressFilter, Protocol};
use crate::text::one_line;
#[cfg(feature = "vfs")]
use crate::vfs::FileLimits;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// What a session of a [`Wasi`](super::Wasi) may do. It has no secrets: of the environment only the names.
///
/// It has the limits of virtual files, and not where these come from: a folder that the program mounted as a base is
/// not named.
///
/// ```
/// # #[cfg(feature = "wasi")] {
/// use wasmport::wasi::Wasi;
///
/// let wasi = Wasi::new().env("TOKEN", "secret").preopened_dir("assets", "/assets").random_seed(7);
/// assert!(!wasi.policy().to_string().contains("secret"));
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Policy {
    /// The arguments.
    pub args: Vec<String>,
    /// The names of the environment's variables, those of a terminal included.
    pub env: Vec<String>,
    /// The standard input.
    pub stdin: InputPolicy,
    /// The standard output.
    pub stdout: OutputPolicy,
    /// The standard error.
    pub stderr: OutputPolicy,
    /// Whether the standard streams are those of a terminal.
    pub has_terminal: bool,
    /// The directory of the usual devices, if they are mounted.
    #[cfg(feature = "vfs")]
    pub devices: Option<String>,
    /// The folders, in the order of their descriptors.
    pub folders: Vec<FolderPolicy>,
    /// The clock.
    pub clock: ClockPolicy,
    /// The randomness.
    pub random: RandomPolicy,
    /// The network.
    pub network: NetworkPolicy,
    /// Whether names can be looked up in the operating system's network.
    pub ip_name_lookup: bool,
    /// The requests of HTTP.
    pub http: HttpPolicy,
    /// Whether a function of the program decides about each call.
    pub is_audited: bool,
}

/// The standard input of a guest.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InputPolicy {
    /// It is empty.
    Empty,
    /// It has bytes, so many.
    Bytes(usize),
    /// The program gave a stream.
    Stream,
}

/// The standard output or error of a guest.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OutputPolicy {
    /// The output is discarded.
    Discarded,
    /// The program gave a stream.
    Stream,
}

/// A folder of a guest.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FolderPolicy {
    /// A folder of the operating system.
    Real {
        /// The path that the guest sees.
        guest: String,
        /// The path in the operating system.
        host: PathBuf,
        /// Whether the guest may write.
        writes: bool,
    },
    /// Files in memory, which the guest may write as far as they are not read-only.
    #[cfg(feature = "vfs")]
    Virtual {
        /// The path that the guest sees.
        guest: String,
        /// Whether all sessions share the files.
        is_shared: bool,
        /// The limits.
        limits: FileLimits,
    },
}

/// The clock of a guest.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ClockPolicy {
    /// The operating system's time.
    Real,
    /// A [`ManualClock`](crate::wasi::ManualClock).
    Manual {
        /// Its time since the start of 1970 in UTC.
        unix_time: Duration,
    },
    /// A [`ScaledClock`](crate::wasi::ScaledClock).
    Scaled {
        /// How many times as fast as the clock that it is based on.
        factor: f64,
    },
    /// A clock of the program.
    Own,
}

/// The randomness of a guest.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RandomPolicy {
    /// The operating system's.
    System,
    /// From a seed. It is not shown: it makes keys of the guest predictable.
    Seeded,
    /// A source of the program.
    Own,
}

/// The network of a guest.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NetworkPolicy {
    /// No address is permitted.
    Denied,
    /// The operating system's, all addresses.
    All {
        /// Whether TCP is permitted.
        tcp: bool,
        /// Whether UDP is permitted.
        udp: bool,
    },
    /// The operating system's, with the addresses of a filter.
    Filter {
        /// The filter.
        filter: AddressFilter,
        /// Whether TCP is permitted.
        tcp: bool,
        /// Whether UDP is permitted.
        udp: bool,
    },
    /// The operating system's, with the addresses that a function of the program permits.
    Check {
        /// Whether TCP is permitted.
        tcp: bool,
        /// Whether UDP is permitted.
        udp: bool,
    },
    /// The program's own, with its description.
    Own(String),
}

/// The requests of HTTP of a guest.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HttpPolicy {
    /// No request is permitted.
    Denied,
    /// Requests to hosts.
    #[cfg(feature = "wasi-http")]
    Granted {
        /// The hosts with their ports.
        hosts: Vec<String>,
        /// Whether a function of the program permits others.
        is_checked: bool,
        /// The longest of each timeout of a request.
        timeout: Option<Duration>,
        /// The most requests at once.
        requests: usize,
        /// The most bytes in a body.
        body_bytes: Option<u64>,
    },
}

impl fmt::Display for Policy {
    /// Writes a line for each part, with escapes for control characters.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "arguments: {}", list(&self.args))?;
        writeln!(f, "environment: {}", list(&self.env))?;
        writeln!(f, "stdin: {}", self.stdin)?;
        writeln!(f, "stdout: {}", self.stdout)?;
        writeln!(f, "stderr: {}", self.stderr)?;
        if self.folders.is_empty() {
            writeln!(f, "folders: none")?;
        }
        self.folders.iter().try_for_each(|folder| writeln!(f, "folder {folder}"))?;
        if self.has_terminal {
            writeln!(f, "terminal: yes")?;
        }
        #[cfg(feature = "vfs")]
        if let Some(devices) = &self.devices {
            writeln!(f, "devices: `{}`", one_line(devices))?;
        }
        writeln!(f, "clock: {}", self.clock)?;
        writeln!(f, "randomness: {}", self.random)?;
        writeln!(f, "network: {}", self.network)?;
        if self.ip_name_lookup {
            writeln!(f, "names: looked up")?;
        }
        writeln!(f, "http: {}", self.http)?;
        writeln!(f, "audit: {}", if self.is_audited { "each call" } else { "none" })
    }
}

/// Writes texts in quotation marks, with escapes.
fn list(texts: &[String]) -> String {
    if texts.is_empty() {
        return "none".to_owned();
    }
    let quoted: Vec<String> = texts.iter().map(|text| format!("`{}`", one_line(text))).collect();
    quoted.join(" ")
}

impl fmt::Display for InputPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("empty"),
            Self::Bytes(count) => write!(f, "{count} bytes"),
            Self::Stream => f.write_str("a stream of the program"),
        }
    }
}

impl fmt::Display for OutputPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Discarded => "discarded",
            Self::Stream => "a stream of the program",
        })
    }
}

impl fmt::Display for FolderPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Real { guest, host, writes } => {
                let access = if *writes { "read and write" } else { "read" };
                let host = host.to_string_lossy();
                write!(f, "`{}`: {access}, from `{}`", one_line(guest), one_line(&host))
            }
            #[cfg(feature = "vfs")]
            Self::Virtual { guest, is_shared, limits } => {
                let shared = if *is_shared { ", shared" } else { "" };
                write!(
                    f,
                    "`{}`: virtual{shared}, up to {} bytes in {} files, {} open",
                    one_line(guest),
                    limits.bytes,
                    limits.files,
                    limits.open
                )
            }
        }
    }
}

impl fmt::Display for ClockPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Real => f.write_str("real"),
            Self::Manual { unix_time } => {
                write!(f, "manual, at {} s since 1970", unix_time.as_secs())
            }
            Self::Scaled { factor } => write!(f, "scaled, {factor} times as fast"),
            Self::Own => f.write_str("of the program"),
        }
    }
}

impl fmt::Display for RandomPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System => "the system's",
            Self::Seeded => "from a seed",
            Self::Own => "of the program",
        })
    }
}

impl fmt::Display for NetworkPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocols = |tcp: bool, udp: bool| match (tcp, udp) {
            (true, true) => "TCP and UDP",
            (true, false) => "TCP",
            _ => "UDP",
        };
        match self {
            Self::Denied => f.write_str("denied"),
            Self::All { tcp, udp } => write!(f, "{}, all addresses", protocols(*tcp, *udp)),
            Self::Filter { filter, tcp, udp } => {
                let rules: Vec<String> = filter.to_string().lines().map(str::to_owned).collect();
                f.write_str(&rules.join("; "))?;
                match (*tcp, *udp) {
                    (false, true) if filter.uses(Protocol::Tcp) => f.write_str("; UDP alone"),
                    (true, false) if filter.uses(Protocol::Udp) => f.write_str("; TCP alone"),
                    _ => Ok(()),
                }
            }
            Self::Check { tcp, udp } => {
                write!(f, "{}, addresses that the program checks", protocols(*tcp, *udp))
            }
            Self::Own(description) => f.write_str(&one_line(description)),
        }
    }
}

impl fmt::Display for HttpPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied => f.write_str("denied"),
            #[cfg(feature = "wasi-http")]
            Self::Granted { hosts, is_checked, timeout, requests, body_bytes } => {
                write!(f, "{}", list(hosts))?;
                let checked = if *is_checked { ", others that the program checks" } else { "" };
                write!(f, "{checked}, up to {requests} requests at once")?;
                if let Some(timeout) = timeout {
                    write!(f, ", timeouts up to {} ms", timeout.as_millis())?;
                }
                match body_bytes {
                    Some(bytes) => write!(f, ", bodies up to {bytes} bytes"),
                    None => Ok(()),
                }
            }
        }
    }
}
