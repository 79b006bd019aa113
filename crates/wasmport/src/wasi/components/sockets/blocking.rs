//! Wasmtime's traits for calls that block, by those for async calls: a network in memory never waits in a
//! call.

use super::SocketsView;
use wasmtime::component::Resource;
use wasmtime_wasi::p2::bindings::sockets::network::{IpAddressFamily, IpSocketAddress, Network};
use wasmtime_wasi::p2::bindings::sockets::{tcp as async_tcp, udp as async_udp};
use wasmtime_wasi::p2::bindings::sync::sockets::{tcp, udp};
use wasmtime_wasi::p2::{
    DynInputStream, DynOutputStream, DynPollable, SocketResult, TcpSocket, UdpSocket,
};
use wasmtime_wasi::runtime::in_tokio;

/// Defines functions by those of another trait: `now` for those that are the same, `wait` for async ones.
macro_rules! forward {
    ($to:path; $($kind:ident $name:ident($($arg:ident: $ty:ty),*) -> $ret:ty;)*) => {$(
        forward!(@ $kind $to; $name($($arg: $ty),*) -> $ret);
    )*};
    (@ now $to:path; $name:ident($($arg:ident: $ty:ty),*) -> $ret:ty) => {
        fn $name(&mut self, $($arg: $ty),*) -> $ret {
            <Self as $to>::$name(self, $($arg),*)
        }
    };
    (@ wait $to:path; $name:ident($($arg:ident: $ty:ty),*) -> $ret:ty) => {
        fn $name(&mut self, $($arg: $ty),*) -> $ret {
            in_tokio(<Self as $to>::$name(self, $($arg),*))
        }
    };
}

impl tcp::Host for SocketsView<'_> {}

impl tcp::HostTcpSocket for SocketsView<'_> {
    forward! { async_tcp::HostTcpSocket;
        wait start_bind(s: Resource<TcpSocket>, n: Resource<Network>, a: IpSocketAddress) -> SocketResult<()>;
        now finish_bind(s: Resource<TcpSocket>) -> SocketResult<()>;
        now start_connect(s: Resource<TcpSocket>, n: Resource<Network>, a: IpSocketAddress) -> SocketResult<()>;
        now finish_connect(s: Resource<TcpSocket>) -> SocketResult<(Resource<DynInputStream>, Resource<DynOutputStream>)>;
        wait start_listen(s: Resource<TcpSocket>) -> SocketResult<()>;
        now finish_listen(s: Resource<TcpSocket>) -> SocketResult<()>;
        now accept(s: Resource<TcpSocket>) -> SocketResult<(Resource<TcpSocket>, Resource<DynInputStream>, Resource<DynOutputStream>)>;
        now local_address(s: Resource<TcpSocket>) -> SocketResult<IpSocketAddress>;
        now remote_address(s: Resource<TcpSocket>) -> SocketResult<IpSocketAddress>;
        now is_listening(s: Resource<TcpSocket>) -> wasmtime::Result<bool>;
        now address_family(s: Resource<TcpSocket>) -> wasmtime::Result<IpAddressFamily>;
        now set_listen_backlog_size(s: Resource<TcpSocket>, v: u64) -> SocketResult<()>;
        now keep_alive_enabled(s: Resource<TcpSocket>) -> SocketResult<bool>;
        now set_keep_alive_enabled(s: Resource<TcpSocket>, v: bool) -> SocketResult<()>;
        now keep_alive_idle_time(s: Resource<TcpSocket>) -> SocketResult<u64>;
        now set_keep_alive_idle_time(s: Resource<TcpSocket>, v: u64) -> SocketResult<()>;
        now keep_alive_interval(s: Resource<TcpSocket>) -> SocketResult<u64>;
        now set_keep_alive_interval(s: Resource<TcpSocket>, v: u64) -> SocketResult<()>;
        now keep_alive_count(s: Resource<TcpSocket>) -> SocketResult<u32>;
        now set_keep_alive_count(s: Resource<TcpSocket>, v: u32) -> SocketResult<()>;
        now hop_limit(s: Resource<TcpSocket>) -> SocketResult<u8>;
        now set_hop_limit(s: Resource<TcpSocket>, v: u8) -> SocketResult<()>;
        now receive_buffer_size(s: Resource<TcpSocket>) -> SocketResult<u64>;
        now set_receive_buffer_size(s: Resource<TcpSocket>, v: u64) -> SocketResult<()>;
        now send_buffer_size(s: Resource<TcpSocket>) -> SocketResult<u64>;
        now set_send_buffer_size(s: Resource<TcpSocket>, v: u64) -> SocketResult<()>;
        now subscribe(s: Resource<TcpSocket>) -> wasmtime::Result<Resource<DynPollable>>;
        now drop(s: Resource<TcpSocket>) -> wasmtime::Result<()>;
    }

    fn shutdown(&mut self, s: Resource<TcpSocket>, how: tcp::ShutdownType) -> SocketResult<()> {
        let how = match how {
            tcp::ShutdownType::Receive => async_tcp::ShutdownType::Receive,
            tcp::ShutdownType::Send => async_tcp::ShutdownType::Send,
            tcp::ShutdownType::Both => async_tcp::ShutdownType::Both,
        };
        async_tcp::HostTcpSocket::shutdown(self, s, how)
    }
}

