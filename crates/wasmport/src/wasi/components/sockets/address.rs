//! Rules for addresses, those of `wasi:sockets`.

use super::Failure;
use std::net::{IpAddr, SocketAddr};
use wasmtime_wasi::p2::bindings::sockets::network::IpAddressFamily;

/// Checks an address to bind.
///
/// # Errors
///
/// Fails if it is of another family or is none of a host.
pub(super) fn check_local(family: IpAddressFamily, address: SocketAddr) -> Result<(), Failure> {
    let is_unicast = match address.ip() {
        IpAddr::V4(ip) => !ip.is_multicast() && !ip.is_broadcast(),
        IpAddr::V6(ip) => !ip.is_multicast() && ip.to_ipv4_mapped().is_none(),
    };
    let is_of_family = match family {
        IpAddressFamily::Ipv4 => address.is_ipv4(),
        IpAddressFamily::Ipv6 => address.is_ipv6(),
    };
    if is_unicast && is_of_family { Ok(()) } else { Err(Failure::InvalidArgument) }
}

/// Checks an address to connect or send to.
///
/// # Errors
///
/// Fails like [`check_local`], and if the address or port is unspecified.
pub(super) fn check_remote(family: IpAddressFamily, address: SocketAddr) -> Result<(), Failure> {
    check_local(family, address)?;
    match address.ip().is_unspecified() || address.port() == 0 {
        true => Err(Failure::InvalidArgument),
        false => Ok(()),
    }
}

/// Returns the unspecified address of a family, with port 0.
pub(super) fn unspecified(family: IpAddressFamily) -> SocketAddr {
    match family {
        IpAddressFamily::Ipv4 => ([0; 4], 0).into(),
        IpAddressFamily::Ipv6 => ([0_u16; 8], 0).into(),
    }
}

/// Options of a socket: a network in memory stores them, and they have no effect.
pub(super) struct Options {
    pub keep_alive: bool,
    /// In nanoseconds.
    pub idle_time: u64,
    /// In nanoseconds.
    pub interval: u64,
    pub count: u32,
    pub hop_limit: u8,
    pub receive_buffer: u64,
    pub send_buffer: u64,
}

impl Default for Options {
    /// Returns what Linux has.
    fn default() -> Self {
        const SECOND: u64 = 1_000_000_000;
        Self {
            keep_alive: false,
            idle_time: 7200 * SECOND,
            interval: 75 * SECOND,
            count: 9,
            hop_limit: 64,
            receive_buffer: 64 << 10,
            send_buffer: 64 << 10,
        }
    }
}

/// Sets an option, which cannot be 0.
pub(super) fn set<N: Default + PartialEq>(option: &mut N, value: N) -> Result<(), Failure> {
    if value == N::default() {
        return Err(Failure::InvalidArgument);
    }
    *option = value;
    Ok(())
}
