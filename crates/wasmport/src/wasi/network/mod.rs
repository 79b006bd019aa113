//! The network of guests: filters of addresses, and networks that replace the operating system's.

mod filter;
#[cfg(feature = "component-model")]
mod loopback;
mod ranges;
mod rule;
#[cfg(feature = "component-model")]
pub(super) mod sockets;
#[cfg(test)]
mod tests;

pub use filter::AddressFilter;
#[cfg(feature = "component-model")]
pub use loopback::{NetworkLimits, VirtualNetwork};
pub(super) use rule::Protocol;
pub use rule::{AddressRule, RuleError};
#[cfg(feature = "component-model")]
pub use sockets::{SocketError, Sockets, TcpConnection, TcpSocket, UdpSocket};
