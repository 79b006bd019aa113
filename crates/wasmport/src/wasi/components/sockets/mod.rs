//! `wasi:sockets` 0.2 for components, with a network that the program gives.
//!
//! The types of Wasmtime's generated traits stand for resources of this module: a `Resource<TcpSocket>` is a
//! number, by which the table has a [`Tcp`](tcp::Tcp).

mod address;
mod blocking;
mod create;
mod lookup;
mod tcp;
#[cfg(test)]
#[cfg(feature = "compile")]
mod tests;
mod udp;

use crate::wasi::WasiCtx;
use crate::wasi::network::sockets::{SocketError as Failure, Sockets};
use std::sync::Arc;
use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime_wasi::p2::bindings::sockets::network::{self, ErrorCode};
use wasmtime_wasi::p2::{SocketError, bindings};

/// The implementation of `wasi:sockets` for a linker.
pub(crate) struct OwnSockets;

impl HasData for OwnSockets {
    type Data<'a> = SocketsView<'a>;
}

/// The network of a store, and its resources.
pub(crate) struct SocketsView<'a> {
    pub table: &'a mut ResourceTable,
    pub sockets: Option<Arc<dyn Sockets>>,
}

impl<'a> SocketsView<'a> {
    /// Returns the view of a context.
    pub fn new(context: &'a mut WasiCtx) -> Self {
        let sockets = context.sockets().cloned();
        Self { table: context.preview_2().table, sockets }
    }

    fn sockets(&self) -> Result<Arc<dyn Sockets>, wasmtime::Error> {
        self.sockets.clone().ok_or_else(|| {
            wasmtime::Error::msg(
                "the linker has WASI with a network of the program, but the context has none",
            )
        })
    }
}

/// Returns the number of a resource of this module for one of Wasmtime.
fn own<Own: 'static, Theirs: 'static>(resource: &Resource<Theirs>) -> Resource<Own> {
    Resource::new_borrow(resource.rep())
}

impl From<Failure> for ErrorCode {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::AccessDenied => Self::AccessDenied,
            Failure::NotSupported => Self::NotSupported,
            Failure::InvalidArgument => Self::InvalidArgument,
            Failure::InvalidState => Self::InvalidState,
            Failure::Timeout => Self::Timeout,
            Failure::NewSocketLimit => Self::NewSocketLimit,
            Failure::AddressNotBindable => Self::AddressNotBindable,
            Failure::AddressInUse => Self::AddressInUse,
            Failure::RemoteUnreachable => Self::RemoteUnreachable,
            Failure::ConnectionRefused => Self::ConnectionRefused,
            Failure::ConnectionReset => Self::ConnectionReset,
            Failure::DatagramTooLarge => Self::DatagramTooLarge,
            Failure::NameUnresolvable => Self::NameUnresolvable,
        }
    }
}

impl From<Failure> for SocketError {
    fn from(failure: Failure) -> Self {
        ErrorCode::from(failure).into()
    }
}

impl network::Host for SocketsView<'_> {
    fn convert_error_code(&mut self, error: SocketError) -> wasmtime::Result<ErrorCode> {
        error.downcast()
    }

    fn network_error_code(
        &mut self,
        error: Resource<wasmtime::Error>,
    ) -> wasmtime::Result<Option<ErrorCode>> {
        let error = self.table.get(&error)?;
        Ok(error.downcast_ref::<std::io::Error>().map(ErrorCode::from))
    }
}

impl network::HostNetwork for SocketsView<'_> {
    fn drop(&mut self, network: Resource<network::Network>) -> wasmtime::Result<()> {
        let _ = self.table.delete(network)?;
        Ok(())
    }
}

/// Returns an error that ends the guest.
fn trap(error: wasmtime::Error) -> SocketError {
    SocketError::trap(error)
}

/// Defines the interfaces for calls that block, in place of Wasmtime's.
///
/// # Errors
///
/// Fails if a name is already defined and `linker` does not allow shadowing.
pub(crate) fn add_to_linker<T: Send + 'static>(
    linker: &mut Linker<T>,
    get: fn(&mut T) -> SocketsView<'_>,
) -> wasmtime::Result<()> {
    use bindings::sync::sockets::{tcp, udp, udp_create_socket};
    tcp::add_to_linker::<_, OwnSockets>(linker, get)?;
    udp::add_to_linker::<_, OwnSockets>(linker, get)?;
    udp_create_socket::add_to_linker::<_, OwnSockets>(linker, get)?;
    at_once(linker, get)
}

/// Async version of [`add_to_linker`].
#[cfg(feature = "async")]
pub(crate) fn add_to_linker_async<T: Send + 'static>(
    linker: &mut Linker<T>,
    get: fn(&mut T) -> SocketsView<'_>,
) -> wasmtime::Result<()> {
    use bindings::sockets::{tcp, udp, udp_create_socket};
    tcp::add_to_linker::<_, OwnSockets>(linker, get)?;
    udp::add_to_linker::<_, OwnSockets>(linker, get)?;
    udp_create_socket::add_to_linker::<_, OwnSockets>(linker, get)?;
    at_once(linker, get)
}

/// Defines the interfaces that never wait.
fn at_once<T: Send + 'static>(
    linker: &mut Linker<T>,
    get: fn(&mut T) -> SocketsView<'_>,
) -> wasmtime::Result<()> {
    use bindings::sockets::{ip_name_lookup, tcp_create_socket};
    tcp_create_socket::add_to_linker::<_, OwnSockets>(linker, get)?;
    ip_name_lookup::add_to_linker::<_, OwnSockets>(linker, get)
}
