//! `Sockets`: the network of guests, as a program can replace it.

use std::net::{IpAddr, Shutdown, SocketAddr};
use std::task::{Context, Poll};
use wasmtime_wasi::p2::{InputStream, OutputStream};

/// The reason why an operation on a socket failed; guests see the error of WASI with the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum SocketError {
    /// The guest may not do this.
    #[error("access denied")]
    AccessDenied,
    /// The network has no such operation.
    #[error("not supported")]
    NotSupported,
    /// An argument has no meaning, such as port 0 of a connection.
    #[error("an argument is invalid")]
    InvalidArgument,
    /// The socket is in another state.
    #[error("the socket is in another state")]
    InvalidState,
    /// The time is over.
    #[error("timed out")]
    Timeout,
    /// The limit of sockets is reached.
    #[error("the limit of sockets is reached")]
    NewSocketLimit,
    /// The address is not one of the host.
    #[error("the address is not one of this host")]
    AddressNotBindable,
    /// Another socket has the address.
    #[error("the address is in use")]
    AddressInUse,
    /// No host has the address.
    #[error("no host has the address")]
    RemoteUnreachable,
    /// No socket listens at the address.
    #[error("the connection was refused")]
    ConnectionRefused,
    /// The other end closed the connection.
    #[error("the connection was reset")]
    ConnectionReset,
    /// A datagram is too large.
    #[error("the datagram is too large")]
    DatagramTooLarge,
    /// No host has the name.
    #[error("no host has the name")]
    NameUnresolvable,
}

type Result<T = ()> = std::result::Result<T, SocketError>;

/// The network of guests: what [`Wasi::network`](crate::wasi::Wasi::network) links in place of the operating system's.
///
/// [`VirtualNetwork`](super::VirtualNetwork) implements it in memory. Components use it through the
/// interfaces of `wasi:sockets` 0.2. Addresses are valid: their family is that of the socket, and none is a
/// multicast address.
pub trait Sockets: Send + Sync + 'static {
    /// Binds a TCP socket to `local`. Port 0 stands for any free port, and an unspecified address for all of
    /// the host's. The address is free again when the socket is dropped.
    ///
    /// # Errors
    ///
    /// Fails if the address is in use or is not the host's.
    fn bind_tcp(&self, local: SocketAddr) -> Result<Box<dyn TcpSocket>>;

    /// Binds a UDP socket to `local`, like [`Self::bind_tcp`].
    ///
    /// # Errors
    ///
    /// Fails like [`Self::bind_tcp`].
    fn bind_udp(&self, local: SocketAddr) -> Result<Box<dyn UdpSocket>>;

    /// Returns the addresses of a name.
    ///
    /// # Errors
    ///
    /// Fails with [`SocketError::NameUnresolvable`] if it has none. By default names have none.
    fn resolve_addresses(&self, name: &str) -> Result<Vec<IpAddr>> {
        let _ = name;
        Err(SocketError::NameUnresolvable)
    }

    /// Describes the network in a few words, for [`Policy`](crate::wasi::Policy).
    fn describe(&self) -> String {
        "the program's own".to_owned()
    }
}

/// A TCP socket that is bound to an address.
pub trait TcpSocket: Send + 'static {
    /// Returns its address.
    fn local_address(&self) -> SocketAddr;

    /// Begins to listen, with up to `backlog` connections that wait to be accepted.
    ///
    /// # Errors
    ///
    /// Fails if the network does not permit it.
    fn listen(&mut self, backlog: usize) -> Result;

    /// Accepts a connection.
    fn poll_accept(&mut self, context: &mut Context<'_>) -> Poll<Result<Box<dyn TcpConnection>>>;

    /// Connects to `remote`: a guest waits for one connection at a time, always to the same address.
    fn poll_connect(
        &mut self,
        context: &mut Context<'_>,
        remote: SocketAddr,
    ) -> Poll<Result<Box<dyn TcpConnection>>>;
}

/// A TCP connection. Both ends see its end when it is dropped with its streams.
pub trait TcpConnection: Send + 'static {
    /// Returns the address of this end.
    fn local_address(&self) -> SocketAddr;

    /// Returns the address of the other end.
    fn remote_address(&self) -> SocketAddr;

    /// Returns the streams; called once.
    ///
    /// # Errors
    ///
    /// Fails if they were returned before.
    fn streams(&mut self) -> Result<(Box<dyn InputStream>, Box<dyn OutputStream>)>;

    /// Closes one direction, or both.
    fn shutdown(&mut self, how: Shutdown);
}

/// A UDP socket that is bound to an address.
pub trait UdpSocket: Send + Sync + 'static {
    /// Returns its address.
    fn local_address(&self) -> SocketAddr;

    /// Sends a datagram, which may get lost.
    ///
    /// # Errors
    ///
    /// Fails if it is too large, or the network does not permit it.
    fn send(&self, datagram: &[u8], to: SocketAddr) -> Result;

    /// Receives a datagram, with the address of its sender.
    fn poll_receive(&self, context: &mut Context<'_>) -> Poll<Result<(Vec<u8>, SocketAddr)>>;
}
