//! `VirtualNetwork`: sockets in memory, between the sessions of one program.

mod limits;
mod pipe;
mod tcp;
#[cfg(test)]
mod tests;
mod udp;
mod watched;

pub use limits::NetworkLimits;

use super::sockets::{SocketError, Sockets, TcpSocket, UdpSocket};
use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The ports that a host chooses from.
const CHOSEN: std::ops::RangeInclusive<u16> = 49152..=65535;

/// A network in memory: guests listen, connect, send and receive, without sockets of the operating system.
///
/// It is one host with the address `127.0.0.1`, which all sessions share; [`host`](Self::host) adds others.
/// Every buffer has a [limit](NetworkLimits). Clones are the same host.
///
/// ```
/// # fn main() -> Result<(), std::net::AddrParseError> {
/// use wasmport::wasi::{VirtualNetwork, Wasi};
///
/// let network = VirtualNetwork::new();
/// let server = network.host("10.0.0.1".parse()?);
/// network.add_name("api.internal", "10.0.0.1".parse()?);
/// let serves = Wasi::new().network(server);
/// let asks = Wasi::new().network(network.host("10.0.0.2".parse()?));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct VirtualNetwork {
    shared: Arc<Shared>,
    host: IpAddr,
}

struct Shared {
    limits: NetworkLimits,
    /// Number of sockets and connections.
    count: AtomicUsize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    tcp: BTreeMap<Key, tcp::SharedListener>,
    udp: BTreeMap<Key, udp::SharedInbox>,
    names: BTreeMap<String, Vec<IpAddr>>,
    /// Offset in [`CHOSEN`] of the next port that is tried.
    next: u16,
}

/// The port of a host, which one socket of a protocol can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    host: IpAddr,
    is_ipv6: bool,
    port: u16,
}

/// A socket or connection that counts.
struct Permit(Arc<Shared>);

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.count.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Default for VirtualNetwork {
    fn default() -> Self {
        Self::new()
    }
}

impl VirtualNetwork {
    /// Creates a network with the default limits.
    #[must_use]
    pub fn new() -> Self {
        Self::with_limits(NetworkLimits::default())
    }

    /// Creates a network with these limits.
    #[must_use]
    pub fn with_limits(limits: NetworkLimits) -> Self {
        let (count, state) = (AtomicUsize::new(0), Mutex::default());
        let shared = Arc::new(Shared { limits, count, state });
        Self { shared, host: Ipv4Addr::LOCALHOST.into() }
    }

    /// Returns the host of the same network with this address. It reaches the others by their addresses, and
    /// itself also by `127.0.0.1` and `::1`.
    #[must_use]
    pub fn host(&self, address: IpAddr) -> Self {
        Self { shared: Arc::clone(&self.shared), host: address }
    }

    /// Adds an address to a name, for all hosts.
    pub fn add_name(&self, name: impl Into<String>, address: IpAddr) {
        let name = plain(&name.into());
        self.shared.lock().names.entry(name).or_default().push(address);
    }

    /// Returns whether the host has the address.
    fn owns(&self, ip: IpAddr) -> bool {
        ip.is_unspecified() || ip.is_loopback() || ip == self.host
    }

    /// Returns the key of an address that the host reaches.
    fn key(&self, address: SocketAddr) -> Key {
        let ip = address.ip();
        let host = if self.owns(ip) { self.host } else { ip };
        Key { host, is_ipv6: address.is_ipv6(), port: address.port() }
    }

    /// Returns the address that a socket bound to `local` has for `remote`.
    fn source(&self, local: SocketAddr, remote: SocketAddr) -> Result<SocketAddr, SocketError> {
        let (ip, to) = (local.ip(), remote.ip());
        if ip.is_unspecified() {
            let own = if to.is_loopback() { to } else { self.host };
            let is_reached = own.is_ipv6() == to.is_ipv6();
            return match is_reached {
                true => Ok(SocketAddr::new(own, local.port())),
                false => Err(SocketError::RemoteUnreachable),
            };
        }
        // The loopback address leads to no other host.
        match ip.is_loopback() && !self.owns(to) {
            true => Err(SocketError::RemoteUnreachable),
            false => Ok(local),
        }
    }

    /// Binds a socket in the map of its protocol; returns its address.
    fn bind<V>(
        &self,
        local: SocketAddr,
        map: fn(&mut State) -> &mut BTreeMap<Key, V>,
        value: impl FnOnce(SocketAddr) -> V,
    ) -> Result<(Key, SocketAddr), SocketError> {
        if !self.owns(local.ip()) {
            return Err(SocketError::AddressNotBindable);
        }
        let mut state = self.shared.lock();
        let mut key = self.key(local);
        if key.port == 0 {
            key.port = state.free_port(key, map).ok_or(SocketError::AddressInUse)?;
        } else if map(&mut state).contains_key(&key) {
            return Err(SocketError::AddressInUse);
        }
        let local = SocketAddr::new(local.ip(), key.port);
        let _ = map(&mut state).insert(key, value(local));
        Ok((key, local))
    }
}

/// Returns a name in small letters, without the dot of the root.
fn plain(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

impl State {
    /// Returns the next free port of a host.
    fn free_port<V>(
        &mut self,
        key: Key,
        map: fn(&mut Self) -> &mut BTreeMap<Key, V>,
    ) -> Option<u16> {
        let count = CHOSEN.end() - CHOSEN.start() + 1;
        for _ in 0..count {
            let port = CHOSEN.start() + self.next;
            self.next = (self.next + 1) % count;
            if !map(self).contains_key(&Key { port, ..key }) {
                return Some(port);
            }
        }
        None
    }
}

impl Shared {
    /// Locks the state, also after a panic: each change of it is a single one.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a socket or connection.
    fn permit(self: &Arc<Self>) -> Result<Arc<Permit>, SocketError> {
        let more = |count| (count < self.limits.sockets).then_some(count + 1);
        let counted = self.count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        counted.map_err(|_| SocketError::NewSocketLimit)?;
        Ok(Arc::new(Permit(Arc::clone(self))))
    }
}

impl Sockets for VirtualNetwork {
    fn bind_tcp(&self, local: SocketAddr) -> Result<Box<dyn TcpSocket>, SocketError> {
        Ok(Box::new(tcp::Tcp::bind(self, local)?))
    }

    fn bind_udp(&self, local: SocketAddr) -> Result<Box<dyn UdpSocket>, SocketError> {
        Ok(Box::new(udp::Udp::bind(self, local)?))
    }

    fn resolve_addresses(&self, name: &str) -> Result<Vec<IpAddr>, SocketError> {
        if let Ok(address) = name.trim_matches(['[', ']']).parse() {
            return Ok(vec![address]);
        }
        let name = plain(name);
        if name == "localhost" {
            return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
        }
        self.shared.lock().names.get(&name).cloned().ok_or(SocketError::NameUnresolvable)
    }

    fn describe(&self) -> String {
        format!("virtual, host {}", self.host)
    }
}

impl fmt::Debug for VirtualNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VirtualNetwork").field("host", &self.host).finish_non_exhaustive()
    }
}