impl udp::Host for SocketsView<'_> {}

impl udp::HostUdpSocket for SocketsView<'_> {
    forward! { async_udp::HostUdpSocket;
        wait start_bind(s: Resource<UdpSocket>, n: Resource<Network>, a: IpSocketAddress) -> SocketResult<()>;
        now finish_bind(s: Resource<UdpSocket>) -> SocketResult<()>;
        wait stream(s: Resource<UdpSocket>, a: Option<IpSocketAddress>) -> SocketResult<(Resource<udp::IncomingDatagramStream>, Resource<udp::OutgoingDatagramStream>)>;
        now local_address(s: Resource<UdpSocket>) -> SocketResult<IpSocketAddress>;
        now remote_address(s: Resource<UdpSocket>) -> SocketResult<IpSocketAddress>;
        now address_family(s: Resource<UdpSocket>) -> wasmtime::Result<IpAddressFamily>;
        now unicast_hop_limit(s: Resource<UdpSocket>) -> SocketResult<u8>;
        now set_unicast_hop_limit(s: Resource<UdpSocket>, v: u8) -> SocketResult<()>;
        now receive_buffer_size(s: Resource<UdpSocket>) -> SocketResult<u64>;
        now set_receive_buffer_size(s: Resource<UdpSocket>, v: u64) -> SocketResult<()>;
        now send_buffer_size(s: Resource<UdpSocket>) -> SocketResult<u64>;
        now set_send_buffer_size(s: Resource<UdpSocket>, v: u64) -> SocketResult<()>;
        now subscribe(s: Resource<UdpSocket>) -> wasmtime::Result<Resource<DynPollable>>;
        now drop(s: Resource<UdpSocket>) -> wasmtime::Result<()>;
    }
}

impl udp::HostIncomingDatagramStream for SocketsView<'_> {
    forward! { async_udp::HostIncomingDatagramStream;
        now subscribe(s: Resource<udp::IncomingDatagramStream>) -> wasmtime::Result<Resource<DynPollable>>;
        now drop(s: Resource<udp::IncomingDatagramStream>) -> wasmtime::Result<()>;
    }

    fn receive(
        &mut self,
        s: Resource<udp::IncomingDatagramStream>,
        most: u64,
    ) -> SocketResult<Vec<udp::IncomingDatagram>> {
        let received = async_udp::HostIncomingDatagramStream::receive(self, s, most)?;
        Ok(received.into_iter().map(udp::IncomingDatagram::from).collect())
    }
}

impl udp::HostOutgoingDatagramStream for SocketsView<'_> {
    forward! { async_udp::HostOutgoingDatagramStream;
        now check_send(s: Resource<udp::OutgoingDatagramStream>) -> SocketResult<u64>;
        now subscribe(s: Resource<udp::OutgoingDatagramStream>) -> wasmtime::Result<Resource<DynPollable>>;
        wait drop(s: Resource<udp::OutgoingDatagramStream>) -> wasmtime::Result<()>;
    }

    fn send(
        &mut self,
        s: Resource<udp::OutgoingDatagramStream>,
        datagrams: Vec<udp::OutgoingDatagram>,
    ) -> SocketResult<u64> {
        let datagrams = datagrams.into_iter().map(async_udp::OutgoingDatagram::from).collect();
        async_udp::HostOutgoingDatagramStream::send(self, s, datagrams)
    }
}
