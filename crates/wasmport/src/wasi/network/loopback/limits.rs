//! `NetworkLimits`: how much a virtual network may store.

/// How much a [`VirtualNetwork`](super::VirtualNetwork) may store, for all of its hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NetworkLimits {
    /// Most sockets that are bound, and ends of connections. Default: 1,024.
    pub sockets: usize,
    /// Most bytes in one direction of a connection that were not read. Default: 64 KiB.
    pub buffer_bytes: usize,
    /// Most connections that wait to be accepted at a socket; others are refused. Default: 128.
    pub backlog: usize,
    /// Most datagrams that wait to be received at a socket; others are lost. Default: 64.
    pub datagrams: usize,
    /// Most bytes of datagrams that wait to be received at a socket. Default: 256 KiB.
    pub datagram_bytes: usize,
}

impl Default for NetworkLimits {
    fn default() -> Self {
        Self {
            sockets: 1024,
            buffer_bytes: 64 << 10,
            backlog: 128,
            datagrams: 64,
            datagram_bytes: 256 << 10,
        }
    }
}
