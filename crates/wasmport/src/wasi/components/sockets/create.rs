//! Sockets that are not bound.

use super::tcp::Tcp;
use super::udp::Udp;
use super::{SocketsView, trap};
use wasmtime::component::Resource;
use wasmtime_wasi::p2::bindings::sockets::network::IpAddressFamily;
use wasmtime_wasi::p2::bindings::sockets::{tcp_create_socket, udp_create_socket};
use wasmtime_wasi::p2::bindings::sync::sockets::udp_create_socket as blocking;
use wasmtime_wasi::p2::{SocketResult, TcpSocket, UdpSocket};

impl tcp_create_socket::Host for SocketsView<'_> {
    fn create_tcp_socket(&mut self, family: IpAddressFamily) -> SocketResult<Resource<TcpSocket>> {
        let _ = self.sockets().map_err(trap)?;
        let socket = self.table.push(Tcp::new(family))?;
        Ok(Resource::new_own(socket.rep()))
    }
}

impl SocketsView<'_> {
    fn udp(&mut self, family: IpAddressFamily) -> SocketResult<Resource<UdpSocket>> {
        let _ = self.sockets().map_err(trap)?;
        let socket = self.table.push(Udp::new(family))?;
        Ok(Resource::new_own(socket.rep()))
    }
}

impl udp_create_socket::Host for SocketsView<'_> {
    async fn create_udp_socket(
        &mut self,
        family: IpAddressFamily,
    ) -> SocketResult<Resource<UdpSocket>> {
        self.udp(family)
    }
}

impl blocking::Host for SocketsView<'_> {
    fn create_udp_socket(&mut self, family: IpAddressFamily) -> SocketResult<Resource<UdpSocket>> {
        self.udp(family)
    }
}
